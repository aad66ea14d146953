//! Many runs of one definition at once.

use crate::support::counted::{Counted, Counter};
use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    Acquire, CancelToken, Definition, DefinitionBuilder, Input, Instance, NoResult, Node, RunError,
    RunOptions, StopReason, Threads, Values, threads,
};
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    each_run_has_inputs_and_results_of_its_own,
    runs_of_several_threads_at_once,
    what_a_run_has_left_is_gone,
    a_failure_is_one_run_s,
    a_panic_is_one_run_s,
    an_order_of_one_run,
    values_are_dropped_once,
);

type Made<'env> = (Definition<'env>, Input<u64>, Node<u64>);

/// Layers of nodes of each kind: what comes of 1 is to be what `expected` says.
fn layers<'env>(calls: &'env AtomicUsize) -> Made<'env> {
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<u64>("input");
    let later = graph.declare::<u64>("later");
    let mut layer: Vec<_> = (0..6)
        .map(|n| {
            graph.node("first", (input,), move |x: &u64| {
                calls.fetch_add(1, Relaxed);
                x + n
            })
        })
        .collect();
    for _ in 0..5 {
        let texts: Vec<_> = layer.iter().map(|&x| graph.node("text", x, |x: &u64| x.to_string())).collect();
        layer = (0..6)
            .map(|at| match at % 3 {
                0 => graph.try_node("tried", (texts[at].moved(),), |text: String| text.parse::<u64>()),
                1 => graph.async_node("async", (layer[at], texts[at]), async |x: &u64, text: &String| {
                    yields(1).await;
                    calls.fetch_add(1, Relaxed);
                    x ^ text.len() as u64
                }),
                _ => graph.try_async_node("tried async", (texts[at],), async |text: &String| {
                    yields(u32::try_from(text.len() % 3).expect("small")).await;
                    text.parse::<u64>()
                }),
            })
            .collect();
    }
    let sum = graph.node("sum", &layer, |values: Values<'_, u64>| values.iter().sum::<u64>());
    let last = graph.node("last", later.node(), |later: &u64| later + 1);
    graph.node(later, (sum, threads()), |sum: &u64, threads: Threads<'_>| {
        let mut items = [*sum; 10];
        threads.for_each(&mut items, |_, item| *item *= 2).expect("nobody stops it");
        items[9]
    });
    (graph.build().expect("a valid graph"), input, last)
}

/// What a run of `layers` gives, by hand.
fn expected(input: u64) -> u64 {
    let mut layer: Vec<_> = (0..6).map(|n| input + n).collect();
    for _ in 0..5 {
        for at in [1, 4] {
            layer[at] ^= layer[at].to_string().len() as u64;
        }
    }
    layer.iter().sum::<u64>() * 2 + 1
}

fn each_run_has_inputs_and_results_of_its_own(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let (definition, input, last) = layers(&calls);
    let mut runs: Vec<_> = (0..20).map(|_| definition.instance()).collect();
    for (value, run) in (0..).zip(&mut runs) {
        run.set(input, value * 1000);
    }
    for run in &mut runs {
        runner.typed(run);
    }
    for (value, run) in (0..).zip(&runs) {
        assert_eq!(run.result(last), Ok(&expected(value * 1000)));
    }
    assert_eq!(calls.load(Relaxed), 20 * (6 + 10));
}

fn runs_of_several_threads_at_once(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let (definition, input, last) = layers(&calls);
    let together = Barrier::new(3);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (definition, together) = (definition.clone(), &together);
            scope.spawn(move || {
                for run in 0..20 {
                    together.wait();
                    let value = thread * 7 + run;
                    let mut instance = definition.instance();
                    instance.set(input, value);
                    assert_eq!(runner.typed(&mut instance)[last], expected(value));
                }
            });
        }
    });
}

/// The next one who gets the memory finds neither inputs nor results, nor anything else.
fn what_a_run_has_left_is_gone(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<Counted>("input");
    let node = graph.node("node", (input,), |input: &Counted| counter.make(input.value));
    let definition = graph.build().expect("a valid graph");
    for value in 0..5 {
        let mut run = definition.instance();
        assert!(run.result(node).is_err() && run.input_mut(input).is_none() && run.measured(node).is_none());
        let unset = runner.typed_with(&mut run, &RunOptions::new()).map(|_| ()).unwrap_err();
        assert!(matches!(unset, RunError::UnsetInputs(_)));
        run.set(input, counter.make(value));
        let options = RunOptions::new().measure().shuffle(value).only([node]);
        assert_eq!(runner.typed_with(&mut run, &options).expect("nothing fails")[node].value, value);
        assert_eq!(counter.alive(), 2);
        drop(run);
        assert_eq!(counter.alive(), 0);
    }
}

fn a_failure_is_one_run_s(runner: &Runner) {
    let mut graph = DefinitionBuilder::new();
    let text = graph.input::<&str>("text");
    let number = graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
    let next = graph.async_node("next", (number,), async |number: &i32| number + 1);
    let definition = graph.build().expect("a valid graph");
    let (mut good, mut bad) = (definition.instance(), definition.instance());
    good.set(text, "4");
    bad.set(text, "4x");
    assert_eq!(runner.typed(&mut good)[next], 5);
    let error = runner.typed_with(&mut bad, &RunOptions::new()).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "1 node failed: number");
    assert!(matches!(bad.result(next), Err(NoResult::Skipped { .. })));
    assert_eq!(good.result(next), Ok(&5));
    bad.set(text, "6");
    assert_eq!(runner.typed(&mut bad)[next], 7);
}

fn a_panic_is_one_run_s(runner: &Runner) {
    let mut graph = DefinitionBuilder::new();
    let fatal = graph.input::<bool>("fatal");
    let node = graph.node("node", (fatal,), |fatal: &bool| assert!(!fatal, "as asked for"));
    let definition = graph.build().expect("a valid graph");
    for value in [false, true, false, true, true] {
        let mut run = definition.instance();
        run.set(fatal, value);
        let ended = catch_unwind(AssertUnwindSafe(|| runner.typed(&mut run)[node]));
        assert_eq!(ended.is_err(), value);
    }
    assert_eq!(definition.instance().take_failures().len(), 0);
}

/// Memory whose run was given an order of its own isn't used again: the others keep theirs.
fn an_order_of_one_run(runner: &Runner) {
    let order = std::sync::Mutex::new(Vec::new());
    let mut graph = DefinitionBuilder::new();
    let urgent = graph.node("urgent", (), || order.lock().expect("no panic").push("urgent"));
    let other = graph.node("other", (), || order.lock().expect("no panic").push("other"));
    graph.priority(urgent, 0);
    let one = graph.limit(1);
    graph.limited(urgent, one);
    graph.limited(other, one);
    let definition = graph.build().expect("a valid graph");
    let ran = |run: &mut Instance<'_>| {
        runner.typed(run);
        mem::take(&mut *order.lock().expect("no panic"))
    };
    for _ in 0..3 {
        let mut run = definition.instance();
        assert_eq!(ran(&mut run), ["urgent", "other"]);
        let weight = |node| Duration::from_nanos(if node == other.id() { 9 } else { 1 });
        run.prioritize_by(weight);
        assert_eq!(ran(&mut run), ["other", "urgent"]);
    }
}

/// Random ends of many runs: closures, inputs, results and futures are dropped once each.
fn values_are_dropped_once(runner: &Runner) {
    let (closures, values) = (Counter::default(), Counter::default());
    let random = std::sync::Mutex::new(SplitMix64::new(7));
    let below = |bound| random.lock().unwrap_or_else(std::sync::PoisonError::into_inner).below(bound);
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<Counted>("input");
    let act = |x: &Counted| match below(20) {
        0 => panic!("by chance"),
        1 => Err("by chance"),
        _ => Ok(values.make(x.value)),
    };
    let mut nodes = vec![input.node()];
    for at in 0..12 {
        let captured = closures.make(at);
        let (from, act) = (nodes[nodes.len() / 2], &act);
        nodes.push(match at % 3 {
            0 => graph.try_node("", (from,), move |x: &Counted| act(x).inspect(|_| _ = captured.get())),
            1 => {
                let captured = Arc::new(captured);
                let values = &values;
                graph.async_node("", (from,), move |x: &Counted| {
                    let (captured, held, value) = (Arc::clone(&captured), values.make(1), x.value);
                    async move {
                        yields(1).await;
                        values.make(captured.get() + held.get() + value)
                    }
                })
            }
            _ => {
                let made = graph.node("", (from,), |x: &Counted| values.make(x.value));
                graph.node("", (made.moved(),), move |x: Counted| (x, captured.get()).0)
            }
        });
    }
    let definition = graph.build().expect("a valid graph");
    for _ in 0..60 {
        let mut runs: Vec<_> = (0..3).map(|_| definition.instance()).collect();
        for run in &mut runs {
            run.set(input, values.make(1));
            let _ = catch_unwind(AssertUnwindSafe(|| {
                _ = runner.typed_with(run, &RunOptions::new());
            }));
        }
        drop(runs);
        assert_eq!((closures.alive(), values.alive()), (12, 0));
    }
    let last = definition.instance();
    drop(definition);
    assert_eq!(closures.alive(), 12);
    drop(last);
    assert_eq!(closures.alive(), 0);
}

#[test]
fn many_spawned_at_once() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let (definition, input, last) = layers(&CALLS);
    for threads in [1, 2, 4] {
        let executor = executor(threads);
        let runs: Vec<_> = (0..200)
            .map(|value| {
                let mut run = definition.instance();
                run.set(input, value);
                run.spawn(&executor)
            })
            .collect();
        for (value, run) in (0..).zip(runs) {
            let (run, outcome) = run.join();
            outcome.expect("nothing fails");
            assert_eq!(run.result(last), Ok(&expected(value)));
        }
    }
}

/// Futures of several runs that one thread polls in turns, some of which are dropped half way.
#[test]
fn futures_side_by_side() {
    let values = Counter::default();
    let gates: Vec<_> = (0..3).map(|_| Gate::default()).collect();
    let mut graph = DefinitionBuilder::new();
    let gate = graph.input::<Gate>("gate");
    let node = graph.async_node("wait", (gate,), async |gate: &Gate| {
        let held = values.make(1);
        gate.wait().await;
        held
    });
    let definition = graph.build().expect("a valid graph");
    let mut runs: Vec<_> = gates.iter().map(|gate| (definition.instance(), gate.clone())).collect();
    for (run, its_gate) in &mut runs {
        run.set(gate, its_gate.clone());
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut futures: Vec<_> = runs.iter_mut().map(|(run, _)| Box::pin(run.run_async())).collect();
    for future in &mut futures {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(values.alive(), 3);
    gates[2].open();
    let Poll::Ready(Ok(_)) = futures[2].as_mut().poll(&mut context) else { panic!("it is open") };
    drop(futures.remove(0));
    assert_eq!(values.alive(), 2, "one dropped half way, one waits, one done");
    gates[1].open();
    assert!(futures[0].as_mut().poll(&mut context).is_ready());
    drop(futures);
    assert!(
        runs[0].0.result(node).is_err() && runs[1].0.result(node).is_ok() && runs[2].0.result(node).is_ok()
    );
    drop(runs);
    assert_eq!(values.alive(), 0);
}

struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<'env>(waiting: &mut Pin<Box<Acquire<'_, 'env>>>, waker: &Waker) -> Poll<Instance<'env>> {
    waiting.as_mut().poll(&mut Context::from_waker(waker))
}

/// First come, first served; whoever goes away, promised or not, is in nobody's way.
#[test]
fn who_waits_for_an_instance_comes_in_turn() {
    let mut graph = DefinitionBuilder::new();
    let answer = graph.node("answer", (), || 42);
    graph.at_most(2);
    let definition = graph.build().expect("a valid graph");
    let taken = (definition.instance(), definition.instance());
    assert!(definition.try_instance().is_none());

    let tasks: Vec<_> = (0..4).map(|_| Arc::new(Woken(AtomicU32::new(0)))).collect();
    let woken = || tasks.iter().map(|task| task.0.load(Relaxed)).collect::<Vec<_>>();
    let wakers: Vec<_> = tasks.iter().map(|task| Waker::from(Arc::clone(task))).collect();
    let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(definition.acquire())).collect();
    for at in 0..4 {
        assert!(poll(&mut waiting[at], &wakers[at]).is_pending());
    }
    drop(taken.0);
    assert_eq!(woken(), [1, 0, 0, 0]);
    assert!(definition.try_instance().is_none(), "it is promised");
    assert!(poll(&mut waiting[1], &wakers[1]).is_pending(), "to another one");
    drop(waiting.remove(0));
    assert_eq!(woken(), [1, 1, 0, 0]);
    drop(waiting.remove(1)); // the third one, which wasn't woken
    let Poll::Ready(mut second) = poll(&mut waiting[0], &wakers[1]) else { panic!("it was promised to it") };
    assert_eq!(second.run().expect("nothing fails")[answer], 42);
    drop(taken.1);
    assert_eq!(woken(), [1, 1, 0, 1]);
    drop((second, waiting));
    let again = (definition.try_instance(), definition.try_instance());
    assert!(again.0.is_some() && again.1.is_some() && definition.try_instance().is_none());
}

/// Never more than the bound, and everybody gets one.
#[test]
fn a_bound_over_threads() {
    let (in_use, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut graph = DefinitionBuilder::new();
    graph.node("use", (), || {
        most.fetch_max(in_use.fetch_add(1, Relaxed) + 1, Relaxed);
        thread::yield_now();
        in_use.fetch_sub(1, Relaxed);
    });
    graph.at_most(2);
    let definition = graph.build().expect("a valid graph");
    thread::scope(|scope| {
        for _ in 0..5 {
            let definition = &definition;
            scope
                .spawn(move || (0..50).for_each(|_| _ = definition.instance().run().expect("nothing fails")));
        }
    });
    assert!(most.load(Relaxed) <= 2);
}

/// An instance whose run's future is leaked is lost, and no permit with it.
#[test]
fn a_leaked_future() {
    let mut graph = DefinitionBuilder::new();
    graph.async_node("for ever", (), async || std::future::pending::<()>().await);
    graph.at_most(1);
    let definition = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let mut run = definition.instance();
        let mut future = Box::pin(run.run_async());
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        mem::forget(future);
    }
}

/// Who exchanges the graphs of two instances mixes up nothing.
#[test]
fn exchanged_instances() {
    let made = |value: u32| {
        let mut graph = DefinitionBuilder::new();
        let node = graph.node("node", (), move || value);
        (graph.build().expect("a valid graph"), node)
    };
    let ((ones, one), (twos, two)) = (made(1), made(2));
    for _ in 0..3 {
        let (mut first, mut second) = (ones.instance(), twos.instance());
        mem::swap(&mut *first, &mut *second);
        assert_eq!(
            (first.run().expect("nothing fails")[two], second.run().expect("nothing fails")[one]),
            (2, 1)
        );
    }
    assert_eq!(ones.instance().run().expect("nothing fails")[one], 1);
}

struct PanicsWhenDropped(Counted);

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(self.0.value == 0, "a destructor's");
    }
}

/// A destructor that panics when an instance goes back: the others run, and the instance isn't used again.
#[test]
fn a_destructor_panics() {
    let counter = Counter::default();
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<PanicsWhenDropped>("input");
    graph.node("node", (input,), |input: &PanicsWhenDropped| PanicsWhenDropped(counter.make(input.0.value)));
    graph.node("node", (), || counter.make(3));
    graph.at_most(1);
    let definition = graph.build().expect("a valid graph");
    for fatal in [1, 0, 1] {
        let mut run = definition.instance();
        run.set(input, PanicsWhenDropped(counter.make(fatal)));
        run.run().expect("nothing fails");
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
        assert_eq!((dropped.is_err(), counter.alive()), (fatal == 1, 0));
    }
}

/// A cancel, a deadline and a shutdown end the runs that they are about, and no others.
#[test]
fn some_runs_are_stopped() {
    let mut graph = DefinitionBuilder::new();
    let gate = graph.input::<Gate>("gate");
    let node = graph.async_node("wait", (gate,), async |gate: &Gate| gate.wait().await);
    let definition = graph.build().expect("a valid graph");
    let executor = executor(2);
    let (token, open) = (CancelToken::new(), Gate::default());
    let spawn = |options: &RunOptions| {
        let mut run = definition.instance();
        run.set(gate, open.clone());
        run.into_with(options).spawn(&executor)
    };
    let cancelled = spawn(&RunOptions::new().cancel_token(&token));
    let late = spawn(&RunOptions::new().deadline(Instant::now()));
    let goes_on = spawn(&RunOptions::new());
    token.cancel();
    assert!(matches!(cancelled.join().1, Err(RunError::Cancelled { .. })));
    assert!(matches!(late.join().1, Err(RunError::DeadlineExceeded { .. })));
    open.open();
    let (run, outcome) = goes_on.join();
    outcome.expect("nobody stops it");
    assert_eq!(run.result(node), Ok(&()));
    let called_off = spawn(&RunOptions::new());
    drop(called_off);
    assert!(definition.instance().result(node).is_err());
}

/// An instance that is dropped, as a node's, in the run of another one.
#[test]
fn instances_within_nodes() {
    let mut inner = DefinitionBuilder::new();
    let side = inner.input::<u64>("side");
    let area = inner.node("area", (side,), |side: &u64| side * side);
    let inner = inner.build().expect("a valid graph");
    let mut outer = DefinitionBuilder::new();
    let nodes: Vec<_> = (0..10_u64)
        .map(|value| {
            let inner = inner.clone();
            outer.try_node("inner", threads(), move |threads: Threads<'_>| {
                let mut run = inner.instance();
                run.set(side, value);
                threads.run_graph(&mut run).map(|results| results[area])
            })
        })
        .collect();
    let sum = outer.node("sum", &nodes, |areas: Values<'_, u64>| areas.iter().sum::<u64>());
    let outer = outer.build().expect("a valid graph");
    let executor = executor(3);
    let (send, receive) = mpsc::channel();
    for _ in 0..20 {
        send.send(outer.instance().spawn(&executor)).expect("it is received below");
    }
    drop(send);
    for run in receive {
        let (run, outcome) = run.join();
        outcome.expect("nothing fails");
        assert_eq!(run.result(sum), Ok(&285));
    }
}

/// Dropping who waits, never polled, does nothing.
#[test]
fn an_acquire_that_is_never_polled() {
    let mut graph = DefinitionBuilder::new();
    graph.node("node", (), || ());
    graph.at_most(1);
    let definition = graph.build().expect("a valid graph");
    let _never = pin!(definition.acquire());
    drop(definition.acquire());
    assert!(definition.try_instance().is_some());
}

/// A cancel and a deadline end the wait for an instance, whatever it waits for, and its turn goes to the next
/// one.
#[test]
fn a_wait_that_is_called_off() {
    let mut graph = DefinitionBuilder::new();
    graph.node("", (), || ());
    graph.at_most(1);
    let definition = graph.build().expect("a valid graph");
    let (hand, token) = (Hand::new(), CancelToken::new());
    let in_use = definition.instance();
    let options = RunOptions::new().cancel_token(&token);
    let mut first = pin!(definition.acquire_with(&options));
    let mut next = pin!(definition.acquire());
    assert!(hand.poll(&mut first).is_pending() && hand.poll(&mut next).is_pending());
    token.cancel();
    assert_eq!(hand.wakes(), 1);
    assert!(matches!(hand.poll(&mut first), Poll::Ready(Err(StopReason::Cancel))));
    drop(in_use);
    assert_eq!(hand.wakes(), 2);
    let Poll::Ready(instance) = hand.poll(&mut next) else { panic!("it is free") };
    assert!(matches!(
        hand.poll(&mut pin!(definition.acquire_with(&options))),
        Poll::Ready(Err(StopReason::Cancel))
    ));
    let late = RunOptions::new().deadline(Instant::now() + Duration::from_millis(1));
    assert!(matches!(pollster::block_on(definition.acquire_with(&late)), Err(StopReason::Deadline)));
    drop(instance);
    assert!(definition.try_instance().is_some());
}
