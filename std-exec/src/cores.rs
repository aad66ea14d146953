//! Which cores there are, which worker sits on which, and where the calling thread is.

use core_affinity::CoreId;
use std::sync::OnceLock;

/// What this process may use, found out once.
///
/// The system answers for the calling thread only: asked from a pinned worker it would say one core. So the first
/// answer, given before any worker exists, is kept.
#[derive(Debug)]
struct Allowed {
    cores: Vec<CoreId>,
    parallelism: usize,
}

fn allowed() -> &'static Allowed {
    static ALLOWED: OnceLock<Allowed> = OnceLock::new();
    ALLOWED.get_or_init(|| Allowed {
        cores: core_affinity::get_core_ids().unwrap_or_default(),
        // Respects the affinity mask and, on Linux, the cgroup's quota.
        parallelism: std::thread::available_parallelism().map_or(1, usize::from),
    })
}

/// How many threads can run at once.
pub(crate) fn parallelism() -> usize {
    allowed().parallelism
}

/// The cores that this process may use, by number; empty where the system doesn't say.
pub(crate) fn usable() -> Vec<usize> {
    allowed().cores.iter().map(|core| core.id).collect()
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
