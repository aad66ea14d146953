//! Async nodes that hold a state across `await`.

use super::watch::Watch;
use crate::support::counted::Counter;
use crate::support::gate::{Gate, Hand};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, NoResult, RunError, RunOptions};
use dgraph_tests::yields::yields;
use std::panic::resume_unwind;

over_typed_runners!(
    one_after_the_other,
    readers_wait_side_by_side,
    commuters_wait_for_each_other,
    functions_and_closures,
    failing_after_a_wait,
    panicking_after_a_wait,
);

fn one_after_the_other(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    for number in 0..20 {
        let number = crate::support::gate::lent(number);
        graph.async_node("push", (list.write(),), async |list: &mut Vec<u32>| {
            let _alone = watch.change();
            list.push(*number);
            yields(*number % 4).await;
            list.push(*number);
        });
        let expected = 2 * number + 2;
        graph.node("check", list.read(), move |list: &Vec<u32>| {
            let _reading = watch.read();
            assert_eq!(list.len() as u32, expected);
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        graph.state_mut(list).clear();
        runner.typed(&mut graph);
        assert!(graph.state(list).iter().copied().eq((0..20).flat_map(|number| [number; 2])));
    }
}

/// Each of them opens the other's gate: they wait at the same time.
fn readers_wait_side_by_side(runner: &Runner) {
    let gates = &[Gate::default(), Gate::default()];
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 7);
    graph.node("write", number.write(), |number: &mut i32| *number += 1);
    let meet = |mine: &'static u32| {
        async move |number: &i32| {
            gates[*mine as usize].open();
            gates[1 - *mine as usize].wait().await;
            *number
        }
    };
    let readers =
        [0, 1].map(|mine| graph.async_node("read", number.read(), meet(crate::support::gate::lent(mine))));
    graph.async_node("write", number.write(), async |number: &mut i32| {
        yields(1).await;
        *number += 1;
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..5 {
        gates.iter().for_each(Gate::shut);
        let results = runner.typed(&mut graph);
        assert_eq!(readers.map(|reader| results[reader]), [8 + 2 * run; 2]);
    }
}

/// A permit is held as long as the future waits.
fn commuters_wait_for_each_other(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let sum = graph.state("sum", 0_u32);
    for number in 0..20 {
        let number = crate::support::gate::lent(number);
        graph.try_async_node("add", (sum.commute(),), async |sum: &mut u32| {
            let _alone = watch.change();
            let before = *sum;
            yields(*number % 3).await;
            *sum = before + *number;
            if *number < 100 { Ok(()) } else { Err("never") }
        });
        graph.node("add", sum.commute(), |sum: &mut u32| {
            let _alone = watch.change();
            *sum += 1;
        });
    }
    let total = graph.node("total", sum.read(), |sum: &u32| *sum);
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=10 {
        assert_eq!(runner.typed(&mut graph)[total], run * 210);
    }
}

fn functions_and_closures(runner: &Runner) {
    async fn step(numbers: &mut Vec<u32>, add: &u32) -> usize {
        numbers.push(*add);
        yields(1).await;
        numbers.len()
    }
    let mut graph = GraphBuilder::new();
    let (numbers, add) = (graph.state("numbers", vec![1]), graph.state("add", 5));
    let length = graph.async_node("step", (numbers.write(), add.read()), step);
    // A closure that owns something, and gives a future that holds nothing of that.
    let owned = std::sync::Arc::new(10);
    let sum = graph.async_node("sum", (add.write(), length), move |add: &mut u32, length: &usize| {
        *add += *owned;
        std::future::ready(*add + *length as u32)
    });
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[sum], 17);
    assert_eq!(runner.typed(&mut graph)[sum], 28);
    assert_eq!((graph.state(numbers), graph.state(add)), (&vec![1, 5, 15], &25));
}

fn failing_after_a_wait(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    graph.try_async_node("half", list.write(), async |list: &mut Vec<u32>| {
        list.push(1);
        yields(2).await;
        if list.len() < 3 { Err("too short") } else { Ok(()) }
    });
    let read = graph.async_node("read", list.read(), async |list: &Vec<u32>| list.len());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..2 {
        runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert!(matches!(graph.results().get(read), Err(NoResult::Skipped { .. })));
        assert_eq!(graph.half_written(list).count(), 1);
    }
    assert_eq!(runner.typed(&mut graph)[read], 3);
}

/// What the future has of the state, its destructors may still use.
fn panicking_after_a_wait(runner: &Runner) {
    struct Last<'l>(&'l mut Vec<u32>);
    impl Drop for Last<'_> {
        fn drop(&mut self) {
            self.0.push(9);
        }
    }
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    graph.async_node("half", list.write(), async |list: &mut Vec<u32>| {
        let last = Last(list);
        last.0.push(1);
        yields(1).await;
        if last.0.len() < 5 {
            resume_unwind(Box::new(Payload(3)));
        }
    });
    let read = graph.node("read", list.read(), |list: &Vec<u32>| list.len());
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=2 {
        assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(3));
        assert_eq!(graph.state(list), &[1, 9].repeat(run));
    }
    assert_eq!(runner.typed(&mut graph)[read], 6);
}

/// A run that is dropped, or cancelled, drops the futures that hold states; then the states are the caller's.
#[test]
fn cut_off_while_they_wait() {
    let (counter, gate) = (Counter::default(), Gate::default());
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    graph.async_node("half", (list.write(),), async |list: &mut Vec<_>| {
        list.push(counter.make(1));
        gate.wait().await;
        list.push(counter.make(2));
    });
    let read = graph.node("read", list.read(), |list: &Vec<_>| list.len());
    let (mut graph, executor) = (graph.build().expect("a valid graph"), executor(2));
    for run in 1..=3 {
        let mut future = graph.run_async();
        assert!(Hand::new().poll(&mut future).is_pending());
        drop(future);
        assert_eq!((graph.state_mut(list).len(), counter.alive()), (run, run as isize));
        assert_eq!(graph.half_written(list).map(|node| node.to_string()).collect::<Vec<_>>(), ["half"]);
    }
    let token = CancelToken::new();
    let options = RunOptions::new().cancel_token(&token);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while gate.polls() < 4 {
                std::thread::yield_now();
            }
            token.cancel();
        });
        let error = graph.with(&options).run_parallel(&executor).map(drop).unwrap_err();
        assert!(matches!(&error, RunError::Cancelled { interrupted, .. } if interrupted[0].name() == "half"));
    });
    assert_eq!((graph.state_mut(list).len(), graph.half_written(list).count()), (4, 1));
    gate.open();
    graph.state_mut(list).clear();
    assert_eq!(graph.run_parallel(&executor).expect("no node fails")[read], 2);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}
