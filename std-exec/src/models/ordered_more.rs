//! Several runs at once, and who goes from one to the other.

use super::{beside_a_worker, executor_of_two, numbered};
use crate::pool::shared::Shared;
use crate::pool::turns::Turns;
use crate::pool::{context, worker};
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::run::ordered;
use crate::sync::model::{Arc, explore, thread};
use crate::sync::{Condvar, Mutex, lock, wait};
use crate::team::Stay;
use crate::team::{Course, Job, Role, Team};
use crate::tuner::Plan;
use dgraph_core::{Dag, NodeId};
use std::ptr;

/// Runs a graph of as many nodes as there are `places`, each at its own.
fn run_at(shared: &Shared, edges: &[(u32, u32)], places: &[Place], body: impl Fn(NodeId) + Sync) {
    let demands: Vec<_> = places.iter().map(|&place| (place, Vec::new())).collect();
    let mut queue = ReadyQueue::new(&demands, &[], &numbered(places.len()));
    let dag = Dag::from_edges(places.len(), edges).expect("a valid graph");
    ordered::run(shared, &dag, &mut queue, &[], &body, Some(Plan::Share));
}

/// Two workers, one of which has called the run. Each waits in it for a run with a node that is bound to the
/// other one, so one of them has to come while it waits: the one whose run began first. Catches: a waiting
/// worker that isn't called, or doesn't look before it sleeps, or goes to no other run.
#[test]
#[cfg_attr(dgraph_loom, ignore = "takes two minutes")]
fn run_in_order_of_workers_that_wait_for_each_other() {
    explore(1, || {
        beside_a_worker(3, |shared| {
            let _resign = context::become_worker(shared.id(), 1);
            run_at(shared, &[], &[Place::Worker(0), Place::Worker(1)], |node| {
                run_at(shared, &[], &[Place::Worker(1 - node.index())], |_| ());
            });
        });
    });
}

/// The worker makes a node of the caller ready and goes on with one that waits for it, so that its leaving
/// wakes nobody. Catches: a sleeping caller that isn't called.
#[test]
fn run_in_order_of_a_node_that_waits_for_the_callers() {
    explore(2, || {
        beside_a_worker(1, |shared| {
            let (ran, changed) = (Mutex::new(false), Condvar::new());
            let places = [Place::Worker(0), Place::Caller, Place::Worker(0)];
            run_at(shared, &[(0, 1), (0, 2)], &places, |node| match node.get() {
                1 => {
                    *lock(&ran) = true;
                    changed.notify_one();
                }
                2 => {
                    let mut ran = lock(&ran);
                    while !*ran {
                        ran = wait(&changed, ran);
                    }
                }
                _ => {}
            });
        });
    });
}

/// Two runs: one of two nodes, of which the second is ready later, and one of a node that waits for both.
struct Posts {
    shared: Arc<Shared>,
    /// How many nodes of the first run are ready, and how many done.
    nodes: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Posts {
    fn post(&self, team: &Team) {
        let mut nodes = lock(&self.nodes);
        nodes.0 += 1;
        let _ = team.wanted.set(Place::Anywhere, true);
        drop(nodes);
        team.post(|| self.shared.invite(team));
    }

    fn wait_for_both(&self) {
        let mut nodes = lock(&self.nodes);
        while nodes.1 < 2 {
            nodes = wait(&self.changed, nodes);
        }
    }
}

/// Takes the ready nodes of the first run.
unsafe fn help_first(posts: *const (), team: &Team, role: Role, _: &Stay<'_>) {
    if matches!(role, Role::Canceller) {
        return;
    }
    // SAFETY: the model keeps it until all workers have ended.
    let posts = unsafe { &*posts.cast::<Posts>() };
    let mut nodes = lock(&posts.nodes);
    nodes.1 += std::mem::take(&mut nodes.0);
    let _ = team.wanted.set(Place::Anywhere, false);
    posts.changed.notify_all();
}

/// Runs the only node of the second run.
unsafe fn help_second(posts: *const (), team: &Team, role: Role, _: &Stay<'_>) {
    if matches!(role, Role::Canceller) {
        return;
    }
    let _ = team.wanted.set(Place::Anywhere, false);
    // SAFETY: as above.
    unsafe { &*posts.cast::<Posts>() }.wait_for_both();
}

/// A worker leaves a team, which is full because of it, for another one, and somebody posts a node to the
/// first meanwhile. The other worker has to come for it, even if it has just looked at the one team before
/// and at the other after that. Catches: a worker that goes elsewhere without looking back.
#[test]
fn post_to_a_full_team_that_is_left() {
    explore(2, || {
        let shared = executor_of_two(2);
        let nodes = Mutex::new((0, 0));
        let posts = Arc::new(Posts { shared: Arc::clone(&shared), nodes, changed: Condvar::new() });
        let teams = [help_first as unsafe fn(_, &Team, _, &Stay<'_>), help_second].map(|help| {
            let team = shared.teams.take();
            team.lead_by(None, 0, 0);
            let job = Job { run: ptr::from_ref(&*posts).cast(), help, rest: None };
            // SAFETY: just taken; the job is valid until the workers have ended.
            unsafe { team.open(job, 2, Course::Shared { roots: 0 }, None) };
            team
        });
        posts.post(teams[0]);
        let _ = teams[1].wanted.set(Place::Anywhere, true);
        let other = {
            let (shared, posts) = (Arc::clone(&shared), Arc::clone(&posts));
            thread::spawn(move || {
                posts.post(shared.teams.iter().next().expect("the first team"));
                shared.sleep.look_around(1, || {
                    shared.sleep.sleep(1, || shared.is_shut_down() || shared.wants_help());
                });
                worker::live(&shared, 1);
            })
        };
        // This thread is the worker that goes from the first to the second.
        let _resign = context::become_worker(shared.id(), 0);
        let mut turns = Turns::begin(0);
        shared.sleep.look_around(0, || {
            while lock(&posts.nodes).1 < 2 {
                if shared.help_any(&mut turns, 0) {
                    turns.next();
                } else {
                    thread::yield_now();
                }
            }
        });
        shared.shut_down();
        other.join().expect("no panic");
        for team in teams {
            team.membership.close();
            team.give_back();
        }
    });
}
