//! Standard streams: bytes kept here, cut at the limit.

use edgecoder_types::RunStatus;
use rustpython_vm::builtins::PyStrRef;

use crate::fuel;
use crate::state::{self, End};

/// Bytes of output that one unit of fuel buys.
const BYTES_A_UNIT: u64 = 64;

/// Which stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Appends text. One byte more than the limit ends the run.
pub(crate) fn write(stream: Stream, text: &[u8]) {
    fuel::charge(text.len() as u64 / BYTES_A_UNIT);
    let full = state::with(|run| {
        let limit = usize::try_from(run.request.limits.output_bytes).unwrap_or(usize::MAX);
        let kept = match (&mut run.diverted, stream) {
            (Some(diverted), Stream::Out) => diverted,
            (_, Stream::Out) => &mut run.stdout,
            (_, Stream::Err) => &mut run.stderr,
        };
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
        text.len() > room
    });
    if full == Some(true) {
        state::finish(End::new(RunStatus::OutputLimit, "output_limit", "the program wrote more than the output limit"));
    }
}

/// `write(text)` of the standard streams.
pub(crate) fn write_text(stream: Stream, text: &PyStrRef) -> usize {
    write(stream, text.to_string_lossy().as_bytes());
    text.char_len()
}

/// Takes at most `limit` characters, up to and with the next line feed when `line` is set.
pub(crate) fn read(limit: Option<usize>, line: bool) -> String {
    let taken = state::with(|run| {
        let rest = run.request.stdin.get(run.stdin_at..).unwrap_or_default();
        let end =
            if line { rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1) } else { rest.len() };
        let text = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let text = match limit {
            Some(limit) => text.chars().take(limit).collect(),
            None => text,
        };
        run.stdin_at += text.len();
        text
    })
    .unwrap_or_default();
    fuel::charge(taken.len() as u64 / BYTES_A_UNIT);
    taken
}

/// What was written to both streams since the last call, for tests that look at output.
pub(crate) fn take_captured() -> (String, String) {
    thread_local! {
        static SEEN: std::cell::Cell<(usize, usize)> = const { std::cell::Cell::new((0, 0)) };
    }
    state::with(|run| {
        let (out, err) = SEEN.replace((run.stdout.len(), run.stderr.len()));
        let text =
            |bytes: &[u8], from: usize| String::from_utf8_lossy(bytes.get(from..).unwrap_or_default()).into_owned();
        (text(&run.stdout, out), text(&run.stderr, err))
    })
    .unwrap_or_default()
}
