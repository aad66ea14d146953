//! shuttle's: random orders of models that are too large for loom. Memory is sequentially consistent, so no
//! ordering and no fence is too weak here: that is loom's to find. What shuttle finds is a step that is
//! forgotten or comes too late.

pub(crate) use super::checked_cell::UnsafeCell;
pub(crate) use super::model_deque::{Steal, Stealer, Worker};
pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use shuttle::thread::yield_now;
pub(crate) use shuttle::thread_local;
pub(super) use std::sync::Arc;
pub(crate) use std::sync::PoisonError;
use std::time::Duration;

/// What models are made of.
#[cfg(test)]
pub(crate) mod model {
    pub(crate) use crate::sync::UnsafeCell;
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    pub(crate) use shuttle::thread;
    use shuttle::{Config, Runner};
    pub(crate) use std::sync::Arc;

    /// Tries so many orders of steps at random, and as many with few forced switches between threads,
    /// wherever these are (probabilistic concurrency testing: Burckhardt et al., ASPLOS 2010).
    /// `DGRAPH_SHUTTLE` sets how many.
    pub(crate) fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
        explore_one(preemptions, Arc::new(body));
    }

    /// Of one type, so that shuttle's own code is compiled once, not for each model.
    fn explore_one(preemptions: usize, body: Arc<dyn Fn() + Sync + Send>) {
        let orders = std::env::var("DGRAPH_SHUTTLE").map_or(100, |orders| orders.parse().expect("a number"));
        let mut config = Config::new();
        config.stack_size = 1 << 18;
        config.silence_warnings = true;
        let same = Arc::clone(&body);
        Runner::new(RandomScheduler::new(orders), config.clone()).run(move || body());
        Runner::new(PctScheduler::new(preemptions + 1, orders), config).run(move || same());
    }

    /// Explores random orders, like [`explore`]: shuttle can do no more.
    pub(crate) fn explore_all(body: impl Fn() + Sync + Send + 'static) {
        explore(3, body);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// Nothing to do: every step is seen by all threads at once.
pub(crate) const fn compiler_fence(_: Ordering) {}

/// Something for loom only.
pub(crate) const fn before_fence() {}

/// Lets the other threads go on.
#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "the real one has it")]
    pub(crate) fn snooze(&self) {
        shuttle::thread::yield_now();
    }

    #[allow(clippy::unused_self, reason = "the real one has it")]
    pub(crate) fn spin(&self) {
        shuttle::thread::yield_now();
    }
}

/// As if the time were over as soon as others have had a chance to do something.
pub(crate) fn wait_for<'a, T>(_: &Condvar, guard: MutexGuard<'a, T>, _: Duration) -> MutexGuard<'a, T> {
    shuttle::thread::yield_now();
    guard
}

pub(crate) fn fill(cells: &mut [AtomicU8], value: u8) {
    for cell in cells {
        *cell.get_mut() = value;
    }
}

/// Hardly any: enough to take the way.
pub(crate) const fn patience(steps: u32) -> u32 {
    if steps < 2 { steps } else { 2 }
}

/// The deques of models have nothing to set up.
pub(crate) const fn prepare_to_steal() {}
