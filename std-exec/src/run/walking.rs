//! What the members of a walk do; and who breaks in, and what becomes of the run then.
//!
//! ```text
//! caller   ─▶ its part of a step ─ the parts of lanes that nobody has taken ─▶ … ─ wait for the others ─▶ all nodes are done
//! helper   take a lane ─ wait until the caller is done there ─▶ its part ─▶ … ─ wait for the others
//! a part   ─▶ nodes ─ reach a point ─ wait for what the next ones need ─▶ … ─ reach the end
//! ```
//! (The first line is the caller's in step. Alone, it has one part, and waits for nobody.)
//!
//! Who breaks in: whoever comes to a walk alone; in step, who has waited for too long, is wanted elsewhere
//! while it waits, finds the walk late, or has had a node that panicked; and who calls the run off. A panic
//! in a walk alone ends it: nobody else walks, and nothing has to be drained.

use crate::protocol::steps::Step;
use crate::protocol::walk::{Lane, Stopped, Walk};
use crate::run::body::Body;
use crate::run::lead::Discipline;
use crate::run::statistics::Tally;
use crate::sync::asymmetric_fence;
use crate::sync::clock;
use crate::sync::{AtomicUsize, patience, spin_loop};
use crate::team::Team;
use crate::tuner::{Probe, RunTimer};
use dgraph_core::NodeId;
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// For how many ticks a member in step waits for the others: about a millisecond. Then some node blocks, or
/// takes long for once.
const STEP_PATIENCE: u64 = 2_500_000;
/// How many looks it takes between two at the clock.
const LOOKS: u32 = patience(64);
/// After how many steps the caller looks whether the walk is late.
const LOOK_AT_CLOCK: u32 = 8;

/// How a member's walk has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All members have run everything.
    AtTheEnd,
    /// Somebody has broken in. Whether the node last claimed was run, if any was claimed.
    BrokenIn { ran: bool },
    /// A node has panicked.
    Panicked,
    /// The others let it wait.
    Waiting,
    /// The walk takes longer than another way to run would.
    Late,
}

/// How far a member knows others to be: looking costs a cache miss.
#[derive(Default)]
struct Known([usize; 16]);

impl Known {
    /// Whether this lane, which is not the own one, has reached this position.
    fn has_reached(&mut self, lanes: &[Lane], lane: usize, position: usize) -> bool {
        let Some(known) = self.0.get_mut(lane) else { return lanes[lane].has_reached() >= position };
        if *known < position {
            *known = lanes[lane].has_reached();
        }
        *known >= position
    }
}

/// A member that walks.
pub(crate) struct Walker<'w, W> {
    lanes: &'w [Lane],
    /// In which lane it is just now. Whoever breaks in sees at most one of its nodes under way: it leaves a
    /// lane when it has reached the end of its part, and the walk was going on then.
    lane: usize,
    known: Known,
    /// The nodes of the parts that it has run.
    walked: usize,
    /// Whether it is wanted elsewhere.
    wanted: W,
}

/// A run that may begin with a walk.
pub(crate) trait Walks<'r>: Discipline {
    fn walk(&self) -> &Walk<'r>;

    fn timer(&self) -> &RunTimer;

    /// Adds to a counter of what happens, if somebody counts.
    fn count(&self, what: impl FnOnce(&Tally) -> (&AtomicUsize, usize));

    /// Takes note of a panic: no further body is called.
    fn stop(&self, payload: Box<dyn Any + Send>);

    /// Whether somebody has taken note of a panic.
    fn has_stopped(&self) -> bool;

    /// Posts what there is: sees to it that somebody comes for it.
    fn post(&self, team: &Team);

    /// Somebody has broken in. `find` calls its argument with each node that is ready, and gives how many
    /// nodes are left, without any that are `under_way`. What is ready goes to `member`, the calling thread
    /// or, if it has no place, to everybody.
    fn take_over(
        &self,
        team: &Team,
        member: Option<&mut Self::Member<'_>>,
        find: impl FnOnce(&mut dyn FnMut(NodeId)) -> usize,
        under_way: impl Iterator<Item = NodeId>,
    ) -> usize;

    /// `node`, which was under way when somebody broke in, is complete.
    fn completed(&self, team: &Team, member: &mut Self::Member<'_>, node: NodeId);

    /// `node`, which seemed to be under way when somebody broke in, wasn't run, and is ready.
    fn give_back(&self, team: &Team, member: &mut Self::Member<'_>, node: NodeId);

    /// Whether helpers are to come to the walk from its beginning: to take part, or to break in as soon as it
    /// is known what a walk takes.
    fn is_to_be_joined(&self) -> bool {
        self.walk().steps().are_divided() || self.timer().probe().is_some()
    }

    /// The caller's part of a walk. Whether it has come to its end; otherwise somebody has broken in, and the
    /// run goes on shared.
    fn begin_walk(&self, team: &Team, own: &mut Self::Member<'_>) -> bool {
        let steps = self.walk().steps();
        if self.is_to_be_joined() {
            self.post(team);
        } else {
            self.have_it_watched(team);
        }
        if self.common().shared.is_shut_down() {
            self.call_off(team);
        }
        let lanes = self.walk().of(team.lanes());
        let (ended, lane) = match self.timer().probe() {
            Some(probe) => (self.probe(team, probe, &lanes[0]), 0),
            None => self.go(lanes, 0, steps.first(), || false),
        };
        match ended {
            Ended::AtTheEnd => {
                if self.is_to_be_joined() {
                    // There is nothing to join for, although the team isn't closed yet.
                    team.end_walk();
                    // If somebody has broken in, nothing was left.
                    let _ = self.walk().finish();
                }
                team.finish_all();
                true
            }
            // Nobody else is walking, and no counters are in use: nothing has to be drained.
            Ended::Panicked if !steps.are_divided() && self.walk().finish() => {
                team.end_walk();
                team.finish_all();
                true
            }
            ended => {
                if self.after(team, own, lanes, Some(&lanes[lane]), ended) == 0 {
                    team.finish_all();
                }
                false
            }
        }
    }

    /// The caller goes on alone: somebody is to see how long that takes.
    fn have_it_watched(&self, team: &Team) {
        let woken = self.common().shared.see_to_a_watchdog(team);
        self.count(|tally| (&tally.wakes, usize::from(woken)));
    }

    /// A helper's part: of a walk in step, or it breaks into a walk alone. `wanted`: it is wanted elsewhere.
    /// Whether it has walked to the end.
    fn join_walk(&self, team: &Team, own: &mut Self::Member<'_>, wanted: impl Fn() -> bool) -> bool {
        if !self.walk().is_going_on() {
            return false;
        }
        let lanes = self.walk().of(team.lanes());
        let Some(lane) = self.walk().join() else {
            if self.timer().probe().is_some_and(|probe| self.await_probe(probe, &wanted)) {
                return true;
            }
            self.break_in(team, lanes, Some(own));
            return false;
        };
        if team.has_work() {
            self.post(team); // each that comes wakes the next
        }
        let first = self.walk().steps().at(lanes[lane].take());
        let mut let_in = || lanes[lane].has_reached() >= first.start;
        let ended = self.wait(&mut let_in, &wanted, lanes);
        let (ended, lane) = match ended {
            Some(ended) => (ended, None),
            None => (self.go(lanes, lane, first, wanted).0, Some(&lanes[lane])),
        };
        if ended == Ended::AtTheEnd {
            // All have come there. Else this very helper might come back for it, and break in, before the
            // caller says so.
            team.end_walk();
        } else {
            let _ = self.after(team, own, lanes, lane, ended);
        }
        ended == Ended::AtTheEnd
    }

    /// The caller begins the first run of a graph: it goes through ever longer pieces of the order until it
    /// has seen what a walk takes; then on, if that is faster than sharing.
    fn probe(&self, team: &Team, probe: &Probe, lane: &Lane) -> Ended {
        let nodes = self.walk().steps().nodes().len();
        let (mut begin, mut size) = (0, 1);
        let mut at = self.timer().elapsed();
        probe.begin(at);
        while begin < nodes {
            let end = nodes.min(begin + size);
            if let Some(ended) = self.run_piece(lane, begin..end, end) {
                return ended;
            }
            let now = self.timer().elapsed();
            probe.saw(end - begin, now.saturating_sub(at), now);
            (begin, size, at) = (end, size * 2, now);
            if probe.is_over(now) && end < nodes {
                let Some(budget) = probe.walk(nodes, self.common().shared.threads()) else {
                    return Ended::Late;
                };
                team.go_on_alone(budget);
                if !self.walk().is_going_on() {
                    team.end_walk(); // somebody has broken in, and may have said so before
                }
                self.have_it_watched(team);
                size = nodes;
            }
        }
        Ended::AtTheEnd
    }

    /// A helper waits until the caller has seen what a walk takes. Whether it isn't needed. (It is if it
    /// comes when the caller goes on alone already: then that takes too long.)
    fn await_probe(&self, probe: &Probe, wanted: &impl Fn() -> bool) -> bool {
        if probe.goes_on_alone() {
            return false;
        }
        let came = clock::now();
        let is_overdue = || probe.is_overdue(self.timer().elapsed(), clock::now().saturating_sub(came));
        while !is_overdue() && self.walk().is_going_on() && !wanted() {
            if probe.goes_on_alone() {
                return true;
            }
            spin_loop();
        }
        false
    }

    /// Walks in this lane, from the step `step` on, to whatever end; the caller also in lanes that nobody has
    /// taken. How it has ended, and in which lane.
    fn go(&self, lanes: &[Lane], lane: usize, step: Step<'r>, wanted: impl Fn() -> bool) -> (Ended, usize) {
        let mut walker = Walker { lanes, lane, known: Known::default(), walked: 0, wanted };
        let ended = self.go_on(&mut walker, step);
        let walked = walker.walked;
        if self.walk().steps().are_divided() {
            self.count(|tally| (&tally.in_step_nodes, walked));
        }
        self.count(|tally| (&tally.helper_nodes, if lane == 0 { 0 } else { walked }));
        (ended, walker.lane)
    }

    /// Walks as [`go`](Self::go) does.
    fn go_on(&self, walker: &mut Walker<'_, impl Fn() -> bool>, mut step: Step<'r>) -> Ended {
        let (lanes, own, steps) = (walker.lanes, walker.lane, self.walk().steps());
        let mut number = 0_u32;
        // Since when, and from where, it goes side by side.
        let mut together = None;
        let mut is_late = |others: bool, position: usize| {
            number += 1;
            if !others || number % LOOK_AT_CLOCK != 0 {
                return false;
            }
            let now = self.timer().elapsed();
            let (since, from) = *together.get_or_insert((now, position));
            self.timer().budget.is_over(now.saturating_sub(since), position - from, steps.nodes().len())
        };
        loop {
            if let Some(ended) = self.run_part(walker, own, step) {
                return ended;
            }
            if own == 0 {
                let mut others = false;
                for (lane, other) in lanes.iter().enumerate().skip(1) {
                    if !other.begin_for(step.number) {
                        others = true;
                    } else if let Some(ended) = self.run_part(walker, lane, step) {
                        return ended;
                    }
                }
                if is_late(others, step.end) {
                    return Ended::Late;
                }
            }
            match steps.after(step) {
                Some(next) => step = next,
                None => break,
            }
        }
        let end = steps.nodes().len();
        let ended = self.wait(&mut || Walk::all_reached(lanes, end), &walker.wanted, lanes);
        ended.unwrap_or(Ended::AtTheEnd)
    }

    /// Runs the part of `step` in this lane. How the walk has ended, if it doesn't go on.
    fn run_part(
        &self,
        walker: &mut Walker<'_, impl Fn() -> bool>,
        lane: usize,
        step: Step<'r>,
    ) -> Option<Ended> {
        let lanes = walker.lanes;
        walker.lane = lane;
        let part = step.part(lane);
        let mut begin = part.start;
        for point in self.walk().steps().points(step, lane) {
            let position = point.position as usize;
            if begin < position {
                let ended = self.run_piece(&lanes[lane], begin..position, position);
                if ended.is_some() {
                    return ended;
                }
                begin = position;
            }
            let (other, until) = (point.lane as usize, point.until as usize);
            if other != lane && !walker.known.has_reached(lanes, other, until) {
                let mut is_over = || walker.known.has_reached(lanes, other, until);
                let ended = self.wait(&mut is_over, &walker.wanted, &lanes[other..=other]);
                if ended.is_some() {
                    return ended;
                }
            }
        }
        walker.walked += part.len();
        self.run_piece(&lanes[lane], begin..part.end, step.end)
    }

    /// Runs these nodes, and tells that the lane has reached `end`. How the walk has ended, if it doesn't go
    /// on.
    fn run_piece(&self, lane: &Lane, piece: Range<usize>, end: usize) -> Option<Ended> {
        match catch_unwind(AssertUnwindSafe(|| self.through(lane, piece))) {
            Ok(true) if self.walk().reach(lane, end, asymmetric_fence::light_is_free()) => None,
            Ok(ran) => Some(Ended::BrokenIn { ran }),
            Err(payload) => {
                self.stop(payload);
                Some(Ended::Panicked)
            }
        }
    }

    /// The walk's loop. False if the node last claimed must not be run.
    fn through(&self, lane: &Lane, part: Range<usize>) -> bool {
        if asymmetric_fence::light_is_free() {
            self.through_fences::<true>(lane, part)
        } else {
            self.through_fences::<false>(lane, part)
        }
    }

    /// `FREE` is what `asymmetric_fence::light_is_free` says: asking at each node would take as long as a
    /// tiny body.
    #[inline(never)]
    fn through_fences<const FREE: bool>(&self, lane: &Lane, part: Range<usize>) -> bool {
        self.common().body.walk::<FREE>(self.walk(), lane, part)
    }

    /// Waits until `is_over`, for a while, as long as `others` get on. How the walk has ended for this
    /// member, if it doesn't go on.
    fn wait(
        &self,
        is_over: &mut impl FnMut() -> bool,
        wanted: &impl Fn() -> bool,
        others: &[Lane],
    ) -> Option<Ended> {
        let mut since: Option<(u64, usize)> = None;
        loop {
            for _ in 0..LOOKS {
                if is_over() {
                    return None;
                }
                spin_loop();
            }
            if is_over() {
                return None;
            }
            if !self.walk().is_going_on() {
                return Some(Ended::BrokenIn { ran: true });
            }
            let (now, begun) = (clock::now(), others.iter().map(Lane::begun).sum::<usize>());
            let (at, _) = *since.insert(since.filter(|&(_, before)| before == begun).unwrap_or((now, begun)));
            if now.saturating_sub(at) >= STEP_PATIENCE || LOOKS == 0 || wanted() {
                return Some(Ended::Waiting);
            }
            // There may be more threads than cores, and who is waited for may wait for this one.
            self.common().shared.pause.give_way();
        }
    }

    /// After a walk that has not come to its end for this member: sees to it that the run goes on shared, and
    /// to the node that it had under way in the `lane` that it was in, if it was in one. How many nodes were
    /// left when somebody has broken in.
    fn after(
        &self,
        team: &Team,
        own: &mut Self::Member<'_>,
        lanes: &[Lane],
        lane: Option<&Lane>,
        ended: Ended,
    ) -> usize {
        let ran = match ended {
            Ended::BrokenIn { ran } => ran,
            Ended::AtTheEnd | Ended::Panicked | Ended::Waiting | Ended::Late => {
                self.break_in(team, lanes, Some(own));
                true
            }
        };
        let (stopped, left) = self.walk().stopped(lane, self.common().shared.pause);
        match stopped {
            Stopped::At { node, last } if ran || !last => self.completed(team, own, node),
            Stopped::At { node, .. } => self.give_back(team, own, node),
            Stopped::BetweenNodes => {}
        }
        left
    }

    /// Calls the run off, if its body can be: in a walk nobody looks, so that is broken into. For a thread
    /// without a place.
    fn call_off(&self, team: &Team) {
        if self.common().body.cancel() && self.walk().is_going_on() {
            self.break_in(team, self.walk().of(team.lanes()), None);
        }
    }

    /// Breaks into the walk, unless somebody else has, for `member`, the calling thread, or everybody. If
    /// nothing is left, the caller reports the nodes.
    fn break_in(&self, team: &Team, lanes: &[Lane], member: Option<&mut Self::Member<'_>>) {
        let Some(seized) = self.walk().seize(lanes) else { return };
        let until = self.timer().elapsed();
        let nodes = self.walk().steps().nodes();
        let find = |take: &mut dyn FnMut(NodeId)| {
            let left = seized.left();
            let ready = |node| {
                // Those under way are their walkers'.
                if seized.under_way().all(|walked| walked != node) {
                    take(node);
                }
            };
            self.common().countdown.resume(left.clone(), ready);
            let left = left.count();
            if !self.walk().steps().are_divided() {
                self.common().body.broken_in(&nodes[..nodes.len() - left]);
            }
            left
        };
        let for_all = member.is_none();
        let left = self.take_over(team, member, find, seized.under_way());
        if left > 0 {
            self.timer().broken_into(0, until, nodes.len() - left, nodes.len());
        }
        team.end_walk();
        self.walk().release(left);
        if for_all {
            self.post(team);
        }
    }
}
