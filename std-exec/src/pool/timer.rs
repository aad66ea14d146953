//! Deadlines of runs that may wait: somebody has to notice these while all futures wait.
//!
//! One thread for the process, which is started when the first such run begins, and sleeps until the earliest
//! deadline. A run that is late then looks whether it has to end, as when its token is cancelled. If the
//! system refuses the thread, deadlines are noticed when a node begins or a future is polled, and no sooner.

use crate::sync::fork::Process;
use crate::sync::thrown::discard;
use crate::sync::{AtomicPtr, Condvar, Mutex, MutexGuard, Ordering, lock, wait, wait_for};
use crate::unpinned;
use crate::wake::Wakes;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// A deadline that is watched until this is dropped.
pub(crate) struct Alarm {
    timer: &'static Timer,
    key: Key,
}

/// A deadline, and a number, since several runs may have the same one.
type Key = (Instant, u64);

/// What notices the deadlines of runs that wait: one thread for the process, described in the module's docs.
struct Timer {
    /// Where its thread is. A forked child makes a timer of its own, and lets this one be: its lock may be
    /// taken for ever.
    process: Process,
    state: Mutex<State>,
    earlier: Condvar,
}

#[derive(Default)]
struct State {
    runs: BTreeMap<Key, Arc<Wakes>>,
    alarms: u64,
}

/// Never freed: there is one in a process.
static TIMER: AtomicPtr<Timer> = AtomicPtr::new(ptr::null_mut());

impl Alarm {
    /// From now on `run` is told when `deadline` has come.
    pub(crate) fn set(deadline: Instant, run: &Arc<Wakes>) -> Option<Self> {
        let timer = Timer::get()?;
        let mut state = timer.lock();
        state.alarms += 1;
        let key = (deadline, state.alarms);
        state.runs.insert(key, Arc::clone(run));
        let is_first = state.runs.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(state);
        if is_first {
            timer.earlier.notify_one();
        }
        Some(Self { timer, key })
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.timer.process.is_current() {
            let run = self.timer.lock().runs.remove(&self.key);
            drop(run);
        }
    }
}

impl Timer {
    /// This process's timer.
    fn get() -> Option<&'static Self> {
        // Ordering: Acquire pairs with the Release below: the timer was made.
        let known = TIMER.load(Ordering::Acquire);
        // SAFETY: timers are never freed.
        if let Some(timer) = unsafe { known.as_ref() }.filter(|timer| timer.process.is_current()) {
            return Some(timer);
        }
        let process = Process::current();
        let new: &'static Self = Box::leak(Box::new(Self {
            process,
            state: Mutex::new(State::default()),
            earlier: Condvar::new(),
        }));
        let start = || thread::Builder::new().name("dgraph-timer".into()).spawn(|| new.live());
        // A node may come here, on a worker that is pinned.
        unpinned(start).ok()?;
        let here = ptr::from_ref(new).cast_mut();
        // Ordering: Release pairs with the Acquire above, and that in case of failure with the Release of
        // whoever was first.
        match TIMER.compare_exchange(known, here, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(new),
            // (The thread that was started for nothing sleeps for ever.) SAFETY: as above; whoever was first
            // has put it there.
            Err(first) => unsafe { first.as_ref() },
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The thread's life.
    fn live(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            state = match state.runs.first_key_value() {
                None => wait(&self.earlier, state),
                Some((&(deadline, _), _)) if deadline > now => wait_for(&self.earlier, state, deadline - now),
                Some(_) => {
                    let run = state.runs.pop_first();
                    drop(state);
                    // This calls wakers of the user's.
                    let look = || run.into_iter().for_each(|(_, run)| run.look());
                    let _ = catch_unwind(AssertUnwindSafe(look)).map_err(discard);
                    self.lock()
                }
            };
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alarm").field(&self.key.0).finish()
    }
}
