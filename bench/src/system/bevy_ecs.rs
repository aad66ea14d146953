//! `bevy_ecs`: every node is a system of a schedule, ordered by system sets.

use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use ::bevy_ecs::prelude::*;
use ::bevy_ecs::schedule::{MultiThreadedExecutor, SingleThreadedExecutor};
use bevy_tasks::{ComputeTaskPool, TaskPoolBuilder};
use dgraph_tests::predecessors::Predecessors;
use std::sync::Arc;

/// A `Schedule` with the single-threaded executor on one thread, the multi-threaded one on more. The task
/// pool belongs to the whole process, so the number of its threads can't be changed once it has been used.
#[derive(Debug)]
pub(super) struct BevyEcs {
    threads: usize,
}

struct Run {
    schedule: Schedule,
    world: World,
}

#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
struct Node(u32);

impl System for BevyEcs {
    const NAME: &'static str = "bevy_ecs";
    const MAX_NODES: usize = 1_000;

    fn start(threads: usize) -> Result<Self, String> {
        if threads > 1 {
            let pool = || TaskPoolBuilder::new().num_threads(threads).build();
            let there = ComputeTaskPool::get_or_init(pool).thread_num();
            if there != threads {
                return Err(format!("the process's only task pool has {there} threads already"));
            }
        }
        Ok(Self { threads })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let predecessors = Predecessors::new(graph.nodes, &graph.edges);
        let (mut schedule, mut world) = (Schedule::default(), World::new());
        match self.threads {
            1 => schedule.set_executor(SingleThreadedExecutor::new()),
            _ => schedule.set_executor(MultiThreadedExecutor::new()),
        };
        for node in (0_u32..).take(graph.nodes) {
            let mut system = (move || body.execute(node)).in_set(Node(node));
            for &predecessor in predecessors.of(node as usize) {
                system = system.after(Node(predecessor));
            }
            schedule.add_systems(system);
        }
        schedule.initialize(&mut world).expect("an acyclic graph");
        Box::new(Run { schedule, world })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        self.schedule.run(&mut self.world);
    }
}
