//! Models of shared runs: loom's, and those of more threads that only shuttle tries. Each names the mutations
//! that it must catch; `.ci/mutants` applies them.

use super::{ReadySet, Run, RunStatus, State, WorkEnd, ready_words};
use crate::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{AtomicU32, AtomicUsize, Ordering};
use crate::{DagView, NodeId, StaticDag};
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

static PAIR: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
static APART: StaticDag<2, 0> = StaticDag::new([]);
static ASIDE: StaticDag<3, 1> = StaticDag::new([(0, 2)]);
static JOIN: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
static DIAMOND: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);

/// A number that the model checker doesn't see.
struct Count(Mutex<usize>);

impl Count {
    fn new(number: usize) -> Self {
        Self(Mutex::new(number))
    }

    fn load(&self) -> usize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, number: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = number;
    }

    fn add(&self, number: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += number;
    }
}

/// A run, and what its bodies write: a cell per node, in which the model checker sees it if two use it at
/// once or one doesn't see what it should. How often each body ran is counted behind its back.
struct Model {
    run: Run<'static, Vec<AtomicU32>, Vec<AtomicUsize>>,
    cells: Vec<UnsafeCell<()>>,
    counts: Vec<Count>,
}

impl Model {
    fn new(dag: DagView<'static>) -> Arc<Self> {
        let nodes = dag.node_count();
        let words = (0..nodes).map(|_| AtomicU32::new(0)).collect();
        let ready = (0..ready_words(nodes)).map(|_| AtomicUsize::new(0)).collect();
        let ready = ReadySet::from_words(ready, nodes);
        Arc::new(Self {
            run: Run::assemble(dag, words, ready, State::new(), AtomicU32::new(0)),
            cells: (0..nodes).map(|_| UnsafeCell::new(())).collect(),
            counts: (0..nodes).map(|_| Count::new(0)).collect(),
        })
    }

    /// Writes the node's cell, and reads those of its predecessors.
    fn body(&self, node: NodeId) {
        self.cells[node.index()].with_mut(|_| ());
        let dag = self.run.dag();
        for &before in dag.order() {
            if dag.successors(before).iter().any(|edge| edge.target() == node) {
                self.cells[before.index()].with(|_| ());
                assert!(self.count(before) > self.count(node), "{node} runs before {before}");
            }
        }
        self.counts[node.index()].add(1);
    }

    fn count(&self, node: NodeId) -> usize {
        self.counts[node.index()].load()
    }

    fn work_until_over(&self) {
        self.run.work_until_over(|node| self.body(node), thread::yield_now);
    }

    /// All that the run did is visible.
    fn see_all(&self) {
        self.cells.iter().for_each(|cell| cell.with(|_| ()));
    }

    fn check(&self, runs: usize) {
        assert!(self.run.is_at_rest());
        assert!(self.run.dag().order().iter().all(|&node| self.count(node) == runs));
        self.see_all();
    }
}

fn spawn(model: &Arc<Model>, work: impl FnOnce(&Model) + Send + 'static) -> thread::JoinHandle<()> {
    let model = Arc::clone(model);
    thread::spawn(move || work(&model))
}

fn shared_by_two(dag: DagView<'static>, preemptions: usize) {
    explore(preemptions, move || {
        let model = Model::new(dag);
        model.run.start().expect("it is at rest");
        let other = spawn(&model, |model| {
            model.work_until_over();
            model.see_all();
        });
        model.work_until_over();
        model.see_all();
        other.join().expect("no panic");
        model.check(1);
    });
}

/// Catches: arrivals with Relaxed, Acquire or Release only; the load that sees that others have arrived with
/// Relaxed.
#[test]
fn two_cores_share_a_join() {
    shared_by_two(JOIN.view(), 3);
}

/// One keeps node 2, finds that node 1 is more urgent, and lets 2 go. Catches: a node that is neither kept
/// nor inserted.
#[test]
fn an_urgent_node_beside_a_chain() {
    shared_by_two(ASIDE.view(), 2);
}

/// Catches: a node that is kept and inserted too.
#[test]
fn two_cores_share_a_diamond() {
    shared_by_two(DIAMOND.view(), 2);
}

/// Catches: sinks that are counted with Relaxed, Acquire or Release only; an end of the run that is said with
/// Relaxed.
#[test]
fn two_sinks() {
    shared_by_two(APART.view(), 3);
}

/// A device: one takes the node, another completes it, who gets only its number, and the next node sees what
/// both did. Catches: a completion that hands nothing on.
#[test]
fn completed_from_a_handler() {
    explore(3, || {
        let model = Model::new(PAIR.view());
        let device = Arc::new(AtomicUsize::new(0));
        model.run.start().expect("it is at rest");
        let handler = {
            let device = Arc::clone(&device);
            spawn(&model, move |model| {
                // Ordering: Acquire pairs with the Release below, as a device's start and its interrupt do.
                while device.load(Ordering::Acquire) == 0 {
                    thread::yield_now();
                }
                model.body(NodeId::new(0));
                model.run.complete(NodeId::new(0));
            })
        };
        assert_eq!(model.run.take(), Some(NodeId::new(0)));
        assert_eq!(model.run.work(|_| unreachable!("the device isn't done")), WorkEnd::NothingReady);
        // Ordering: Release pairs with the Acquire of the handler.
        device.store(1, Ordering::Release);
        model.work_until_over();
        handler.join().expect("no panic");
        model.check(1);
    });
}

/// One comes to work in the first run and may be late by as much as it likes: it runs nodes of the first one
/// only. Catches: `work` that doesn't look which run the node is of, a node that isn't put back.
#[test]
fn a_late_core_keeps_out_of_the_next_run() {
    explore(3, || {
        let model = Model::new(PAIR.view());
        let runs = Arc::new(Count::new(1));
        model.run.start().expect("it is at rest");
        let late = {
            let runs = Arc::clone(&runs);
            spawn(&model, move |model| {
                let mut came_for = None;
                let _ = model.run.work(|node| {
                    let run = *came_for.get_or_insert(runs.load());
                    assert_eq!(runs.load(), run, "its node holds up the run");
                    assert_eq!(model.count(node), run - 1);
                    model.body(node);
                });
            })
        };
        model.work_until_over();
        runs.store(2);
        model.run.start().expect("it is at rest");
        model.work_until_over();
        late.join().expect("no panic");
        model.check(2);
    });
}

/// Two work in one run after the other, and each tries to start the next. Catches: a state that is begun
/// twice; `begin` with Relaxed; words and sinks that are not put back.
#[test]
fn two_runs_in_a_row() {
    explore(2, || {
        let model = Model::new(PAIR.view());
        let go = |model: &Model| {
            let mut started = 0;
            for _ in 0..2 {
                started += usize::from(model.run.start().is_ok());
                model.work_until_over();
            }
            started
        };
        let started = Arc::new(Count::new(0));
        let other = {
            let started = Arc::clone(&started);
            spawn(&model, move |model| {
                started.add(go(model));
            })
        };
        let mine = go(&model);
        other.join().expect("no panic");
        model.check(mine + started.load());
    });
}

/// One stops the run at any moment, beside one that works; afterwards all is at rest, and the next one is
/// complete. Catches: a stop of a run that is over, nodes that are not passed over, or without a word of
/// that.
///
/// Whoever stops does so at once: if the other one came first, loom would not try a stop in between, since it
/// takes the look before the exchange for all that the exchange depends on.
#[test]
fn stopped_and_run_again() {
    let outcomes = std::sync::Arc::new(Mutex::new([0; 4]));
    let seen = std::sync::Arc::clone(&outcomes);
    explore(2, move || {
        let model = Model::new(JOIN.view());
        model.run.start().expect("it is at rest");
        let other = spawn(&model, Model::work_until_over);
        let stopped = model.run.stop();
        model.work_until_over();
        let cut = model.run.status() == RunStatus::AtRest { cut: true };
        other.join().expect("no panic");
        let ran: usize = model.counts.iter().map(|count| count.load()).sum();
        assert!(model.run.is_at_rest());
        assert_eq!(ran < 3, cut, "cut if not all ran");
        assert!(stopped || !cut, "nobody else has stopped it");
        seen.lock().unwrap_or_else(PoisonError::into_inner)[ran] += 1;
        model.counts.iter().for_each(|count| count.store(0));
        model.run.start().expect("it is at rest");
        model.work_until_over();
        model.check(1);
        assert_eq!(model.run.status(), RunStatus::AtRest { cut: false });
    });
    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(cfg!(dgraph_shuttle) || outcomes.iter().all(|&times| times > 0), "after {outcomes:?} nodes");
}

/// One that came for a run which was stopped passes over its nodes, and may win one of the next run at that.
/// Catches: a node of the next run that isn't put back.
#[test]
fn a_late_core_drains_into_the_next_run() {
    explore(3, || {
        let model = Model::new(PAIR.view());
        model.run.start().expect("it is at rest");
        assert!(model.run.stop());
        let late = spawn(&model, |model| {
            let _ = model.run.work(|node| model.body(node));
        });
        model.work_until_over();
        model.run.start().expect("it is at rest");
        late.join().expect("no panic");
        model.work_until_over();
        model.check(1);
    });
}

/// Two graphs, and a thread that works for both in turns beside one that works for either.
#[test]
fn two_graphs_at_once() {
    explore(2, || {
        let (first, second) = (Model::new(PAIR.view()), Model::new(APART.view()));
        first.run.start().expect("it is at rest");
        second.run.start().expect("it is at rest");
        let other = spawn(&first, Model::work_until_over);
        let third = spawn(&second, Model::work_until_over);
        for model in [&first, &second] {
            let _ = model.run.work(|node| model.body(node));
        }
        other.join().expect("no panic");
        third.join().expect("no panic");
        first.check(1);
        second.check(1);
    });
}

/// Four cores through a grid, again and again, one of which leaves whenever nothing is ready.
#[cfg(dgraph_shuttle)]
#[test]
fn four_cores() {
    static GRID: StaticDag<16, 24> = StaticDag::new({
        let (mut edges, mut at, mut node) = ([(0, 0); 24], 0, 0);
        while node < 16 {
            if node % 4 < 3 {
                edges[at] = (node, node + 1);
                at += 1;
            }
            if node < 12 {
                edges[at] = (node, node + 4);
                at += 1;
            }
            node += 1;
        }
        edges
    });
    explore(5, || {
        let model = Model::new(GRID.view());
        for round in 1..=3 {
            model.run.start().expect("it is at rest");
            let mut others: Vec<_> = (0..2).map(|_| spawn(&model, Model::work_until_over)).collect();
            others.push(spawn(&model, |model| {
                let _ = model.run.work(|node| model.body(node));
            }));
            model.work_until_over();
            others.into_iter().for_each(|other| other.join().expect("no panic"));
            model.check(round);
        }
    });
}
