//! A number of permits, and the tasks that wait for one, served in the order in which they came.
//!
//! ```text
//!   poll ─┬─▶ one is left: taken                          leave: who waited no longer does;
//!         └─▶ waits ──▶ promised ──▶ poll: taken                 a promise goes to the next one
//!                 give back │
//!                           └ nobody waits: one more is left
//! ```
//!
//! A permit that is given back is promised to the first one that waits, so nobody overtakes. Wakers are called,
//! cloned and dropped outside of the lock.

use crate::sync::{Mutex, lock};
use std::collections::VecDeque;
use std::task::{Poll, Waker};

/// A number of permits, and who waits for one.
pub(crate) struct Permits {
    state: Mutex<State>,
}

struct State {
    /// If there are any, all that are in the list have a promise.
    left: usize,
    /// How many have come to wait.
    arrivals: u64,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    number: u64,
    /// `None`: a permit is promised.
    task: Option<Waker>,
}

/// Who is waiting, once it does.
pub(crate) type Place = Option<u64>;

impl Permits {
    pub(crate) fn new(count: usize) -> Self {
        Self { state: Mutex::new(State { left: count, arrivals: 0, waiting: VecDeque::new() }) }
    }

    /// Takes a permit, if one is left.
    pub(crate) fn try_take(&self) -> bool {
        lock(&self.state).try_take()
    }

    /// Takes a permit, or waits for one at `place`: then the task is woken when one is promised to it.
    pub(crate) fn poll(&self, place: &mut Place, task: &Waker) -> Poll<()> {
        let mut task = Some(task.clone());
        let mut state = lock(&self.state);
        let Some(number) = *place else {
            if state.try_take() {
                return Poll::Ready(());
            }
            *place = Some(state.arrivals);
            let number = state.arrivals;
            state.arrivals += 1;
            state.waiting.push_back(Waiting { number, task: task.take() });
            return Poll::Pending;
        };
        let at = state.find(number);
        if state.waiting[at].task.is_none() {
            state.waiting.remove(at);
            *place = None;
            return Poll::Ready(());
        }
        std::mem::swap(&mut state.waiting[at].task, &mut task);
        Poll::Pending
    }

    /// Who waits at `place` doesn't any more.
    pub(crate) fn leave(&self, place: &mut Place) {
        let Some(number) = place.take() else { return };
        let mut state = lock(&self.state);
        let at = state.find(number);
        let left = state.waiting.remove(at);
        let next = match &left {
            Some(Waiting { task: None, .. }) => state.pass_on(),
            _ => None,
        };
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }

    /// Gives a permit back.
    pub(crate) fn give_back(&self) {
        let next = lock(&self.state).pass_on();
        next.into_iter().for_each(Waker::wake);
    }
}

impl State {
    fn try_take(&mut self) -> bool {
        let some = self.left > 0;
        self.left -= usize::from(some);
        some
    }

    /// Where the one with this number waits.
    fn find(&self, number: u64) -> usize {
        let found = self.waiting.binary_search_by_key(&number, |waiting| waiting.number);
        found.expect("who waits is in the list")
    }

    /// Promises a permit to the first one without a promise, who is to be woken. If there is none, it is left.
    fn pass_on(&mut self) -> Option<Waker> {
        let next = self.waiting.iter_mut().find_map(|waiting| waiting.task.take());
        self.left += usize::from(next.is_none());
        next
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Permits;
    use std::task::{Poll, Waker};

    #[test]
    fn nobody_overtakes_and_promises_are_passed_on() {
        let permits = Permits::new(1);
        let task = Waker::noop();
        let (mut first, mut second, mut third) = (None, None, None);
        assert!(permits.try_take());
        for place in [&mut first, &mut second, &mut third] {
            assert_eq!(permits.poll(place, task), Poll::Pending);
        }
        permits.give_back();
        assert!(!permits.try_take()); // it is promised
        assert_eq!(permits.poll(&mut second, task), Poll::Pending);
        permits.leave(&mut first);
        permits.leave(&mut third);
        assert_eq!(permits.poll(&mut second, task), Poll::Ready(()));
        permits.give_back();
        assert!(permits.try_take() && !permits.try_take());
    }
}
