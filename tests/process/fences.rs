//! The system call `membarrier`, which makes fences free: allowed, forbidden before the first executor,
//! forbidden later.

use crate::linux::{self, End};
use dgraph_exec::{Dag, Executor, ExecutorError};
use dgraph_tests::body::busy;
use std::sync::Barrier;

/// Runs in which somebody has to break in on the caller, whose first node waits for another one: then the
/// fences of the two sides matter, and the system call is made.
fn broken_into(executor: &Executor) -> usize {
    assert!(executor.threads() > 1, "nobody to break in");
    let dag = Dag::from_edges(executor.threads(), &[]).expect("a valid graph");
    for _ in 0..100 {
        let all = Barrier::new(executor.threads());
        executor.run(&dag, |_| _ = all.wait());
    }
    100
}

/// Runs that are broken into, on a new executor, since one where that has happened has learnt not to go alone
/// through this graph; and runs of which some are shared, some not.
fn runs_of_all_kinds(membarrier: bool) -> usize {
    let runs = broken_into(&build(membarrier).expect("as before"));
    let executor = build(membarrier).expect("as before");
    let dag = Dag::from_edges(64, &[]).expect("a valid graph");
    for round in 0..100 {
        executor.run(&dag, |_| {
            _ = busy(1, 100 * (round % 7));
        });
    }
    runs + 100
}

fn forbid() {
    linux::forbid(libc::SYS_membarrier, libc::EPERM);
}

fn build(membarrier: bool) -> Result<Executor, ExecutorError> {
    Executor::builder().threads(3).membarrier(membarrier).build()
}

/// Forbidden before the first executor: done without, whatever is said.
pub(crate) fn forbidden_before() -> String {
    forbid();
    let runs =
        broken_into(&build(true).expect("no demands")) + broken_into(&build(false).expect("it isn't used"));
    format!("{runs} runs")
}

/// Forbidden when executors rely on it: the process aborts, and says why.
pub(crate) fn forbidden_later() -> String {
    let (ended, said) = linux::in_a_child_that_says(|| {
        let executor = build(true).expect("no demands");
        broken_into(&executor);
        forbid();
        // It has learnt not to go alone through this graph; a new one hasn't, nor does it know another graph.
        for _ in 0..1_000 {
            broken_into(&build(true).expect("no demands"));
            let executor = build(true).expect("no demands");
            for round in 0..100 {
                executor.run(&Dag::from_edges(64, &[]).expect("a valid graph"), |_| {
                    _ = busy(1, 100 * (round % 7));
                });
            }
        }
    });
    assert_eq!(ended, End::Killed(libc::SIGABRT));
    assert!(said.contains("dgraph: membarrier(2) was forbidden"), "{said}");
    assert!(said.contains("ExecutorBuilder::membarrier"), "what to do about it: {said}");
    said.lines().find(|line| line.contains("dgraph:")).unwrap_or_default().to_owned()
}

/// Forbidden later, but the first executor does without: so do all others, the global one too.
pub(crate) fn done_without() -> String {
    let first = build(false).expect("the first one");
    let mut runs = broken_into(&first);
    forbid();
    runs += broken_into(&first);
    drop(first);
    for _ in 0..20 {
        runs += runs_of_all_kinds(true) + runs_of_all_kinds(false);
    }
    if Executor::global().threads() > 1 {
        runs += broken_into(Executor::global());
    }
    format!("{runs} runs")
}

/// To do without it when others rely on it is refused, also when those are gone; and they go on.
pub(crate) fn too_late() -> String {
    let first = build(true).expect("no demands");
    let error = build(false).expect_err("it is used");
    assert_eq!(error, ExecutorError::MembarrierInUse);
    let runs = broken_into(&first);
    drop(first);
    assert_eq!(build(false).err(), Some(ExecutorError::MembarrierInUse));
    format!("{runs} runs; {error}")
}
