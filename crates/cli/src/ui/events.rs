//! What stays on the screen of a run's events: a line or two each, the same for terminals and pipes.

use edgecoder_agent::{AgentEvent, OracleKind};

use super::line::Line;
use super::words;
use crate::style::Tone;

/// Column at which the texts of all lines begin.
const TEXT: usize = 11;
/// Targets named; the rest is counted.
const TARGETS_SHOWN: usize = 4;

/// The lines to keep; none for events that only move the display.
pub(crate) fn lines(event: &AgentEvent) -> Vec<Line> {
    match event {
        AgentEvent::Started { run, files, skipped, seed, resumed } => {
            let head = row(Tone::Faint, "run", format!("{run} · seed {seed} · {files} files"));
            let head = if *resumed { head.with(Tone::Accent, " · continued") } else { head };
            let left_out = skipped.iter().map(|reason| row(Tone::Faint, "left out", reason));
            std::iter::once(head).chain(left_out).collect()
        }
        AgentEvent::Planned { oracle, tests, expected, passing, layer, targets } => {
            let place = layer.map_or(String::new(), |layer| format!(" · {}", words::layer(layer)));
            let what = format!("{expected} tests have to pass, {passing} do now · {}{place}", source(*oracle, tests));
            let mut lines = vec![row(Tone::Good, "plan", what)];
            lines.extend(
                targets.iter().take(TARGETS_SHOWN).map(|target| row(Tone::Faint, "", format!("write {target}"))),
            );
            let more = targets.len().saturating_sub(TARGETS_SHOWN);
            lines.extend((more > 0).then(|| row(Tone::Faint, "", format!("and {more} more"))));
            lines
        }
        AgentEvent::Notice { message, .. } => vec![row(Tone::Warn, "note", message)],
        AgentEvent::SelfTests { tests } => {
            let one = |(number, test): (usize, &String)| row(Tone::Warn, if number == 0 { "tests" } else { "" }, test);
            tests.iter().enumerate().map(one).collect()
        }
        AgentEvent::Edited { sample, edits, runs, .. } => {
            let edits: Vec<&str> = edits.iter().map(|edit| edit.what.as_str()).collect();
            let what = format!("sample {sample} was wrong; edited: {} · found in {runs} runs", edits.join("; "));
            vec![row(Tone::Accent, "edit", what)]
        }
        AgentEvent::TargetSolved { target, sample, passed, total } => {
            let what = format!("{target}  by sample {sample} · {passed} of {total} tests pass");
            vec![row(Tone::Good, "✓ solved", what)]
        }
        AgentEvent::FinalCheck { total } => {
            vec![row(Tone::Faint, "check", format!("all {total} tests once more, on the exact final files"))]
        }
        AgentEvent::Sent { .. }
        | AgentEvent::WritingTests { .. }
        | AgentEvent::BatchStarted { .. }
        | AgentEvent::Token { .. }
        | AgentEvent::Checking { .. }
        | AgentEvent::Candidate { .. }
        | AgentEvent::Best { .. }
        | AgentEvent::Editing { .. }
        | AgentEvent::Repairing { .. }
        | AgentEvent::Verified { .. }
        | AgentEvent::Finished { .. } => Vec::new(),
    }
}

/// What pipes get in addition, in place of the display.
pub(crate) fn plain_lines(event: &AgentEvent) -> Vec<Line> {
    match event {
        AgentEvent::Sent { sending } if sending.leaves => {
            vec![row(Tone::Warn, "send", format!("{} · {} bytes", sending.what, sending.bytes))]
        }
        AgentEvent::BatchStarted { batch, target, width, .. } => {
            vec![row(Tone::Accent, "write", format!("{target}  batch {batch}, {width} candidates"))]
        }
        AgentEvent::WritingTests { function, width } => {
            vec![row(Tone::Accent, "write", format!("tests of {function}, {width} answers"))]
        }
        AgentEvent::Candidate { sample, passed, total, reason, error, .. } => {
            let (tone, mark) = if passed == total { (Tone::Good, "✓") } else { (Tone::Bad, "✗") };
            let why = error.as_deref().unwrap_or(reason);
            vec![row(tone, &format!("{mark} #{sample}"), format!("{passed}/{total} {why}"))]
        }
        AgentEvent::Repairing { target, .. } => {
            vec![row(Tone::Accent, "repair", format!("{target}  from the best candidate's error"))]
        }
        AgentEvent::Editing { target, candidates } => {
            let what = format!("{target}  small changes to {candidates} wrong candidates, each run");
            vec![row(Tone::Accent, "edit", what)]
        }
        other => lines(other),
    }
}

fn row(tone: Tone, head: &str, text: impl AsRef<str>) -> Line {
    Line::new().with(tone, format!("  {head}")).pad_to(TEXT).with(Tone::Plain, text)
}

fn source(oracle: OracleKind, tests: &[String]) -> String {
    match oracle {
        OracleKind::Repository if tests.len() == 1 => tests.join(""),
        OracleKind::Repository => format!("{} test files", tests.len()),
        OracleKind::Command => tests.join(" "),
        OracleKind::Task => "the task's own examples".to_owned(),
        OracleKind::Doctest => "doctests".to_owned(),
        OracleKind::SelfWritten => "tests that the model wrote".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgecoder_agent::{AppliedEdit, EditKind};

    #[test]
    fn an_edit_is_told_as_an_edit_of_a_wrong_sample() {
        let edits = vec![AppliedEdit { kind: EditKind::Compare, what: "`<` to `<=`".to_owned() }];
        let event = AgentEvent::Edited { sample: 3, edits, runs: 42, passing: 1, passed: 5, total: 5 };
        let text = lines(&event)[0].render(crate::style::Palette { colour: false }, usize::MAX);
        assert!(text.contains("sample 3 was wrong; edited: `<` to `<=` · found in 42 runs"), "{text}");
    }
}
