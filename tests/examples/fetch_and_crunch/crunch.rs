//! What is in a page, and what is computed from it.

use dgraph_tests::splitmix::SplitMix64;

/// How many numbers a page has.
pub(crate) const NUMBERS: usize = 500;

/// The numbers of a page, as the server knows them.
pub(crate) fn numbers(page: u32) -> impl Iterator<Item = u32> {
    let mut random = SplitMix64::new(u64::from(page));
    (0..NUMBERS).map(move |_| random.below(1_000_000))
}

/// How many of the numbers are primes.
pub(crate) fn count_primes(numbers: &[u32]) -> usize {
    numbers.iter().filter(|&&number| is_prime(number)).count()
}

/// What [`count_primes`] must give for a page.
pub(crate) fn expected(page: u32) -> usize {
    numbers(page).filter(|&number| is_prime(number)).count()
}

/// By trial division: it takes a while, and that is its purpose.
fn is_prime(number: u32) -> bool {
    number > 1 && (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| number % divisor != 0)
}
