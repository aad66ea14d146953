//! How fast a schedule can be at best.

use std::time::Duration;

/// The lower bound of the makespan on `workers` equal workers: max(critical path, ⌈work / workers⌉).
///
/// No schedule is shorter, since a path's nodes run one after the other and no worker does more than one
/// thing at once. A greedy one is never longer than critical path + work / workers (Graham, "Bounds on
/// multiprocessing timing anomalies", 1969). All in the same unit of time. No workers count as one.
///
/// ```
/// use dgraph_tests::schedule::lower_bound;
/// assert_eq!(lower_bound(40, 100, 2), 50);
/// assert_eq!(lower_bound(40, 100, 8), 40);
/// assert_eq!(lower_bound(1, 5, 2), 3);
/// ```
#[must_use]
pub fn lower_bound(critical_path: u64, work: u64, workers: usize) -> u64 {
    let workers = u64::try_from(workers).unwrap_or(u64::MAX).max(1);
    critical_path.max(work.div_ceil(workers))
}

/// What a report says about a makespan that is below the bound: no schedule is, but the bound is in the time
/// of an execution that was measured, and another one of the same work may have been faster.
///
/// ```
/// use dgraph_tests::schedule::remark;
/// use std::time::Duration;
/// let [short, long] = [9, 10].map(Duration::from_millis);
/// assert_eq!([remark(long, long), remark(long, short)], ["", ""]);
/// assert!(remark(short, long).contains("the serial execution"));
/// ```
#[must_use]
pub fn remark(makespan: Duration, bound: Duration) -> &'static str {
    if makespan < bound {
        " (below 1: the bound is in the time of the serial execution, in which the same work took longer)"
    } else {
        ""
    }
}
