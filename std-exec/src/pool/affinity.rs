//! Which cores there are, which worker sits on which, and where the calling thread is.

use crate::sync::thread_local;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::available_parallelism;

/// What a thread may use, and what it may give to the threads that it starts.
///
/// The system answers for the calling thread, and a new thread may use what its maker may. That is right for
/// ordinary threads (somebody has restricted them on purpose) but not for our own workers, which we have
/// pinned ourselves: an executor that is made on one of them would have one core. So each worker keeps what
/// the maker of its executor was allowed, and passes that on.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    cores: Arc<[usize]>,
    parallelism: usize,
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro doesn't know `const`")]
    static KEPT: OnceCell<Allowed> = OnceCell::new();
}

/// What the calling thread keeps as a worker.
fn kept() -> Option<Allowed> {
    KEPT.try_with(|kept| kept.get().cloned()).ok().flatten()
}

impl Allowed {
    /// What the calling thread may use, or what it could if we had not pinned it.
    ///
    /// Nobody can tell from which thread an ordinary one comes. If it has one core only, which one of our
    /// workers sits on, we take it for one that a node has started.
    pub(crate) fn here() -> Self {
        kept().unwrap_or_else(|| match *system::cores_here() {
            [core] if system::is_a_seat(core) => Self::of_the_process(),
            ref cores => Self::new(cores),
        })
    }

    /// What any thread of the process may use, whichever thread asks.
    pub(crate) fn of_the_process() -> Self {
        let mut cores = system::cores_of_the_process();
        cores.extend(kept().iter().flat_map(|kept| kept.cores()));
        let cores: Vec<usize> = cores.into_iter().collect();
        let _wide = system::widen_here(&cores);
        Self::new(&cores)
    }

    fn new(cores: &[usize]) -> Self {
        // Respects the calling thread's affinity mask and, on Linux, the cgroup's quota.
        Self { cores: cores.into(), parallelism: available_parallelism().map_or(1, usize::from) }
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

    /// Lets the system move the calling thread among all of these cores. Needed if its maker is pinned, since
    /// a new thread begins where its maker is; if it is refused, the thread stays there.
    pub(crate) fn roam_here(&self) {
        if let Some(wide) = system::widen_here(&self.cores) {
            wide.keep();
        }
    }
}

/// Calls `work` with the calling thread free to use all cores, where an executor has pinned it.
///
/// What a thread may use, the threads and processes that it starts may use, and pools count it to find how
/// many threads to start. So what a node starts on a pinned worker, as those of
/// [`Executor::new`](crate::Executor::new) are, has that worker's one core, unless it is started in here: a
/// `Command`, a thread, a pool, also one that is made when it is first used.
///
/// On a worker, all cores are those that the thread could use that made the executor. On a thread that has
/// one core only, which a worker of some executor is pinned to, they are those that any thread of the process
/// may use: such a thread has most likely been started by a node. Anywhere else this is a plain call.
/// Afterwards the thread may use what it could before, also if `work` panics. Calls within calls are fine. Of
/// an async node only what `work` does by itself is enclosed, not what it awaits later.
///
/// Matters on Linux; elsewhere new threads and processes are free by themselves. Takes some microseconds.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, unpinned};
/// use std::thread::available_parallelism;
///
/// let mut graph = GraphBuilder::new();
/// let narrow = graph.node("narrow", (), || available_parallelism().unwrap().get());
/// let wide = graph.node("wide", (), || unpinned(|| available_parallelism().unwrap().get()));
/// graph.on_worker(narrow, 0);
/// graph.on_worker(wide, 0);
/// let mut graph = graph.build()?;
///
/// let executor = Executor::new()?;
/// let results = graph.run_parallel(&executor)?;
/// assert!(results[narrow] <= results[wide]); // 1 where workers are pinned
/// assert_eq!(results[wide], available_parallelism()?.get());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unpinned<R>(work: impl FnOnce() -> R) -> R {
    let _wide = system::widen_here(&Allowed::here().cores);
    work()
}

/// The calling thread is pinned to a core by us, until this is dropped.
#[derive(Debug)]
pub(crate) struct Seated(usize);

impl Seated {
    /// Pins the calling thread. `None` if the system refuses.
    pub(crate) fn here(core: usize) -> Option<Self> {
        system::pin_here(core).then(|| {
            system::sit_down(core);
            Self(core)
        })
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        system::get_up(self.0);
    }
}

/// The core that each worker is meant to be pinned to; none where workers are not pinned.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    cores: Vec<usize>,
}

impl Placement {
    pub(crate) fn new(cores: Vec<usize>) -> Self {
        Self { cores }
    }

    /// Where `worker` sits. Workers take the cores in turn.
    pub(crate) fn core_of(&self, worker: usize) -> Option<usize> {
        if self.cores.is_empty() { None } else { Some(self.cores[worker % self.cores.len()]) }
    }

    /// The (first) worker that sits on the core that the calling thread is on: the worst one to wake, since
    /// it would wait for the caller's core.
    pub(crate) fn worker_here(&self) -> Option<usize> {
        if self.cores.is_empty() {
            return None;
        }
        let here = system::current()?;
        self.cores.iter().position(|&core| core == here)
    }
}

/// What Linux is asked, and told.
#[cfg(all(target_os = "linux", feature = "affinity", not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod system {
    use super::BTreeSet;
    use crate::sync::{AtomicUsize, Ordering};
    use core_affinity::CoreId;
    use libc::{cpu_set_t, pid_t};
    use std::fs;

    /// How many cores a set has room for. Where there are more, the system doesn't say which a thread may
    /// use.
    const ROOM: usize = libc::CPU_SETSIZE as usize;

    /// How many of our workers are pinned to each core. In a forked child, those of its parent too.
    static WORKERS: [AtomicUsize; ROOM] = [const { AtomicUsize::new(0) }; ROOM];

    pub(super) fn sit_down(core: usize) {
        WORKERS[core].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get_up(core: usize) {
        WORKERS[core].fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn is_a_seat(core: usize) -> bool {
        WORKERS[core].load(Ordering::Relaxed) > 0
    }

    pub(super) fn pin_here(core: usize) -> bool {
        core < ROOM && core_affinity::set_for_current(CoreId { id: core })
    }

    pub(super) fn cores_here() -> Vec<usize> {
        core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect()
    }

    pub(super) fn cores_of_the_process() -> BTreeSet<usize> {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
        let threads = threads.filter_map(|thread| thread.ok()?.file_name().to_str()?.parse().ok());
        // Where there is no `/proc`: the calling thread, and the main one, whose number is the process's.
        // SAFETY: takes no arguments and touches no memory of ours.
        let threads = threads.chain([0, unsafe { libc::getpid() }]);
        threads.filter_map(set_of).flat_map(|set| cores_of(&set)).collect()
    }

    /// What a thread may use; 0 is the calling one.
    fn set_of(thread: pid_t) -> Option<cpu_set_t> {
        // SAFETY: a set of cores is an array of integers, for which zeros are valid: the empty set.
        let mut set: cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a set of the given size.
        let done = unsafe { libc::sched_getaffinity(thread, size_of::<cpu_set_t>(), &raw mut set) };
        (done == 0).then_some(set)
    }

    fn cores_of(set: &cpu_set_t) -> impl Iterator<Item = usize> + use<> {
        let set = *set;
        // SAFETY: an ordinary function on an ordinary reference, for a number that the set has room for.
        (0..ROOM).filter(move |&core| unsafe { libc::CPU_ISSET(core, &set) })
    }

    fn set_here(set: &cpu_set_t) -> bool {
        // SAFETY: the pointer is to a set of the given size; 0 is the calling thread.
        unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), set) == 0 }
    }

    /// Lets the calling thread use these cores until the result is dropped. `None` if it may already, or if
    /// it can't be done.
    pub(super) fn widen_here(cores: &[usize]) -> Option<Widened> {
        let before = set_of(0)?;
        if cores.is_empty() || cores_of(&before).eq(cores.iter().copied()) {
            return None;
        }
        // SAFETY: as in `set_of`.
        let mut set: cpu_set_t = unsafe { std::mem::zeroed() };
        for &core in cores {
            // SAFETY: an ordinary function on an ordinary reference, which panics if there is no such core;
            // these come from a set of the same size.
            unsafe { libc::CPU_SET(core, &mut set) };
        }
        set_here(&set).then_some(Widened { before })
    }

    /// What a thread could use before it could use more, which it is told again when this is dropped.
    pub(super) struct Widened {
        before: cpu_set_t,
    }

    impl Widened {
        /// Lets the thread keep the cores for good.
        pub(super) fn keep(self) {
            std::mem::forget(self);
        }
    }

    impl Drop for Widened {
        fn drop(&mut self) {
            set_here(&self.before);
        }
    }

    /// The number of the core that the calling thread is on.
    pub(super) fn current() -> Option<usize> {
        // SAFETY: takes no arguments and touches no memory of ours.
        usize::try_from(unsafe { libc::sched_getcpu() }).ok()
    }
}

/// Elsewhere new threads and processes are free of their maker's pinning. Models and Miri have no cores, nor
/// has anybody without the feature `affinity`.
#[cfg(not(all(target_os = "linux", feature = "affinity", not(any(miri, dgraph_loom, dgraph_shuttle)))))]
mod system {
    use super::BTreeSet;

    #[cfg(feature = "affinity")]
    const UNKNOWN: bool = cfg!(any(miri, dgraph_loom, dgraph_shuttle));

    pub(super) fn sit_down(_: usize) {}

    pub(super) fn get_up(_: usize) {}

    pub(super) fn is_a_seat(_: usize) -> bool {
        false
    }

    #[cfg(feature = "affinity")]
    pub(super) fn pin_here(core: usize) -> bool {
        // Windows has groups of 64 processors each, and core_affinity knows the thread's group only.
        let can_be_said = !cfg!(windows) || core < 64;
        !UNKNOWN && can_be_said && core_affinity::set_for_current(core_affinity::CoreId { id: core })
    }

    #[cfg(not(feature = "affinity"))]
    pub(super) fn pin_here(_: usize) -> bool {
        false
    }

    #[cfg(not(feature = "affinity"))]
    pub(super) fn cores_here() -> Vec<usize> {
        Vec::new()
    }

    #[cfg(feature = "affinity")]
    pub(super) fn cores_here() -> Vec<usize> {
        let cores = if UNKNOWN { None } else { core_affinity::get_core_ids() };
        cores.unwrap_or_default().iter().map(|core| core.id).collect()
    }

    pub(super) fn cores_of_the_process() -> BTreeSet<usize> {
        cores_here().into_iter().collect()
    }

    pub(super) struct Widened;

    impl Widened {
        pub(super) fn keep(self) {}
    }

    pub(super) fn widen_here(_: &[usize]) -> Option<Widened> {
        None
    }

    pub(super) fn current() -> Option<usize> {
        None
    }
}
