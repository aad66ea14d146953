//! Nodes that are futures, at their owner.

use crate::{simulate, threads};
use dgraph_mpi::{
    CancelToken, DistributedBuilder, DistributedNode, DistributedRunError, Executor, FailurePolicy, Network,
    Owners, RankOptions, Values,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Waits for so many polls.
pub(crate) async fn polls(mut left: u32) {
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits until a thread of its own has woken it.
async fn another_thread() {
    let done = Arc::new(AtomicUsize::new(0));
    let mut begun = false;
    std::future::poll_fn(|context| {
        if done.load(SeqCst) > 0 {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut begun, true) {
            let (done, waker): (_, Waker) = (Arc::clone(&done), context.waker().clone());
            std::thread::spawn(move || {
                done.store(1, SeqCst);
                waker.wake();
            });
        }
        Poll::Pending
    })
    .await;
}

/// Sums of a row of async nodes, with all forms of dependencies.
fn describe(graph: &mut DistributedBuilder<'_>) -> DistributedNode<u64> {
    let one = graph.async_node("one", (), async || {
        polls(3).await;
        1_u64
    });
    let two = graph.async_node("two", one, async |one: &u64| {
        polls(1).await;
        one + 1
    });
    let three = graph.try_async_node("three", (one, two), async |one: &u64, two: &u64| {
        polls(2).await;
        u64::try_from(i64::try_from(one + two)?)
    });
    let list = graph.async_node("list", vec![one, two, three], async |list: Values<'_, u64>| {
        polls(1).await;
        list.iter().sum::<u64>()
    });
    let later = graph.declare::<u64>("later");
    let last = graph.node("last", [later.node(), list], |list: Values<'_, u64>| list.iter().sum::<u64>());
    let factor = 10;
    graph.async_node(later, (three,), move |three: &u64| {
        let three = *three;
        async move { three * factor }
    });
    last
}

#[test]
fn futures_run_at_their_owner_and_their_values_travel() {
    for seed in 0..20 {
        let sums = simulate(Network::new(3).delays(seed, 12), seed, async |mut link| {
            let mut graph = DistributedBuilder::new();
            let last = describe(&mut graph);
            let mut graph = graph.build_async(&mut link, &Owners::by(|node| node % 3)).await.unwrap();
            let mut sums = Vec::new();
            for _ in 0..3 {
                sums.extend(graph.run_async(&mut link).await.unwrap().get(last).copied());
            }
            sums
        });
        assert_eq!(sums.concat(), [36; 3]);
    }
}

#[test]
fn futures_that_other_threads_wake() {
    for on_executor in [false, true] {
        let sums = threads(2, |mut link| {
            let executor = Executor::builder().threads(2).build().unwrap();
            let mut graph = DistributedBuilder::new();
            let parts: Vec<_> = (0..8_u64)
                .map(|part| {
                    graph.async_node("part", (), move || async move {
                        another_thread().await;
                        part
                    })
                })
                .collect();
            let sum = graph.node("sum", parts, |parts: Values<'_, u64>| parts.iter().sum::<u64>());
            let mut graph = graph.build(&mut link, &Owners::by(|node| node % 2)).unwrap();
            let results = match on_executor {
                true => graph.run_parallel(&mut link, &executor),
                false => graph.run(&mut link),
            };
            results.unwrap().get(sum).copied().ok()
        });
        assert_eq!(sums, [Some(28), None]);
    }
}

#[test]
fn a_future_that_fails_or_panics_is_told_to_all_ranks() {
    let cases = [
        "node bad failed on rank 1 (no)",
        "node bad panicked on rank 1 (in the call)",
        "node bad panicked on rank 1 (in a poll)",
        "node bad panicked on rank 1 (at once)",
    ];
    for (case, wanted) in cases.into_iter().enumerate() {
        for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
            let told = simulate(Network::new(3).delays(1, 8), 3, async |mut link| {
                let mut graph = DistributedBuilder::new();
                let first = graph.node("first", (), || 1_u8);
                let bad = graph.try_async_node("bad", (first,), move |_: &u8| {
                    assert!(case != 1, "in the call");
                    async move {
                        assert!(case != 3, "at once");
                        polls(3).await;
                        assert!(case != 2, "in a poll");
                        Err::<u8, _>("no")
                    }
                });
                graph.place(bad, 1);
                let last = graph.node("last", (bad,), |bad: &u8| *bad);
                graph.place(last, 2);
                let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
                let options = RankOptions::new().policy(policy);
                let mut told = Vec::new();
                for _ in 0..2 {
                    let error = graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err();
                    told.push(error.to_string());
                }
                told
            });
            assert_eq!(told.concat(), [wanted; 6]);
        }
    }
}

/// Counts what was dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_cancel_drops_futures_that_wait() {
    for on_executor in [false, true] {
        let dropped = threads(2, |mut link| {
            let executor = Executor::builder().threads(1).build().unwrap();
            let (token, dropped) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
            let (stop, counter) = (token.clone(), Arc::clone(&dropped));
            let mut graph = DistributedBuilder::new();
            let wait = graph.async_node("wait", (), move || {
                let counted = Counted(Arc::clone(&counter));
                async move {
                    std::future::pending::<()>().await;
                    drop(counted);
                }
            });
            let stop = graph.node("stop", (), move || stop.cancel());
            graph.place(stop, 1);
            let never = graph.node("never", (wait,), |(): &()| -> () { unreachable!() });
            graph.place(never, 1);
            let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
            let options = RankOptions::new().cancel_token(&token);
            let outcome = match on_executor {
                true => graph.with(&options).run_parallel(&mut link, &executor),
                false => graph.with(&options).run(&mut link),
            };
            assert_eq!(outcome.map(drop).unwrap_err().to_string(), "cancelled by rank 1");
            let before = dropped.load(SeqCst);
            drop(graph);
            assert_eq!(dropped.load(SeqCst), before);
            before
        });
        // Unless the cancel came before it began.
        assert!(dropped[0] <= 1 && dropped[1] == 0, "{dropped:?}");
    }
}

#[test]
fn a_future_that_never_ends_is_named_by_the_watchdog() {
    let told = simulate(Network::new(2).clock_of_looks(), 1, async |mut link| {
        link.set_timeout(Some(Duration::from_millis(5)));
        let mut graph = DistributedBuilder::new();
        let endless = graph.async_node("endless", (), async || std::future::pending::<u8>().await);
        graph.place(endless, 1);
        let after = graph.node("after", (endless,), |value: &u8| *value);
        graph.place(after, 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        match graph.run_async(&mut link).await.map(drop).unwrap_err() {
            DistributedRunError::Link(error) => error.to_string(),
            other => panic!("{other}"),
        }
    });
    assert_eq!(
        told,
        [
            "rank 1 has given up: rank 1 has waited 5ms for values: endless of rank 1",
            "rank 1 has waited 5ms for values: endless of rank 1",
        ]
    );
}
