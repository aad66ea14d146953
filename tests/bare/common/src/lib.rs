//! What every kernel with several CPUs does: a wavefront of 1,024 nodes, 1,000 times, on all of them.
//!
//! In every tenth run every CPU takes part for sure: the first node of each that is on a certain diagonal
//! waits there for the other CPUs. (QEMU gives a virtual CPU its turn when it likes, and a late one would
//! find nothing left.)

#![no_std]
#![forbid(unsafe_code)]

use core::fmt::{self, Write};
use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering};
use dgraph_core::{NodeId, StaticDag, StaticRun, WorkEnd, ready_words};

const SIDE: usize = 32;
const NODES: usize = SIDE * SIDE;
const EDGES: usize = 2 * SIDE * (SIDE - 1);
/// How often the graph is run.
pub const RUNS: u32 = 1_000;
/// Its nodes don't depend on each other, and there are more of them than CPUs.
const RENDEZVOUS: usize = 12;
/// In these runs.
const EVERY: u32 = 10;
/// The highest number of CPUs.
pub const CPUS: usize = 8;

static DAG: StaticDag<NODES, EDGES> = StaticDag::new(edges());
/// The wavefront.
pub static RUN: StaticRun<NODES, { ready_words(NODES) }> = StaticRun::new(DAG.view());
/// What the nodes compute.
static VALUES: [AtomicU32; NODES] = [const { AtomicU32::new(0) }; NODES];
/// What they compute in the serial run; not on the stack, whose use is measured.
static EXPECTED: [AtomicU32; NODES] = [const { AtomicU32::new(0) }; NODES];
/// The run that goes on. The one that starts it sets this before.
pub static ROUND: AtomicU32 = AtomicU32::new(0);
/// The last one that was checked.
static CHECKED: AtomicU32 = AtomicU32::new(0);
/// How many CPUs have come to a rendezvous.
static ARRIVED: AtomicU32 = AtomicU32::new(0);
/// Of each CPU: nodes, and runs in which it had any.
static TALLY: [[AtomicU32; 2]; CPUS] = [const { [const { AtomicU32::new(0) }; 2] }; CPUS];
/// CPUs that have seen the end of the last run.
static DONE: AtomicU32 = AtomicU32::new(0);

/// Each node feeds the one to the right and the one below.
const fn edges() -> [(u32, u32); EDGES] {
    let (mut edges, mut at, mut node) = ([(0, 0); EDGES], 0, 0);
    while node < NODES {
        if node % SIDE + 1 < SIDE {
            edges[at] = (node as u32, node as u32 + 1);
            at += 1;
        }
        if node + SIDE < NODES {
            edges[at] = (node as u32, (node + SIDE) as u32);
            at += 1;
        }
        node += 1;
    }
    edges
}

/// What a node makes of the run's number and of what its predecessors have made.
fn value(round: u32, node: usize, of: impl Fn(usize) -> u32) -> u32 {
    let left = if node % SIDE > 0 { of(node - 1) } else { round };
    let above = if node >= SIDE { of(node - SIDE) } else { round };
    left.wrapping_mul(31) ^ above.wrapping_mul(17).wrapping_add(node as u32)
}

/// Computes what the node has to, and returns the number of the run.
pub fn execute(node: NodeId) -> u32 {
    // Relaxed: the graph orders these. A run doesn't end while somebody has one of its nodes, so the number
    // is exact.
    let round = ROUND.load(Ordering::Relaxed);
    let of = |node: usize| VALUES[node].load(Ordering::Relaxed);
    VALUES[node.index()].store(value(round, node.index(), of), Ordering::Relaxed);
    round
}

/// Works as this one of so many CPUs; all of them must call this. The first also starts and checks the runs.
///
/// # Errors
///
/// What went wrong, to the first one.
pub fn work(cpu: usize, cpus: usize, out: &mut impl Write) -> Result<(), Wrong> {
    assert!(cpu < cpus && cpus <= CPUS);
    let (mut nodes, mut runs, mut last) = (0, 0, 0);
    let mut body = |node: NodeId| {
        let round = execute(node);
        let node = node.index();
        nodes += 1;
        runs += u32::from(last < 2 * round);
        last = last.max(2 * round);
        // Behind its first node there.
        if round % EVERY == 0 && node / SIDE + node % SIDE == RENDEZVOUS && last == 2 * round {
            last += 1;
            ARRIVED.fetch_add(1, Ordering::Relaxed);
            while ARRIVED.load(Ordering::Relaxed) < round / EVERY * cpus as u32 {
                spin_loop();
            }
        }
    };
    for round in 1..=RUNS {
        if cpu == 0 {
            ROUND.store(round, Ordering::Relaxed);
            RUN.start().map_err(|_| Wrong::NotAtRest(round))?;
        }
        // Until it was checked: the run may not have begun yet when this one comes.
        while CHECKED.load(Ordering::Acquire) < round {
            RUN.work_until_over(&mut body, spin_loop);
            if cpu == 0 {
                check(round)?;
                CHECKED.store(round, Ordering::Release);
            }
            spin_loop();
        }
    }
    TALLY[cpu][0].store(nodes, Ordering::Relaxed);
    TALLY[cpu][1].store(runs, Ordering::Relaxed);
    DONE.fetch_add(1, Ordering::Release);
    if cpu == 0 {
        while DONE.load(Ordering::Acquire) < cpus as u32 {
            spin_loop();
        }
        report(cpus, out)?;
    }
    Ok(())
}

/// Whether the values are those of the serial run, and all memory is at rest.
///
/// # Errors
///
/// What isn't.
pub fn check(round: u32) -> Result<(), Wrong> {
    if RUN.work(|_| ()) != WorkEnd::Over || !RUN.is_at_rest() || RUN.completed() != NODES {
        return Err(Wrong::NotAtRest(round));
    }
    let expected = |node: usize| EXPECTED[node].load(Ordering::Relaxed);
    DAG.run(|node| {
        EXPECTED[node.index()].store(value(round, node.index(), expected), Ordering::Relaxed);
    });
    match (0..NODES).find(|&node| VALUES[node].load(Ordering::Relaxed) != expected(node)) {
        Some(node) => Err(Wrong::Value { round, node }),
        None => Ok(()),
    }
}

fn report(cpus: usize, out: &mut impl Write) -> Result<(), Wrong> {
    let mut sum = 0;
    for (cpu, tally) in TALLY[..cpus].iter().enumerate() {
        let [nodes, runs] = tally.each_ref().map(|count| count.load(Ordering::Relaxed));
        let _ = writeln!(out, "cpu {cpu}: {nodes} nodes in {runs} of {RUNS} runs");
        if runs < RUNS / EVERY {
            return Err(Wrong::Absent(cpu));
        }
        sum += nodes;
    }
    if sum == RUNS * NODES as u32 { Ok(()) } else { Err(Wrong::Sum(sum)) }
}

/// What went wrong.
#[derive(Debug)]
pub enum Wrong {
    /// Before or after this run.
    NotAtRest(u32),
    /// A node computed something else than in the serial run.
    Value {
        /// In this run.
        round: u32,
        /// This one.
        node: usize,
    },
    /// This CPU had no node in some run in which all were to meet.
    Absent(usize),
    /// So many nodes ran.
    Sum(u32),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAtRest(round) => write!(f, "run {round}: the graph is not at rest"),
            Self::Value { round, node } => write!(f, "run {round}: node {node} computed something else"),
            Self::Absent(cpu) => write!(f, "cpu {cpu} was not in all runs that it had to be in"),
            Self::Sum(nodes) => write!(f, "{nodes} nodes ran"),
        }
    }
}
