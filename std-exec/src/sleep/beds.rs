//! Where workers sleep.

use super::lookers::Lookers;
use super::parker::Parker;
use crate::sync::{AtomicBool, AtomicUsize, Ordering, fence, spin_loop};
use crossbeam_utils::CachePadded;
use std::time::Duration;

/// The beds of an executor's workers.
#[derive(Debug)]
pub(crate) struct Sleep {
    /// How many beds are `occupied`: what posters look at.
    sleepers: CachePadded<AtomicUsize>,
    /// Which workers look around for work: what posters look at, too.
    lookers: Lookers,
    /// How many workers watch no walks, since they sleep without an alarm or help somebody: what walkers look
    /// at.
    away: CachePadded<AtomicUsize>,
    beds: Box<[CachePadded<Bed>]>,
}

#[derive(Debug)]
struct Bed {
    /// The worker is parked or about to be. The thread that changes it from true to false owes or forgoes the
    /// unpark.
    occupied: AtomicBool,
    parker: Parker,
}

impl Sleep {
    pub(crate) fn new(workers: usize) -> Self {
        let bed = || CachePadded::new(Bed { occupied: AtomicBool::new(false), parker: Parker::new() });
        Self {
            sleepers: CachePadded::new(AtomicUsize::new(0)),
            lookers: Lookers::new(workers),
            away: CachePadded::new(AtomicUsize::new(0)),
            beds: std::iter::repeat_with(bed).take(workers).collect(),
        }
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.beds.len()
    }

    /// Calls `life`, in which the calling worker, of this number, looks around for work, unless it sleeps or
    /// is [away](Self::away).
    pub(crate) fn look_around<R>(&self, worker: usize, life: impl FnOnce() -> R) -> R {
        let _looks = self.lookers.with(worker);
        life()
    }

    /// Parks `worker`, which looks around, until it is woken, unless `reason_to_stay` holds after it has lain
    /// down.
    pub(crate) fn sleep(&self, worker: usize, reason_to_stay: impl FnOnce() -> bool) {
        self.away.fetch_add(1, Ordering::Relaxed);
        let _sleeps = self.lookers.without(worker);
        if self.lie_down(worker, reason_to_stay) {
            self.beds[worker].parker.park();
        }
        self.away.fetch_sub(1, Ordering::Relaxed);
    }

    /// As [`sleep`](Self::sleep), with an alarm set: for `time` at the most.
    pub(crate) fn doze(&self, worker: usize, time: Duration, reason_to_stay: impl FnOnce() -> bool) {
        let bed = &self.beds[worker];
        let _sleeps = self.lookers.without(worker);
        if self.lie_down(worker, reason_to_stay) && !bed.parker.park_timeout(time) && !self.vacate(bed) {
            // Somebody has taken it out of its bed just now, and owes it the token.
            bed.parker.park();
        }
    }

    /// True if `worker` is to park now.
    fn lie_down(&self, worker: usize, reason_to_stay: impl FnOnce() -> bool) -> bool {
        let bed = &self.beds[worker];
        // Counted first, so that the count never falls below the number of occupied beds.
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        bed.occupied.store(true, Ordering::Relaxed);
        // Ordering: this fence pairs with the one in `posted_fence`. Either the poster sees this sleeper, or
        // the sleeper sees what was posted (`reason_to_stay`).
        fence(Ordering::SeqCst);
        let stay = reason_to_stay() && self.vacate(bed);
        if stay {
            spin_loop(); // the reason may be out of date, and the worker come back at once
        }
        !stay
    }

    /// Whether all workers but one are away or asleep without an alarm; a hint, for that one.
    pub(crate) fn others_are_away(&self) -> bool {
        self.away.load(Ordering::Relaxed) + 1 >= self.beds.len()
    }

    /// So many of the workers could not be started: they are away for ever.
    pub(crate) fn absent(&self, workers: usize) {
        self.away.fetch_add(workers, Ordering::Relaxed);
    }

    /// Calls `work`, in which the calling worker, which looks around otherwise, doesn't, and watches no
    /// walks.
    pub(crate) fn away<R>(&self, worker: usize, work: impl FnOnce() -> R) -> R {
        struct Back<'a>(&'a AtomicUsize);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.away.fetch_add(1, Ordering::Relaxed);
        let _back = Back(&self.away);
        let _elsewhere = self.lookers.without(worker);
        work()
    }

    /// The calling worker, which is [away](Self::away), is about to look around again, and does nothing else before.
    pub(crate) fn comes_back(&self, worker: usize) {
        self.lookers.add(worker);
    }

    /// To be called after making a walk visible: whether no worker would come and see how long it takes.
    #[must_use]
    #[inline]
    pub(crate) fn nobody_watches(&self) -> bool {
        self.away.load(Ordering::Relaxed) >= self.beds.len()
    }

    /// To be called after making work visible: whether somebody has to be woken. Nobody has as long as one
    /// who is awake looks around for work; or, if there is work for more, as many as are `enough`. `here` is asked
    /// for the worker on the core of the calling thread: for now that one only seems to look around.
    #[must_use]
    pub(crate) fn has_to_wake(&self, enough: usize, here: impl FnOnce() -> Option<usize>) -> bool {
        self.sleepers.load(Ordering::Relaxed) != 0 && self.lookers.fewer_than(enough, here)
    }

    /// Wakes one sleeping worker, if there is one; rather not the one that `avoid` names. Whether it did.
    pub(crate) fn wake_one(&self, avoid: Option<usize>) -> bool {
        let others = (0..self.beds.len()).filter(|&worker| Some(worker) != avoid);
        others.chain(avoid).any(|worker| self.wake(worker))
    }

    /// Wakes this worker, if it sleeps. Whether it did.
    pub(crate) fn wake(&self, worker: usize) -> bool {
        let vacated = self.beds.get(worker).filter(|bed| self.vacate(bed));
        if let Some(bed) = vacated {
            // From now on, not only when it is up: until then, those who post would wake others too.
            self.lookers.add(worker);
            bed.parker.unpark();
        }
        vacated.is_some()
    }

    /// Wakes every sleeping worker.
    pub(crate) fn wake_all(&self) {
        (0..self.beds.len()).for_each(|worker| _ = self.wake(worker));
    }

    /// Takes a sleeper out of its bed: true for exactly one caller each time that the bed is occupied.
    fn vacate(&self, bed: &Bed) -> bool {
        // Relaxed, since nothing but the duty to unpark goes from one thread to another here; the parker's
        // own lock orders the rest.
        let vacated =
            bed.occupied.compare_exchange(true, false, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if vacated {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
        }
        vacated
    }
}

/// To be called between making work or a walk visible and asking whether anybody sleeps.
#[inline]
pub(crate) fn posted_fence() {
    // Ordering: pairs with the fence in `Sleep::lie_down` and the one in `Team::wait_unless`; for walks also
    // with itself, in `Shared::away`, and by members that leave a run.
    fence(Ordering::SeqCst);
}
