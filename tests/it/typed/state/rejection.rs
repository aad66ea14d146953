//! Graphs that are refused because of what they do with states, handles of other graphs, and orders that
//! nobody meant.

use crate::support::panics::payload_of;
use dgraph_exec::{GraphBuilder, GraphError, NodeId};

#[test]
fn a_state_twice_in_one_node() {
    type Build = fn(&mut GraphBuilder<'_>);
    let builds: [Build; 5] = [
        |graph| {
            let number = graph.state("number", 0);
            graph.node("bad", (number.write(), number.write()), |_: &mut i32, _: &mut i32| ());
        },
        |graph| {
            let number = graph.state("number", 0);
            graph.node("bad", (number.read(), number.write()), |_: &i32, _: &mut i32| ());
        },
        |graph| {
            let (number, other) = (graph.state("number", 0), graph.state("other", 0));
            let all = (number.commute(), other.write(), number.read());
            graph.node("bad", all, |_: &mut i32, _: &mut i32, _: &i32| ());
        },
        |graph| {
            let number = graph.state("number", 0);
            graph.node("good", number.read(), |_: &i32| ());
            graph.node("bad", (number.commute(), number.commute()), |_: &mut i32, _: &mut i32| ());
        },
        |graph| {
            let number = graph.state("number", 0);
            let run = async |_: &i32, _: &mut i32| ();
            graph.async_node("bad", (number.read(), number.write()), run);
        },
    ];
    for build in builds {
        let mut graph = GraphBuilder::new();
        build(&mut graph);
        let error = graph.build().unwrap_err();
        assert_eq!(error.to_string(), "bad uses the state number more than once, and not only to read it");
        assert!(
            matches!(&error, GraphError::StateUsedTwice { node, state } if node.name() == "bad" && **state == *"number")
        );
    }
}

#[test]
fn read_twice_in_one_node() {
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 4);
    let sum = graph.node("sum", (number.read(), number.read()), |a: &i32, b: &i32| a + b);
    let mut graph = graph.build().expect("two references");
    assert_eq!(graph.run().expect("no node fails")[sum], 8);
}

#[test]
fn handles_of_other_graphs() {
    let mut other = GraphBuilder::new();
    let foreign = other.state("foreign", vec![1]);
    let mut graph = GraphBuilder::new();
    let own = graph.state("own", vec![1]);
    graph.node("bad", (own.write(), foreign.write()), |_: &mut Vec<i32>, _: &mut Vec<i32>| ());
    let error = graph.build().unwrap_err();
    assert_eq!(error.to_string(), "handles of another graph are used by: bad");

    let (other, mut graph) =
        (other.build().expect("no nodes"), GraphBuilder::new().build().expect("no nodes"));
    let message = "the handle of a state of another graph";
    assert_eq!(payload_of::<String>(|| _ = graph.state(foreign)), message);
    assert_eq!(payload_of::<String>(|| _ = graph.state_mut(foreign)), message);
    assert_eq!(payload_of::<String>(|| _ = graph.half_written(foreign).count()), message);
    assert_eq!(payload_of::<String>(|| _ = graph.results()[foreign].len()), message);
    assert_eq!(payload_of::<String>(|| _ = other.results()[own].len()), message);
    assert_eq!(other.state(foreign), &[1]);
    assert!(own != foreign && own == own && own.read() != foreign.read());
    assert_eq!(
        format!("{own:?} {:?} {:?}", own.write(), own.commute()),
        "State(0) StateWrite(0) StateCommute(0)"
    );
}

/// A graph that is a node has no access to the outer one's states.
#[test]
fn a_state_of_the_outer_graph() {
    let mut outer = GraphBuilder::new();
    let number = outer.state("number", 1);
    let mut inner = GraphBuilder::new();
    inner.node("bad", number.write(), |number: &mut i32| *number += 1);
    assert!(matches!(inner.build(), Err(GraphError::ForeignHandles(nodes)) if nodes[0].name() == "bad"));
}

/// A node that was declared ahead takes its turn when it is defined, which is too late for those that depend
/// on it and came to the state before.
#[test]
fn a_cycle_by_turns() {
    let mut graph = GraphBuilder::new();
    let (food, other) = (graph.state("food", 0), graph.state("other", 0));
    let egg = graph.declare::<u8>("egg");
    graph.node("hen", (egg.node(), food.write(), other.read()), |egg: &u8, _: &mut i32, _: &i32| *egg);
    graph.node(egg, (food.write(), other.read()), |_: &mut i32, _: &i32| 1);
    let error = graph.build().unwrap_err();
    let told = error.to_string();
    assert!(
        told == "cycle of dependencies and turns at states: egg -> hen -> egg; it is the order of definition that counts, at: food"
            || told
                == "cycle of dependencies and turns at states: hen -> egg -> hen; it is the order of definition that counts, at: food",
        "{told}"
    );
    let GraphError::StateCycle { path, states } = error else { panic!("{error}") };
    assert_eq!((path.len(), states), (3, vec![Box::from("food")]));
}

/// The same through a joint between many.
#[test]
fn a_cycle_through_a_joint() {
    let mut graph = GraphBuilder::new();
    let sum = graph.state("", 0);
    let late = graph.declare::<()>("late");
    for _ in 0..50 {
        let node = graph.node("add", sum.commute(), |sum: &mut i32| *sum += 1);
        graph.after(node, late.node());
    }
    (0..50).for_each(|_| _ = graph.node("read", sum.read(), |_: &i32| ()));
    graph.node(late, sum.read(), |_: &i32| ());
    let error = graph.build().unwrap_err();
    assert!(
        matches!(&error, GraphError::StateCycle { states, .. } if **states == [Box::from("#0")]),
        "{error}"
    );
}

/// A cycle of dependencies alone stays what it is, whoever uses states.
#[test]
fn a_cycle_by_dependencies() {
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 0);
    let (one, two) = (graph.declare::<u8>("one"), graph.declare::<u8>("two"));
    let one = graph.node(one, (two.node(), number.write()), |two: &u8, _: &mut i32| *two);
    graph.node(two, (one,), |one: &u8| *one);
    assert!(matches!(graph.build(), Err(GraphError::Cycle(path)) if path.len() == 3));
}

fn told(graph: GraphBuilder<'_>) -> Vec<(u32, u32, String)> {
    let graph = graph.build().expect("a valid graph");
    let number = |node: &dgraph_exec::NamedNode| NodeId::get(node.id());
    let pairs = graph.ambiguities();
    pairs.iter().map(|pair| (number(pair.first()), number(pair.second()), pair.state().to_owned())).collect()
}

/// Neighbours of which one writes, unless dependencies say the same, directly or over others.
#[test]
fn ambiguities_are_what_no_dependency_says() {
    let mut graph = GraphBuilder::new();
    let (x, y) = (graph.state("x", 0), graph.state("y", 0));
    let write = |_: &mut i32| ();
    let n0 = graph.node("0", x.write(), write);
    let n1 = graph.node("1", x.read(), |_: &i32| ());
    let between = graph.node("2", n0, |(): &()| ());
    let n3 = graph.node("3", (x.read(), between), |_: &i32, (): &()| ());
    let n4 = graph.node("4", (x.write(), y.write()), |_: &mut i32, _: &mut i32| ());
    let n5 = graph.node("5", (x.write(), y.write()), |_: &mut i32, _: &mut i32| ());
    graph.after(n4, n1);
    let expected = [(0, 1, "x"), (3, 4, "x"), (4, 5, "x"), (4, 5, "y")];
    assert_eq!(told(graph), expected.map(|(first, second, state)| (first, second, state.to_owned())));
    let _ = (n3, n5);
}

/// Nodes that commute aren't listed with each other, but with those before and behind; also where joints
/// stand between.
#[test]
fn ambiguities_of_commuters() {
    for many in [2, 40] {
        let mut graph = GraphBuilder::new();
        let sum = graph.state("sum", 0);
        (0..many).for_each(|_| _ = graph.node("add", sum.commute(), |sum: &mut i32| *sum += 1));
        (0..many).for_each(|_| _ = graph.node("read", sum.read(), |_: &i32| ()));
        let pairs = told(graph);
        assert_eq!(pairs.len(), (many * many) as usize);
        assert!(pairs.iter().all(|(first, second, _)| *first < many && *second >= many));
    }
}

#[test]
fn no_ambiguities_without_states() {
    let mut graph = GraphBuilder::new();
    let one = graph.node("one", (), || 1);
    graph.node("two", one, |one: &i32| *one);
    assert!(told(graph).is_empty());
}
