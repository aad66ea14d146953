//! The walk: members that go through the graph in an order known beforehand, until somebody breaks in.
//!
//! A walk uses no counters and no queue, so it is as fast as a plain loop; and nothing of it can be shared.
//! Its caller goes alone, through the stored order, or in an ordered run through the serial one; or *in step*
//! with others, each in a *lane* of its own: at every [step](crate::protocol::steps) each runs its part of
//! the nodes, and waits for the others where it needs their results.
//!
//! A member that wants something else *breaks in*: it stops the walkers where they are, finds out which nodes
//! are left, counts how many of the predecessors of each are among these, and makes the ready ones available
//! to all. From then on the run goes through the counters like any other. Breaking in works at any moment,
//! also while walkers are in the middle of long bodies: a walk hides no ready node for longer than it takes
//! somebody to come or to lose patience.
//!
//! ```text
//!                 claim, body, claim, body, … reach                 finish
//!   WALKING ────────────────────────────────────────────────────────────────▶ OVER
//!      │ seize (one member)
//!      ▼                          release
//!   SEIZED ────────────────────────────────────────────▶ SHARED    counters and queues are in use
//!   walkers stop at their next claim, reach, or wait
//! ```
//! (A walk alone that has reached its end needs no `finish`: who breaks in later finds nothing left.)
//!
//! A walker *claims* a node by writing its position and then looking whether it has been stopped; who breaks
//! in writes `SEIZED` and then looks at the positions. With a fence between the two steps on both sides
//! ([`fences`]), either the walker sees that it has been stopped and doesn't run the node, or who breaks in
//! sees that the node has been claimed. If both happen, the node is the walker's: what was seen of its lane
//! says so. It leaves a part in the same way, by [`reach`](Walk::reach).
//!
//! The caller runs the parts of those lanes that nobody has taken yet: in each step first its own, then
//! theirs. Whoever comes takes a lane, from the first step on that the caller hasn't begun there; so help
//! comes in the middle of a step, and nobody is waited for that may not come. Nobody leaves a lane before the
//! walk is over or broken into, so lanes are given out once, in order.
//!
//! | of a lane | written by | read by |
//! |---|---|---|
//! | `at` | who walks in it: the caller, then whoever has taken it | who breaks in; its walker, when it was stopped; as a hint, who waits for it, and who watches how long a walk takes |
//! | `reached` | the same, when a part is done, or a piece of it, and the walk was going on | the other walkers, who wait for it; who has taken the lane, until the caller is done there |
//! | `turn` | the caller, who begins its part of a step; who takes the lane | the same |
//! | `seen` | who breaks in, before `SHARED` | the same, to find what is left; its walker, after that |
//!
//! [`fences`]: crate::sync::asymmetric_fence

use crate::protocol::steps::{Step, Steps};
use crate::sync::asymmetric_fence;
use crate::sync::fork::Process;
use crate::sync::{AtomicUsize, Backoff, Ordering, Pause};
use crossbeam_utils::CachePadded;
use dgraph_core::NodeId;
use std::ops::Range;

const WALKING: usize = 0;
const SEIZED: usize = 1;
const SHARED: usize = 2;
const OVER: usize = 3;

/// In `turn`: somebody has taken the lane.
const TAKEN: usize = 1;

/// A walk of one caller and any number of others; the protocol is in the module's docs. Its state is read at
/// each node by all: apart from whatever else is on the caller's stack. (Aligned as a whole: moving a padded
/// field moves its padding.)
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Walk<'a> {
    steps: Steps<'a>,
    state: AtomicUsize,
    /// How many members want a lane, beside the caller.
    joined: AtomicUsize,
    /// How many nodes were left when somebody broke in. Written before `SHARED`.
    left: AtomicUsize,
    /// Where the others are.
    process: Process,
}

/// Where one member of a walk is. Lies in its team.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// A position `p` in the order, as `2p + 1`: the walker runs it, or is about to; as `2p`: it runs
    /// nothing, and is done with its part of what is before.
    at: CachePadded<AtomicUsize>,
    others: CachePadded<ForOthers>,
}

/// What is written less often.
#[derive(Debug, Default)]
struct ForOthers {
    /// What the lane has before this position is done.
    reached: AtomicUsize,
    /// Twice the number of the first step that the caller hasn't begun here; and whether the lane is `TAKEN`.
    turn: AtomicUsize,
    /// What `at` was when somebody broke in.
    seen: AtomicUsize,
}

/// What was seen of a walker when somebody broke in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Stopped {
    /// It had nothing under way: its next node, if it has claimed one, belongs to everybody.
    BetweenNodes,
    /// This node is its own. If it was the last one claimed, and the walker hasn't run it, it is ready;
    /// otherwise it was run, and is to be completed.
    At { node: NodeId, last: bool },
}

impl Lane {
    /// How far in the order its walker has begun. A hint.
    pub(crate) fn begun(&self) -> usize {
        self.at.load(Ordering::Relaxed).div_ceil(2)
    }

    /// What it has before this position is done, and the walk was going on then. (Not what `at` says:
    /// somebody who breaks in might see that a node was claimed, and not that the one that it waited for was
    /// done.)
    #[inline]
    pub(crate) fn has_reached(&self) -> usize {
        // Ordering: Acquire pairs with the Release in `reach`.
        self.others.reached.load(Ordering::Acquire)
    }

    /// The caller begins its part of the step of this number here, unless somebody has taken the lane.
    #[inline]
    #[must_use]
    pub(crate) fn begin_for(&self, step: usize) -> bool {
        let turn = &self.others.turn;
        // Relaxed: who takes the lane waits for what the caller has reached here.
        turn.load(Ordering::Relaxed) & TAKEN == 0
            && turn.compare_exchange(2 * step, 2 * step + 2, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The calling thread, for whom this lane is, takes it. The number of its first step; what is before that
    /// is the caller's.
    pub(crate) fn take(&self) -> usize {
        self.others.turn.fetch_or(TAKEN, Ordering::Relaxed) / 2
    }
}

impl<'a> Walk<'a> {
    /// A run that begins with a walk, or (`None`) one in which counters and queues are in use from the
    /// beginning.
    #[inline]
    pub(crate) fn new(steps: Option<Steps<'a>>) -> Self {
        Self {
            steps: steps.unwrap_or(Steps::alone(&[])),
            state: AtomicUsize::new(if steps.is_some() { WALKING } else { SHARED }),
            joined: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            process: Process::current(),
        }
    }

    /// Those of a team's lanes that this walk uses. The team has enough of them.
    #[inline]
    pub(crate) fn of<'w>(&self, lanes: &'w [Lane]) -> &'w [Lane] {
        &lanes[..self.steps.lanes()]
    }

    /// Sets up its lanes. For the caller, before anybody can join.
    #[inline]
    pub(crate) fn lay_out(&self, lanes: &[Lane]) {
        for lane in lanes {
            lane.at.store(0, Ordering::Relaxed);
            lane.others.reached.store(0, Ordering::Relaxed);
            lane.others.turn.store(0, Ordering::Relaxed);
            lane.others.seen.store(0, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn steps(&self) -> Steps<'a> {
        self.steps
    }

    /// Whether nobody has broken in, as far as the calling thread knows.
    #[inline]
    pub(crate) fn is_going_on(&self) -> bool {
        self.state.load(Ordering::Relaxed) == WALKING
    }

    /// A walker claims the node at `position`, its next one. `FREE` is what
    /// [`asymmetric_fence::light_is_free`] says. False if somebody has broken in: then it must not run the
    /// node before it has asked [`stopped`](Self::stopped).
    #[inline]
    #[must_use]
    pub(crate) fn claim<const FREE: bool>(&self, lane: &Lane, position: usize) -> bool {
        // Ordering: Release pairs with the Acquire in `seize`: the effects of the nodes before are visible to
        // who breaks in, who hands on what depends on them.
        lane.at.store(2 * position + 1, Ordering::Release);
        asymmetric_fence::light(FREE);
        self.is_going_on()
    }

    /// Claims the nodes of a walker's part and gives them to `run`, one after the other. False if a claim
    /// fails: the node there must not be run. `FREE` as for [`claim`](Self::claim).
    #[inline]
    #[must_use]
    pub(crate) fn through<const FREE: bool>(
        &self,
        lane: &Lane,
        part: Range<usize>,
        mut run: impl FnMut(NodeId),
    ) -> bool {
        let nodes = &self.steps.nodes()[part.clone()];
        part.zip(nodes).all(|(position, &node)| {
            let mine = self.claim::<FREE>(lane, position);
            if mine {
                run(node);
            }
            mine
        })
    }

    /// A walker has run what it has before this position: its part of a step, or a piece of it. False if
    /// somebody has broken in, as for [`claim`](Self::claim); `free` as `FREE` there.
    #[inline]
    #[must_use]
    pub(crate) fn reach(&self, lane: &Lane, end: usize, free: bool) -> bool {
        // Ordering: as in `claim`.
        lane.at.store(2 * end, Ordering::Release);
        asymmetric_fence::light(free);
        let going_on = self.is_going_on();
        if going_on {
            // Ordering: Release pairs with the Acquire in `has_reached`: the nodes up to here come before
            // those of other lanes that waited for them.
            lane.others.reached.store(end, Ordering::Release);
        }
        going_on
    }

    /// Nobody is to join any more, or to wait for that. False if somebody has broken in. For the caller, when
    /// all lanes are at the end, or it alone has panicked.
    pub(crate) fn finish(&self) -> bool {
        self.state.compare_exchange(WALKING, OVER, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether all of these lanes have reached this position.
    #[inline]
    pub(crate) fn all_reached(lanes: &[Lane], position: usize) -> bool {
        lanes.iter().all(|lane| lane.has_reached() >= position)
    }

    /// The number of a lane for the calling thread, a member who is not the caller, to [`take`](Lane::take).
    /// `None` if there is none for it.
    pub(crate) fn join(&self) -> Option<usize> {
        let may_join = self.steps.are_divided() && self.is_going_on();
        let lane = may_join.then(|| 1 + self.joined.fetch_add(1, Ordering::Relaxed))?;
        (lane < self.steps.lanes()).then_some(lane)
    }

    /// Somebody breaks in. `None` if another one has. The thread that does has the counters to itself until
    /// it calls [`release`](Self::release).
    pub(crate) fn seize<'w>(&self, lanes: &'w [Lane]) -> Option<Seized<'w, 'a>> {
        self.state.compare_exchange(WALKING, SEIZED, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        asymmetric_fence::heavy();
        for lane in lanes {
            // Ordering: Acquire pairs with the Release in `claim` and `reach`.
            lane.others.seen.store(lane.at.load(Ordering::Acquire), Ordering::Relaxed);
        }
        Some(Seized { steps: self.steps, lanes })
    }

    /// Lets the walkers go on, as members among others. So many nodes were left.
    pub(crate) fn release(&self, left: usize) {
        self.left.store(left, Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `stopped`.
        self.state.store(SHARED, Ordering::Release);
    }

    /// A walker that finds the walk not going on waits until counters and queues are in use, if they are to
    /// be. What was seen of the lane that it is in, if any, and how many nodes were left.
    pub(crate) fn stopped(&self, lane: Option<&Lane>, pause: Pause) -> (Stopped, usize) {
        let backoff = Backoff::new();
        // Ordering: Acquire pairs with the Release in `release`: the counters are set, `seen` and `left` are
        // written.
        while self.state.load(Ordering::Acquire) == SEIZED {
            self.process.or_abort();
            pause.snooze(&backoff);
        }
        let stopped = lane.and_then(|lane| {
            let seen = lane.others.seen.load(Ordering::Relaxed);
            let last = seen == lane.at.load(Ordering::Relaxed);
            node_at(self.steps, seen).map(|node| Stopped::At { node, last })
        });
        (stopped.unwrap_or(Stopped::BetweenNodes), self.left.load(Ordering::Relaxed))
    }
}

/// A walk that was broken into, for who has done that.
#[derive(Debug)]
pub(crate) struct Seized<'w, 'a> {
    steps: Steps<'a>,
    lanes: &'w [Lane],
}

impl<'w, 'a> Seized<'w, 'a> {
    /// The nodes that are left, in a topological order; also those under way.
    pub(crate) fn left(&self) -> impl Iterator<Item = NodeId> + Clone + use<'w, 'a> {
        let Self { steps, lanes } = *self;
        let seen = |lane: &Lane| lane.others.seen.load(Ordering::Relaxed) / 2;
        let slowest = lanes.iter().map(seen).min().unwrap_or(0);
        let mut step = steps.first();
        while let Some(next) = steps.after(step).filter(|next| next.start <= slowest) {
            step = next;
        }
        let rest = move |step: Step<'a>| {
            lanes.iter().enumerate().flat_map(move |(number, lane)| {
                let part = step.part(number);
                seen(lane).clamp(part.start, part.end)..part.end
            })
        };
        let and_later = std::iter::successors(Some(step), move |&step| steps.after(step));
        let positions = and_later.flat_map(rest);
        positions.map(move |position| steps.nodes()[position])
    }

    /// The nodes that walkers had under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = NodeId> {
        let steps = self.steps;
        self.lanes.iter().filter_map(move |lane| node_at(steps, lane.others.seen.load(Ordering::Relaxed)))
    }
}

/// The node that a lane says it is at.
fn node_at(steps: Steps<'_>, at: usize) -> Option<NodeId> {
    (at % 2 == 1).then(|| steps.nodes()[at / 2])
}
