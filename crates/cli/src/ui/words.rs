//! One word and one colour for each status, layer and verdict.

use edgecoder_types::{Layer, RunResult, RunStatus, Verdict};

use crate::output::grouped;
use crate::style::{Palette, Tone};

/// A status as users read it.
pub(crate) const fn status(status: RunStatus) -> (Tone, &'static str) {
    match status {
        RunStatus::Passed => (Tone::Good, "passed"),
        RunStatus::Completed => (Tone::Good, "completed"),
        RunStatus::Failed => (Tone::Bad, "failed"),
        RunStatus::NoTests => (Tone::Bad, "no tests"),
        RunStatus::Error => (Tone::Bad, "error"),
        RunStatus::Rejected => (Tone::Bad, "rejected"),
        RunStatus::Forged => (Tone::Bad, "forged"),
        RunStatus::OutOfFuel => (Tone::Bad, "out of fuel"),
        RunStatus::TimedOut => (Tone::Warn, "timed out"),
        RunStatus::OutOfMemory => (Tone::Warn, "out of memory"),
        RunStatus::OutputLimit => (Tone::Bad, "output limit"),
        RunStatus::Crashed => (Tone::Warn, "crashed"),
        RunStatus::Refused => (Tone::Warn, "refused"),
        RunStatus::Cancelled => (Tone::Warn, "cancelled"),
    }
}

/// A layer as users read it.
pub(crate) const fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Embedded => "embedded",
        Layer::Os => "OS sandbox",
    }
}

/// The mark in front of a test.
pub(crate) const fn mark(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Passed => (Tone::Good, "✓"),
        Verdict::Failed | Verdict::Error => (Tone::Bad, "✗"),
        Verdict::Missing => (Tone::Bad, "?"),
        Verdict::Skipped | Verdict::Collected => (Tone::Faint, "–"),
    }
}

/// One line about a run: `passed · 3 of 3 tests · embedded · fuel 1,234 · 0.8 ms`.
pub(crate) fn summary(palette: Palette, result: &RunResult) -> String {
    let (tone, word) = status(result.status);
    let mut parts = Vec::new();
    if result.counts.total > 0 {
        parts.push(format!("{} of {} tests", result.counts.passed, result.counts.total));
    }
    parts.extend(result.layer.map(|found| layer(found).to_owned()));
    parts.extend(result.fuel.map(|fuel| format!("fuel {}", grouped(fuel))));
    if result.duration_us > 0 {
        parts.push(format!("{}.{} ms", result.duration_us / 1000, result.duration_us % 1000 / 100));
    }
    let rest: String = parts.iter().map(|part| format!(" · {part}")).collect();
    format!("{}{}", palette.paint(tone, word), palette.paint(Tone::Faint, rest))
}
