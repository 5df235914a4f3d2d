//! Standard streams: bytes kept here, cut at the limit.

use edgecoder_types::RunStatus;

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
        let kept = match stream {
            Stream::Out => &mut run.stdout,
            Stream::Err => &mut run.stderr,
        };
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
        text.len() > room
    });
    if full == Some(true) {
        state::finish(End::new(RunStatus::OutputLimit, "output_limit", "the program wrote more than the output limit"));
    }
}
