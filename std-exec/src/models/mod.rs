//! Models of the protocols between threads. They say what they catch; `.ci/mutants` applies such mutations to
//! a copy, for half of the models, and expects each to fail the model that it names. Models of whole runs
//! begin with `run_` and take seconds, the others less.
//!
//! loom explores each to the end, and shuttle tries random orders of it, also of those that are too large for
//! loom: `large/`.
//!
//! | file | what | of |
//! |---|---|---|
//! | `membership.rs` | joining and leaving a team | `protocol/membership.rs` |
//! | `helpers.rs` | two helpers of one team, and their places | `team/state.rs`, `protocol/member.rs` |
//! | `sleep.rs` | sleepers against posters | `sleep/` |
//! | `walks.rs` | runs that begin with a walk, which a helper breaks into or joins | `protocol/walk.rs`, `run/` |
//! | `steps.rs` | walks in step: up to three threads, broken into at any moment | `protocol/steps.rs`, `walk.rs` |
//! | `robbing.rs` | thieves against a member in a body; what one that blocks keeps | `protocol/`, `run/work.rs` |
//! | `runs.rs` | runs with a live worker, from `open` to the worker's end | `team/`, `run/`, `pool/worker.rs` |
//! | `detached.rs` | runs without a caller; nodes that are woken | `team/`, `run/`, `wake/` |
//! | `taking_turns.rs` | such runs that share workers: none keeps another one waiting | `team/ticket.rs`, `stay.rs` |
//! | `bound_turns.rs` | the same, where one has nodes bound to a worker | `team/stay.rs`, `pool/turns.rs` |
//! | `quiet.rs` | runs that begin quietly, and that others break into | `run/stealing.rs`, `team/progress.rs` |
//! | `quiet_woken.rs` | the same, of nodes that are woken | `run/work.rs`, `wake/` |
//! | `woken.rs` | nodes that wake each other beside a member that blocks | `run/work.rs`, `wake/` |
//! | `several.rs` | runs of two callers; a run within another's node | `team/`, `pool/` |
//! | `ordered.rs` | ordered runs beside a worker, with limits and bound nodes | `run/ordered.rs`, `protocol/wanted.rs` |
//! | `ordered_walks.rs` | ordered runs that begin with a walk, and go on in order when somebody breaks in | `run/ordered.rs`, `run/walking.rs` |
//! | `ordered_detached.rs` | ordered runs without a caller | `run/ordered.rs`, `team/state.rs` |
//! | `ordered_more.rs` | several runs that want the same workers; a team that somebody leaves | `pool/`, `protocol/` |
//! | `permits.rs` | tasks that wait for permits, also from outside, and go away | `protocol/semaphore.rs`, `typed/limits/` |
//! | `large/` | shuttle only: runs of three and four threads, nested, shut down, async | all of these together |

mod bound_turns;
mod detached;
mod helpers;
#[cfg(dgraph_shuttle)]
mod large;
mod membership;
mod ordered;
mod ordered_detached;
mod ordered_more;
mod ordered_walks;
mod permits;
mod quiet;
mod quiet_woken;
mod robbing;
mod runs;
mod several;
mod sleep;
mod steps;
mod taking_turns;
mod walks;
mod woken;

use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::pool::worker;
use crate::run::run_as;
use crate::sync::model::{Arc, UnsafeCell, thread};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, lock, wait};
use crate::team::Stay;
use crate::team::Team;
use crate::tuner::Plan;
use dgraph_core::{Dag, NodeId};
use std::ops::Deref;
use std::sync::Arc as StdArc;

/// The first nodes, in the order of their numbers.
fn numbered(count: usize) -> Vec<NodeId> {
    (0..).map(NodeId::new).take(count).collect()
}

/// What the workers of an executor of two share, for up to `runs` runs at once.
fn executor_of_two(runs: usize) -> Arc<Shared> {
    let shared = Arc::new(Shared::new(2, Placement::default()));
    // All teams beforehand: the list is not loom's, which would not see that making one comes before its use.
    let taken: Vec<_> = (0..runs).map(|_| shared.teams.take()).collect();
    taken.into_iter().for_each(Team::give_back);
    shared
}

/// Calls `run` with an executor of two that has one live worker, and sees that home. `runs` as for
/// [`executor_of_two`].
fn beside_a_worker(runs: usize, run: impl FnOnce(&Arc<Shared>)) {
    let shared = executor_of_two(runs);
    let worker = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || worker::live(&shared, 0))
    };
    run(&shared);
    shared.shut_down();
    worker.join().expect("no panic");
}

/// Calls `work` with an executor of two that has so many live workers, and sees these home. (The wakers want
/// a count that loom doesn't see: the last one to let go of it is always the calling thread.)
fn beside_workers(workers: usize, work: impl FnOnce(&StdArc<Shared>)) {
    beside_workers_of(2, workers, work);
}

/// Calls `work` with an executor of `threads` that has so many live workers, and sees these home.
fn beside_workers_of(threads: usize, workers: usize, work: impl FnOnce(&StdArc<Shared>)) {
    let shared = StdArc::new(Shared::new(threads, Placement::default()));
    let live = |worker| {
        let shared = StdArc::clone(&shared);
        thread::spawn(move || worker::live(&shared, worker))
    };
    let workers: Vec<_> = (0..workers).map(live).collect();
    work(&shared);
    shared.shut_down();
    workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
}

/// Comes once to each team of the executor, and helps it if it may.
fn help_once(shared: &Shared) {
    let stay = Stay::to_the_end();
    shared.teams.iter().for_each(|team| _ = shared.try_help(team, None, &stay));
}

/// The life of worker 0 without watching: helps, and sleeps, until it is over.
fn help_and_sleep(shared: &Shared, is_over: impl Fn() -> bool) {
    shared.sleep.look_around(0, || {
        while !is_over() {
            shared.sleep.away(0, || help_once(shared));
            shared.sleep.sleep(0, || is_over() || shared.wants_help());
        }
    });
}

/// A thread that comes as `come` says. `S` is an `Arc`, loom's or not.
fn spawn_helper<S>(shared: &S, come: fn(&Shared)) -> thread::JoinHandle<()>
where
    S: Deref<Target = Shared> + Clone + Send + 'static,
{
    let shared = shared.clone();
    thread::spawn(move || come(&shared))
}

/// A run that begins as `plan` says. Its body is of one type for all models, so that runs are compiled once.
fn run(shared: &Shared, dag: &Dag, body: &(dyn Fn(NodeId) + Sync), plan: Plan) {
    run_as(shared, dag, &body, Some(plan), None);
}

/// A graph whose nodes check that they run once, after their predecessors, and see what these have done.
struct Checked {
    dag: Dag,
    edges: &'static [(u32, u32)],
    cells: Vec<UnsafeCell<()>>,
    runs: Vec<AtomicUsize>,
}

// SAFETY: loom's cells report accesses that race; finding these is what they are for.
unsafe impl Sync for Checked {}

impl Checked {
    fn new(nodes: usize, edges: &'static [(u32, u32)]) -> Self {
        Self {
            dag: Dag::from_edges(nodes, edges).expect("a valid graph"),
            edges,
            cells: (0..nodes).map(|_| UnsafeCell::new(())).collect(),
            runs: (0..nodes).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    fn run(&self, node: NodeId) {
        for &(from, _) in self.edges.iter().filter(|&&(_, to)| to == node.get()) {
            self.cells[from as usize].with(|_| ());
        }
        self.cells[node.index()].with_mut(|_| ());
        self.runs[node.index()].fetch_add(1, Ordering::Relaxed);
    }

    fn all_ran(&self) {
        for (cell, runs) in self.cells.iter().zip(&self.runs) {
            cell.with(|_| ());
            assert_eq!(runs.load(Ordering::Relaxed), 1);
        }
    }
}

/// Where nodes wait for each other.
struct Meeting {
    attendants: usize,
    arrived: Mutex<usize>,
    all_here: Condvar,
}

impl Meeting {
    fn of(attendants: usize) -> Self {
        Self { attendants, arrived: Mutex::new(0), all_here: Condvar::new() }
    }

    /// Blocks until all have come.
    fn attend(&self) {
        let mut arrived = lock(&self.arrived);
        *arrived += 1;
        if *arrived == self.attendants {
            self.all_here.notify_all();
        }
        while *arrived < self.attendants {
            arrived = wait(&self.all_here, arrived);
        }
    }
}

/// What nodes wait for until another one opens it.
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn new() -> Self {
        Self { open: Mutex::new(false), opened: Condvar::new() }
    }

    fn open(&self) {
        *lock(&self.open) = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut open = lock(&self.open);
        while !*open {
            open = wait(&self.opened, open);
        }
    }
}
