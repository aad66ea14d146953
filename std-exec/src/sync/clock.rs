//! A cheap clock for decisions about speed, and for pictures of it. Nothing but speed may depend on it.

#[cfg(any(dgraph_loom, dgraph_shuttle))]
pub(crate) use crate::sync::now;
use std::time::Duration;

/// Ticks of some unit since some time, each between a third of a nanosecond and one: on x86-64 the time stamp
/// counter, which costs a third of a system clock; elsewhere nanoseconds, on aarch64 by its counter.
#[cfg(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The same, after all that comes before: [`now`] doesn't wait for that.
#[cfg(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
#[inline]
pub(crate) fn after() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    unsafe { core::arch::x86_64::_mm_lfence() };
    now()
}

#[cfg(all(target_arch = "aarch64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
pub(crate) use aarch64::{after, now};

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(any(miri, dgraph_loom, dgraph_shuttle))
)))]
pub(crate) use now as after;

/// Nanoseconds since the first call.
#[cfg(not(any(
    all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)),
    dgraph_loom,
    dgraph_shuttle
)))]
pub(crate) fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How long so many ticks are. The first call takes two milliseconds, to find out.
#[cfg(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
pub(crate) fn duration(ticks: u64) -> Duration {
    use std::sync::atomic::{AtomicU64, Ordering};
    /// Nanoseconds per tick, as the bits of a float; 0 as long as nobody has asked. No lock: a child forked
    /// meanwhile would find it locked for ever.
    static SCALE: AtomicU64 = AtomicU64::new(0);
    // Relaxed: whoever finds nothing finds out by itself.
    let mut scale = f64::from_bits(SCALE.load(Ordering::Relaxed));
    if scale == 0.0 {
        scale = nanos_per_tick();
        SCALE.store(scale.to_bits(), Ordering::Relaxed);
    }
    #[expect(clippy::cast_precision_loss, reason = "sixteen digits of a measured time are enough")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturating")]
    Duration::from_nanos((ticks as f64 * scale) as u64)
}

/// How long so many ticks are: they are nanoseconds.
#[cfg(not(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle)))))]
pub(crate) fn duration(ticks: u64) -> Duration {
    Duration::from_nanos(ticks)
}

/// Compares both clocks over two milliseconds.
#[cfg(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
fn nanos_per_tick() -> f64 {
    use std::time::Instant;
    // Both at the same time: of some tries the one with the least between two looks at the counter.
    let both = || {
        let attempt = || {
            let before = now();
            let time = Instant::now();
            (now().saturating_sub(before), before, time)
        };
        let (.., ticks, time) = (0..8).map(|_| attempt()).min_by_key(|(gap, ..)| *gap).expect("some");
        (ticks, time)
    };
    let (ticks, time) = both();
    while time.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    let (later, end) = both();
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let (nanos, ticks) = ((end - time).as_nanos() as f64, later.saturating_sub(ticks).max(1) as f64);
    nanos / ticks
}

/// The counter that all processors of this kind have. It counts at anything from a megahertz to a gigahertz,
/// so it is brought to nanoseconds: constants elsewhere are in ticks of about that length.
#[cfg(all(target_arch = "aarch64", not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod aarch64 {
    use std::arch::asm;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Nanoseconds per count, times 2²⁴; 0 as long as nobody has asked.
    static SCALE: AtomicU64 = AtomicU64::new(0);
    const POINT: u32 = 24;

    #[inline]
    pub(crate) fn now() -> u64 {
        let count: u64;
        // SAFETY: the register can be read by programs under every system that Rust's std knows, and nothing
        // is written.
        unsafe { asm!("mrs {}, cntvct_el0", out(reg) count, options(nomem, nostack, preserves_flags)) };
        nanos(count)
    }

    /// The same, after all that comes before.
    #[inline]
    pub(crate) fn after() -> u64 {
        // SAFETY: a barrier for instructions: it waits, and changes nothing.
        unsafe { asm!("isb", options(nostack, preserves_flags)) };
        now()
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "nanoseconds of 500 years fit")]
    fn nanos(count: u64) -> u64 {
        // Relaxed: whoever finds nothing finds out by itself, and the same.
        let scale = match SCALE.load(Ordering::Relaxed) {
            0 => find_scale(),
            scale => scale,
        };
        ((u128::from(count) * u128::from(scale)) >> POINT) as u64
    }

    #[cold]
    fn find_scale() -> u64 {
        let hertz: u64;
        // SAFETY: as in `now`.
        unsafe { asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags)) };
        let scale = scale(hertz);
        SCALE.store(scale, Ordering::Relaxed);
        scale
    }

    /// Nanoseconds per count, times 2²⁴. (Firmware says how fast it counts. Where it doesn't, counts stand
    /// for nanoseconds.)
    const fn scale(hertz: u64) -> u64 {
        (1_000_000_000 << POINT) / if hertz == 0 { 1_000_000_000 } else { hertz }
    }

    #[test]
    fn counts_become_nanoseconds() {
        for hertz in [1_000_000, 19_200_000, 24_000_000, 62_500_000, 1_000_000_000] {
            let second = (u128::from(hertz) * u128::from(scale(hertz))) >> POINT;
            assert!((999_999_000..=1_000_000_000).contains(&second), "{second} at {hertz} Hz");
        }
        let before = now();
        assert!(before <= after(), "it doesn't go back");
    }
}
