//! SplitMix64 random numbers: a few lines, so that every language draws the same graphs.

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
///
/// ```
/// use dgraph_tests::splitmix::SplitMix64;
/// assert_eq!(SplitMix64::new(42).next(), 13679457532755275413);
/// ```
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator whose state starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, any of the 2⁶⁴.
    #[allow(clippy::should_implement_trait, reason = "the sequence never ends, an Option would be noise")]
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next number, reduced to `0..bound` by the remainder (so slightly uneven).
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below a u32")]
    pub const fn below(&mut self, bound: u32) -> u32 {
        (self.next() % bound as u64) as u32
    }

    /// Puts `items` into a random order (Fisher and Yates).
    ///
    /// # Panics
    ///
    /// If there are 2³² items or more.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u32::try_from(last + 1).expect("fewer than 2^32 items");
            items.swap(last, self.below(bound) as usize);
        }
    }
}
