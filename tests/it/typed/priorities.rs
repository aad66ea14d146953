//! The order of ready nodes: priorities, critical path first, measured durations.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{Durations, Graph, GraphBuilder, RunOptions};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Among ready nodes the most urgent first, ties as declared; on one thread exactly.
fn priorities_are_the_order_of_one_thread(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |number: i32| order.lock().expect("nobody panics").push(number);
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || ran(-1));
    graph.priority(first, 100);
    let all = graph.limit(1); // so that there is one thread of execution, whatever the runner
    graph.limited(first, all);
    let numbers = [3, 9, 3, 0, 5, 9, 0, 1];
    for (at, priority) in (0..).zip(numbers) {
        let node = graph.node("", (first,), move |_: &()| ran(at));
        graph.priority(node, i32::MIN);
        graph.priority(node, priority - 4);
        graph.limited(node, all);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        runner.typed(&mut graph);
        assert_eq!(*order.lock().expect("nobody panics"), [-1, 1, 5, 4, 0, 2, 7, 3, 6]);
        order.lock().expect("nobody panics").clear();
    }
}

/// Inputs have no turn: what they feed is ready from the beginning. (An input waited for its turn among nodes
/// of priority 0, and with it whatever it feeds. The fuzz target `run` found it. Then it came first, but a
/// second thread could take another node while the first one took the input.)
fn inputs_delay_nobody(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    for priority in [0, 1] {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let urgent = graph.declare("urgent");
        let other = graph.node("other", (), || ran("other"));
        let input = graph.input::<u8>("input");
        let urgent = graph.node(urgent, (input,), |_: &u8| ran("urgent"));
        graph.priority(urgent, 2 * priority);
        graph.priority(other, priority);
        [urgent, other].into_iter().for_each(|node| graph.limited(node, one));
        let mut graph = graph.build().expect("a valid graph");
        graph.set(input, 1);
        for time in 0..100 {
            runner.typed(&mut graph);
            assert_eq!(*order.lock().expect("nobody panics"), ["urgent", "other"]);
            order.lock().expect("nobody panics").clear();
            if time == 50 {
                graph.prioritize_by(|_| Duration::ZERO);
            }
        }
    }
}

/// As [`inputs_delay_nobody`], when others break into the walk of a first thread before it has come to the input.
/// (Two of them took one node each: the input, and what is less urgent than what it feeds.)
fn inputs_delay_nobody_after_a_break_in(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    let others = match runner {
        Runner::Parallel(executor) | Runner::Detached(executor) => executor.threads() > 1,
        _ => false,
    };
    for _ in 0..100 {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let first = graph.node("first", (), || {
            while others && order.lock().expect("nobody panics").len() < 2 {
                thread::sleep(Duration::from_micros(20));
            }
        });
        let urgent = graph.declare("urgent");
        let other = graph.node("other", (), || ran("other"));
        let input = graph.input::<u8>("input");
        let urgent = graph.node(urgent, (input,), |_: &u8| ran("urgent"));
        for (node, priority) in [(first, 3), (urgent, 2), (other, 1)] {
            graph.priority(node, priority);
        }
        [urgent, other].into_iter().for_each(|node| graph.limited(node, one));
        let mut graph = graph.build().expect("a valid graph");
        graph.set(input, 1);
        for _ in 0..3 {
            runner.typed(&mut graph);
            assert_eq!(*order.lock().expect("nobody panics"), ["urgent", "other"]);
            order.lock().expect("nobody panics").clear();
        }
    }
}

/// Nothing but inputs, in an order: there is nothing to run, and the run ends.
fn nothing_but_inputs(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let inputs = [1, 0, 2].map(|priority| {
        let input = graph.input::<u8>("input");
        graph.priority(input, priority);
        input
    });
    let mut graph = graph.build().expect("a valid graph");
    for time in 0..3 {
        for &input in &inputs {
            graph.set(input, time);
        }
        let results = runner.typed(&mut graph);
        inputs.iter().for_each(|&input| assert_eq!(results[input], time));
    }
}

/// The longest path first; an explicit priority comes before it, declaration after it.
fn critical_path_first(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let a = graph.node("short", (), || ran("short"));
    let b = graph.node("same", (), || ran("same"));
    let c = graph.node("head", (), || ran("head"));
    let d = graph.node("tail", (c,), |_: &()| ran("tail"));
    let e = graph.node("urgent", (), || ran("urgent"));
    [a, b, c, d, e].into_iter().for_each(|node| graph.limited(node, one));
    graph.priority(e, 1);
    let mut graph = graph.build().expect("a valid graph");
    let check = |graph: &mut Graph<'_>, expected: [&str; 5]| {
        runner.typed(graph);
        assert_eq!(*order.lock().expect("nobody panics"), expected);
        order.lock().expect("nobody panics").clear();
    };
    check(&mut graph, ["urgent", "short", "same", "head", "tail"]);
    graph.prioritize_by(|_| Duration::from_secs(1));
    check(&mut graph, ["urgent", "head", "short", "same", "tail"]);
    graph.prioritize_by(|node| Duration::from_secs(u64::from(node.get() == 1)));
    check(&mut graph, ["urgent", "same", "short", "head", "tail"]);
    graph.prioritize_by(|node| Duration::from_secs(if node.get() > 1 { u64::MAX } else { 0 }));
    check(&mut graph, ["urgent", "head", "tail", "short", "same"]);
    // Nothing has been measured, so all is as declared.
    graph.prioritize_by_measured();
    check(&mut graph, ["urgent", "short", "same", "head", "tail"]);
}

/// What was measured is what the nodes took, at least.
fn measured_durations(runner: &Runner) {
    let nap = Duration::from_millis(2);
    let mut graph = GraphBuilder::new();
    let long = graph.node("long", (), || thread::sleep(nap));
    let failing = graph.try_node("failing", (long,), |_: &()| Err::<(), _>("no"));
    let never = graph.node("never", (failing,), |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.measured(long), None);
    let options = RunOptions::new().measure();
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert!(graph.measured(long).expect("it ran") >= nap);
    assert!(graph.measured(failing).is_some());
    assert_eq!(graph.measured(never), None);
    graph.prioritize_by_measured();
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert!(graph.measured(long).expect("kept, and measured again") >= nap);
}

/// By name, as in the last process: unknown names take no time, names that are gone are no matter.
fn durations_by_name(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for (name, says) in [("", "nameless"), ("new", "new"), ("short", "short"), ("long", "long")] {
        let node = graph.node(name, (), move || ran(says));
        graph.limited(node, one);
    }
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.durations(), Durations::new());
    let last_time = "1\tshort\n2\tlong\n3\tgone\n4\t".parse().expect("durations");
    assert_eq!(graph.prioritize_by_durations(&last_time), 2);
    runner.typed_with(&mut graph, &RunOptions::new().measure()).expect("no node fails");
    assert_eq!(*order.lock().expect("nobody panics"), ["long", "short", "nameless", "new"]);
    let names: Vec<_> = graph.durations().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["long", "new", "short"]);
}

over_typed_runners!(
    priorities_are_the_order_of_one_thread,
    inputs_delay_nobody,
    inputs_delay_nobody_after_a_break_in,
    nothing_but_inputs,
    critical_path_first,
    durations_by_name,
    measured_durations
);

/// Two threads: one is kept in a node of its own, the other starts the rest by priority. Then both at once:
/// whoever starts a node finds all more urgent ones started. (Nodes are long enough for that: shorter ones
/// might be run in an order that was found beforehand.)
#[test]
fn two_threads_start_by_priority() {
    let executor = executor(2);
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let order = Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    let keeper = graph.node("keeper", (), || gate.lock().expect("no panic").recv().expect("a sender"));
    graph.priority(keeper, 1000);
    for number in 0..20 {
        let (order, open) = (&order, open.clone());
        let node = graph.node("", (), move || {
            let mut order = order.lock().expect("no panic");
            order.push(number);
            busy_for(Duration::from_micros(20));
            if order.len() == 20 {
                open.send(()).expect("the keeper waits");
            }
        });
        graph.priority(node, (number * 7) % 20);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..50 {
        graph.run_parallel(&executor).expect("no node fails");
        let mut order = order.lock().expect("no panic");
        assert!(order.iter().map(|number| (number * 7) % 20).eq((0..20).rev()));
        order.clear();
    }
    drop(graph);

    // Each pair meets, so both threads take part; the pairs come in the order of urgency.
    let (meeting, pairs) = (Barrier::new(2), Mutex::new(Vec::new()));
    let mut graph = GraphBuilder::new();
    for number in 0..20 {
        let (meeting, pairs) = (&meeting, &pairs);
        let node = graph.node("", (), move || {
            pairs.lock().expect("no panic").push(number / 2);
            meeting.wait();
            busy_for(Duration::from_micros(20));
        });
        graph.priority(node, number / 2);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..50 {
        graph.run_parallel(&executor).expect("no node fails");
        let mut pairs = pairs.lock().expect("no panic");
        assert!(pairs.chunks(2).all(|pair| pair[0] == pair[1]));
        assert!(pairs.is_sorted_by(|a, b| a >= b));
        pairs.clear();
    }
}

/// What an urgent node needs comes before what is more urgent than that alone. (It came last, and the urgent
/// one with it.)
#[test]
fn priorities_are_inherited() {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    let mut graph = GraphBuilder::new();
    let low = graph.node("low", (), || ran("low"));
    let between = graph.node("between", (low,), |_: &()| ran("between"));
    let urgent = graph.node("urgent", (between,), |_: &()| ran("urgent"));
    graph.priority(urgent, 10);
    for _ in 0..2 {
        let middling = graph.node("middling", (), || ran("middling"));
        graph.priority(middling, 1);
    }
    assert!(graph.build().expect("a valid graph").run().is_ok());
    assert_eq!(*order.lock().expect("nobody panics"), ["low", "between", "urgent", "middling", "middling"]);
}

fn busy_for(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}
