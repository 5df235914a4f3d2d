//! A door for the project's fuzz targets to the streams of servers. Nothing else uses it.

use super::ProviderKind;
use super::dialect::BadPiece;
use super::sequence::Candidate;
use crate::contract::Generated;

/// What was read from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Pieces of text in the order in which they could be shown.
    pub shown: Vec<String>,
    /// The answer.
    pub generated: Generated,
    /// Tokens of the prompt, as far as the stream tells.
    pub prompt_tokens: Option<u64>,
    /// Whether the stream ended after its answer did.
    pub is_whole: bool,
}

/// Reads a stream that comes in these pieces.
///
/// # Errors
/// What is wrong with it.
pub fn read(kind: ProviderKind, stop: &[String], pieces: &[&[u8]]) -> Result<Read, String> {
    let why = |bad: BadPiece| match bad {
        BadPiece::Malformed(why) | BadPiece::Failed(why) => why,
    };
    let mut candidate = Candidate::new(kind, stop);
    let (mut shown, mut is_done) = (Vec::new(), false);
    for piece in pieces {
        is_done = candidate.push(piece).map_err(why)?;
        if is_done {
            break;
        }
        shown.extend(candidate.release());
    }
    let is_whole = is_done || candidate.end().map_err(why)?;
    shown.extend(candidate.finish_text());
    Ok(Read { shown, prompt_tokens: candidate.prompt_tokens(), is_whole, generated: candidate.into_generated() })
}
