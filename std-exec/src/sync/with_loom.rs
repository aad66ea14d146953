//! loom's: small models are explored to the end, weak memory and all.

pub(crate) use super::model_deque::{Steal, Stealer, Worker};
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(super) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread::yield_now;
pub(crate) use loom::thread_local;
pub(crate) use std::sync::PoisonError;
use std::time::Duration;

/// What models are made of.
#[cfg(test)]
pub(crate) mod model {
    pub(crate) use loom::cell::UnsafeCell;
    use loom::model::Builder;
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::thread;

    /// What loom runs, as one type: loom's own code is compiled once, not for each model.
    type Model = Box<dyn Fn() + Sync + Send>;

    /// Explores what `preemptions` forced switches between threads can bring about: all of it for the small
    /// models.
    pub(crate) fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
        let mut builder = Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.max_branches = 10_000;
        builder.check::<Model>(Box::new(body));
    }

    /// Explores everything.
    pub(crate) fn explore_all(body: impl Fn() + Sync + Send + 'static) {
        loom::model::<Model>(Box::new(body));
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("models don't panic under a lock")
}

pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).expect("models don't panic under a lock")
}

loom::lazy_static! {
    /// The place of the next fence of `crate::sync::asymmetric_fence` in the order of all of them.
    static ref NEXT_FENCE: AtomicUsize = AtomicUsize::new(0);
}

/// No fence at all. Only a model in which nobody comes by the heavy half of `crate::sync::asymmetric_fence`
/// may say that the light one is free.
pub(crate) fn compiler_fence(_: Ordering) {}

/// To be called before a `SeqCst` fence. loom tries another order of two steps only if both access one
/// object, and takes fences for none, so it would never come between an access and the fence behind it. Now
/// they have an object.
pub(crate) fn before_fence() {
    NEXT_FENCE.fetch_add(1, Ordering::Relaxed);
}

/// Lets the other threads go on.
#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "the real one has it")]
    pub(crate) fn snooze(&self) {
        loom::thread::yield_now();
    }

    #[allow(clippy::unused_self, reason = "the real one has it")]
    pub(crate) fn spin(&self) {
        loom::thread::yield_now();
    }
}

/// As if the time were always over at once.
pub(crate) fn wait_for<'a, T>(_: &Condvar, guard: MutexGuard<'a, T>, _: Duration) -> MutexGuard<'a, T> {
    guard
}

pub(crate) fn fill(cells: &mut [AtomicU8], value: u8) {
    for cell in cells {
        cell.store(value, Ordering::Relaxed);
    }
}

/// None at all: a model has to get to sleep to be small.
pub(crate) const fn patience(_: u32) -> u32 {
    0
}

/// The deques of models have nothing to set up.
pub(crate) const fn prepare_to_steal() {}
