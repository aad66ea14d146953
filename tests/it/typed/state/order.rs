//! Who comes before whom at a state, and what the caller finds there between runs.

use super::watch::Watch;
use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{GraphBuilder, NodeId, Values};
use dgraph_tests::yields::yields;
use std::cell::Cell;
use std::sync::mpsc;

over_typed_runners!(
    a_frame,
    in_the_order_of_definition,
    with_every_kind_of_dependency,
    kept_over_runs,
    readers_see_the_last_writer,
    a_row_of_writers,
    of_no_size_and_of_large_alignment,
    sync_only_if_it_is_read,
    written_in_place,
    of_what_it_borrows,
    dropped_with_the_graph,
);

/// The example of the design.
fn a_frame(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let dt = graph.input::<f32>("dt");
    let positions = graph.state("positions", vec![0.0; 1000]);
    let speeds = graph.state("speeds", vec![0.0; 1000]);
    graph.node("steer", (positions.read(), speeds.write()), |p: &Vec<f32>, v: &mut Vec<f32>| {
        v.iter_mut().zip(p).for_each(|(v, p)| *v += 1.0 - p);
    });
    graph.node("move", (positions.write(), speeds.read(), dt), |p: &mut Vec<f32>, v: &Vec<f32>, dt: &f32| {
        p.iter_mut().zip(v).for_each(|(p, v)| *p += v * dt);
    });
    let drawn = graph.node("draw", (positions.read(),), |p: &Vec<f32>| p.iter().sum::<f32>());
    let mut graph = graph.build().expect("a valid graph");
    graph.set(dt, 0.5);
    let (mut position, mut speed) = (0.0, 0.0);
    for _ in 0..20 {
        speed += 1.0 - position;
        position += speed * 0.5;
        assert_eq!(runner.typed(&mut graph)[drawn], [position; 1000].iter().sum::<f32>());
    }
    assert_eq!(graph.state(speeds), &[speed; 1000]);
}

/// A log in which each writer leaves its number, and each reader sees how many there are. Every other node
/// was declared long before, in the wrong order.
fn in_the_order_of_definition(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let log = graph.state("log", Vec::new());
    let mut declared: Vec<_> = (0..20).map(|_| graph.declare::<usize>("declared ahead")).collect();
    let nodes: Vec<_> = (0..40_usize)
        .map(|number| {
            let write = move |log: &mut Vec<usize>| {
                let _alone = watch.change();
                log.push(number);
                log.len()
            };
            let read = move |log: &Vec<usize>| {
                let _reading = watch.read();
                log.len()
            };
            match (number % 2, number % 5) {
                (0, 0 | 1) => graph.node("writes", log.write(), write),
                (0, _) => graph.node("reads", (log.read(),), read),
                (_, 0 | 1) => {
                    let node = declared.pop().expect("one of twenty");
                    graph.node(node, (log.write(),), write)
                }
                _ => {
                    let node = declared.pop().expect("one of twenty");
                    graph.node(node, log.read(), read)
                }
            }
        })
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    let writers: Vec<usize> = (0..40).filter(|number| number % 5 < 2).collect();
    for run in 0..10 {
        let results = runner.typed(&mut graph);
        for (number, node) in nodes.iter().enumerate() {
            let before = writers.iter().filter(|&&writer| writer <= number).count();
            assert_eq!(results[*node], run * writers.len() + before, "node {number}");
        }
        assert_eq!(results[log], writers.repeat(run + 1));
    }
}

fn with_every_kind_of_dependency(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let total = graph.state("total", 0);
    let names = graph.state("names", Vec::new());
    let given = graph.input::<u64>("given");
    let lent = graph.node("lent", (), || 3_u64);
    let text = graph.node("text", (), || String::from("moved"));
    let constant = graph.state("constant", 9);
    let all = graph.node(
        "all",
        (lent, total.write(), text.moved(), names.commute(), given, constant.read()),
        |lent: &u64, total: &mut u64, text: String, names: &mut Vec<String>, given: &u64, other: &u64| {
            names.push(text);
            *total += lent + given;
            *total * 100 + other
        },
    );
    let tried = graph.try_node("tried", (total.write(), all), |total: &mut u64, all: &u64| {
        *total += 1;
        all.checked_add(0).ok_or("never")
    });
    let list = graph.node("list", [lent, tried], |all: Values<'_, u64>| all.iter().sum::<u64>());
    let last = graph.node("last", (names.read(), list), |names: &Vec<String>, list: &u64| {
        names.len() as u64 * 10_000 + list
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(given, 4);
    assert_eq!(runner.typed(&mut graph)[last], 10_000 + 3 + 709);
    assert_eq!(runner.typed(&mut graph)[last], 20_000 + 3 + 1_509);
    assert_eq!((*graph.state(total), graph.state(names).len()), (16, 2));
}

/// What a run leaves, the next one finds; in between it is the caller's.
fn kept_over_runs(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let count = graph.state("count", 0_u32);
    graph.node("increment", count.write(), |count: &mut u32| *count += 1);
    let seen = graph.node("see", count.read(), |count: &u32| *count);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(*graph.state(count), 0);
    for run in 1..=10 {
        assert_eq!(runner.typed(&mut graph)[seen], run);
        assert_eq!(*graph.state(count), run);
    }
    *graph.state_mut(count) = 100;
    assert_eq!(runner.typed(&mut graph)[seen], 101);
    assert_eq!(std::mem::take(graph.state_mut(count)), 101);
    assert_eq!(runner.typed(&mut graph)[seen], 1);
}

/// Many readers between two writers, many times over: none sees a half of anything.
fn readers_see_the_last_writer(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let pair = graph.state("pair", [0_u64; 64]);
    let mut checks = Vec::new();
    for round in 1..=10_u64 {
        graph.node("write", pair.write(), move |pair: &mut [u64; 64]| {
            let _alone = watch.change();
            pair.iter_mut().for_each(|number| *number = round);
        });
        checks.extend((0..20).map(|_| {
            graph.node("read", pair.read(), move |pair: &[u64; 64]| {
                let _reading = watch.read();
                pair.iter().all(|&number| number == round)
            })
        }));
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let results = runner.typed(&mut graph);
        assert!(checks.iter().all(|&check| results[check]));
    }
}

/// Nodes of one closure type that follow each other run in one loop, each with a reference of its own.
fn a_row_of_writers(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    for number in 0..1000_u32 {
        graph.node("", (list.write(),), move |list: &mut Vec<u32>| list.push(number));
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        graph.state_mut(list).clear();
        runner.typed(&mut graph);
        assert!(graph.state(list).iter().copied().eq(0..1000));
    }
}

fn of_no_size_and_of_large_alignment(runner: &Runner) {
    #[repr(align(512))]
    struct Page(u8);

    let mut graph = GraphBuilder::new();
    let (nothing, page) = (graph.state("nothing", ()), graph.state("page", Page(0)));
    let aligned =
        graph.node("write", (nothing.write(), page.write()), |nothing: &mut (), page: &mut Page| {
            *nothing = ();
            page.0 += 1;
            std::ptr::from_ref(page).is_aligned()
        });
    let seen =
        graph.node("read", (nothing.read(), page.read(), aligned), |_: &(), page: &Page, aligned: &bool| {
            (page.0, *aligned)
        });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut graph)[seen], (run, true));
    }
}

/// A receiver and a cell, which are `Send` and not `Sync`: nodes that change them are alone with them.
fn sync_only_if_it_is_read(runner: &Runner) {
    let (send, receive) = mpsc::channel();
    let mut graph = GraphBuilder::new();
    let (messages, sum) = (graph.state("messages", receive), graph.state("sum", Cell::new(0)));
    for _ in 0..3 {
        let take = |messages: &mut mpsc::Receiver<u32>, sum: &mut Cell<u32>| {
            sum.set(sum.get() + messages.try_iter().take(2).sum::<u32>());
        };
        graph.node("take two", (messages.write(), sum.commute()), take);
    }
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        (0..6).for_each(|number| send.send(number).expect("the graph has the receiver"));
        runner.typed(&mut graph);
        assert_eq!(graph.state_mut(sum).get(), 15 * run);
    }
}

/// A node that writes into its last result: no memory is made for it again.
fn written_in_place(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let size = graph.input::<usize>("size");
    let image = graph.state("image", Vec::new());
    graph.node("paint", (size, image.write()), |size: &usize, image: &mut Vec<u8>| {
        image.clear();
        image.extend((0..*size).map(|at| at as u8));
    });
    let sum = graph.node("sum", image.read(), |image: &Vec<u8>| image.iter().map(|&it| u64::from(it)).sum());
    let mut graph = graph.build().expect("a valid graph");
    graph.set(size, 200);
    let expected = |size: u64| -> u64 { (0..size).sum() };
    let first: u64 = runner.typed(&mut graph)[sum];
    let memory = graph.state(image).as_ptr();
    assert_eq!(first, expected(200));
    for size_now in [100, 200, 3] {
        graph.set(size, size_now);
        assert_eq!(runner.typed(&mut graph)[sum], expected(size_now as u64));
        assert_eq!(graph.state(image).as_ptr(), memory);
    }
}

/// States may hold what the caller has, as results may. (Where such a thing is written, a closure's parameter
/// has no lifetime of its own there: `Vec<_>`, not `Vec<&str>`.)
fn of_what_it_borrows(runner: &Runner) {
    let text = String::from("so it goes");
    let mut counts = [0; 3];
    let mut graph = GraphBuilder::new();
    let words = graph.state("words", Vec::new());
    let places = graph.state("places", counts.iter_mut().collect::<Vec<_>>());
    graph.node("split", words.write(), |words: &mut Vec<_>| *words = text.split(' ').collect());
    let count = |words: &Vec<&str>, places: &mut Vec<&mut usize>| {
        words.iter().zip(places).for_each(|(word, place)| **place += word.len());
    };
    graph.node("count", (words.read(), places.write()), count);
    let longest = graph.async_node("longest", (words.commute(),), async |words: &mut Vec<&str>| {
        yields(1).await;
        words.sort_by_key(|word| word.len());
        words.last().map_or(0, |word| word.len())
    });
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[longest], 4);
    assert_eq!(graph.state(words), &["so", "it", "goes"]);
    graph.state_mut(words).push(&text);
    runner.typed(&mut graph);
    drop(graph);
    assert_eq!(counts, [4, 4, 8]);
}

fn dropped_with_the_graph(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let states: Vec<_> = (0..5).map(|number| graph.state("", counter.make(number))).collect();
    for &state in &states {
        let counter = counter.clone();
        graph.node("replace", state.write(), move |state: &mut Counted| {
            *state = counter.make(state.get() + 1);
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    (0..3).for_each(|_| _ = runner.typed(&mut graph));
    assert!((3..).zip(&states).all(|(number, &state)| graph.state(state).get() == number));
    assert_eq!(counter.alive(), 5);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// A builder that is given up, and one whose graph is refused, drop their states.
#[test]
fn dropped_with_the_builder() {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    graph.state("one", counter.make(1));
    drop(graph);
    let mut graph = GraphBuilder::new();
    let two = graph.state("two", counter.make(2));
    graph.node("twice", (two.write(), two.write()), |_: &mut Counted, _: &mut Counted| ());
    assert!(graph.build().is_err());
    assert_eq!(counter.alive(), 0);
}

/// Spawned graphs own their states, and give them back.
#[test]
fn of_spawned_graphs() {
    for threads in [1, 2, 5] {
        let executor = executor(threads);
        let mut runs: Vec<_> = (0..10_u32)
            .map(|number| {
                let mut graph = GraphBuilder::new();
                let list = graph.state("list", Vec::new());
                for at in 0..50 {
                    graph.node("push", list.write(), move |list: &mut Vec<u32>| list.push(number * 100 + at));
                    graph.node("commute", list.commute(), |list: &mut Vec<u32>| list.reserve(1));
                    graph.node("commute", list.commute(), |list: &mut Vec<u32>| list.reserve(1));
                }
                (graph.build().expect("a valid graph"), list)
            })
            .collect();
        for round in 1..=3 {
            let spawned: Vec<_> =
                runs.drain(..).map(|(graph, list)| (graph.spawn(&executor), list)).collect();
            for (number, (run, list)) in (0..).zip(spawned) {
                let (mut graph, ended) = run.join();
                ended.expect("no node fails");
                let expected = (0..50).map(|at| number * 100 + at).cycle().take(50 * round);
                assert!(graph.state_mut(list).iter().copied().eq(expected));
                runs.push((graph, list));
            }
        }
    }
}

/// Readers are side by side: with an edge too many they would wait for each other for ever.
#[test]
fn readers_meet() {
    let barrier = std::sync::Barrier::new(3);
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 7);
    graph.node("write", number.write(), |number: &mut i32| *number += 1);
    for _ in 0..3 {
        graph.node("read", number.read(), |_: &i32| _ = barrier.wait());
    }
    graph.node("write", number.write(), |number: &mut i32| *number += 1);
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(3);
    (0..20).for_each(|_| _ = graph.run_parallel(&executor).expect("no node fails"));
    assert_eq!(*graph.state(number), 47);
}

/// No edge twice, none between readers, and none that the readers between two writers imply.
#[test]
fn as_few_edges_as_there_can_be() {
    let mut graph = GraphBuilder::new();
    let (one, two) = (graph.state("one", 0), graph.state("two", 0));
    let first = graph.node("first", (one.write(), two.write()), |_: &mut i32, _: &mut i32| 1);
    for _ in 0..5 {
        graph.node("read", (one.read(), two.read()), |_: &i32, _: &i32| ());
    }
    graph.node("fed", (one.read(), first), |_: &i32, _: &i32| ());
    graph.node("last", (one.write(), two.write()), |_: &mut i32, _: &mut i32| ());
    let graph = graph.build().expect("a valid graph");
    let dag = graph.dag();
    assert_eq!((dag.node_count(), dag.edge_count()), (8, 12));
    assert_eq!(dag.successors(NodeId::new(0)).len(), 6);
    assert_eq!(dag.in_degree(NodeId::new(7)), 6);
}
