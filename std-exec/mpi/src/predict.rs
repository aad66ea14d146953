//! What a run would take on a cluster that isn't there: a simulation.

use crate::builder::DistributedBuilder;
use crate::partition::Owners;
use crate::plan::Plan;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A cluster as the LogGP model has it (Alexandrov, Ionescu, Schauser and Scheiman, "LogGP", SPAA 1995), but
/// for gaps between messages.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::Cluster;
/// use std::time::Duration;
/// let cluster = Cluster::new(64).latency(Duration::from_micros(2)).bytes_per_second(12.0e9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Cluster {
    ranks: usize,
    latency: f64,
    overhead: f64,
    bandwidth: f64,
    node: f64,
}

impl Cluster {
    /// So many ranks, between which messages take no time.
    pub fn new(ranks: usize) -> Self {
        Self { ranks: ranks.max(1), latency: 0.0, overhead: 0.0, bandwidth: f64::INFINITY, node: 0.0 }
    }

    /// How long a message is on its way.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency.as_secs_f64();
        self
    }

    /// How long a rank is busy with sending a message, and with receiving one.
    pub fn overhead(mut self, overhead: Duration) -> Self {
        self.overhead = overhead.as_secs_f64();
        self
    }

    /// How many bytes of a message are carried per second.
    pub fn bytes_per_second(mut self, bytes: f64) -> Self {
        self.bandwidth = bytes;
        self
    }

    /// What the scheduler takes for each node.
    pub fn per_node(mut self, time: Duration) -> Self {
        self.node = time.as_secs_f64();
        self
    }
}

/// What a run is predicted to take.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// From the beginning to the end that all ranks have agreed on.
    pub makespan: Duration,
    /// What all nodes take together.
    pub work: Duration,
    /// How many values travel, and ends of nodes that others only come after.
    pub values: usize,
}

impl Prediction {
    /// How many times as fast as one rank, for which nothing but the nodes counts.
    #[must_use]
    pub fn speed_up(&self) -> f64 {
        self.work.as_secs_f64() / self.makespan.as_secs_f64()
    }
}

/// A moment, to be ordered.
#[derive(Clone, Copy, PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A rank has ended a node.
    Ended { rank: usize, node: usize },
    /// The value of a node has come to a rank.
    Arrived { rank: usize, node: usize },
}

/// A rank in the simulation.
#[derive(Default)]
struct Rank {
    /// The lowest node first, as in a run.
    ready: BinaryHeap<Reverse<usize>>,
    is_busy: bool,
    /// Until when it sends and receives, if it runs no node.
    free_at: f64,
    /// What it still has to receive, in time, when its node has ended.
    owed: f64,
}

impl DistributedBuilder<'_> {
    /// Simulates a run over the ranks of a cluster: each node takes its [load](Self::load) in nanoseconds,
    /// and its value has as many bytes as `bytes` says. A prediction, not a measurement: memory, caches and
    /// what else uses the network are left out.
    ///
    /// # Panics
    ///
    /// If the owner of a node is no rank; if nodes depend on each other in a circle.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{Cluster, DistributedBuilder, Owners};
    /// use std::time::Duration;
    /// let mut graph = DistributedBuilder::new();
    /// let a = graph.node("a", (), || 1);
    /// let b = graph.node("b", (a,), |a: &i32| *a);
    /// graph.load(a, 4_000);
    /// graph.load(b, 6_000);
    /// let cluster = Cluster::new(2).latency(Duration::from_micros(3));
    /// let predicted = graph.predict(&cluster, &Owners::by(|node| node), |_| 4);
    /// // The nodes, the message, and the agreement: there and back.
    /// assert_eq!(predicted.makespan.as_micros(), 4 + 3 + 6 + 2 * 3);
    /// ```
    #[must_use]
    pub fn predict(&self, cluster: &Cluster, owners: &Owners, bytes: impl Fn(usize) -> u64) -> Prediction {
        let description = self.description();
        let Ok(order) = description.order() else { panic!("nodes depend on each other in a circle") };
        let owners = owners.assign(cluster.ranks, description, &order);
        assert!(owners.iter().all(|&owner| owner < cluster.ranks), "the owner of a node is no rank");
        let owners = owners.into_iter().map(|owner| u32::try_from(owner).unwrap_or(u32::MAX)).collect();
        let plan = Plan::new(0, cluster.ranks, description, owners);
        let loads: Vec<u64> = description.nodes().iter().map(|node| node.load).collect();
        let mut simulation = Simulation {
            cluster,
            loads: &loads,
            remaining: description.nodes().iter().map(|node| node.predecessors().len()).collect(),
            ranks: (0..cluster.ranks).map(|_| Rank::default()).collect(),
            events: BinaryHeap::new(),
            plan: &plan,
        };
        let last = simulation.run(&bytes);
        let levels = f64::from((cluster.ranks + 1).next_power_of_two().ilog2() - 1);
        let agreement = 2.0 * levels * (cluster.latency + 2.0 * cluster.overhead);
        let work: u64 = loads.iter().sum();
        Prediction {
            makespan: Duration::from_secs_f64(last + agreement),
            work: Duration::from_nanos(work),
            values: plan.cut().1,
        }
    }
}

struct Simulation<'a> {
    cluster: &'a Cluster,
    loads: &'a [u64],
    /// Of each node: how many dependencies are still to come.
    remaining: Vec<usize>,
    ranks: Vec<Rank>,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
    plan: &'a Plan,
}

impl Simulation<'_> {
    /// When the last node has ended.
    fn run(&mut self, bytes: &impl Fn(usize) -> u64) -> f64 {
        for node in 0..self.loads.len() {
            if self.remaining[node] == 0 {
                self.ranks[self.plan.owner(node)].ready.push(Reverse(node));
            }
        }
        (0..self.ranks.len()).for_each(|rank| self.start(rank, 0.0));
        let mut last = 0.0_f64;
        while let Some(Reverse((Moment(now), event))) = self.events.pop() {
            match event {
                Event::Ended { rank, node } => {
                    last = last.max(now);
                    let mut sent = now;
                    let recipients = self.plan.recipients(node);
                    let values = recipients.fed.iter().map(|&to| (to, bytes(node)));
                    for (to, bytes) in values.chain(recipients.told.iter().map(|&to| (to, 0))) {
                        sent += self.cluster.overhead;
                        let arrival = sent + self.cluster.latency + bytes as f64 / self.cluster.bandwidth;
                        self.events.push(Reverse((Moment(arrival), Event::Arrived { rank: to, node })));
                    }
                    let sender = &mut self.ranks[rank];
                    sender.free_at = sent + std::mem::take(&mut sender.owed);
                    sender.is_busy = false;
                    self.release(rank, node);
                    self.start(rank, now);
                }
                Event::Arrived { rank, node } => {
                    let receiver = &mut self.ranks[rank];
                    if receiver.is_busy {
                        receiver.owed += self.cluster.overhead;
                    } else {
                        receiver.free_at = receiver.free_at.max(now) + self.cluster.overhead;
                    }
                    self.release(rank, node);
                    self.start(rank, now);
                }
            }
        }
        last
    }

    /// The value of a node is there, for the nodes of a rank.
    fn release(&mut self, rank: usize, node: usize) {
        for successor in self.plan.successors(node) {
            if self.plan.owner(successor) == rank {
                self.remaining[successor] -= 1;
                if self.remaining[successor] == 0 {
                    self.ranks[rank].ready.push(Reverse(successor));
                }
            }
        }
    }

    /// Starts the next node of a rank that isn't busy.
    fn start(&mut self, at: usize, now: f64) {
        let rank = &mut self.ranks[at];
        if rank.is_busy {
            return;
        }
        let Some(Reverse(node)) = rank.ready.pop() else { return };
        rank.is_busy = true;
        let end = now.max(rank.free_at) + self.cluster.node + self.loads[node] as f64 * 1e-9;
        self.events.push(Reverse((Moment(end), Event::Ended { rank: at, node })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(prediction: Prediction) -> u128 {
        prediction.makespan.as_micros()
    }

    #[test]
    fn independent_nodes_are_spread() {
        let mut graph = DistributedBuilder::new();
        for _ in 0..12 {
            let node = graph.node("", (), || 1);
            graph.load(node, 10_000);
        }
        let predict = |ranks| graph.predict(&Cluster::new(ranks), &Owners::Blocks, |_| 0);
        assert_eq!([1, 2, 3, 4, 12].map(|ranks| micros(predict(ranks))), [120, 60, 40, 30, 10]);
        assert!((predict(4).speed_up() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_chain_pays_for_each_message() {
        let mut graph = DistributedBuilder::new();
        let mut last = graph.node("", (), || 1);
        graph.load(last, 1_000);
        for _ in 0..9 {
            last = graph.node("", (last,), |value: &i32| *value);
            graph.load(last, 1_000);
        }
        let cluster = Cluster::new(2)
            .latency(Duration::from_micros(5))
            .overhead(Duration::from_micros(1))
            .bytes_per_second(1e6);
        let alternating = graph.predict(&cluster, &Owners::by(|node| node % 2), |_| 3);
        // Nine messages: a microsecond to send, five on the way, three for the bytes, one to receive. Then
        // the agreement.
        assert_eq!(micros(alternating), 10 + 9 * 10 + 14);
        assert_eq!(alternating.values, 9);
        assert_eq!(micros(graph.predict(&cluster, &Owners::by(|_| 0), |_| 3)), 10 + 14);
    }
}
