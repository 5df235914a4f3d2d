//! The end of a run: the diff, the verdict, what to do next.

use edgecoder_agent::{Outcome, RunReport};
use edgecoder_types::Digest;

use super::line::Line;
use super::{board, diff};
use crate::output::grouped;
use crate::program::typed;
use crate::style::Tone;

/// Diff, verdict and next steps; `program` is how the user types this program's name.
pub(crate) fn lines(report: &RunReport, receipt: Option<Digest>, applied: bool, program: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    if !report.diff.is_empty() {
        lines.push(Line::new());
        lines.extend(diff::lines(&report.diff));
        lines.push(Line::new());
    }
    let (tone, word) = verdict(report.outcome);
    let counts = format!("  {} of {} tests", report.tests_passed, report.tests_total);
    let usage = format!(
        " · {} samples · {} tokens · {}",
        report.usage.samples,
        grouped(report.usage.completion_tokens),
        board::clock(std::time::Duration::from_millis(report.usage.wall_ms)),
    );
    let head = Line::new().with(tone, word);
    let head = if report.tests_total > 0 { head.with(Tone::Strong, counts) } else { head };
    lines.push(head.with(Tone::Faint, usage));
    if report.outcome != Outcome::Verified {
        lines.push(field("why", format!("{} ({})", report.message, report.reason)));
        lines.extend(report.last_error.iter().map(|error| field("error", error.clone())));
        lines.extend(report.unsolved.iter().map(|target| field("missing", target.clone())));
        for (number, test) in report.self_tests.iter().enumerate() {
            lines.push(field(if number == 0 { "tests" } else { "" }, test.clone()));
        }
    }
    lines.extend(receipt.map(|digest| field("receipt", digest.to_string())));
    if applied {
        lines.push(field("applied", format!("take it back with {program} undo {}", report.id)));
    }
    let steps = report.next_steps.iter().filter(|step| !(applied && step.starts_with("edgecoder apply")));
    for (number, step) in steps.enumerate() {
        lines.extend(next(&typed(step, program), number == 0));
    }
    lines
}

/// A command on one line, or on as many as it has; its remark in another tone.
fn next(step: &str, first: bool) -> Vec<Line> {
    let (command, remark) = step.rsplit_once("  # ").unwrap_or((step, ""));
    let mut lines: Vec<Line> = command
        .lines()
        .enumerate()
        .map(|(number, text)| {
            let name = if first && number == 0 { "  next" } else { "" };
            Line::new().with(Tone::Faint, name).pad_to(11).with(Tone::Accent, text)
        })
        .collect();
    if let Some(last) = lines.pop() {
        lines.push(if remark.is_empty() { last } else { last.with(Tone::Faint, format!("  # {remark}")) });
    }
    lines
}

fn field(name: &str, text: String) -> Line {
    Line::new().with(Tone::Faint, format!("  {name}")).pad_to(11).with(Tone::Plain, text)
}

/// The outcome as users read it.
pub(crate) const fn verdict(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Verified => (Tone::Good, "✓ verified"),
        Outcome::SelfTested => (Tone::Warn, "~ passes only tests that the model wrote itself"),
        Outcome::Exhausted => (Tone::Bad, "✗ not verified"),
        Outcome::AlreadyPassing => (Tone::Warn, "– nothing to do"),
        Outcome::Cancelled => (Tone::Warn, "– cancelled"),
        Outcome::Refused => (Tone::Bad, "✗ refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Palette;

    #[test]
    fn commands_keep_their_lines_and_remarks() {
        let text = |step: &str, first| -> Vec<String> {
            next(step, first).iter().map(|line| line.render(Palette { colour: false }, 200)).collect()
        };
        assert_eq!(text("edgecoder show x  # the best", true), ["  next     edgecoder show x  # the best"]);
        assert_eq!(
            text("edgecoder run 'a\nassert f(1) == 2'  # if so", false),
            ["           edgecoder run 'a", "           assert f(1) == 2'  # if so"]
        );
    }
}
