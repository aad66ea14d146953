//! Typed graphs in DOT: the marks of nodes and edges, graphs that are nodes, colors; and what Graphviz makes
//! of it.

use crate::support::graphviz::{svg_of, texts};
use dgraph_exec::{Durations, Graph, GraphBuilder, GraphDot, NoResult, RunOptions, SharedLimit};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The statements, without indentation.
fn lines(dot: GraphDot<'_>) -> Vec<String> {
    dot.to_string().lines().map(|line| line.trim().to_owned()).collect()
}

/// That there is each of these.
fn has(lines: &[String], expected: &[&str]) {
    for expected in expected {
        assert!(lines.iter().any(|line| line == expected), "{expected} isn't there:\n{}", lines.join("\n"));
    }
}

fn is_edge(line: &str) -> bool {
    line.contains(" -> ")
}

#[test]
fn names_are_escaped() {
    let mut graph = GraphBuilder::new();
    for name in ["a &lt; b", "R&D", "nul\0here"] {
        graph.node(name, (), || ());
    }
    let dot = graph.build().expect("a valid graph").dot().to_string();
    for name in ["\"a &amp;lt; b\"", "\"R&amp;D\"", "\"nul␀here\""] {
        assert!(dot.contains(name), "{name} isn't there:\n{dot}");
    }
}

#[test]
fn edges_say_what_they_are_for() {
    let mut graph = GraphBuilder::new();
    let [lent, moved, order, outcome, always] =
        ["lent", "moved", "order", "outcome", "always"].map(|name| graph.node(name, (), || 1));
    let user = graph.node(
        "user",
        (lent, moved.moved(), outcome.outcome(), lent),
        |a: &i32, b: i32, c: Result<&i32, NoResult>, d: &i32| a + b + c.unwrap_or(&0) + d,
    );
    graph.after(user, [order]);
    graph.after(user, [order, lent]); // once more
    graph.always_after(user, [always]);
    graph.always_after(user, [lent]); // more is wanted of it anyway
    let lines = lines(graph.build().expect("a valid graph").dot());
    let edges: Vec<_> = lines.iter().filter(|line| is_edge(line)).collect();
    let expected = [
        "0 -> 5;",
        "1 -> 5 [style=bold];",
        "2 -> 5 [style=dashed];",
        "3 -> 5 [arrowhead=empty];",
        "4 -> 5 [style=dashed, arrowhead=empty];",
    ];
    assert_eq!(edges, expected);
}

#[test]
fn nodes_say_what_they_are_under() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<bool>("input");
    let bound = graph.node("bound", (), || ());
    graph.on_caller(bound);
    let there = graph.node("there", (), || ());
    graph.on_worker(there, 3);
    let (two, seven) = (graph.limit(2), graph.limit(7));
    let (disk, net) = (SharedLimit::new(4), SharedLimit::new(1));
    let limited = graph.async_node("limited", (), async || ());
    graph.limited(limited, two);
    graph.limited(limited, seven);
    graph.limited(limited, disk.permits(3));
    let other = graph.node("other", (), || ());
    graph.limited(other, &net);
    graph.limited(there, &disk);
    graph.only_if(other, input);
    graph.unless(limited, input);
    let lines = lines(graph.build().expect("a valid graph").dot());
    has(
        &lines,
        &[
            "0 [label=\"input\", shape=parallelogram];",
            "1 [label=\"bound\\non the caller\"];",
            "2 [label=\"there\\non worker 3\\nshared limit #0: 1 of 4\"];",
            "3 [label=\"limited\\nlimit #0: 2 at once\\nlimit #1: 7 at once\\nshared limit #0: 3 of 4\", style=dashed];",
            "4 [label=\"other\\nshared limit #1: 1 of 1\"];",
            "5 [label=\"unless input\", shape=diamond];",
            "6 [label=\"if input\", shape=diamond];",
            "0 -> 5;",
            "5 -> 3 [style=dashed];",
            "6 -> 4 [style=dashed];",
        ],
    );
}

/// What is under a limit only since it commutes isn't said to be.
#[test]
fn states_and_the_order_of_their_uses() {
    let mut graph = GraphBuilder::new();
    let limit = graph.limit(5);
    let [a, b] = ["a", "b"].map(|name| graph.state(name, 0));
    let fill = graph.node("fill", (a.write(), b.write()), |_: &mut i32, _: &mut i32| 1);
    let look = graph.node("look", (a.read(), b.read(), fill), |_: &i32, _: &i32, _: &i32| 1);
    let one = graph.node("one", (a.commute(), b.read()), |_: &mut i32, _: &i32| 1);
    let two = graph.node("two", a.commute(), |_: &mut i32| 1);
    graph.limited(two, limit);
    graph.node("last", (a.read(), one), |_: &i32, _: &i32| 1);
    let graph = graph.build().expect("a valid graph");
    assert_eq!(look.id().get(), 1);
    let lines = lines(graph.dot());
    let nodes = [
        "0 [label=\"fill\\nwrites a\\nwrites b\"];",
        "1 [label=\"look\\nreads a\\nreads b\"];",
        "2 [label=\"one\\ncommutes at a\\nreads b\"];",
        "3 [label=\"two\\ncommutes at a\\nlimit #0: 5 at once\"];",
        "4 [label=\"last\\nreads a\"];",
    ];
    has(&lines, &nodes);
    let edges: Vec<_> = lines.iter().filter(|line| is_edge(line)).collect();
    let expected = [
        "0 -> 1;", // what the dependency says, too
        "0 -> 2 [style=dotted, label=\"a, b\"];",
        "1 -> 2 [style=dotted, label=\"a\"];",
        "1 -> 3 [style=dotted, label=\"a\"];",
        "2 -> 4;",
        "3 -> 4 [style=dotted, label=\"a\"];",
    ];
    assert_eq!(edges, expected);
}

#[test]
fn many_commuters_meet_in_a_point() {
    let mut graph = GraphBuilder::new();
    let state = graph.state("score", 0);
    (0..9).for_each(|_| _ = graph.node("add", state.commute(), |score: &mut i32| *score += 1));
    (0..9).for_each(|_| _ = graph.node("show", state.read(), |score: &i32| *score));
    let lines = lines(graph.build().expect("a valid graph").dot());
    assert_eq!(lines.iter().filter(|line| is_edge(line)).count(), 18);
    has(
        &lines,
        &[
            "18 [shape=point];",
            "0 -> 18 [style=dotted, label=\"score\"];",
            "18 -> 9 [style=dotted, label=\"score\"];",
        ],
    );
}

/// A graph in a graph in a graph, one that repeats, and one without nodes.
fn nested() -> Graph<'static> {
    let mut inmost = GraphBuilder::new();
    let first = inmost.async_node("first", (), async || 1);
    let second = inmost.node("second", (first,), |first: &i32| first + 1);
    inmost.node("", (second,), |second: &i32| second + 1);
    let mut middle = GraphBuilder::new();
    let begin = middle.node("begin", (), || ());
    let inmost = inmost.build().expect("a valid graph");
    middle.graph("inmost", (begin,), inmost, |_: &mut Graph<'_>, (): &()| {}, |_| ());
    let mut empty = GraphBuilder::new();
    let mut graph = GraphBuilder::new();
    let before = graph.node("before", (), || ());
    let middle = middle.build().expect("a valid graph");
    let again = |_: &mut Graph<'_>| ControlFlow::Break(());
    let middle = graph.repeat("middle", (before,), middle, |_: &mut Graph<'_>, (): &()| {}, again);
    let empty = std::mem::take(&mut empty).build().expect("a valid graph");
    let empty = graph.graph("empty", (middle,), empty, |_: &mut Graph<'_>, (): &()| {}, |_| ());
    graph.node("after", (middle, empty), |(): &(), (): &()| ());
    graph.build().expect("a valid graph")
}

#[test]
fn graphs_that_are_nodes() {
    let graph = nested();
    let expected = r##"digraph {
  compound=true;
  0 [label="before"];
  subgraph "cluster_1" {
    label="middle\nrepeats";
    style=dashed;
    "1/0" [label="begin"];
    subgraph "cluster_1/1" {
      label="inmost";
      style=dashed;
      "1/1/0" [label="first", style=dashed];
      "1/1/1" [label="second"];
      "1/1/2" [label="#2"];
      "1/1/0" -> "1/1/1";
      "1/1/1" -> "1/1/2";
    }
    "1/0" -> "1/1/0" [lhead="cluster_1/1"];
  }
  2 [label="empty", shape=box];
  3 [label="after"];
  0 -> "1/0" [lhead="cluster_1"];
  "1/1/2" -> 2 [ltail="cluster_1"];
  "1/1/2" -> 3 [ltail="cluster_1"];
  2 -> 3;
}
"##;
    assert_eq!(graph.dot().to_string(), expected);
}

#[test]
fn durations_are_times_and_colors() {
    let graph = nested();
    let durations: Durations =
        "250\tbefore\n500\tmiddle/inmost/first\n1000\tmiddle/inmost/second\n9000\tmiddle\n7\tsecond"
            .parse()
            .expect("durations");
    let lines = lines(graph.dot().durations(&durations));
    has(
        &lines,
        &[
            "0 [label=\"before\\n250.0ns\", style=filled, fillcolor=\"0.070 0.225 1.000\"];",
            "label=\"middle\\nrepeats\\n9.0µs\";",
            "\"1/1/0\" [label=\"first\\n500.0ns\", style=\"dashed,filled\", fillcolor=\"0.070 0.450 1.000\"];",
            "\"1/1/1\" [label=\"second\\n1.0µs\", style=filled, fillcolor=\"0.070 0.900 1.000\"];",
            "\"1/1/2\" [label=\"#2\"];",
            "3 [label=\"after\"];",
        ],
    );
    // Nothing is known, or all of it is nothing.
    assert_eq!(graph.dot().durations(&Durations::new()).to_string(), graph.dot().to_string());
    let nothing = "0\tbefore".parse().expect("durations");
    has(
        &self::lines(graph.dot().durations(&nothing)),
        &["0 [label=\"before\\n0.0ns\", style=filled, fillcolor=\"0.070 0.000 1.000\"];"],
    );
}

/// What a run has measured is found again, in graphs that are nodes too.
#[test]
fn measured_durations_reach_into_graphs() {
    let mut graph = nested();
    graph.with(&RunOptions::new().measure()).run().expect("no node fails");
    let durations = graph.durations();
    let names: Vec<_> = durations.iter().map(|(name, _)| name).collect();
    let expected = [
        "after",
        "before",
        "empty",
        "middle",
        "middle/begin",
        "middle/inmost",
        "middle/inmost/first",
        "middle/inmost/second",
    ];
    assert_eq!(names, expected);
    let colored = lines(graph.dot().durations(&durations));
    // All but the one without a name, and the graphs that have frames.
    assert_eq!(colored.iter().filter(|line| line.contains("fillcolor")).count(), 6);
}

#[test]
fn a_local_graph() {
    let mut graph = GraphBuilder::new_local();
    let state = graph.local().state("title", std::rc::Rc::new(1));
    graph.local().node("draw", state.write(), |_: &mut std::rc::Rc<i32>| ());
    has(
        &lines(graph.build().expect("a valid graph").dot()),
        &["0 [label=\"draw\\nwrites title\\non the caller\"];"],
    );
}

const NAMES: [&str; 6] = ["say \"hi\"\\n", "a &lt; b", "<b>]; }", "-> \"]", "two\nlines", "#\u{0}"];

/// A graph in which everything has such a name.
fn named(name: &str) -> Graph<'static> {
    let mut inner = GraphBuilder::new();
    inner.node(name, (), || ());
    let mut graph = GraphBuilder::new();
    let state = graph.state(name, 0);
    let first = graph.node(name, state.write(), |_: &mut i32| true);
    let second = graph.graph(
        name,
        (state.read(),),
        inner.build().expect("a valid graph"),
        |_: &mut Graph<'_>, _: &i32| {},
        |_| (),
    );
    graph.only_if(second, first);
    graph.build().expect("a valid graph")
}

/// Graphviz shows nodes, frames and edges, with names of all kinds.
#[test]
#[cfg_attr(miri, ignore = "another program")]
fn graphviz_draws_them() {
    for name in NAMES {
        let durations = [(name, std::time::Duration::from_secs(1))].into_iter().collect();
        let graph = named(name);
        let Some(svg) = svg_of(&graph.dot().durations(&durations).to_string()) else { return };
        let shown: Vec<_> = name.replace('\0', "␀").split('\n').map(str::to_owned).collect();
        let with = |before: &str, after: &[String]| {
            let mut lines: Vec<_> =
                format!("{before}{}", shown.join("\n")).split('\n').map(str::to_owned).collect();
            lines.extend_from_slice(after);
            lines
        };
        let (took, reads) = ("1.0s".to_owned(), with("reads ", &[]));
        let mut nodes = texts(&svg, "node");
        nodes.sort();
        let mut expected = [
            with("", &[&with("writes ", &[])[..], std::slice::from_ref(&took)].concat()),
            with("", &[]),
            with("if ", &[]),
        ];
        expected.sort();
        assert_eq!(nodes, expected);
        assert_eq!(texts(&svg, "cluster"), [with("", &[&reads[..], &[took]].concat())]);
        let mut edges = texts(&svg, "edge");
        edges.sort();
        assert_eq!(edges, [vec![], vec![], shown.clone()]);
    }
    let svg = svg_of(&nested().dot().to_string()).expect("it was there");
    assert_eq!(texts(&svg, "cluster").concat(), ["middle", "repeats", "inmost"]);
}

proptest! {
    /// Each edge of the DAG once, and no others, whatever nodes want of each other.
    #[test]
    fn as_many_edges_as_there_are(
        wishes in prop::collection::vec((0_usize..12, 0_usize..12, 0..4), 0..60),
        uses in prop::collection::vec(prop::option::of(0..3), 12),
    ) {
        let mut graph = GraphBuilder::new();
        let state = graph.state("state", 0);
        let nodes: Vec<_> = uses.iter().map(|used| match used {
            None => graph.node("", (), || ()),
            Some(0) => graph.node("", state.read(), |_: &i32| ()),
            Some(1) => graph.node("", state.write(), |_: &mut i32| ()),
            Some(_) => graph.node("", state.commute(), |_: &mut i32| ()),
        }).collect();
        for (from, to, kind) in wishes.into_iter().filter(|(from, to, _)| from < to) {
            match kind {
                0 => graph.after(nodes[to], [nodes[from]]),
                1 => graph.always_after(nodes[to], [nodes[from]]),
                2 => graph.after(nodes[to], [nodes[from], nodes[from]]),
                _ => _ = graph.node("", (nodes[from], nodes[to], nodes[from]), |(): &(), (): &(), (): &()| ()),
            }
        }
        let graph = graph.build().expect("a valid graph");
        let drawn: Vec<_> = lines(graph.dot()).iter().filter_map(|line| {
            let (from, to) = line.trim_end_matches(';').split(" [").next()?.split_once(" -> ")?;
            Some((from.parse::<u32>().expect("a number"), to.parse::<u32>().expect("a number")))
        }).collect();
        let dag = graph.dag();
        let there: BTreeSet<_> = dag.order().iter()
            .flat_map(|&node| dag.successors(node).iter().map(move |edge| (node.get(), edge.target().get())))
            .collect();
        prop_assert_eq!(drawn, there.into_iter().collect::<Vec<_>>());
    }
}
