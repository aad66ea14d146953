//! A cheap clock for decisions about speed. Nothing but speed may depend on it.

#[cfg(any(dgraph_loom, dgraph_shuttle))]
pub(crate) use crate::sync::now;

/// Ticks of some unit since some time; on x86-64 the time stamp counter, which costs a third of a system
/// clock.
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

#[cfg(not(all(target_arch = "x86_64", not(any(miri, dgraph_loom, dgraph_shuttle)))))]
pub(crate) use now as after;

/// Nanoseconds since the first call.
#[cfg(not(any(all(target_arch = "x86_64", not(miri)), dgraph_loom, dgraph_shuttle)))]
pub(crate) fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
