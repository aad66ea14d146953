//! The threads of an executor: how they are started and ended, and what the user wraps around their lives.

use crate::pool::affinity::{Allowed, Seated};
use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::worker;
use crate::sync::thrown::discard;
use crate::sync::{Condvar, Mutex, lock, wait, wait_for};
use std::any::Any;
use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Called by a worker, with its number and its life.
pub(crate) type Wrapper = Arc<dyn Fn(usize, Box<dyn FnOnce() + '_>) + Send + Sync>;

/// What a thread has panicked with.
pub(crate) type Payload = Box<dyn Any + Send>;

/// What all workers of an executor have in common.
#[derive(Clone)]
pub(crate) struct Duty {
    pub(crate) shared: Arc<Shared>,
    pub(crate) allowed: Allowed,
    /// Without its core a worker doesn't start.
    pub(crate) cores_demanded: bool,
    pub(crate) around: Option<Wrapper>,
}

/// Why a worker has ended before it began.
pub(crate) enum Failure {
    CoreRefused(usize),
    NotBegun(usize),
    Panicked(Payload),
}

/// How far the workers are that are to begin. Each keeps it to its end: to let go of it before may give
/// memory back, and a real-time executor has none to do with that once it is built.
#[derive(Default)]
struct Beginning {
    state: Mutex<Begun>,
    changes: Condvar,
}

#[derive(Default)]
struct Begun {
    /// How many have begun, or never will.
    over: usize,
    /// The first failure.
    failure: Option<Failure>,
}

impl Beginning {
    /// Waits until so many have begun, or never will. The first failure.
    fn wait_for(&self, workers: usize) -> Option<Failure> {
        let mut state = lock(&self.state);
        while state.over < workers {
            state = wait(&self.changes, state);
        }
        state.failure.take()
    }
}

/// A worker that is to begin. When this is dropped it has, or never will.
struct Beginner<'b>(&'b Beginning);

impl Beginner<'_> {
    fn fail(self, failure: Failure) {
        let mut state = lock(&self.0.state);
        let unseen = if state.failure.is_none() { state.failure.replace(failure) } else { Some(failure) };
        drop(state);
        // Not under the lock: that runs the user's code.
        if let Some(Failure::Panicked(payload)) = unseen {
            discard(payload);
        }
    }
}

impl Drop for Beginner<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).over += 1;
        self.0.changes.notify_all();
    }
}

impl Duty {
    /// A worker's thread, from beginning to end.
    fn live(self, worker: usize, beginning: &Beginning) {
        let beginner = Beginner(beginning);
        let _seated = match self.sit_down(worker) {
            Ok(seated) => seated,
            Err(failure) => return beginner.fail(failure),
        };
        context::prepare_thread();
        let beginner = Cell::new(Some(beginner));
        let life = || {
            drop(beginner.take());
            worker::live(&self.shared, worker);
        };
        let Some(around) = &self.around else { return life() };
        // Not the thread's: if nobody joins it, the system's thread drops what was thrown, and that may panic
        // again.
        let ended = catch_unwind(AssertUnwindSafe(|| around(worker, Box::new(life))));
        match (beginner.take(), ended) {
            (None, Ok(())) => {}
            (None, Err(payload)) => self.shared.exits.keep(payload),
            (Some(beginner), Ok(())) => beginner.fail(Failure::NotBegun(worker)),
            (Some(beginner), Err(payload)) => beginner.fail(Failure::Panicked(payload)),
        }
    }

    /// Goes to where the worker is to be.
    fn sit_down(&self, worker: usize) -> Result<Option<Seated>, Failure> {
        let core = self.shared.cores.core_of(worker);
        let seated = core.and_then(Seated::here);
        match core {
            Some(core) if self.cores_demanded && seated.is_none() => return Err(Failure::CoreRefused(core)),
            _ if seated.is_none() => self.allowed.roam_here(),
            _ => {}
        }
        self.allowed.clone().keep_here();
        Ok(seated)
    }
}

/// What the system takes for the least overflows as soon as an unoptimised worker ends (16 KiB), or a node
/// panics (below 40).
const LEAST_STACK: usize = 64 << 10;

/// Starts one worker for each of `names` and waits until all have started. If the system refuses a thread,
/// there are fewer. The failure is the first that a worker has reported; all the others go on.
pub(crate) fn start(
    duty: &Duty,
    names: Vec<String>,
    stack_size: Option<usize>,
) -> (Vec<JoinHandle<()>>, Option<Failure>) {
    let wanted = names.len();
    let mut workers = Vec::with_capacity(wanted);
    let beginning: Arc<Beginning> = Arc::default();
    for (worker, name) in names.into_iter().enumerate() {
        let (duty, beginning) = (duty.clone(), Arc::clone(&beginning));
        let mut thread = thread::Builder::new().name(name);
        if let Some(bytes) = stack_size {
            // Some C libraries find a size that no thread can have invalid, which the standard library panics
            // about.
            thread = thread.stack_size(bytes.clamp(LEAST_STACK, usize::MAX / 8));
        }
        let living = Living::one(&duty.shared);
        let live = move || {
            let _living = living;
            duty.live(worker, &beginning);
        };
        match thread.spawn(live) {
            Ok(handle) => workers.push(handle),
            Err(_) => break,
        }
    }
    duty.shared.sleep.absent(wanted - workers.len());
    let failure = beginning.wait_for(workers.len());
    (workers, failure)
}

/// A worker's thread that has not ended.
struct Living(Arc<Shared>);

impl Living {
    fn one(shared: &Arc<Shared>) -> Self {
        *lock(&shared.living) += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        *lock(&self.0.living) -= 1;
        self.0.dies.notify_all();
    }
}

/// Ends the workers and waits for `time` at the most until they are gone. Whether they are.
pub(crate) fn end_within(shared: &Shared, time: Duration) -> bool {
    shared.shut_down();
    if context::worker(shared.id()).is_some() {
        return false;
    }
    let began = Instant::now();
    let mut living = lock(&shared.living);
    while *living > 0 {
        let Some(left) = time.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) else { break };
        living = wait_for(&shared.dies, living, left);
    }
    *living == 0
}

/// Ends the workers and waits until they are gone. Returns what the first wrapper that has panicked behind a
/// worker's life has thrown.
///
/// A node of a run whose owner is a future may own the executor. Then this is one of the workers, and waits
/// for none: not for itself, nor for one that waits for what this one is in the middle of.
pub(crate) fn end(shared: &Shared, workers: &mut Vec<JoinHandle<()>>) -> Option<Payload> {
    shared.shut_down();
    let workers = mem::take(workers);
    if context::worker(shared.id()).is_some() {
        return None;
    }
    for worker in workers {
        if let Err(payload) = worker.join() {
            shared.exits.keep(payload); // a bug of ours
        }
    }
    shared.exits.take()
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use crate::executor::Executor;
    use crate::pool::affinity::Placement;
    use std::sync::mpsc;

    /// As a node of a detached run may do that owns the executor.
    #[test]
    fn a_worker_that_drops_its_executor_does_not_wait_for_itself() {
        let shared = Arc::new(Shared::new(1, Placement::default()));
        let (give, take) = mpsc::channel::<Executor>();
        let (say, hear) = mpsc::channel();
        let here = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let _resign = context::become_worker(here.id(), 0);
            drop(take.recv().expect("an executor"));
            say.send("over").expect("somebody listens");
        });
        assert!(give.send(Executor::from_parts(shared, vec![worker])).is_ok());
        assert_eq!(hear.recv(), Ok("over"));
    }
}
