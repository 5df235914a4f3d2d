//! What the tests of this crate share.

use edgecoder_types::Entropy;

/// Entropy that counts.
pub(crate) struct Counting(pub(crate) u8);

impl Entropy for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_add(41);
            *byte = self.0;
        }
    }
}
