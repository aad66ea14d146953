//! What is in a page, and what is computed from it.

/// How many numbers a page has.
pub(crate) const NUMBERS: usize = 500;

/// The numbers of a page, as the server knows them.
pub(crate) fn numbers(page: u32) -> impl Iterator<Item = u32> {
    // A congruential generator, with Knuth's factor: its upper bits are random enough.
    let mut state = u64::from(page);
    (0..NUMBERS).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from((state >> 33) % 1_000_000).expect("less than a million")
    })
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
