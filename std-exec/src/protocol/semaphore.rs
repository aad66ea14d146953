//! A number of permits, and the tasks that wait for some, served by urgency, and those as urgent in the order
//! in which they came.
//!
//! ```text
//!   poll ─┬─▶ enough can be had, and nobody comes first: taken ───────────▶ give back ─┐
//!         │                                                ▲                           │
//!         └─▶ WAITS ── it is first, and enough can be had ▶ PROMISED ─ poll: taken     │
//!               │ ▲           ▲                            │    │                      │
//!               │ └───────────┼─ somebody more urgent had it ───┘                      │
//!               │ leave       └───────────────────── leave ┴───────────────────────────┘
//!               ▼                                        (more can be had: who is first now?)
//!             gone
//! ```
//!
//! Whoever wants several takes all of them at once, when it is first and as many can be had: nobody holds a
//! part of what it waits for. Until then nobody behind it takes any, so small wishes don't starve large ones.
//!
//! *A promise keeps permits idle* until its task comes. That may take long, and would take forever if the
//! task's thread waits for somebody more urgent who waits for these very permits. So what can be had, for
//! somebody, is what is left and what was promised to those behind it, who have not come yet.
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
    /// Neither taken nor promised. With what was promised to those behind it, fewer than the first one wants
    /// that has no promise, but while somebody is about to promise them.
    left: usize,
    /// How many have come to wait.
    arrivals: u64,
    /// In the order in which they are served.
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    turn: Turn,
    permits: usize,
    promised: bool,
    /// `None`: it was woken, and has not come yet.
    task: Option<Waker>,
}

/// How urgent it is that somebody goes on: first by level, then by priority, then by path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Urgency {
    /// In how many runs it is nested whose threads may wait for it.
    pub(crate) level: usize,
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

    /// Takes a permit, if one is left and nobody waits for some.
    pub(crate) fn try_take(&self) -> bool {
        let mut state = lock(&self.state);
        let everybody = state.waiting.len();
        state.take_before(everybody, 1)
    }

    /// Takes so many permits, or waits for them at `place`, with the urgency of the first call: then the task
    /// is woken when they are promised to it.
    pub(crate) fn poll(&self, place: &mut Place, permits: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        while self.ask(place, permits, urgency, task).is_ready() {
            if self.take(place) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Has so many permits promised, or waits for that, as [`poll`](Self::poll) does. A promise may be taken
    /// back at any time.
    pub(crate) fn ask(&self, place: &mut Place, permits: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        if place.is_none() && lock(&self.state).enter(place, permits, urgency, &mut None).is_ready() {
            return Poll::Ready(());
        }
        let mut task = Some(task.clone());
        let mut state = lock(&self.state);
        let Some(turn) = *place else {
            // Some may have been given back meanwhile.
            return state.enter(place, permits, urgency, &mut task);
        };
        let at = state.find(turn);
        if state.waiting[at].promised {
            return Poll::Ready(());
        }
        std::mem::swap(&mut state.waiting[at].task, &mut task);
        Poll::Pending
    }

    /// Takes what is promised at `place`. False if it isn't any more.
    pub(crate) fn take(&self, place: &mut Place) -> bool {
        let Some(turn) = *place else { return false };
        let mut state = lock(&self.state);
        let at = state.find(turn);
        let promised = state.waiting[at].promised;
        if promised {
            state.waiting.remove(at);
            *place = None;
        }
        promised
    }

    /// Who waits at `place` doesn't any more. What it was promised goes to others, and so does its turn.
    pub(crate) fn leave(&self, place: &mut Place) {
        let Some(turn) = place.take() else { return };
        let mut state = lock(&self.state);
        let at = state.find(turn);
        let gone = state.waiting.remove(at);
        if let Some(Waiting { promised: true, permits, .. }) = gone {
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
    /// Somebody comes, and has so many permits promised, or waits at `place` if there is a `task`.
    fn enter(
        &mut self,
        place: &mut Place,
        permits: usize,
        urgency: Urgency,
        task: &mut Option<Waker>,
    ) -> Poll<()> {
        let turn = Turn(Reverse(urgency), self.arrivals);
        let at = self.behind(turn);
        let promised = self.take_before(at, permits);
        if promised || task.is_some() {
            *place = Some(turn);
            self.arrivals += 1;
            let task = if promised { None } else { task.take() };
            self.waiting.insert(at, Waiting { turn, permits, promised, task });
        }
        if promised { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Takes so many permits, if all that wait before this place have their promise, and as many can be had.
    fn take_before(&mut self, at: usize, permits: usize) -> bool {
        let takes = self.first().is_none_or(|first| first >= at) && self.gather(at, permits);
        self.left -= if takes { permits } else { 0 };
        takes
    }

    /// Sees to it that so many permits are left, if need be by taking promises back of those who wait from
    /// this place on. False if that isn't enough.
    fn gather(&mut self, at: usize, permits: usize) -> bool {
        if self.left >= permits {
            return true;
        }
        let promised = self.waiting.range(at..).filter(|waiting| waiting.promised);
        let promised: usize = promised.map(|waiting| waiting.permits).sum();
        if self.left + promised < permits {
            return false;
        }
        for waiting in self.waiting.range_mut(at..).rev() {
            if self.left < permits && waiting.promised {
                waiting.promised = false;
                self.left += waiting.permits;
            }
        }
        true
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
        self.waiting.iter().position(|waiting| !waiting.promised)
    }

    /// Promises the first ones without a promise what they want, as far as it can be had, up to one that is
    /// to be woken.
    fn promise(&mut self) -> Option<Waker> {
        loop {
            let first = self.first()?;
            let permits = self.waiting[first].permits;
            if !self.gather(first, permits) {
                return None;
            }
            self.left -= permits;
            let Waiting { promised, task, .. } = &mut self.waiting[first];
            *promised = true;
            // Otherwise it was woken before, and is to come.
            if task.is_some() {
                return task.take();
            }
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::{Place, Semaphore, Urgency};
    use std::task::{Poll, Waker};

    const USUAL: Urgency = Urgency { level: 0, priority: 0, path: 0 };
    const URGENT: Urgency = Urgency { level: 0, priority: 1, path: 0 };

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
        let urgencies =
            [USUAL, URGENT, Urgency { path: 7, ..USUAL }, USUAL, URGENT, Urgency { level: 1, ..USUAL }];
        let mut places = [None; 6];
        for (place, urgency) in places.iter_mut().zip(urgencies) {
            assert_eq!(poll(&permits, place, 1, urgency), Poll::Pending);
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            permits.give_back(1);
            for at in 0..6 {
                if !order.contains(&at) && poll(&permits, &mut places[at], 1, urgencies[at]).is_ready() {
                    order.push(at);
                }
            }
        }
        assert_eq!(order, [5, 1, 4, 2, 0, 3]);
        assert!(!permits.try_take());
    }
    /// What was promised, and isn't taken yet, goes to who is more urgent, if that is enough for it.
    #[test]
    fn a_promise_is_taken_back() {
        let permits = Semaphore::new(2);
        let (mut small, mut other, mut large, mut urgent) = (None, None, None, None);
        assert!(permits.try_take() && permits.try_take());
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Pending);
        permits.give_back(1); // promised
        assert_eq!(poll(&permits, &mut large, 2, URGENT), Poll::Pending); // one is still in use
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Ready(()));
        permits.give_back(1);
        permits.give_back(1);
        assert_eq!(poll(&permits, &mut large, 2, URGENT), Poll::Ready(()));
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Pending);
        assert_eq!(poll(&permits, &mut other, 1, USUAL), Poll::Pending);
        permits.give_back(2); // both are promised one
        assert_eq!(poll(&permits, &mut urgent, 1, URGENT), Poll::Ready(())); // the last one's
        assert_eq!(poll(&permits, &mut other, 1, USUAL), Poll::Pending);
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Ready(()));
        permits.give_back(2);
        assert_eq!(poll(&permits, &mut other, 1, USUAL), Poll::Ready(()));
        permits.give_back(1);
        assert_eq!(permits.left_and_waiting(), (2, 0));
    }

    /// It waited already when the promise was given, for more than was left then.
    #[test]
    fn a_promise_is_taken_back_for_one_that_waits() {
        let permits = Semaphore::new(2);
        let (mut small, mut large) = (None, None);
        assert!(permits.try_take() && permits.try_take());
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Pending);
        permits.give_back(1);
        assert_eq!(poll(&permits, &mut large, 2, URGENT), Poll::Pending);
        permits.give_back(1); // the other one is promised to the small one, which doesn't come
        assert_eq!(poll(&permits, &mut large, 2, URGENT), Poll::Ready(()));
        permits.give_back(2); // it was woken before, and will come
        assert_eq!(poll(&permits, &mut small, 1, USUAL), Poll::Ready(()));
    }
}
