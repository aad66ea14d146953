//! A number of permits, and the tasks that wait for some, served by urgency, and those as urgent in the order
//! in which they came.
//!
//! ```text
//!   poll ─┬─▶ enough are left, and nobody comes first: taken ─────────────▶ give back ─┐
//!         │                                                ▲                           │
//!         └─▶ WAITS ── it is first, and enough are left ─▶ PROMISED ── poll: taken     │
//!               │             ▲                            │                           │
//!               │ leave       └───────────────────── leave ┴───────────────────────────┘
//!               ▼                                        (more are left: who is first now?)
//!             gone
//! ```
//!
//! Whoever wants several takes all of them at once, when it is first and as many are left: nobody holds a
//! part of what it waits for. Until then nobody behind it takes any, so small wishes don't starve large ones.
//!
//! Wakers are called, cloned and dropped outside of the lock. One that panics is left at that: it keeps
//! nobody else asleep.

use crate::sync::thrown::discard;
use crate::sync::{Mutex, lock};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Poll, Waker};

/// A number of permits, and who waits for some.
pub(crate) struct Semaphore {
    state: Mutex<State>,
}

struct State {
    /// Fewer than the first one wants that has no promise, but while somebody is about to promise them.
    left: usize,
    /// How many have come to wait.
    arrivals: u64,
    /// In the order in which they are served.
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    turn: Turn,
    permits: usize,
    /// `None`: the permits are promised.
    task: Option<Waker>,
}

/// How urgent it is that somebody goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency {
    pub(crate) priority: i64,
    /// What comes after it takes so long, in nanoseconds.
    pub(crate) path: u64,
}

/// When it is somebody's turn: the most urgent comes first, then who was there first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn(Reverse<Urgency>, u64);

/// Who is waiting, once it does.
pub(crate) type Place = Option<Turn>;

impl Semaphore {
    pub(crate) fn new(count: usize) -> Self {
        Self { state: Mutex::new(State { left: count, arrivals: 0, waiting: VecDeque::new() }) }
    }

    /// Takes a permit, if one is left and nobody waits.
    pub(crate) fn try_take(&self) -> bool {
        let mut state = lock(&self.state);
        let everybody = state.waiting.len();
        state.take_before(everybody, 1)
    }

    /// Takes so many permits, or waits for them at `place`, with an urgency that is the same at each call: then the
    /// task is woken when they are promised to it.
    pub(crate) fn poll(&self, place: &mut Place, permits: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        let turn = |state: &State| Turn(Reverse(urgency), state.arrivals);
        if place.is_none() {
            let mut state = lock(&self.state);
            let at = state.behind(turn(&state));
            if state.take_before(at, permits) {
                return Poll::Ready(());
            }
        }
        let mut task = Some(task.clone());
        let mut state = lock(&self.state);
        let Some(known) = *place else {
            let turn = turn(&state);
            let at = state.behind(turn);
            // Some may have been given back meanwhile.
            if state.take_before(at, permits) {
                return Poll::Ready(());
            }
            *place = Some(turn);
            state.arrivals += 1;
            state.waiting.insert(at, Waiting { turn, permits, task: task.take() });
            return Poll::Pending;
        };
        let at = state.find(known);
        if state.waiting[at].task.is_none() {
            state.waiting.remove(at);
            *place = None;
            return Poll::Ready(());
        }
        std::mem::swap(&mut state.waiting[at].task, &mut task);
        Poll::Pending
    }

    /// Who waits at `place` doesn't any more. What it was promised goes to others, and so does its turn.
    pub(crate) fn leave(&self, place: &mut Place) {
        let Some(turn) = place.take() else { return };
        let mut state = lock(&self.state);
        let at = state.find(turn);
        let gone = state.waiting.remove(at);
        if let Some(Waiting { task: None, permits, .. }) = gone {
            state.left += permits;
        }
        let first = state.promise();
        drop(state);
        discard(gone);
        self.pass_on(first);
    }

    /// Gives so many permits back.
    pub(crate) fn give_back(&self, permits: usize) {
        let mut state = lock(&self.state);
        state.left += permits;
        let first = state.promise();
        drop(state);
        self.pass_on(first);
    }

    /// Wakes the task that was promised something, and all others for whom enough is left.
    fn pass_on(&self, mut next: Option<Waker>) {
        while let Some(task) = next {
            discard(catch_unwind(AssertUnwindSafe(|| task.wake())));
            next = lock(&self.state).promise();
        }
    }

    /// How many permits are left, and how many tasks wait.
    pub(crate) fn left_and_waiting(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.left, state.waiting.len())
    }

    /// Whether somebody waits who has no promise.
    pub(crate) fn has_waiting(&self) -> bool {
        lock(&self.state).first().is_some()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (left, waiting) = self.left_and_waiting();
        f.debug_struct("Semaphore").field("left", &left).field("waiting", &waiting).finish()
    }
}

impl State {
    /// Takes so many permits, if all that wait before this place have their promise.
    fn take_before(&mut self, at: usize, permits: usize) -> bool {
        let takes = self.left >= permits && self.first().is_none_or(|first| first >= at);
        self.left -= if takes { permits } else { 0 };
        takes
    }

    /// Where somebody waits whose turn this is.
    fn behind(&self, turn: Turn) -> usize {
        self.waiting.partition_point(|waiting| waiting.turn < turn)
    }

    /// Where the one waits whose turn this is.
    fn find(&self, turn: Turn) -> usize {
        let found = self.waiting.binary_search_by_key(&turn, |waiting| waiting.turn);
        found.expect("who waits is in the list")
    }

    /// The first one without a promise.
    fn first(&self) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.task.is_some())
    }

    /// Promises the first one without a promise what it wants, if as many are left. It is to be woken.
    fn promise(&mut self) -> Option<Waker> {
        let first = self.first()?;
        let Waiting { permits, task, .. } = &mut self.waiting[first];
        self.left = self.left.checked_sub(*permits)?;
        task.take()
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::{Place, Semaphore, Urgency};
    use std::task::{Poll, Waker};

    const USUAL: Urgency = Urgency { priority: 0, path: 0 };
    const URGENT: Urgency = Urgency { priority: 1, path: 0 };

    fn poll(permits: &Semaphore, place: &mut Place, count: usize, urgency: Urgency) -> Poll<()> {
        permits.poll(place, count, urgency, Waker::noop())
    }

    #[test]
    fn nobody_overtakes_and_promises_are_passed_on() {
        let permits = Semaphore::new(1);
        let (mut first, mut second, mut third) = (None, None, None);
        assert!(permits.try_take());
        for place in [&mut first, &mut second, &mut third] {
            assert_eq!(poll(&permits, place, 1, USUAL), Poll::Pending);
        }
        permits.give_back(1);
        assert!(!permits.try_take()); // it is promised
        assert_eq!(poll(&permits, &mut second, 1, USUAL), Poll::Pending);
        permits.leave(&mut first);
        permits.leave(&mut third);
        assert_eq!(poll(&permits, &mut second, 1, USUAL), Poll::Ready(()));
        permits.give_back(1);
        assert!(permits.try_take() && !permits.try_take());
    }

    #[test]
    fn all_or_none_and_the_small_dont_starve_the_large() {
        let permits = Semaphore::new(3);
        let (mut all, mut small, mut late) = (None, None, None);
        assert!(permits.try_take());
        assert_eq!(poll(&permits, &mut all, 3, USUAL), Poll::Pending);
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Pending); // two are left, for who came before
        assert!(!permits.try_take());
        assert_eq!(poll(&permits, &mut late, 2, URGENT), Poll::Ready(())); // and this one comes before it
        permits.give_back(2);
        assert_eq!(poll(&permits, &mut all, 3, USUAL), Poll::Pending);
        permits.give_back(1);
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Pending);
        assert_eq!(poll(&permits, &mut all, 3, USUAL), Poll::Ready(()));
        permits.give_back(3);
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Ready(()));
    }

    #[test]
    fn who_leaves_makes_room_for_those_behind() {
        let permits = Semaphore::new(2);
        let (mut all, mut one) = (None, None);
        assert!(permits.try_take());
        assert_eq!(poll(&permits, &mut all, 2, USUAL), Poll::Pending);
        assert_eq!(poll(&permits, &mut one, 1, USUAL), Poll::Pending);
        permits.leave(&mut all);
        assert_eq!(poll(&permits, &mut one, 1, USUAL), Poll::Ready(()));
        assert!(!permits.try_take());
    }

    #[test]
    fn the_most_urgent_comes_first_and_then_the_longest_path() {
        let permits = Semaphore::new(0);
        let urgencies = [USUAL, URGENT, Urgency { priority: 0, path: 7 }, USUAL, URGENT];
        let mut places = [None; 5];
        for (place, urgency) in places.iter_mut().zip(urgencies) {
            assert_eq!(poll(&permits, place, 1, urgency), Poll::Pending);
        }
        let mut order = Vec::new();
        for _ in 0..5 {
            permits.give_back(1);
            for at in 0..5 {
                if !order.contains(&at) && poll(&permits, &mut places[at], 1, urgencies[at]).is_ready() {
                    order.push(at);
                }
            }
        }
        assert_eq!(order, [1, 4, 2, 0, 3]);
        assert!(!permits.try_take());
    }
}
