//! What goes wrong on one rank, all ranks get to know.

use crate::{simulate, threads};
use dgraph_mpi::{
    CancelToken, DistributedBuilder, DistributedRunError, Executor, FailurePolicy, FaultKind, Link,
    LinkError, Network, Owners, RankOptions,
};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::{Duration, Instant};

/// A graph of four ranks in which rank 3 fails while the others wait for it and go on.
fn failing_on_rank_3(graph: &mut DistributedBuilder<'_>) {
    let start = graph.node("start", (), || 5_u32);
    let bad = graph.try_node("bad", (start,), |_: &u32| "x".parse::<u32>());
    graph.place(bad, 3);
    let mut after = bad;
    for step in 0..6 {
        after = graph.node(format!("after {step}"), (after,), |value: &u32| *value);
        graph.place(after, step % 4);
    }
    let mut other = start;
    for step in 0..12 {
        other = graph.node(format!("other {step}"), (other,), |value: &u32| value + 1);
        graph.place(other, step % 4);
    }
    graph.node("both", (after, other), |a: &u32, b: &u32| a + b);
}

#[test]
fn a_failure_is_named_on_all_ranks() {
    for (seed, policy) in (0..40).zip([FailurePolicy::FailFast, FailurePolicy::KeepGoing].into_iter().cycle())
    {
        let outcomes = simulate(Network::new(4).delays(seed, 20), seed, async |mut link| {
            let mut graph = DistributedBuilder::new();
            failing_on_rank_3(&mut graph);
            let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
            let options = RankOptions::new().policy(policy);
            let mut told = Vec::new();
            for _ in 0..2 {
                let error = graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err();
                let DistributedRunError::Faults(faults) = &error else { panic!("{error:?}") };
                let [fault] = faults.first() else { panic!("{faults:?}") };
                assert_eq!((fault.kind(), fault.rank(), fault.name()), (FaultKind::Failed, 3, Some("bad")));
                let own = fault.source().is_some_and(|error| error.is::<std::num::ParseIntError>());
                assert_eq!(own, link.rank() == 3);
                told.push(error.to_string());
            }
            let last = graph.named::<u32>("other 11")[0];
            let last = graph.results().get(last).copied();
            (told, last)
        });
        for (rank, (told, last)) in outcomes.into_iter().enumerate() {
            assert_eq!(told, ["node bad failed on rank 3 (invalid digit found in string)"; 2]);
            if policy == FailurePolicy::KeepGoing && rank == 3 {
                assert_eq!(last, Ok(17), "what doesn't depend on it has run");
            }
        }
    }
}

#[test]
fn keeping_going_skips_what_depends_on_it_and_nothing_else() {
    let outcomes = threads(4, |mut link| {
        let mut graph = DistributedBuilder::new();
        failing_on_rank_3(&mut graph);
        let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
        graph
            .with(&RankOptions::new().policy(FailurePolicy::KeepGoing))
            .run(&mut link)
            .map(drop)
            .unwrap_err();
        // All but bad, the six after it, and both.
        graph.statistics().nodes
    });
    // `bad` and the receiving nodes aside: start and the twelve others.
    assert_eq!(outcomes.iter().sum::<u64>(), 1 + 1 + 12);
}

#[test]
fn after_a_failure_the_graph_runs_again() {
    let sums = simulate(Network::new(3).delays(3, 40), 7, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let text = graph.input::<String>("text");
        let number = graph.try_node("number", (text.node(),), |text: &String| text.parse::<u32>());
        let double = graph.node("double", (number,), |number: &u32| number * 2);
        graph.place(text.node(), 1);
        graph.place(double, 2);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let mut seen = Vec::new();
        for round in 0..20 {
            graph.set(text, if round % 3 == 1 { "x".into() } else { round.to_string() });
            match graph.run_async(&mut link).await {
                Ok(results) => seen.push(results.get(double).copied().ok()),
                Err(error) => {
                    assert_eq!(
                        error.to_string(),
                        "node number failed on rank 0 (invalid digit found in string)"
                    );
                    seen.push(Some(999));
                }
            }
        }
        seen
    });
    for (rank, seen) in sums.iter().enumerate() {
        for (round, seen) in (0..).zip(seen) {
            let wanted = if round % 3 == 1 { Some(999) } else { (rank == 2).then_some(round * 2) };
            assert_eq!(*seen, wanted, "rank {rank}, round {round}");
        }
    }
}

#[test]
fn a_panic_is_an_error_on_all_ranks() {
    for on_executor in [false, true] {
        let told = threads(3, |mut link| {
            let executor = Executor::builder().threads(2).build().unwrap();
            let mut graph = DistributedBuilder::new();
            let bad = graph.node("bad", (), || -> u8 { panic!("{} is too many", 7) });
            let next = graph.node("next", (bad,), |value: &u8| *value);
            graph.place(next, 1);
            let last = graph.node("last", (next,), |value: &u8| *value);
            graph.place(last, 2);
            let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
            let options = RankOptions::new().policy(FailurePolicy::KeepGoing);
            let outcome = if on_executor {
                graph.with(&options).run_parallel(&mut link, &executor)
            } else {
                graph.with(&options).run(&mut link)
            };
            outcome.map(drop).unwrap_err().to_string()
        });
        assert_eq!(told, ["node bad panicked on rank 0 (7 is too many)"; 3]);
    }
}

#[test]
fn failures_of_several_ranks_are_all_told() {
    let errors = simulate(Network::new(4), 2, async |mut link| {
        let mut graph = DistributedBuilder::new();
        for node in 0..40 {
            let node = graph.try_node(format!("bad {node}"), (), || "x".parse::<u32>());
            graph.place(node, node.index() % 4);
        }
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let options = RankOptions::new().policy(FailurePolicy::KeepGoing);
        match graph.with(&options).run_async(&mut link).await {
            Err(DistributedRunError::Faults(faults)) => (faults.count(), faults.to_string()),
            other => panic!("{other:?}"),
        }
    });
    for (count, told) in errors {
        assert_eq!(count, 40);
        assert!(told.starts_with("node bad 0 failed on rank 0"), "{told}");
        assert!(told.ends_with("; and 37 more") && told.len() < 250, "{told}");
    }
}

/// A value that panics when it is written, or read.
#[derive(Clone, Debug)]
struct Panicking {
    on_the_way_out: bool,
}

impl Serialize for Panicking {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.on_the_way_out, "on the way out");
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Panicking {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("on the way in")
    }
}

#[test]
fn a_value_that_panics_on_its_way() {
    for (on_the_way_out, on_executor) in [(true, false), (false, false), (true, true), (false, true)] {
        let told = threads(3, |mut link| {
            let executor = Executor::builder().threads(2).build().unwrap();
            let mut graph = DistributedBuilder::new();
            let bad = graph.node("bad", (), move || Panicking { on_the_way_out });
            let next = graph.node("next", (bad,), |_: &Panicking| 1_u8);
            graph.place(next, 1);
            let last = graph.node("last", (next,), |value: &u8| *value);
            graph.place(last, 2);
            let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
            let options = RankOptions::new();
            let outcome = if on_executor {
                graph.with(&options).run_parallel(&mut link, &executor)
            } else {
                graph.with(&options).run(&mut link)
            };
            outcome.map(drop).unwrap_err().to_string()
        });
        let wanted = if on_the_way_out {
            "node bad panicked on rank 0 (on the way out)"
        } else {
            "node bad could not be read by rank 1 (on the way in)"
        };
        assert_eq!(told, [wanted; 3]);
    }
}

/// A value that serde can write, and then can't read any more; or can't even write.
#[derive(Clone, Debug)]
struct Broken {
    on_the_way_out: bool,
}

impl Serialize for Broken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.on_the_way_out { Err(serde::ser::Error::custom("no")) } else { serializer.serialize_u8(1) }
    }
}

impl<'de> Deserialize<'de> for Broken {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self { on_the_way_out: false })
    }
}

#[test]
fn a_value_that_cannot_travel_is_a_fault() {
    for on_the_way_out in [true, false] {
        for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
            let told = simulate(Network::new(3), 4, async move |mut link| {
                let mut graph = DistributedBuilder::new();
                let bad = graph.node("bad", (), move || Broken { on_the_way_out });
                let next = graph.node("next", (bad,), |_: &Broken| 1_u8);
                graph.place(next, 1);
                let last = graph.node("last", (next,), |value: &u8| *value);
                graph.place(last, 2);
                let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
                let options = RankOptions::new().policy(policy);
                graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err().to_string()
            });
            let start = if on_the_way_out {
                "node bad could not be sent by rank 0"
            } else {
                "node bad could not be read by rank 1"
            };
            assert!(told.iter().all(|told| told.starts_with(start) && *told == told[..]), "{told:?}");
            assert!(told.iter().all(|other| *other == told[0]), "{told:?}");
        }
    }
}

#[test]
fn an_input_that_is_not_set() {
    let told = simulate(Network::new(2), 4, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let size = graph.input::<u32>("size");
        let double = graph.node("double", (size.node(),), |size: &u32| size * 2);
        graph.place(double, 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let error = graph.run_async(&mut link).await.map(drop).unwrap_err();
        graph.set(size, 4);
        graph.run_async(&mut link).await.unwrap();
        error.to_string()
    });
    assert_eq!(told, ["rank 0 could not run (inputs not set: size)"; 2]);
}

#[test]
fn a_cancel_on_one_rank_reaches_all() {
    for canceller in 0..4 {
        let told = simulate(Network::new(4).delays(1, 10), canceller as u64, async |mut link| {
            let token = CancelToken::new();
            let (stop, rank) = (token.clone(), link.rank());
            let mut graph = DistributedBuilder::new();
            let mut last = graph.node("", (), || 0_u32);
            for step in 0..100_usize {
                let (stop, canceller) = (stop.clone(), canceller);
                last = graph.node("", (last,), move |before: &u32| {
                    if step / 4 == 5 && step % 4 == canceller {
                        stop.cancel();
                    }
                    before + 1
                });
                graph.place(last, step % 4);
            }
            let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
            let options = RankOptions::new().cancel_token(&token);
            let error = graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err();
            let nodes = graph.statistics().nodes;
            assert!(nodes <= 8, "rank {rank} went on: {nodes}");
            // The token stays cancelled, but the graph can be used.
            graph.run_async(&mut link).await.unwrap();
            assert!(rank != canceller || token.is_cancelled());
            error.to_string()
        });
        assert_eq!(told, vec![format!("cancelled by rank {canceller}"); 4]);
    }
}

/// Polls `run`, and cancels `token` before poll number `at` of it.
async fn cancelled_at<R>(run: impl Future<Output = R>, token: &CancelToken, at: u32) -> R {
    let (mut run, mut polls) = (std::pin::pin!(run), 0);
    std::future::poll_fn(|context| {
        if polls == at {
            token.cancel();
        }
        polls += 1;
        run.as_mut().poll(context)
    })
    .await
}

#[test]
fn a_cancel_at_each_moment_ends_all_ranks_alike() {
    for canceller in 0..3 {
        let (mut cancelled, mut through) = (0, 0);
        for at in 0..120 {
            let seed = u64::from(at);
            let outcomes = simulate(Network::new(3).delays(seed, 6), seed, async |mut link| {
                let mut graph = DistributedBuilder::new();
                let mut row: Vec<_> = (0..3).map(|rank| graph.node("", (), move || rank)).collect();
                for step in 1..8 {
                    let near = |rank: usize| (row[rank], row[(rank + step) % 3]);
                    row = (0..3).map(|rank| graph.node("", near(rank), |a: &u32, b: &u32| a + b)).collect();
                }
                // Long after the others have done their part.
                let mut long = graph.node("long", (), || 0_u32);
                for _ in 0..30 {
                    long = graph.async_node("long", (long,), async |before: &u32| {
                        crate::asynchronous::polls(1).await;
                        before + 1
                    });
                    graph.place(long, 1);
                }
                let mut graph = graph.build_async(&mut link, &Owners::by(|node| node % 3)).await.unwrap();
                let token = CancelToken::new();
                let options = RankOptions::new().cancel_token(&token);
                let at = if link.rank() == canceller { at } else { u32::MAX };
                let run = cancelled_at(graph.with(&options).run_async(&mut link), &token, at);
                let outcome = run.await.map(drop).map_err(|error| error.to_string());
                let is_whole = row.iter().chain([&long]).all(|&node| {
                    !matches!(graph.results().get(node), Err(dgraph_mpi::Unavailable::NoResult(_)))
                });
                graph.run_async(&mut link).await.unwrap();
                (outcome, is_whole)
            });
            match &outcomes[0].0 {
                Ok(()) => through += 1,
                Err(error) => {
                    assert_eq!(*error, format!("cancelled by rank {canceller}"));
                    cancelled += 1;
                }
            }
            for (rank, (outcome, is_whole)) in outcomes.iter().enumerate() {
                assert_eq!(*outcome, outcomes[0].0, "rank {rank}, {canceller} cancels at {at}");
                assert!(
                    outcome.is_err() || *is_whole,
                    "rank {rank}, {canceller} cancels at {at}: not all has run"
                );
            }
        }
        assert!(cancelled > 20 && through > 5, "{canceller}: {cancelled} cancelled, {through} went through");
    }
}

#[test]
fn nothing_starts_after_a_cancel_on_the_same_rank() {
    let told = simulate(Network::new(1), 0, async |mut link| {
        let token = CancelToken::new();
        let stop = token.clone();
        let mut graph = DistributedBuilder::new();
        graph.node("stop", (), move || stop.cancel());
        for _ in 0..50 {
            graph.node("never", (), || -> () { unreachable!("it was cancelled") });
        }
        let mut graph = graph.build_async(&mut link, &Owners::Blocks).await.unwrap();
        let options = RankOptions::new().cancel_token(&token);
        graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err().to_string()
    });
    assert_eq!(told, ["cancelled by rank 0"]);
}

#[test]
fn a_deadline_of_one_rank_ends_all() {
    let told = simulate(Network::new(3), 0, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let a = graph.node("a", (), || 1);
        graph.place(a, 1);
        graph.node("b", (a,), |a: &i32| *a);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let deadline =
            if link.rank() == 1 { Instant::now() } else { Instant::now() + Duration::from_secs(3600) };
        let options = RankOptions::new().deadline(deadline);
        graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err().to_string()
    });
    assert_eq!(told, ["the deadline of rank 1 has passed"; 3]);
}

#[test]
fn what_is_missing_is_told_when_it_is_gathered() {
    let told = simulate(Network::new(3), 0, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let good = graph.node("good", (), || 1_u32);
        let bad = graph.try_node("bad", (), || "x".parse::<u32>());
        graph.place(bad, 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let options = RankOptions::new().policy(FailurePolicy::KeepGoing);
        graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err();
        let error = graph.gather_async(&mut link, 2, &[good, bad]).await.unwrap_err().to_string();
        assert_eq!(
            graph.gather_async(&mut link, 2, &[good]).await.unwrap(),
            (link.rank() == 2).then(|| vec![1])
        );
        error
    });
    assert_eq!(told, ["node bad has no value on rank 1 (failed)"; 3]);
}

#[test]
fn a_run_that_is_dropped_ends_on_all_ranks() {
    let told = simulate(Network::new(3), 1, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let a = graph.node("a", (), || 1);
        let b = graph.node("b", (a,), |a: &i32| *a);
        graph.place(b, 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        if link.rank() == 0 {
            let options = RankOptions::new();
            let mut run = Box::pin(graph.with(&options).run_async(&mut link));
            std::future::poll_fn(|context| {
                assert!(run.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            drop(run);
        }
        let error = graph.run_async(&mut link).await.map(drop).unwrap_err();
        let source = error.source().expect("why").to_string();
        (source, error.source().and_then(Error::source).map(ToString::to_string))
    });
    let (told, sources): (Vec<_>, Vec<_>) = told.into_iter().unzip();
    assert_eq!(told[1..], ["rank 0 has given up: rank 0 was called off"; 2]);
    assert_eq!(told[0], "an earlier operation of the ranks has failed");
    assert_eq!(sources, [Some("rank 0 was called off".into()), None, None]);
}

#[test]
fn a_rank_that_leaves_is_missed() {
    let build = |link: &mut Link| {
        let mut graph = DistributedBuilder::new();
        graph.node("a", (), || 1);
        graph.build(link, &Owners::Blocks).unwrap()
    };
    for leaver in 0..3 {
        let told = threads(3, |mut link| {
            let mut graph = build(&mut link);
            graph.run(&mut link).unwrap();
            if link.rank() == leaver {
                return None;
            }
            Some(graph.run(&mut link).map(drop).unwrap_err())
        });
        for error in told.into_iter().flatten() {
            let DistributedRunError::Link(error) = error else { panic!("{error:?}") };
            let left = LinkError::Left { rank: leaver };
            let heard = format!("given up: rank {leaver} has left");
            assert!(error == left || error.to_string().ends_with(&heard), "{error}");
        }
    }
}
