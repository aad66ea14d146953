//! Messages that are lost, each in turn: a timeout says what is waited for, and nothing hangs.

use crate::{simulate, simulate_links};
use dgraph_mpi::{
    DistributedBuilder, DistributedGraphError, DistributedRunError, FailurePolicy, InProcess, Link,
    LinkError, Loss, Message, Network, Owners, Progress, RankOptions, Transport, TransportError, Waiting,
};
use std::collections::HashSet;
use std::time::Duration;

/// A transport of which one send fails.
struct Failing {
    end: InProcess,
    /// How many sends are left before.
    sends: u64,
}

impl Transport for Failing {
    fn rank(&self) -> usize {
        self.end.rank()
    }

    fn size(&self) -> usize {
        self.end.size()
    }

    fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError> {
        self.sends = self.sends.wrapping_sub(1);
        if self.sends == u64::MAX {
            return Err(TransportError::TooLong { bytes: 7 });
        }
        self.end.send(to, message)
    }

    fn poll(&mut self) -> Result<Option<(usize, Message)>, TransportError> {
        self.end.poll()
    }

    fn elapsed(&self) -> Duration {
        self.end.elapsed()
    }

    fn flush(&mut self) -> Result<(), TransportError> {
        self.end.flush()
    }
}

#[test]
fn each_send_that_fails_in_turn() {
    for failing in 0..3 {
        for sends in 0..40 {
            let ends = Network::new(3).build().into_iter();
            let links = ends.enumerate().map(|(rank, end)| {
                Link::new(Failing { end, sends: if rank == failing { sends } else { u64::MAX } })
            });
            let outcomes = simulate_links(links.collect(), sends, async |mut link| {
                let mut graph = DistributedBuilder::new();
                let mut row: Vec<_> = (0..3).map(|_| graph.node("", (), || 1_u32)).collect();
                for _ in 0..3 {
                    row = (0..3)
                        .map(|rank| {
                            graph.node("", (row[rank], row[(rank + 1) % 3]), |a: &u32, b: &u32| a + b)
                        })
                        .collect();
                }
                let built = graph.build_async(&mut link, &Owners::by(|node| node % 3)).await;
                let mut graph = match built {
                    Ok(graph) => graph,
                    Err(DistributedGraphError::Link(error)) => return Some(error),
                    Err(other) => panic!("{other}"),
                };
                for _ in 0..3 {
                    match graph.run_async(&mut link).await {
                        Ok(_) => {}
                        Err(DistributedRunError::Link(error)) => return Some(error),
                        Err(other) => panic!("{other}"),
                    }
                }
                None
            });
            // Where it has failed says so; the others have heard of it, unless they were at the end.
            if let Some(error) = &outcomes[failing] {
                assert_eq!(*error, LinkError::Transport(TransportError::TooLong { bytes: 7 }));
            }
            let heard =
                |error: &LinkError| matches!(error, LinkError::Aborted { .. } | LinkError::Left { .. });
            let others = outcomes.iter().enumerate().filter(|&(rank, _)| rank != failing);
            assert!(others.flat_map(|(_, outcome)| outcome).all(heard), "{failing}, {sends}: {outcomes:?}");
            if sends < 10 {
                assert!(outcomes.iter().all(Option::is_some), "{failing}, {sends}: {outcomes:?}");
            }
        }
    }
}

const RANKS: usize = 4;
const TIMEOUT: Duration = Duration::from_millis(5); // 5,000 looks

/// What becomes of the link, on each rank, and how many messages it has sent.
fn outcomes(network: Network, fails: bool) -> Vec<(Result<(), LinkError>, u64)> {
    simulate(network.clock_of_looks(), 9, async move |mut link| {
        link.set_timeout(Some(TIMEOUT));
        let mut operations = async || {
            let mut graph = DistributedBuilder::new();
            let mut row: Vec<_> =
                (0..RANKS).map(|rank| graph.node(format!("first {rank}"), (), || 1_u32)).collect();
            for step in 0..2 {
                row = (0..RANKS)
                    .map(|rank| {
                        graph.try_node(
                            format!("step {step} of {rank}"),
                            (row[rank], row[(rank + 1) % RANKS]),
                            move |a: &u32, b: &u32| {
                                if fails && (step, rank) == (0, 2) { Err("no") } else { Ok(a + b) }
                            },
                        )
                    })
                    .collect();
            }
            let mut graph = match graph.build_async(&mut link, &Owners::by(|node| node % RANKS)).await {
                Ok(graph) => graph,
                Err(DistributedGraphError::Link(error)) => return Err(error),
                Err(other) => panic!("{other}"),
            };
            for policy in [FailurePolicy::KeepGoing, FailurePolicy::FailFast] {
                match graph.with(&RankOptions::new().policy(policy)).run_async(&mut link).await {
                    Err(DistributedRunError::Link(error)) => return Err(error),
                    outcome => assert_eq!(outcome.is_err(), fails),
                }
            }
            match graph.gather_async(&mut link, 1, &row[..2]).await {
                Err(DistributedRunError::Link(error)) => Err(error),
                outcome => {
                    assert_eq!(outcome.is_err(), fails);
                    Ok(())
                }
            }
        };
        let outcome = operations().await;
        (outcome, link.traffic().sent)
    })
}

#[test]
fn each_message_lost_in_turn() {
    let mut kinds = HashSet::new();
    for fails in [false, true] {
        let whole = outcomes(Network::new(RANKS), fails);
        assert!(whole.iter().all(|(outcome, _)| outcome.is_ok()), "{whole:?}");
        for (from, &(_, sent)) in whole.iter().enumerate() {
            for to in (0..RANKS).filter(|&to| to != from) {
                // More than there can be: the last ones aren't sent, and nothing is lost.
                for nth in 0..sent {
                    let lost = outcomes(Network::new(RANKS).lose(Loss { from, to, nth }), fails);
                    let failed: Vec<_> =
                        lost.iter().filter_map(|(outcome, _)| outcome.as_ref().err()).collect();
                    if failed.is_empty() {
                        continue; // a message that only makes things faster, or there is none
                    }
                    let stalled: Vec<_> =
                        failed.iter().filter(|error| matches!(error, LinkError::Stalled { .. })).collect();
                    assert!(!stalled.is_empty(), "{from} to {to}, {nth}: {failed:?}");
                    for error in &stalled {
                        let LinkError::Stalled { waiting, rank, after } = error else { unreachable!() };
                        assert!(
                            *rank < RANKS && *after >= TIMEOUT && error.to_string().contains("has waited")
                        );
                        kinds.insert(match waiting {
                            Waiting::Values { first, .. } => {
                                assert!(!first.is_empty(), "{from} to {to}, {nth}: {error}");
                                "values"
                            }
                            Waiting::Report { .. } => "report",
                            Waiting::Verdict { .. } => "verdict",
                            Waiting::Gathered { .. } => "gathered",
                            other => panic!("{other:?}"),
                        });
                    }
                    for error in &failed {
                        let known = matches!(
                            error,
                            LinkError::Stalled { .. } | LinkError::Aborted { .. } | LinkError::Left { .. }
                        );
                        assert!(known, "{error}");
                    }
                }
            }
        }
    }
    assert_eq!(kinds, HashSet::from(["values", "report", "verdict", "gathered"]));
}

#[test]
fn the_watchdog_names_what_is_missing() {
    // Before it: the verdict on the description; the value and the verdict of the first run.
    let network = Network::new(2).clock_of_looks().lose(Loss { from: 0, to: 1, nth: 3 });
    let told = simulate(network, 3, async |mut link| {
        link.set_timeout(Some(TIMEOUT));
        let mut graph = DistributedBuilder::new();
        let first = graph.node("first", (), || 1_u8);
        let second = graph.node("second", (first,), |value: &u8| *value);
        let third = graph.node("", (second,), |value: &u8| *value);
        graph.place(third, 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        graph.run_async(&mut link).await.unwrap();
        let error = graph.run_async(&mut link).await.map(drop).unwrap_err();
        std::error::Error::source(&error).expect("what is wrong between the ranks").to_string()
    });
    assert_eq!(
        told,
        [
            "rank 1 has given up: rank 1 has waited 5ms for values: second of rank 0",
            "rank 1 has waited 5ms for values: second of rank 0"
        ]
    );
}

#[test]
fn ranks_that_say_how_far_they_are_put_off_no_timeout() {
    let network = Network::new(2).clock_of_looks().lose(Loss { from: 1, to: 0, nth: 1 });
    let told = simulate(network, 3, async |mut link| {
        // Longer than what passes from word to word.
        link.set_timeout(Some(Duration::from_millis(200)));
        let mut graph = DistributedBuilder::new();
        let first = graph.node("first", (), || 1_u8);
        graph.place(first, 1);
        graph.node("second", (first,), |value: &u8| *value);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let options = RankOptions::new().progress(&Progress::new());
        let error = graph.with(&options).run_async(&mut link).await.map(drop).unwrap_err();
        std::error::Error::source(&error).expect("what is wrong between the ranks").to_string()
    });
    assert_eq!(told[0], "rank 0 has waited 200ms for values: first of rank 1");
}

#[test]
fn messages_that_are_lost_by_chance() {
    let (mut fine, mut stalled) = (0, 0);
    for seed in 0..60 {
        let network = Network::new(3).delays(seed, 9).clock_of_looks().losses(seed, 60);
        let outcomes = simulate(network, seed, async |mut link| {
            link.set_timeout(Some(TIMEOUT));
            let mut graph = DistributedBuilder::new();
            let mut last = graph.node("0", (), || 0_u32);
            for node in 1..12 {
                last = graph.node(node.to_string(), (last,), |before: &u32| before + 1);
            }
            let mut graph = match graph.build_async(&mut link, &Owners::by(|node| node % 3)).await {
                Err(DistributedGraphError::Link(error)) => return Err(error),
                built => built.unwrap(),
            };
            for _ in 0..3 {
                match graph.run_async(&mut link).await {
                    Ok(results) => {
                        assert!(results.get(last).is_ok_and(|&last| last == 11) || results.rank() != 2);
                    }
                    Err(DistributedRunError::Link(error)) => return Err(error),
                    Err(other) => panic!("{other}"),
                }
            }
            Ok(())
        });
        let errors: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        match errors.iter().any(|error| matches!(error, LinkError::Stalled { .. })) {
            true => stalled += 1,
            false => {
                assert!(errors.is_empty(), "seed {seed}: {errors:?}");
                fine += 1;
            }
        }
    }
    assert!(stalled > 10 && fine > 10, "{stalled} with errors, {fine} without");
}
