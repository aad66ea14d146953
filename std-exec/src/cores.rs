//! Which cores there are, which worker sits on which, and where the calling thread is.

use crate::sync::thread_local;
use core_affinity::CoreId;
use std::cell::OnceCell;
use std::sync::Arc;

/// What a thread may use, and what it may give to the threads that it starts.
///
/// The system answers for the calling thread, and a new thread may use what its maker may. That is right for ordinary
/// threads (somebody has restricted them on purpose) but not for our own workers, which we have pinned ourselves: an
/// executor that is made on one of them would have one core. So each worker keeps what the maker of its executor was
/// allowed, and passes that on.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    cores: Arc<[usize]>,
    parallelism: usize,
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro doesn't know `const`")]
    static KEPT: OnceCell<Allowed> = OnceCell::new();
}

impl Allowed {
    /// What the calling thread may use; for a worker, what it could if we had not pinned it.
    pub(crate) fn here() -> Self {
        KEPT.try_with(|kept| kept.get().cloned()).ok().flatten().unwrap_or_else(|| Self {
            cores: core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect(),
            // Respects the affinity mask and, on Linux, the cgroup's quota.
            parallelism: std::thread::available_parallelism().map_or(1, usize::from),
        })
    }

    /// The calling thread is a new worker, and this is what its executor's maker was allowed.
    pub(crate) fn keep_here(self) {
        KEPT.with(|kept| drop(kept.set(self)));
    }

    /// How many threads can run at once.
    pub(crate) fn parallelism(&self) -> usize {
        self.parallelism
    }

    /// The cores by number; empty where the system doesn't say.
    pub(crate) fn cores(&self) -> &[usize] {
        &self.cores
    }

    /// Lets the system move the calling thread among all of these cores. Needed if its maker is pinned, since a new
    /// thread begins where its maker is; if it is refused, the thread stays there.
    #[cfg(target_os = "linux")]
    pub(crate) fn roam_here(&self) {
        if self.cores.is_empty() {
            return;
        }
        // SAFETY: a set of cores is an array of integers, for which zeros are valid: the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        for &core in &*self.cores {
            // SAFETY: an ordinary function on an ordinary reference, which panics if there is no such core; these come
            // from a set of the same size.
            unsafe { libc::CPU_SET(core, &mut set) };
        }
        // SAFETY: the pointer is to a set of the given size; 0 is the calling thread.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    }

    /// Elsewhere new threads are free of their maker's pinning.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn roam_here(&self) {}
}

/// Pins the calling thread. False if the system refuses.
pub(crate) fn pin_here(core: usize) -> bool {
    core_affinity::set_for_current(CoreId { id: core })
}

/// The core that each worker is meant to be pinned to; none where workers are not pinned.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    cores: Vec<usize>,
}

impl Seats {
    pub(crate) fn new(cores: Vec<usize>) -> Self {
        Self { cores }
    }

    /// Where `worker` sits. Workers take the cores in turn.
    pub(crate) fn core_of(&self, worker: usize) -> Option<usize> {
        if self.cores.is_empty() { None } else { Some(self.cores[worker % self.cores.len()]) }
    }

    /// The (first) worker that sits on the core that the calling thread is on: the worst one to wake, since it
    /// would wait for the caller's core.
    pub(crate) fn worker_here(&self) -> Option<usize> {
        if self.cores.is_empty() {
            return None;
        }
        let here = current()?;
        self.cores.iter().position(|&core| core == here)
    }
}

/// The number of the core that the calling thread is on.
#[cfg(target_os = "linux")]
fn current() -> Option<usize> {
    // SAFETY: takes no arguments and touches no memory of ours.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// Unknown on this system.
#[cfg(not(target_os = "linux"))]
fn current() -> Option<usize> {
    None
}
