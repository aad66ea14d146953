//! A work-stealing deque that model checkers see into, with crossbeam-deque's interface and no stronger
//! promises: the items pass through a lock, but whether there are any is read from a relaxed counter.
//! (crossbeam's has a fence there; what we build on it doesn't rely on that.)

use super::{Arc, AtomicUsize, Mutex, Ordering, lock};
use std::collections::VecDeque;

struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    length: AtomicUsize,
}

/// The owner's end.
pub(crate) struct Worker<T>(Arc<Queue<T>>);

/// The thieves' end.
pub(crate) struct Stealer<T>(Arc<Queue<T>>);

/// As crossbeam's.
pub(crate) enum Steal<T> {
    Empty,
    Success(T),
    #[allow(dead_code, reason = "the real deque has it")]
    Retry,
}

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        Self(Arc::new(Queue { items: Mutex::new(VecDeque::new()), length: AtomicUsize::new(0) }))
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(Arc::clone(&self.0))
    }

    pub(crate) fn push(&self, item: T) {
        let mut items = lock(&self.0.items);
        items.push_back(item);
        self.0.length.store(items.len(), Ordering::Relaxed);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let mut items = lock(&self.0.items);
        let item = items.pop_front();
        self.0.length.store(items.len(), Ordering::Relaxed);
        item
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.length.load(Ordering::Relaxed)
    }
}

impl<T> Stealer<T> {
    /// At most half of what is there: the first is returned, the others go to `to`.
    pub(crate) fn steal_batch_with_limit_and_pop(&self, to: &Worker<T>, limit: usize) -> Steal<T> {
        let mut items = lock(&self.0.items);
        let count = items.len().div_ceil(2).min(limit);
        let mut batch = items.drain(..count).collect::<Vec<_>>().into_iter();
        self.0.length.store(items.len(), Ordering::Relaxed);
        drop(items);
        let first = batch.next();
        batch.for_each(|item| to.push(item));
        first.map_or(Steal::Empty, Steal::Success)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.length.load(Ordering::Relaxed) == 0
    }
}
