//! What graphs over ranks promise, over the in-process transport.
//!
//! Most tests run all ranks on one thread, one turn each in an order drawn from a seed, so that each failure
//! can be repeated; a test that would hang runs out of turns instead.

mod asynchronous;
mod description;
mod failures;
mod order;
mod random;
mod reruns;
mod values;
mod watchdog;

use dgraph_mpi::{InProcess, Link, Network};
use dgraph_tests::splitmix::SplitMix64;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// More turns than any test needs.
const TURNS: usize = 20_000_000;

/// Runs `rank` for each rank of `network`, all on this thread, in an order of turns that `seed` decides. What
/// they gave.
///
/// # Panics
///
/// If they don't come to an end.
pub(crate) fn simulate<R>(network: Network, seed: u64, rank: impl AsyncFn(Link) -> R) -> Vec<R> {
    simulate_links(network.build().into_iter().map(Link::new).collect(), seed, rank)
}

/// Runs `rank` for each of these links, as [`simulate`] does for a network.
pub(crate) fn simulate_links<R>(links: Vec<Link>, seed: u64, rank: impl AsyncFn(Link) -> R) -> Vec<R> {
    let mut tasks: Vec<Option<Pin<Box<dyn Future<Output = R> + '_>>>> = Vec::new();
    for link in links {
        tasks.push(Some(Box::pin(rank(link))));
    }
    let mut outputs: Vec<Option<R>> = tasks.iter().map(|_| None).collect();
    let mut random = SplitMix64::new(seed);
    let ranks = u32::try_from(tasks.len()).unwrap();
    for _ in 0..TURNS {
        let at = random.below(ranks) as usize;
        let Some(task) = &mut tasks[at] else {
            if tasks.iter().all(Option::is_none) {
                return outputs.into_iter().map(Option::unwrap).collect();
            }
            continue;
        };
        if let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            outputs[at] = Some(output);
            tasks[at] = None;
        }
    }
    let hang: Vec<_> = (0..tasks.len()).filter(|&rank| tasks[rank].is_some()).collect();
    panic!("ranks {hang:?} have come to no end");
}

/// Runs `rank` for so many ranks, each on a thread of its own. What they gave. Who waits for a minute waits
/// in vain.
pub(crate) fn threads<R: Send>(ranks: usize, rank: impl Fn(Link) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let rank = &rank;
        let spawned: Vec<_> = InProcess::network(ranks)
            .into_iter()
            .map(|end| {
                scope.spawn(move || {
                    let mut link = Link::new(end);
                    link.set_timeout(Some(Duration::from_secs(60)));
                    rank(link)
                })
            })
            .collect();
        spawned.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
