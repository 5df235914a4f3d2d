//! What the live display shows, apart from how it reaches the terminal.

use std::time::Duration;

use super::line::Line;
use crate::style::Tone;

/// Frames of the spinner.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Most text kept of a candidate, in bytes: only its last line is shown.
const TAIL_BYTES_MAX: usize = 4_096;

/// What is known of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The model is writing it.
    Writing,
    /// It is written and waits for its check or is being run.
    Running,
    /// It was run.
    Checked { passed: u32, total: u32, note: String },
    /// It never ran: no code in it, or a copy of another one.
    Skipped { note: String },
}

/// One candidate of the batch.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// Its number in the run.
    pub(crate) number: u64,
    /// How far it is.
    pub(crate) progress: Progress,
    tail: String,
}

impl Lane {
    /// A candidate that has no text yet.
    pub(crate) fn new(number: u64) -> Self {
        Self { number, progress: Progress::Writing, tail: String::new() }
    }

    /// Adds streamed text; keeps the end of it.
    pub(crate) fn push(&mut self, text: &str) {
        self.tail.push_str(text);
        if self.tail.len() > TAIL_BYTES_MAX {
            let mut cut = self.tail.len() - TAIL_BYTES_MAX / 2;
            while !self.tail.is_char_boundary(cut) {
                cut += 1;
            }
            self.tail.drain(..cut);
        }
    }

    /// The last line that has something on it.
    fn last_line(&self) -> &str {
        self.tail.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim_end()
    }

    fn line(&self) -> Line {
        let head = Line::new().with(Tone::Faint, format!("  {:>4} ", self.number));
        match &self.progress {
            Progress::Writing => head.with(Tone::Accent, "▸ ").pad_to(15).with(Tone::Plain, self.last_line()),
            Progress::Running => head.with(Tone::Accent, "● ").pad_to(15).with(Tone::Faint, self.last_line()),
            Progress::Skipped { note } => head.with(Tone::Faint, "– ").pad_to(15).with(Tone::Faint, note),
            Progress::Checked { passed, total, note } => {
                let good = passed == total && *total > 0;
                let (tone, mark) = if good { (Tone::Good, "✓") } else { (Tone::Bad, "✗") };
                let count = if *total > 0 { format!("{passed}/{total}") } else { String::new() };
                head.with(tone, format!("{mark} {count}")).pad_to(15).with(Tone::Faint, note)
            }
        }
    }
}

/// The whole display.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    /// What is being done, e.g. `coding`.
    pub(crate) phase: String,
    /// For what, e.g. the function's name.
    pub(crate) target: String,
    /// Candidates so far, and at most.
    pub(crate) samples: (u64, Option<u64>),
    /// Tokens made so far.
    pub(crate) tokens: u64,
    /// Time that the model has been writing, for tokens per second.
    pub(crate) writing: Duration,
    /// Best so far: number, tests passed, tests.
    pub(crate) best: Option<(u64, u32, u32)>,
    /// The batch under way.
    pub(crate) lanes: Vec<Lane>,
}

impl Board {
    /// The lane of that candidate.
    pub(crate) fn lane(&mut self, number: u64) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.number == number).unwrap_or(self.lanes.len());
        if at == self.lanes.len() {
            self.lanes.push(Lane::new(number));
        }
        &mut self.lanes[at]
    }

    /// At most `rows` lines; lanes that don't fit are counted.
    pub(crate) fn lines(&self, elapsed: Duration, tick: usize, rows: usize) -> Vec<Line> {
        let mut lines = vec![self.head(elapsed, tick)];
        let room = rows.saturating_sub(3).max(1);
        lines.extend(self.shown_lanes(room).into_iter().map(Lane::line));
        let hidden = self.lanes.len().saturating_sub(room);
        if hidden > 0 {
            lines.push(Line::new().with(Tone::Faint, format!("       … {hidden} more")));
        }
        if let Some((number, passed, total)) = self.best {
            let text = format!("#{number} with {passed} of {total} tests");
            lines.push(Line::new().with(Tone::Faint, "  best").pad_to(9).with(Tone::Strong, text));
        }
        lines
    }

    /// Those that move first, then the latest results, in order of their numbers.
    fn shown_lanes(&self, room: usize) -> Vec<&Lane> {
        let mut lanes: Vec<&Lane> = self.lanes.iter().collect();
        if lanes.len() > room {
            lanes.sort_by_key(|lane| (matches!(lane.progress, Progress::Skipped { .. }), lane.number));
            let moving = |lane: &&&Lane| matches!(lane.progress, Progress::Writing | Progress::Running);
            let (first, rest): (Vec<&Lane>, Vec<&Lane>) = lanes.iter().partition(|lane| moving(lane));
            lanes = first.into_iter().chain(rest.into_iter().rev()).take(room).collect();
        }
        lanes.sort_by_key(|lane| lane.number);
        lanes
    }

    fn head(&self, elapsed: Duration, tick: usize) -> Line {
        let mut line = Line::new()
            .with(Tone::Accent, format!("{} ", SPINNER[tick % SPINNER.len()]))
            .with(Tone::Strong, &self.phase);
        if !self.target.is_empty() {
            line = line.with(Tone::Plain, format!(" {}", self.target));
        }
        let mut facts = Vec::new();
        match self.samples {
            (0, None) => {}
            (done, Some(max)) => facts.push(format!("{done} of {max} samples")),
            (done, None) => facts.push(format!("{done} samples")),
        }
        if let Some(rate) = self.rate() {
            facts.push(format!("{rate} tokens/s"));
        }
        facts.push(clock(elapsed));
        let facts: String = facts.iter().map(|fact| format!(" · {fact}")).collect();
        line.with(Tone::Faint, facts)
    }

    /// Tokens per second, once there is something to divide.
    fn rate(&self) -> Option<u64> {
        let millis = u64::try_from(self.writing.as_millis()).ok().filter(|millis| *millis >= 200)?;
        (self.tokens > 0).then(|| self.tokens.saturating_mul(1000) / millis)
    }
}

/// `7s`, `1:05`, `1:02:05`.
pub(crate) fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Palette;

    fn text(board: &Board, rows: usize) -> Vec<String> {
        let lines = board.lines(Duration::from_secs(65), 0, rows);
        lines.iter().map(|line| line.render(Palette { colour: false }, 79)).collect()
    }

    fn board() -> Board {
        let mut board = Board {
            phase: "coding".to_owned(),
            target: "slugify".to_owned(),
            samples: (5, Some(64)),
            tokens: 300,
            writing: Duration::from_secs(2),
            best: Some((3, 5, 7)),
            ..Board::default()
        };
        board.lane(3).progress = Progress::Checked { passed: 5, total: 7, note: "AssertionError".to_owned() };
        board.lane(4).push("def slugify(text):\n    return text.lower()\n\n");
        board.lane(5).progress = Progress::Checked { passed: 7, total: 7, note: String::new() };
        board
    }

    #[test]
    fn the_display_reads_like_this() {
        assert_eq!(
            text(&board(), 20),
            [
                "⠋ coding slugify · 5 of 64 samples · 150 tokens/s · 1:05",
                "     3 ✗ 5/7   AssertionError",
                "     4 ▸           return text.lower()",
                "     5 ✓ 7/7   ",
                "  best   #3 with 5 of 7 tests",
            ]
        );
    }

    #[test]
    fn a_low_terminal_shows_what_moves() {
        let text = text(&board(), 4);
        assert_eq!(text.len(), 4);
        assert!(text[1].contains("return text.lower()"));
        assert!(text[2].contains("2 more"));
    }

    #[test]
    fn endless_text_is_bounded() {
        let mut lane = Lane::new(1);
        for _ in 0..10_000 {
            lane.push("日本語 ");
        }
        assert!(lane.tail.len() <= TAIL_BYTES_MAX);
    }

    #[test]
    fn time_is_short() {
        let text = [7, 65, 3725].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(text, ["7s", "1:05", "1:02:05"]);
    }
}
