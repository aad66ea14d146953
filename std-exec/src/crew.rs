//! The threads of an executor: how they are started and ended, and the hooks that the user has at both moments.

use crate::context;
use crate::cores::{self, Allowed};
use crate::shared::Shared;
use crate::thrown::discard;
use crate::worker;
use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

/// Called by a worker, with its number.
pub(crate) type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// What a thread has panicked with.
pub(crate) type Payload = Box<dyn Any + Send>;

/// What all workers of an executor have in common.
#[derive(Clone)]
pub(crate) struct Duty {
    pub(crate) shared: Arc<Shared>,
    pub(crate) allowed: Allowed,
    /// Without its core a worker doesn't start.
    pub(crate) cores_demanded: bool,
    pub(crate) on_start: Option<Hook>,
    pub(crate) on_exit: Option<Hook>,
}

/// Why a worker has ended before it began.
pub(crate) enum Failure {
    CoreRefused(usize),
    HookPanicked(Payload),
}

impl Duty {
    /// A worker's thread, from beginning to end.
    fn live(self, worker: usize, failures: mpsc::Sender<Failure>) {
        let started = self.start(worker);
        if let Err(failure) = started {
            // Whoever listens does so until all senders are gone.
            drop(failures.send(failure));
            return;
        }
        drop(failures);
        worker::live(&self.shared, worker);
        if let Some(hook) = &self.on_exit {
            // Not the thread's: if nobody joins it, the system's thread drops what was thrown, and that may panic again.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(worker))) {
                self.shared.exits.keep(payload);
            }
        }
    }

    fn start(&self, worker: usize) -> Result<(), Failure> {
        let core = self.shared.cores.core_of(worker);
        let refused = core.filter(|&core| !cores::pin_here(core));
        match refused {
            Some(core) if self.cores_demanded => return Err(Failure::CoreRefused(core)),
            None if core.is_some() => {}
            _ => self.allowed.roam_here(),
        }
        self.allowed.clone().keep_here();
        match &self.on_start {
            Some(hook) => catch_unwind(AssertUnwindSafe(|| hook(worker))).map_err(Failure::HookPanicked),
            None => Ok(()),
        }
    }
}

/// What the system takes for the least overflows as soon as an unoptimised worker ends (16 KiB), or a node panics (below 40).
const LEAST_STACK: usize = 64 << 10;

/// Starts one worker for each of `names` and waits until all have started. If the system refuses a thread, there are
/// fewer. The failure is the first that a worker has reported; all the others go on.
pub(crate) fn start(
    duty: &Duty,
    names: Vec<String>,
    stack_size: Option<usize>,
) -> (Vec<JoinHandle<()>>, Option<Failure>) {
    let wanted = names.len();
    let mut workers = Vec::with_capacity(wanted);
    let (sender, failures) = mpsc::channel();
    for (worker, name) in names.into_iter().enumerate() {
        let (duty, sender) = (duty.clone(), sender.clone());
        let mut thread = thread::Builder::new().name(name);
        if let Some(bytes) = stack_size {
            // Some C libraries find a size that no thread can have invalid, which the standard library panics about.
            thread = thread.stack_size(bytes.clamp(LEAST_STACK, usize::MAX / 8));
        }
        match thread.spawn(move || duty.live(worker, sender)) {
            Ok(handle) => workers.push(handle),
            Err(_) => break,
        }
    }
    drop(sender);
    duty.shared.sleep.absent(wanted - workers.len());
    let mut first = None;
    for failure in failures {
        match failure {
            Failure::HookPanicked(payload) if first.is_some() => discard(payload),
            failure => first = first.or(Some(failure)),
        }
    }
    (workers, first)
}

/// Ends the workers and waits until they are gone. Returns what the first exit hook that has panicked has thrown.
///
/// A node of a run whose owner is a future may own the executor. Then this is one of the workers, and waits for none: not for itself,
/// nor for one that waits for what this one is in the middle of.
pub(crate) fn end(shared: &Shared, workers: &mut Vec<JoinHandle<()>>) -> Option<Payload> {
    shared.shut_down();
    let workers = mem::take(workers);
    if context::worker(shared).is_some() {
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
    use crate::cores::Seats;
    use crate::executor::Executor;

    /// As a node of a detached run may do that owns the executor.
    #[test]
    fn a_worker_that_drops_its_executor_does_not_wait_for_itself() {
        let shared = Arc::new(Shared::new(1, Seats::default()));
        let (give, take) = mpsc::channel::<Executor>();
        let (say, hear) = mpsc::channel();
        let here = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let _resign = context::become_worker(&here, 0);
            drop(take.recv().expect("an executor"));
            say.send("over").expect("somebody listens");
        });
        assert!(give.send(Executor::from_parts(shared, vec![worker])).is_ok());
        assert_eq!(hear.recv(), Ok("over"));
    }
}
