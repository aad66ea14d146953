//! What the program prints.

use dgraph_exec::Executor;
use dgraph_tests::input::Input;
use dgraph_tests::schedule;
use std::fmt;
use std::time::Duration;

/// The figures of a workflow and of its two executions.
///
/// The lower bound is in the time of the serial execution, which is what the bodies really took: its critical
/// path is the same share of that as the critical path is of the work, in the workflow's own unit. On a busy
/// machine the serial execution may have been the one that others slowed down, and the makespan then seems to
/// beat the bound: the report says so.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    nodes: usize,
    edges: usize,
    levels: usize,
    work: u64,
    critical_path: u64,
    workers: usize,
    priorities: bool,
    repeats: usize,
    serial: Duration,
    makespan: Duration,
}

impl Report {
    /// The figures of an input, with the times of its serial and of its parallel executions: the fastest
    /// count.
    pub(crate) fn new(
        input: &Input,
        executor: &Executor,
        priorities: bool,
        serial: &[Duration],
        parallel: &[Duration],
    ) -> Self {
        let fastest = |times: &[Duration]| times.iter().min().copied().unwrap_or_default();
        let dag = input.dag.view();
        Self {
            file: input.file.clone(),
            nodes: dag.node_count(),
            edges: dag.edge_count(),
            levels: dag.levels().len(),
            work: input.workflow.total_work(),
            critical_path: dag.critical_path(|node| input.workflow.duration(node)).length,
            workers: executor.threads(),
            priorities,
            repeats: serial.len(),
            serial: fastest(serial),
            makespan: fastest(parallel),
        }
    }

    /// The critical path in the time of the serial execution.
    fn critical_time(&self) -> Duration {
        let nanos = self.serial.as_nanos() * u128::from(self.critical_path) / u128::from(self.work.max(1));
        nanoseconds(nanos)
    }

    fn lower_bound(&self) -> Duration {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bound = schedule::lower_bound(nanos(self.critical_time()), nanos(self.serial), self.workers);
        Duration::from_nanos(bound)
    }

    /// `time` as a multiple of `unit`, where there is work to compare by.
    fn ratio(&self, time: Duration, unit: Duration) -> String {
        if self.work == 0 || unit.is_zero() {
            return "- (no work)".to_owned();
        }
        format!("{:.3}", time.as_secs_f64() / unit.as_secs_f64())
    }
}

fn nanoseconds(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = self.lower_bound();
        let rows = [
            ("workflow", self.file.clone()),
            ("nodes", grouped(self.nodes as u64)),
            ("edges", grouped(self.edges as u64)),
            ("levels", grouped(self.levels as u64)),
            ("total work", format!("{} units", grouped(self.work))),
            (
                "critical path",
                format!("{} units = {}", grouped(self.critical_path), seconds(self.critical_time())),
            ),
            ("workers", grouped(self.workers as u64)),
            ("order", if self.priorities { "critical path first" } else { "newest first" }.to_owned()),
            ("serial time", format!("{}, the fastest of {}", seconds(self.serial), self.repeats)),
            ("makespan", format!("{}, the fastest of {}", seconds(self.makespan), self.repeats)),
            ("lower bound", format!("{} = max(critical path, serial time / workers)", seconds(bound))),
            (
                "makespan / lower bound",
                self.ratio(self.makespan, bound) + schedule::remark(self.makespan, bound),
            ),
            ("serial time / makespan", self.ratio(self.serial, self.makespan)),
            ("checked", "same values serially and in parallel, every edge respected".to_owned()),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<24}{value}"))
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.6} s", time.as_secs_f64())
}

/// The number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    std::iter::once(head.to_owned()).chain(groups).collect::<Vec<_>>().join(",")
}
