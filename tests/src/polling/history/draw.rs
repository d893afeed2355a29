//! Choices that follow from a seed.

/// Draws by the `SplitMix64` generator.
#[derive(Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn number(&mut self, least: usize, most: usize) -> usize {
        let span = (most - least + 1) as u64;
        least + usize::try_from(self.next() % span).unwrap_or_default()
    }

    /// The same, as a signed one.
    pub(super) fn signed(&mut self, least: usize, most: usize) -> i64 {
        i64::try_from(self.number(least, most)).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.number(0, 99) < percent
    }

    /// One of some.
    pub(super) fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.number(0, choices.len() - 1)].clone()
    }

    /// Some of them, at least one, in their order.
    pub(super) fn some<T: Clone>(&mut self, choices: &[T], most: usize) -> Vec<T> {
        let count = self.number(1, most.min(choices.len()));
        let mut places: Vec<usize> = (0..choices.len()).collect();
        while places.len() > count {
            let gone = self.number(0, places.len() - 1);
            places.remove(gone);
        }
        places.into_iter().map(|place| choices[place].clone()).collect()
    }
}
