//! Ids that look like Close's and follow from a seed.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A sequence of ids; the same seed gives the same sequence.
#[derive(Debug)]
pub(super) struct Ids {
    state: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An id of an object: 43 characters after the prefix.
    pub(super) fn object(&mut self, prefix: &str) -> String {
        self.next(prefix, 43)
    }

    /// An id of an event, a request or a subscription: 22 characters.
    pub(super) fn short(&mut self, prefix: &str) -> String {
        self.next(prefix, 22)
    }

    fn next(&mut self, prefix: &str, length: usize) -> String {
        let random = (0..length).map(|_| {
            let digit = usize::try_from(self.number() % 62).unwrap_or(0);
            char::from(DIGITS[digit])
        });
        format!("{prefix}_{}", random.collect::<String>())
    }

    /// `SplitMix64`: one addition and three mixing steps.
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
