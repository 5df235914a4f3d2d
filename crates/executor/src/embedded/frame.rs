//! Length-prefixed JSON between the executor and a worker child.

use std::io::{self, Read, Write};

use edgecoder_python_vm::Ending;
use edgecoder_types::RunRequest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a child is asked to do.
#[derive(Debug, Deserialize)]
pub(crate) enum Job {
    /// Run the request.
    Run(RunRequest),
    /// Only check its files against the subset.
    Check(RunRequest),
}

/// [`Job`] as its sender has it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum JobRef<'a> {
    /// Run the request.
    Run(&'a RunRequest),
    /// Only check its files against the subset.
    Check(&'a RunRequest),
}

/// What a child answers: the interpreter's ending, and its own peak memory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// How the program ended.
    pub(crate) ending: Ending,
    /// Peak resident memory, in KiB.
    pub(crate) peak_kib: i64,
}

impl JobRef<'_> {
    /// The request in it.
    pub(crate) fn request(&self) -> &RunRequest {
        match self {
            Self::Run(request) | Self::Check(request) => request,
        }
    }
}

/// The largest frame in bytes: all sources of a request, or two full outputs, with JSON's overhead.
pub(crate) const FRAME_BYTES_MAX: u32 = 256 << 20;

/// Writes one frame with a single `write_all`.
pub(crate) fn write<T: Serialize>(writer: &mut impl Write, value: &T) -> io::Result<()> {
    let mut frame = vec![0_u8; 4];
    serde_json::to_writer(&mut frame, value)?;
    let length = u32::try_from(frame.len() - 4)
        .ok()
        .filter(|length| *length <= FRAME_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the frame is too large"))?;
    if let Some(prefix) = frame.get_mut(..4) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    writer.write_all(&frame)
}

/// Reads one frame; blocks until it is whole.
pub(crate) fn read<T: DeserializeOwned>(reader: &mut impl Read) -> io::Result<T> {
    let mut prefix = [0_u8; 4];
    reader.read_exact(&mut prefix)?;
    let length = u32::from_le_bytes(prefix);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is too large"));
    }
    let mut body = vec![0_u8; usize::try_from(length).map_err(io::Error::other)?];
    reader.read_exact(&mut body)?;
    decode(&body)
}

/// Decodes a frame's body.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    serde_json::from_slice(body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Collects a frame that arrives in pieces.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    buffer: Vec<u8>,
}

impl Collector {
    /// Takes what arrived.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The body, once it is whole. `Err` when the prefix announces too much.
    pub(crate) fn body(&self) -> io::Result<Option<&[u8]>> {
        let Some((prefix, rest)) = self.buffer.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*prefix);
        if length > FRAME_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is too large"));
        }
        Ok(rest.get(..usize::try_from(length).map_err(io::Error::other)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_round_trips_in_any_pieces() {
        let mut bytes = Vec::new();
        write(&mut bytes, &vec!["a", "é"]).unwrap();
        assert_eq!(read::<Vec<String>>(&mut bytes.as_slice()).unwrap(), ["a", "é"]);
        let mut collector = Collector::default();
        for (index, byte) in bytes.iter().enumerate() {
            assert_eq!(collector.body().unwrap(), None, "whole after {index} bytes");
            collector.push(&[*byte]);
        }
        let body = collector.body().unwrap().unwrap();
        assert_eq!(decode::<Vec<String>>(body).unwrap(), ["a", "é"]);
    }

    #[test]
    fn an_announced_giant_is_refused() {
        let mut collector = Collector::default();
        collector.push(&u32::MAX.to_le_bytes());
        assert!(collector.body().is_err());
        assert!(read::<u8>(&mut u32::MAX.to_le_bytes().as_slice()).is_err());
    }
}
