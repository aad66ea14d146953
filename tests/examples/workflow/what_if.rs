//! What the workflow would take with other numbers of threads, and with a faster node: predicted.

use dgraph_exec::{SchedulingPolicy, WhatIf};
use dgraph_tests::input::Input;
use std::fmt;
use std::time::Duration;

/// Predictions for 1 to 1,024 threads.
#[derive(Debug)]
pub(crate) struct Predictions {
    /// Threads; the makespan by work stealing, and with the critical path first.
    makespans: Vec<(usize, [Duration; 2])>,
    serial: Duration,
    parallelism: f64,
    /// The node that shortens the makespan on so many threads most, if it is twice as fast.
    faster: Option<(String, Duration)>,
    threads: usize,
}

impl Predictions {
    /// Of a workflow whose serial execution takes so long: each node its share of that.
    pub(crate) fn new(input: &Input, serial: Duration, threads: usize) -> Self {
        let total = u128::from(input.workflow.total_work().max(1));
        let what_if = WhatIf::new(&input.dag, |node| {
            let nanos = serial.as_nanos() * u128::from(input.workflow.duration(node)) / total;
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        });
        let policies = [SchedulingPolicy::WorkStealing, SchedulingPolicy::LongestPathFirst];
        let counts = (0..=10).map(|power| 1 << power);
        let makespans = counts
            .map(|threads| (threads, policies.map(|policy| what_if.makespan(threads, policy))))
            .collect();
        let faster = what_if.most_effective(2.0, threads, policies[1]);
        Self {
            makespans,
            serial: what_if.work(),
            parallelism: what_if.parallelism(),
            faster: faster.map(|(node, makespan)| (input.workflow.names[node.index()].clone(), makespan)),
            threads,
        }
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speedup = |makespan: Duration| self.serial.as_secs_f64() / makespan.as_secs_f64().max(1e-9);
        writeln!(f, "\npredicted, from the serial time alone (parallelism {:.2})", self.parallelism)?;
        writeln!(
            f,
            "{:>10}{:>18}{:>24}{:>10}",
            "threads", "work stealing", "critical path first", "speedup"
        )?;
        for &(threads, [stealing, ordered]) in &self.makespans {
            let [stolen, first] = [stealing, ordered].map(|time| time.as_secs_f64());
            writeln!(f, "{threads:>10}{stolen:>16.6} s{first:>22.6} s{:>10.2}", speedup(ordered))?;
        }
        let threads = self.threads;
        match &self.faster {
            Some((node, makespan)) => {
                let seconds = makespan.as_secs_f64();
                writeln!(f, "twice as fast, {node} shortens it most on {threads} threads: to {seconds:.6} s")
            }
            None => writeln!(f, "no node that is twice as fast shortens it on {threads} threads"),
        }
    }
}
