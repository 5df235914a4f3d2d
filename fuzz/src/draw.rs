//! Decisions from an input's own bytes, for targets that need more than one piece or a choice.

use edgecoder_testkit::programs::SplitMix;

/// What separates the pieces of an input; readable in the files of `data/`.
pub const SEPARATOR: &str = "\n====\n";

/// The pieces of an input. Bytes that hold no separator are one piece.
pub fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let separator = SEPARATOR.as_bytes();
    let mut found = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        let (piece, after) = rest.split_at(at);
        found.push(piece);
        rest = after.get(separator.len()..).unwrap_or_default();
    }
    found.push(rest);
    found
}

/// A source of decisions that is the same for the same bytes.
pub fn decisions(data: &[u8]) -> SplitMix {
    // FNV-1a, so that every byte counts.
    let hash = data
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    SplitMix(hash)
}

/// A number below `bound`; 0 where nothing is.
pub fn below(random: &mut SplitMix, bound: usize) -> usize {
    if bound == 0 { 0 } else { usize::try_from(random.below(bound as u64)).unwrap_or(0) }
}

/// The bytes cut at random places, at most `most` of them.
pub fn cut<'a>(random: &mut SplitMix, bytes: &'a [u8], most: usize) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = (0..below(random, most + 1)).map(|_| below(random, bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).filter_map(|pair| bytes.get(*pair.first()?..*pair.last()?)).collect()
}
