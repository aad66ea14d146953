//! The body of a benchmark's node: busy for as long as it is told, with a result that can be checked.

use std::hint::black_box;

/// Takes `grain` steps of a linear congruential generator (Knuth's MMIX constants) from `seed`, and returns
/// its state.
///
/// A step waits for the one before: 4 cycles, about 1.1 ns. The compiler doesn't get to know the constants;
/// with them it would unroll the loop and merge several steps into one.
///
/// ```
/// use dgraph_tests::body::busy;
/// assert_eq!(busy(7, 0), 7);
/// assert_eq!(busy(0, 2), 1442695040888963407_u64.wrapping_mul(6364136223846793006));
/// ```
#[inline]
#[must_use]
pub fn busy(seed: u64, grain: u64) -> u64 {
    let mut state = seed;
    if grain > 0 {
        let multiplier = black_box(6_364_136_223_846_793_005_u64);
        let increment = black_box(1_442_695_040_888_963_407_u64);
        for _ in 0..grain {
            state = state.wrapping_mul(multiplier).wrapping_add(increment);
        }
    }
    state
}
