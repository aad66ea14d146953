//! One run of a graph: the memory that its members share, and the loop that each of them goes through.
//!
//! ```text
//! caller   take team ─ open ─ roots into its queue ─ work ─┬─ finished? ─ close ─ all left? ─ give back ─ resume panic
//!                                                    ▲     │ not yet
//!                                                    └─────┴─ look around, help nested runs, park
//! helper   see work ─ join ─ work, until there is nothing to take for a while ─ leave
//! ```
//!
//! A member runs a node, then arrives at its successors; the last successor that this makes ready runs next without
//! touching a queue (tail execution), the others go into the member's own queue, newest first for itself, oldest
//! first for thieves. Finished nodes are counted locally and reported when the member runs dry.
//!
//! After a panic the run is *stopped*: members go on through the counters without calling the body, so every
//! counter comes to rest and the run ends as any other.

use crate::clock;
use crate::context;
use crate::pace::{Pace, Plan};
use crate::shared::Shared;
use crate::sleep::posted;
use crate::sync::{AtomicBool, Mutex, Ordering, lock, patience, spin_loop};
use crate::team::{Job, Team};
use crate::walk::{BrokenIn, Walk};
use dgraph_core::{AsDag, Countdown, NodeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// How many times a member looks around for nodes before it gives up for now.
const PATIENCE: u32 = patience(200);

/// The memory of one run, on its caller's stack.
struct Run<'a, F> {
    shared: &'a Shared,
    countdown: Countdown<'a>,
    body: &'a F,
    walk: Walk,
    /// Bodies are no longer called.
    stopped: AtomicBool,
    /// What the first panicking node has thrown.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// What a member has done since it last reported, outside of the reach of unwinding.
struct Progress {
    /// The node whose body is being called.
    running: Option<NodeId>,
    /// Nodes run and not yet reported.
    done: usize,
}

/// Runs `body` for each node of `dag` on the calling thread and the workers of `shared`. Blocks until all are done;
/// resumes the first panic of a body.
pub(crate) fn run<D, F>(shared: &Shared, dag: &D, body: &F)
where
    D: AsDag + ?Sized,
    F: Fn(NodeId) + Sync,
{
    run_as(shared, dag, body, None);
}

/// As [`run`], beginning as `forced` says or, if it is `None`, as earlier runs suggest.
pub(crate) fn run_as<D, F>(shared: &Shared, dag: &D, body: &F, forced: Option<Plan>)
where
    D: AsDag + ?Sized,
    F: Fn(NodeId) + Sync,
{
    let team = shared.teams.take();
    let lent = dag.lend_countdown();
    let countdown = match &lent {
        Some(lent) => lent.countdown(),
        // SAFETY: this thread has just taken the team; the counters are not used after it is given back.
        None => unsafe { team.spare_countdown(dag.view()) },
    };
    let order = countdown.dag().order();
    // Another graph or another closure has another key; a wrong guess costs only time.
    let key =
        (order.as_ptr() as usize).wrapping_add(help::<F> as *const () as usize).wrapping_add(order.len());
    let plan = forced.unwrap_or_else(|| shared.paces.plan(key, order.len()));
    let run = Run {
        shared,
        countdown,
        body,
        walk: Walk::new(plan != Plan::Share),
        stopped: AtomicBool::new(false),
        panic: Mutex::new(None),
    };
    let start = clock::now();
    let walked = run.lead(team, plan);
    let ticks = usize::try_from(clock::now().saturating_sub(start)).unwrap_or(usize::MAX);
    shared.paces.record(
        key,
        match (plan, walked) {
            (Plan::Share, _) => Pace::Shared(ticks),
            (Plan::Walk { .. }, None) => Pace::Walked(ticks),
            // Half the nodes in so much time: all of them in twice as much.
            (Plan::Walk { .. }, Some(done)) => {
                Pace::BrokenIn(ticks.saturating_mul(order.len() / done.max(1)))
            }
        },
    );
    let thrown = lock(&run.panic).take();
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

/// Closes the team and waits until every helper has left, also if the caller unwinds by a bug of ours: helpers use
/// its stack.
struct CloseOnDrop<'a>(&'a Team);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.membership.close();
        let mut patience = PATIENCE;
        while !self.0.membership.is_empty() {
            if patience > 0 {
                patience -= 1;
                spin_loop();
            } else {
                self.0.wait(|| false);
            }
        }
    }
}

impl<F: Fn(NodeId) + Sync> Run<'_, F> {
    /// The caller's part, from opening the team to closing it. After a walk that was broken into: how many nodes it
    /// had claimed.
    fn lead(&self, team: &Team, plan: Plan) -> Option<usize> {
        let dag = self.countdown.dag();
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        let budget = if let Plan::Walk { budget } = plan { budget } else { 0 };
        let mut walked = None;
        context::within(self.shared, team, |parent| {
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, dag.nodes(), budget, parent) };
            let close = CloseOnDrop(team);
            if plan == Plan::Share {
                self.push_roots(team);
            } else {
                walked = self.walk(team);
            }
            while !team.is_finished() {
                self.work(team, 0);
                if !team.is_finished() && !self.look_around(team) && !self.shared.help_within(team) {
                    team.wait(|| self.shared.wants_help_within(team));
                }
            }
            drop(close);
        });
        walked
    }

    fn push_roots(&self, team: &Team) {
        // SAFETY: member 0 is the caller, this thread.
        let queue = unsafe { team.queue(0) };
        let dag = self.countdown.dag();
        // The queue gives back the newest first: roots start in their order.
        for &root in dag.roots().iter().rev() {
            queue.push(root);
        }
        if dag.roots().len() > 1 {
            self.invite(team);
        }
    }

    /// Goes through the order until its end, or until somebody breaks in. Then the caller has its last node in its
    /// queue or has completed it, and the number of nodes claimed is returned.
    fn walk(&self, team: &Team) -> Option<usize> {
        posted();
        if self.shared.sleep.nobody_watches() {
            self.shared.sleep.wake_one(self.shared.cores.worker_here());
        }
        let order = self.countdown.dag().order();
        let mut claimed = 0;
        let walk = AssertUnwindSafe(|| {
            for &node in order {
                let mine = self.walk.claim(claimed);
                claimed += 1;
                if !mine {
                    return false;
                }
                (self.body)(node);
            }
            true
        });
        // Whether the node last claimed has been run.
        let ran = match catch_unwind(walk) {
            Ok(ran) => ran,
            Err(payload) => {
                self.stop(payload);
                true
            }
        };
        if ran && self.walk.finish() {
            team.finish(order.len());
            return None;
        }
        let BrokenIn { claimed: seen } = self.walk.broken_in();
        // If the last claim came too late, that node belongs to everybody, and the one before it was run.
        debug_assert!(seen == claimed || (seen + 1 == claimed && !ran));
        let mut progress = Progress { running: None, done: 0 };
        let last = order[..seen].last().copied();
        // SAFETY: member 0 is the caller, this thread.
        let queue = unsafe { team.queue(0) };
        match last {
            Some(node) if seen == claimed && !ran => queue.push(node),
            Some(node) => {
                if let Some(next) = self.complete(team, 0, node, &mut progress) {
                    queue.push(next);
                }
            }
            None => {}
        }
        // Those before the last one were run, and their arrivals counted by whoever broke in.
        team.finish(seen.saturating_sub(1) + progress.done);
        Some(seen)
    }

    /// Breaks into the caller's walk, if there is one, and takes what is ready.
    fn break_in(&self, team: &Team, place: usize) {
        if let Some(BrokenIn { claimed }) = self.walk.seize() {
            // The last node claimed is the walker's, and not complete.
            let done = claimed.saturating_sub(1);
            let running = self.countdown.dag().order()[..claimed].last().copied();
            // SAFETY: the caller is member `place`.
            let queue = unsafe { team.queue(place) };
            self.countdown.resume_after(done, |node| {
                if Some(node) != running {
                    queue.push(node);
                }
            });
            team.end_walk();
            self.walk.release();
            self.invite(team);
        }
    }

    /// Takes note of a panic: no further body is called.
    fn stop(&self, payload: Box<dyn Any + Send>) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut first = lock(&self.panic);
        if first.is_none() {
            *first = Some(payload);
            return;
        }
        drop(first);
        // Nobody will see this payload. Its destructor is the user's code: it runs without the lock, and may panic.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(panic);
        }
    }

    /// Waits a little for the end or for something to take. False if neither came.
    fn look_around(&self, team: &Team) -> bool {
        for _ in 0..PATIENCE {
            if team.is_finished() || team.has_work() {
                return true;
            }
            spin_loop();
        }
        false
    }

    /// Runs nodes as member `place` until none can be had, and reports them.
    fn work(&self, team: &Team, place: usize) {
        let mut progress = Progress { running: None, done: 0 };
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.run_nodes(team, place, &mut progress)))
        {
            // Before the node's successors are released: none of them may start.
            self.stop(payload);
            if let Some(node) = progress.running.take() {
                self.complete(team, place, node, &mut progress).into_iter().for_each(|next| {
                    // SAFETY: the caller of `work` is this member.
                    unsafe { team.queue(place) }.push(next);
                });
            }
        }
        team.finish(progress.done);
    }

    /// The inner loop: until nothing can be had. Unwinds out of a panicking body.
    fn run_nodes(&self, team: &Team, place: usize, progress: &mut Progress) {
        // SAFETY: the caller of `work` is this member.
        let queue = unsafe { team.queue(place) };
        loop {
            let mut next = queue.pop();
            if next.is_none() {
                next = team.steal(place);
                // Whoever posted several nodes has woken one thread. Each that comes wakes the next.
                if next.is_some() && team.has_work() {
                    self.invite(team);
                }
            }
            if next.is_none() {
                break;
            }
            while let Some(node) = next {
                if !self.stopped.load(Ordering::Relaxed) {
                    progress.running = Some(node);
                    (self.body)(node);
                    progress.running = None;
                }
                next = self.complete(team, place, node, progress);
            }
        }
    }

    /// Arrives at the successors of `node`. Returns the last one that this makes ready; the others are posted.
    fn complete(&self, team: &Team, place: usize, node: NodeId, progress: &mut Progress) -> Option<NodeId> {
        // SAFETY: the caller of `work` is this member.
        let queue = unsafe { team.queue(place) };
        let mut next = None;
        let mut posted = false;
        self.countdown.complete(node, |ready| {
            if let Some(earlier) = next.replace(ready) {
                queue.push(earlier);
                posted = true;
            }
        });
        progress.done += 1;
        if posted {
            self.invite(team);
        }
        next
    }

    /// Sees to it that somebody comes for the nodes just pushed.
    fn invite(&self, team: &Team) {
        team.post(|| {
            // A team that is full has members enough to come for the nodes.
            if team.has_room() && self.shared.sleep.anybody_asleep() {
                self.shared.sleep.wake_one(self.shared.cores.worker_here());
            }
        });
    }
}

/// A helper's part.
///
/// # Safety
///
/// `run` points to a `Run<'_, F>` whose team is `team`, and the calling thread is its member `place`.
unsafe fn help<F: Fn(NodeId) + Sync>(run: *const (), team: &Team, place: usize) {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Run<'_, F>>() };
    context::within(run.shared, team, |_| {
        run.break_in(team, place);
        loop {
            run.work(team, place);
            if !run.look_around(team) || team.is_finished() {
                break;
            }
        }
    });
}
