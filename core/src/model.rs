//! What models are made of, loom's or shuttle's.

#[cfg(dgraph_loom)]
pub(crate) use loom::{cell::UnsafeCell, sync::Arc, thread};
#[cfg(dgraph_shuttle)]
pub(crate) use {shuttle::thread, std::sync::Arc};

/// Explores what `preemptions` forced switches between threads can bring about, in every order that memory
/// allows.
#[cfg(dgraph_loom)]
pub(crate) fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(body);
}

/// Tries so many orders of steps at random, and as many with few forced switches. `DGRAPH_SHUTTLE` sets how
/// many.
#[cfg(dgraph_shuttle)]
pub(crate) fn explore(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    let orders = std::env::var("DGRAPH_SHUTTLE").map_or(100, |orders| orders.parse().expect("a number"));
    let mut config = shuttle::Config::new();
    config.silence_warnings = true;
    let body = Arc::new(body);
    let same = Arc::clone(&body);
    shuttle::Runner::new(RandomScheduler::new(orders), config.clone()).run(move || body());
    shuttle::Runner::new(PctScheduler::new(preemptions + 1, orders), config).run(move || same());
}

/// Nothing: shuttle knows no memory but one that all threads see alike.
#[cfg(dgraph_shuttle)]
pub(crate) struct UnsafeCell<T>(T);

#[cfg(dgraph_shuttle)]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    pub(crate) fn with(&self, look: impl FnOnce(&T)) {
        look(&self.0);
    }

    pub(crate) fn with_mut(&self, write: impl FnOnce(&T)) {
        write(&self.0);
    }
}
