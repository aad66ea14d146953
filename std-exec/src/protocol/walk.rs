//! The walk: members that go through the graph in an order known beforehand, until somebody breaks in.
//!
//! A walk uses no counters and no queue, so it is as fast as a plain loop; and nothing of it can be shared.
//! Its caller goes alone, through the stored order; or *in step* with others, each in a *lane* of its own: at
//! every [step](crate::protocol::steps) each runs its part of the nodes, and then waits for the others.
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
//! | of a lane | written by | read by |
//! |---|---|---|
//! | `at` | its walker; before that the caller, once | who breaks in |
//! | `reached` | its walker, when its part of a step is done and it was not stopped | the other walkers, who wait for it |
//! | `from`, `level` | the caller, once, before it is done with the step before | its walker; the others; who breaks in |
//! | `seen` | who breaks in, before `SHARED` | its walker, after that |
//!
//! Nobody in step leaves before the walk is over or broken into, so lanes are given out once, in order.
//!
//! [`fences`]: crate::sync::asymmetric_fence

use crate::protocol::steps::{Step, Steps};
use crate::sync::asymmetric_fence;
use crate::sync::fork::Process;
use crate::sync::{AtomicUsize, Backoff, Ordering};
use crossbeam_utils::CachePadded;
use dgraph_core::NodeId;
use std::ops::Range;

const WALKING: usize = 0;
const SEIZED: usize = 1;
const SHARED: usize = 2;
const OVER: usize = 3;

/// In `from`: not given out.
const NEVER: usize = usize::MAX;

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
#[derive(Debug)]
pub(crate) struct Lane {
    /// A position `p` in the order, as `2p + 1`: the walker runs it, or is about to; as `2p`: it runs
    /// nothing, and is done with its part of what is before.
    at: CachePadded<AtomicUsize>,
    others: CachePadded<ForOthers>,
}

/// What is written once per step at the most.
#[derive(Debug)]
struct ForOthers {
    /// The end of the last step of which the lane's part is done.
    reached: AtomicUsize,
    /// Where the first step begins that is divided among this lane too, and in which level.
    from: AtomicUsize,
    level: AtomicUsize,
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

impl Default for Lane {
    fn default() -> Self {
        let others = ForOthers {
            reached: AtomicUsize::new(0),
            from: AtomicUsize::new(NEVER),
            level: AtomicUsize::new(0),
            seen: AtomicUsize::new(0),
        };
        Self { at: CachePadded::new(AtomicUsize::new(0)), others: CachePadded::new(others) }
    }
}

impl Lane {
    /// How many nodes of the order its walker has begun, if it walks alone. A hint.
    pub(crate) fn begun(&self) -> usize {
        self.at.load(Ordering::Relaxed).div_ceil(2)
    }

    /// Whether it is in step from `start` on, or from a step before.
    #[inline]
    fn is_in_step(&self, start: usize) -> bool {
        // Ordering: Acquire pairs with the Release in `admit`: who breaks in sees where the lane begins.
        self.others.from.load(Ordering::Acquire) <= start
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

    /// Those of a team's lanes that this walk uses: who goes alone needs one.
    #[inline]
    pub(crate) fn of<'w>(&self, lanes: &'w [Lane]) -> &'w [Lane] {
        if self.steps.are_divided() { lanes } else { &lanes[..1] }
    }

    /// Sets up its lanes. For the caller, before anybody can join.
    #[inline]
    pub(crate) fn lay_out(&self, lanes: &[Lane]) {
        for (number, lane) in lanes.iter().enumerate() {
            lane.at.store(0, Ordering::Relaxed);
            lane.others.reached.store(0, Ordering::Relaxed);
            lane.others.from.store(if number == 0 { 0 } else { NEVER }, Ordering::Relaxed);
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

    /// A walker has run its part of the step that ends here. False if somebody has broken in, as for
    /// [`claim`](Self::claim); `free` as `FREE` there.
    #[inline]
    #[must_use]
    pub(crate) fn reach(&self, lane: &Lane, end: usize, free: bool) -> bool {
        // Ordering: as in `claim`.
        lane.at.store(2 * end, Ordering::Release);
        asymmetric_fence::light(free);
        let going_on = self.is_going_on();
        if going_on {
            // Ordering: Release pairs with the Acquire in `all_reached`: the nodes of this part come before
            // the next step.
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
        // Ordering: Acquire pairs with the Release in `reach`.
        lanes.iter().all(|lane| lane.others.reached.load(Ordering::Acquire) >= position)
    }

    /// The number of a lane for the calling thread, a member who is not the caller. `None` if there is no
    /// walk in step.
    pub(crate) fn join(&self) -> Option<usize> {
        let may_join = self.steps.are_divided() && self.is_going_on();
        may_join.then(|| 1 + self.joined.fetch_add(1, Ordering::Relaxed))
    }

    /// Gives lanes to those who want them, from the step on that begins where `next` says. For the caller,
    /// before it has reached that.
    #[inline]
    pub(crate) fn admit(&self, lanes: &[Lane], (start, level): (usize, usize)) {
        let wanted = 1 + self.joined.load(Ordering::Relaxed);
        for lane in lanes.iter().take(wanted).filter(|lane| !lane.is_in_step(NEVER - 1)) {
            lane.at.store(2 * start, Ordering::Relaxed);
            lane.others.level.store(level, Ordering::Relaxed);
            // Ordering: Release pairs with the Acquire in `is_in_step` and `admitted`.
            lane.others.from.store(start, Ordering::Release);
        }
    }

    /// The first step of this lane, once that is known and those are through with the step before who take
    /// it.
    pub(crate) fn admitted(&self, lanes: &[Lane], lane: usize) -> Option<Step<'a>> {
        let ForOthers { from, level, .. } = &*lanes[lane].others;
        // Ordering: as in `is_in_step`.
        let start = from.load(Ordering::Acquire);
        let let_in = start != NEVER && Self::all_reached(&lanes[..Self::in_step(lanes, start - 1)], start);
        let_in.then(|| self.steps.at((start, level.load(Ordering::Relaxed))))
    }

    /// How many lanes the step that begins here is divided among. Certain for who is in that step.
    #[inline]
    pub(crate) fn in_step(lanes: &[Lane], start: usize) -> usize {
        lanes.iter().take_while(|lane| lane.is_in_step(start)).count()
    }

    /// Somebody breaks in. `None` if another one has. The thread that does has the counters to itself until
    /// it calls [`release`](Self::release).
    pub(crate) fn seize<'w>(&self, lanes: &'w [Lane]) -> Option<Seized<'w, 'a>> {
        self.state.compare_exchange(WALKING, SEIZED, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        asymmetric_fence::heavy();
        // A thread that is given a lane from now on will not take a step: the caller sees that it is stopped
        // before that.
        let lanes = &lanes[..Self::in_step(lanes, NEVER - 1)];
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
    /// be. What was seen of its lane, and how many nodes were left.
    pub(crate) fn stopped(&self, lane: &Lane) -> (Stopped, usize) {
        let backoff = Backoff::new();
        // Ordering: Acquire pairs with the Release in `release`: the counters are set, `seen` and `left` are
        // written.
        while self.state.load(Ordering::Acquire) == SEIZED {
            self.process.or_abort();
            backoff.snooze();
        }
        let seen = lane.others.seen.load(Ordering::Relaxed);
        let last = seen == lane.at.load(Ordering::Relaxed);
        let stopped =
            node_at(self.steps, seen).map_or(Stopped::BetweenNodes, |node| Stopped::At { node, last });
        (stopped, self.left.load(Ordering::Relaxed))
    }
}

/// A walk that was broken into, for who has done that.
#[derive(Debug)]
pub(crate) struct Seized<'w, 'a> {
    steps: Steps<'a>,
    /// Those in which somebody was, or could be.
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
        // Walkers wait for each other, so each is in this step or in the next.
        let rest = move |step: Step<'a>| {
            let divided = Walk::in_step(lanes, step.start);
            let part = move |(number, lane): (usize, &Lane)| -> Range<usize> {
                let part = step.part(number, divided);
                seen(lane).clamp(part.start, part.end)..part.end
            };
            lanes[..divided].iter().enumerate().flat_map(part)
        };
        let next = steps.after(step);
        let behind = next.unwrap_or(step).end;
        let positions = rest(step).chain(next.into_iter().flat_map(rest)).chain(behind..steps.nodes().len());
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
