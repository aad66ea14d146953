//! Which ring a thread writes to: a *lane* is a ring that belongs to one thread at a time.
//!
//! A thread that comes for the first time takes a lane that is free, and gives it back when it ends. After
//! that a look at one thread-local cell tells which it is.

use super::ring::Ring;
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, lock, next_number};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock, Weak};

/// How many threads at once can be recorded.
const MOST: usize = 1024;

/// Of an event: what it is of which node; of which run; when it began and ended.
pub(crate) type Event = [u64; 4];

/// The lanes of a recorder.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// No other lanes have this number.
    id: u64,
    /// In the order in which they were needed.
    lanes: Box<[OnceLock<Box<Lane>>]>,
    /// How many events each has room for.
    events: usize,
    /// Events of threads that got no lane.
    unrecorded: AtomicUsize,
}

/// The events of one thread, and of those that had the lane before.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) ring: Ring<4>,
    held: AtomicBool,
    /// Of the thread that came last: its name, and which worker it is.
    owner: Mutex<(Option<String>, Option<usize>)>,
}

thread_local! {
    /// The lanes that this thread last wrote to, and its own of these.
    static LAST: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
    /// All that it has.
    static HELD: Held = const { Held(RefCell::new(Vec::new())) };
}

/// The lanes that a thread has, to be given back when it ends.
struct Held(RefCell<Vec<(Weak<Lanes>, usize)>>);

impl Drop for Held {
    fn drop(&mut self) {
        LAST.set((0, 0));
        for (lanes, lane) in self.0.get_mut().drain(..) {
            if let Some(lane) = lanes.upgrade().as_ref().and_then(|lanes| lanes.lanes[lane].get()) {
                // Ordering: Release, pairs with `take`: the next owner sees what the ring has come to.
                lane.held.store(false, Ordering::Release);
            }
        }
    }
}

impl Lanes {
    /// So many lanes are reserved, with room for so many events each.
    pub(crate) fn new(threads: usize, events: usize) -> Arc<Self> {
        let lanes: Box<[OnceLock<Box<Lane>>]> = std::iter::repeat_with(OnceLock::new).take(MOST).collect();
        for lane in lanes.iter().take(threads) {
            let _ = lane.get_or_init(|| Lane::new(events));
        }
        Arc::new(Self { id: next_number(), lanes, events, unrecorded: AtomicUsize::new(0) })
    }

    /// Adds an event of the calling thread, which is this worker.
    #[inline]
    pub(crate) fn push(self: &Arc<Self>, worker: Option<usize>, event: Event) {
        let (last, mine) = LAST.get();
        let lane = if last == self.id { self.get(mine) } else { self.find(worker) };
        match lane {
            Some(lane) => lane.ring.push(event),
            None => _ = self.unrecorded.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The calling thread's lane; it gets one if it has none. `None` if all are taken, or the thread ends.
    #[cold]
    fn find(self: &Arc<Self>, worker: Option<usize>) -> Option<&Lane> {
        let found = HELD.try_with(|Held(held)| {
            let mut held = held.borrow_mut();
            held.retain(|(lanes, _)| lanes.strong_count() > 0);
            if let Some((_, lane)) = held.iter().find(|(lanes, _)| lanes.as_ptr() == Arc::as_ptr(self)) {
                return Some(*lane);
            }
            let lane = self.take(worker)?;
            held.push((Arc::downgrade(self), lane));
            Some(lane)
        });
        let lane = found.ok().flatten()?;
        LAST.set((self.id, lane));
        self.get(lane)
    }

    #[inline]
    fn get(&self, lane: usize) -> Option<&Lane> {
        self.lanes[lane].get().map(|lane| &**lane)
    }

    /// Takes a lane for the calling thread.
    fn take(&self, worker: Option<usize>) -> Option<usize> {
        let free = |lane: &OnceLock<Box<Lane>>| {
            let lane = lane.get_or_init(|| Lane::new(self.events));
            // Ordering: Acquire, pairs with the release in `Held::drop`.
            let taken = lane.held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
            if taken {
                *lock(&lane.owner) = (std::thread::current().name().map(str::to_string), worker);
            }
            taken
        };
        self.lanes.iter().position(free)
    }

    /// Those that there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().map_while(|lane| lane.get()).map(|lane| &**lane)
    }

    /// How many events belong to no lane.
    pub(crate) fn unrecorded(&self) -> usize {
        self.unrecorded.load(Ordering::Relaxed)
    }
}

impl Lane {
    fn new(events: usize) -> Box<Self> {
        Box::new(Self {
            ring: Ring::new(events),
            held: AtomicBool::new(false),
            owner: Mutex::new((None, None)),
        })
    }

    /// Which worker it is of, if of one, and what to call it.
    pub(crate) fn owner(&self) -> (Option<usize>, String) {
        let (name, worker) = lock(&self.owner).clone();
        let nameless = || worker.map_or("unnamed thread".to_string(), |worker| format!("worker {worker}"));
        (worker, name.unwrap_or_else(nameless))
    }
}
