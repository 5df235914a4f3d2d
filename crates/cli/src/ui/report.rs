//! The end of a run: the diff, the verdict, what to do next.

use edgecoder_agent::{Outcome, RunReport};
use edgecoder_types::Digest;

use super::line::Line;
use super::{board, diff};
use crate::output::grouped;
use crate::style::Tone;

/// Diff, verdict and next steps.
pub(crate) fn lines(report: &RunReport, receipt: Option<Digest>, applied: bool) -> Vec<Line> {
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
    }
    lines.extend(receipt.map(|digest| field("receipt", digest.to_string())));
    let steps = report.next_steps.iter().filter(|step| !(applied && step.starts_with("edgecoder apply")));
    if applied {
        lines.push(field("applied", format!("take it back with edgecoder undo {}", report.id)));
    }
    for (at, step) in steps.enumerate() {
        lines.push(
            Line::new().with(Tone::Faint, if at == 0 { "  next" } else { "" }).pad_to(11).with(Tone::Accent, step),
        );
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
