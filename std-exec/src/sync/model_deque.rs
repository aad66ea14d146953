//! A work-stealing deque that loom sees into, with crossbeam-deque's interface and no stronger promises: the items
//! pass through a lock, but whether there are any is read from a relaxed counter. (crossbeam's
//! has a fence there; what we build on it doesn't rely on that.)

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use std::collections::VecDeque;

struct Queue<T> {
    items: Mutex<VecDeque<T>>,
    length: AtomicUsize,
}

/// The owner's end: last in, first out.
pub(crate) struct Worker<T>(Arc<Queue<T>>);

/// The thieves' end: first in, first out.
pub(crate) struct Stealer<T>(Arc<Queue<T>>);

/// As crossbeam's.
pub(crate) enum Steal<T> {
    Empty,
    Success(T),
    #[allow(dead_code, reason = "the real deque has it")]
    Retry,
}

impl<T> Worker<T> {
    pub(crate) fn new_lifo() -> Self {
        Self(Arc::new(Queue { items: Mutex::new(VecDeque::new()), length: AtomicUsize::new(0) }))
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(Arc::clone(&self.0))
    }

    pub(crate) fn push(&self, item: T) {
        let mut items = self.0.items.lock().expect("models don't panic under a lock");
        items.push_back(item);
        self.0.length.store(items.len(), Ordering::Relaxed);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let mut items = self.0.items.lock().expect("models don't panic under a lock");
        let item = items.pop_back();
        self.0.length.store(items.len(), Ordering::Relaxed);
        item
    }
}

impl<T> Stealer<T> {
    pub(crate) fn steal(&self) -> Steal<T> {
        let mut items = self.0.items.lock().expect("models don't panic under a lock");
        let item = items.pop_front();
        self.0.length.store(items.len(), Ordering::Relaxed);
        item.map_or(Steal::Empty, Steal::Success)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.length.load(Ordering::Relaxed) == 0
    }
}
