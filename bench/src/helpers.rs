//! Threads that stay from run to run, each with a deque of its own: what `crossbeam-keep-one` runs on.

use crossbeam_deque::{Stealer, Worker};
use crossbeam_utils::Backoff;
use std::fmt;
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// What each thread does in a run. Called with its deque and its number; number 0 is the caller.
pub type Job = Arc<dyn Fn(&Worker<u32>, usize) + Send + Sync>;

/// How often an idle helper looks for a new run before it parks: some tens of microseconds.
const SPINS: u32 = 10_000;

/// The caller's deque and a number of helper threads.
pub struct Helpers {
    own: Mutex<Worker<u32>>,
    stealers: Vec<Stealer<u32>>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    /// The current run's job; `None` tells the helpers to end.
    job: Mutex<Option<Job>>,
    /// How many runs have begun.
    runs: AtomicUsize,
    /// How many helpers have finished their part of the current run.
    finished: AtomicUsize,
}

impl Helpers {
    /// Starts `threads - 1` helpers.
    ///
    /// # Errors
    ///
    /// If the operating system refuses one.
    pub fn new(threads: usize) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            job: Mutex::new(None),
            runs: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        });
        let own = Worker::new_lifo();
        let mut helpers =
            Self { stealers: vec![own.stealer()], own: Mutex::new(own), threads: Vec::new(), shared };
        for number in 1..threads {
            let (deque, shared) = (Worker::new_lifo(), Arc::clone(&helpers.shared));
            helpers.stealers.push(deque.stealer());
            let helper = thread::Builder::new().spawn(move || shared.help(&deque, number));
            helpers.threads.push(helper.map_err(|error| error.to_string())?);
        }
        Ok(helpers)
    }

    /// The thieves' ends of all deques, the caller's first.
    #[must_use]
    pub fn stealers(&self) -> &[Stealer<u32>] {
        &self.stealers
    }

    /// Lets every thread do its part of `job`, the calling one included, and waits for them all.
    pub fn run(&self, job: &Job) {
        self.shared.finished.store(0, Ordering::Relaxed);
        self.announce(Some(Arc::clone(job)));
        job(&self.own.lock().unwrap_or_else(PoisonError::into_inner), 0);
        // Ordering: Acquire pairs with the Release in `help`: what the helpers did is visible to the caller.
        let backoff = Backoff::new();
        while self.shared.finished.load(Ordering::Acquire) < self.threads.len() {
            backoff.snooze();
        }
    }

    fn announce(&self, job: Option<Job>) {
        *self.shared.job.lock().unwrap_or_else(PoisonError::into_inner) = job;
        // Ordering: Release pairs with the Acquire in `help`: the helper finds the job and `finished` set.
        self.shared.runs.fetch_add(1, Ordering::Release);
        for thread in &self.threads {
            thread.thread().unpark();
        }
    }
}

impl Shared {
    fn help(&self, deque: &Worker<u32>, number: usize) {
        let mut seen = 0;
        loop {
            let mut spins = 0;
            // Ordering: Acquire pairs with the Release in `announce`.
            while self.runs.load(Ordering::Acquire) == seen {
                if spins < SPINS {
                    spins += 1;
                    hint::spin_loop();
                } else {
                    thread::park();
                }
            }
            seen += 1;
            let job = self.job.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(job) = job else { return };
            job(deque, number);
            drop(job);
            // Ordering: Release pairs with the Acquire in `run`.
            self.finished.fetch_add(1, Ordering::Release);
        }
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.announce(None);
        for thread in self.threads.drain(..) {
            // A helper that panicked has already said so.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helpers").field("threads", &self.stealers.len()).finish_non_exhaustive()
    }
}
