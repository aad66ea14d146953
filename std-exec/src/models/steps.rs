//! Walks in step by themselves, without a run around them, so that three threads and all seizures fit in a
//! model: a caller, a walker that joins at any moment, and somebody who breaks in at any moment.

use crate::protocol::steps::{Step, Steps};
use crate::protocol::walk::{Lane, Stopped, Walk};
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{Mutex, Pause};
use dgraph_core::{NodeId, StaticDag, Supersteps};
use std::ops::Range;

/// Who takes part in a model.
#[derive(Clone, Copy)]
struct Case {
    preemptions: usize,
    lanes: usize,
    /// How often members look before they stop waiting for each other.
    patience: u32,
    /// Somebody breaks in, beside the members.
    breaks_in: bool,
    /// Claims have fences. Without them nobody may break in.
    fences: bool,
}

/// Anybody may break in, at any moment.
const TWO_LANES: Case = Case { preemptions: 2, lanes: 2, patience: 1, breaks_in: true, fences: true };
/// Nobody does but members who lose patience, which they do at once.
const THREE_LANES: Case = Case { preemptions: 2, lanes: 3, patience: 0, breaks_in: false, fences: true };

struct World {
    edges: &'static [(u32, u32)],
    patience: u32,
    fences: bool,
    walk: Walk<'static>,
    lanes: Vec<Lane>,
    /// How often each node was run. (No atomics: each access would be one more place for loom to switch.)
    runs: Vec<UnsafeCell<u32>>,
    /// What whoever broke in has left to be run at last.
    rest: Mutex<Vec<NodeId>>,
}

// SAFETY: loom's cells report accesses that race; finding these is what they are for.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

/// Lanes as an earlier walk may have left them, that was broken into when all were in the last step.
fn used_lanes(supersteps: &Supersteps) -> Vec<Lane> {
    let lanes: Vec<Lane> = (0..supersteps.lanes()).map(|_| Lane::default()).collect();
    let walk = Walk::new(Some(Steps::through(supersteps)));
    walk.lay_out(&lanes);
    (1..lanes.len())
        .for_each(|lane| assert_eq!(walk.join().map(|lane| lanes[lane].take()), Some(0), "{lane}"));
    let end = supersteps.nodes().len();
    for lane in &lanes {
        assert!(walk.reach(lane, end, false) && walk.claim::<false>(lane, end - 1));
    }
    assert!(walk.seize(&lanes).is_some());
    walk.release(1);
    lanes
}

impl World {
    fn new(supersteps: &'static Supersteps, edges: &'static [(u32, u32)], case: Case) -> Self {
        let nodes = supersteps.nodes().len();
        let lanes = used_lanes(supersteps);
        let walk = Walk::new(Some(Steps::through(supersteps)));
        walk.lay_out(&lanes);
        Self {
            edges,
            patience: case.patience,
            fences: case.fences,
            walk,
            lanes,
            runs: (0..nodes).map(|_| UnsafeCell::new(0)).collect(),
            rest: Mutex::new(Vec::new()),
        }
    }

    fn before(&self, node: NodeId) -> impl Iterator<Item = u32> {
        self.edges.iter().filter(move |&&(_, to)| to == node.get()).map(|&(from, _)| from)
    }

    fn run(&self, node: NodeId) {
        self.before(node).for_each(|from| assert_eq!(self.runs_of(from as usize), 1, "{node} before {from}"));
        assert_eq!(self.runs_of(node.index()), 0, "{node} twice");
        // SAFETY: loom checks that nobody else is here, and the reference ends here.
        self.runs[node.index()].with_mut(|runs| unsafe { *runs = 1 });
    }

    fn runs_of(&self, node: usize) -> u32 {
        // SAFETY: loom checks that nobody writes.
        self.runs[node].with(|runs| unsafe { *runs })
    }

    /// Walks in this lane, as `Walks::go_on` does.
    fn go(&self, own: usize, mut step: Step<'static>) {
        loop {
            if !self.part(own, step) {
                return;
            }
            if own == 0 {
                for lane in 1..self.lanes.len() {
                    if self.lanes[lane].begin_for(step.number) && !self.part(lane, step) {
                        return;
                    }
                }
            }
            match self.walk.steps().after(step) {
                Some(next) => step = next,
                None => break,
            }
        }
        if !self.comes(|| Walk::all_reached(&self.lanes, self.runs.len())) {
            self.gives_up(None);
        } else if own == 0 {
            let _ = self.walk.finish();
        }
    }

    /// Runs the part of `step` in this lane, as `Walks::run_part` does. False if the walk doesn't go on.
    fn part(&self, lane: usize, step: Step<'static>) -> bool {
        let part = step.part(lane);
        let mut begin = part.start;
        for point in self.walk.steps().points(step, lane) {
            let position = point.position as usize;
            if begin < position {
                if !self.piece(lane, begin..position, position) {
                    return false;
                }
                begin = position;
            }
            let (other, until) = (point.lane as usize, point.until as usize);
            if other != lane && !self.comes(|| self.lanes[other].has_reached() >= until) {
                self.gives_up(Some(lane));
                return false;
            }
        }
        self.piece(lane, begin..part.end, step.end)
    }

    fn piece(&self, lane: usize, piece: Range<usize>, end: usize) -> bool {
        let (run, walked) = (|node| self.run(node), &self.lanes[lane]);
        let ran = match self.fences {
            true => self.walk.through::<false>(walked, piece, run),
            false => self.walk.through::<true>(walked, piece, run),
        };
        let goes_on = ran && self.walk.reach(walked, end, !self.fences);
        if !goes_on {
            self.ended(Some(lane), ran);
        }
        goes_on
    }

    /// Waits for others, as patiently as the model can afford. Whether `is_over` has come true.
    fn comes(&self, mut is_over: impl FnMut() -> bool) -> bool {
        for _ in 0..self.patience {
            if is_over() {
                return true;
            }
            if !self.walk.is_going_on() {
                return false;
            }
            thread::yield_now();
        }
        is_over()
    }

    fn ended(&self, lane: Option<usize>, ran: bool) {
        let (stopped, _) = self.walk.stopped(lane.map(|lane| &self.lanes[lane]), Pause::Yields);
        if let Stopped::At { node, last } = stopped {
            if !ran && last {
                self.run(node);
            } else {
                assert_eq!(self.runs_of(node.index()), 1, "{node} wasn't run");
            }
        }
    }

    /// Joins the walk, as `Walks::join_walk` does.
    fn walker(&self) {
        let Some(lane) = self.walk.join() else { return };
        let first = self.walk.steps().at(self.lanes[lane].take());
        if self.comes(|| self.lanes[lane].has_reached() >= first.start) {
            self.go(lane, first);
        } else {
            self.gives_up(None);
        }
    }

    fn gives_up(&self, lane: Option<usize>) {
        self.breaks_in();
        self.ended(lane, true);
    }

    fn breaks_in(&self) {
        if let Some(seized) = self.walk.seize(&self.lanes) {
            let left: Vec<_> = seized.left().collect();
            let under_way: Vec<_> = seized.under_way().collect();
            assert!(under_way.iter().all(|node| left.contains(node)));
            let mut rest = Vec::new();
            for &node in left.iter().filter(|node| !under_way.contains(node)) {
                if self.before(node).all(|from| left.iter().all(|node| node.get() != from)) {
                    self.run(node);
                } else {
                    rest.push(node);
                }
            }
            *self.rest.lock().expect("no panic") = rest;
            self.walk.release(left.len());
        }
    }
}

fn steps<const N: usize, const M: usize>(case: Case, edges: &'static [(u32, u32); M]) {
    let dag = StaticDag::<N, M>::new(*edges);
    let supersteps: &'static Supersteps = Box::leak(Box::new(dag.view().supersteps(case.lanes, 1, |_| 10)));
    explore(case.preemptions, move || {
        let world = Arc::new(World::new(supersteps, edges, case));
        let spawn = |act: fn(&World)| {
            let world = Arc::clone(&world);
            thread::spawn(move || act(&world))
        };
        let mut others: Vec<_> = (1..case.lanes).map(|_| spawn(World::walker)).collect();
        if case.breaks_in {
            others.push(spawn(World::breaks_in));
        }
        world.go(0, world.walk.steps().first());
        others.into_iter().for_each(|other| other.join().expect("no panic"));
        let rest = std::mem::take(&mut *world.rest.lock().expect("no panic"));
        rest.into_iter().for_each(|node| world.run(node));
        (0..N).for_each(|node| assert_eq!(world.runs_of(node), 1, "never run"));
    });
}

const TWO_LEVELS: &[(u32, u32); 4] = &[(0, 2), (1, 2), (0, 3), (1, 3)];
const THREE_LEVELS: &[(u32, u32); 8] = &[(0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (3, 4), (2, 5), (3, 5)];
const NARROW_END: &[(u32, u32); 4] = &[(0, 2), (1, 3), (2, 4), (3, 4)];
/// One node, two, three: the last three depend on the second lane's, if there is one.
const FAN: &[(u32, u32); 5] = &[(0, 1), (0, 2), (2, 3), (2, 4), (2, 5)];

/// Catches: each ordering and fence of a lane, and what `lay_out` leaves as it was.
#[test]
fn steps_of_two_levels() {
    steps::<4, _>(TWO_LANES, TWO_LEVELS);
}

#[test]
fn steps_of_three_levels() {
    steps::<6, _>(TWO_LANES, THREE_LEVELS);
}

/// The last step is the caller's.
#[test]
fn steps_with_a_narrow_end() {
    steps::<5, _>(TWO_LANES, NARROW_END);
}

/// With one switch more, and nobody who only breaks in.
#[test]
fn steps_of_two_walkers() {
    let case = Case { preemptions: 3, breaks_in: false, ..TWO_LANES };
    steps::<5, _>(case, NARROW_END);
    steps::<6, _>(case, THREE_LEVELS);
}

/// Nobody breaks in, and the fences for that aren't there: they would hide what the members' own waiting has
/// to do. Catches: the orderings of `reached`.
#[test]
fn steps_of_patient_walkers() {
    let case = Case { preemptions: 3, patience: u32::MAX, breaks_in: false, fences: false, ..TWO_LANES };
    steps::<5, _>(case, NARROW_END);
    steps::<6, _>(case, THREE_LEVELS);
}

/// With a third lane, and nobody who only breaks in.
#[test]
fn steps_of_three_walkers() {
    steps::<6, _>(THREE_LANES, FAN);
}
