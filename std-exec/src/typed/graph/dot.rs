//! Graphs in Graphviz's DOT language.

use super::drawn::{Drawn, Edge, Looks};
use crate::observe::Durations;
use crate::typed::data::graph_data::GraphData;
use dgraph_core::DotString;
use std::fmt;
use std::time::Duration;

/// Displays a graph in Graphviz's DOT language, for `dot -Tsvg`. Made by [`Graph::dot`](crate::Graph::dot).
///
/// Each edge is there once. A plain arrow feeds a result by reference, and a plain node is a closure; what
/// else there is:
///
/// | in the picture | means |
/// |---|---|
/// | bold arrow | the result is [moved](crate::Node::moved) |
/// | dashed arrow | order only: nothing is fed |
/// | empty arrowhead | in any case, whatever becomes of the dependency: [`always_after`](crate::GraphBuilder::always_after), or an [outcome](crate::Node::outcome) is fed |
/// | dotted arrow with the name of a state | there because both use the [state](crate::GraphBuilder::state), in the order of their definition alone: neither depends on the other |
/// | diamond | a condition: what is behind it runs only [if](crate::GraphBuilder::only_if) the node before it gives true, or [unless](crate::GraphBuilder::unless) |
/// | parallelogram | an input |
/// | dashed outline | an async node |
/// | frame | a graph that is a node; arrows that end at the frame are its own |
/// | "reads", "writes", "commutes at" | what the node does with a state |
/// | "on the caller", "on worker 1" | the only thread that may run it |
/// | "limit #0: 2 at once" | the node is under a [limit](crate::GraphBuilder::limit), with others that name the same one |
/// | "shared limit #0: 1 of 4" | it takes one of four permits of a [`SharedLimit`](crate::SharedLimit) |
/// | "repeats" | the graph may run several times: [`repeat`](crate::GraphBuilder::repeat) |
/// | small dot | a node without work, where many nodes that commute meet many others |
/// | color, and a time | how long the node took, by [`durations`](Self::durations) |
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
///
/// let mut graph = GraphBuilder::new();
/// let text = graph.state("text", String::new());
/// let load = graph.node("load", text.write(), |text: &mut String| text.push('a'));
/// graph.node("show", text.read(), |text: &String| println!("{text}"));
/// let beep = graph.node("beep", (), || ());
/// graph.always_after(beep, [load]);
/// graph.on_caller(beep);
/// let expected = r#"digraph {
///   0 [label="load\nwrites text"];
///   1 [label="show\nreads text"];
///   2 [label="beep\non the caller"];
///   0 -> 1 [style=dotted, label="text"];
///   0 -> 2 [style=dashed, arrowhead=empty];
/// }
/// "#;
/// assert_eq!(graph.build()?.dot().to_string(), expected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct GraphDot<'a> {
    data: &'a GraphData,
    durations: Option<&'a Durations>,
}

impl<'a> GraphDot<'a> {
    pub(super) fn new(data: &'a GraphData) -> Self {
        Self { data, durations: None }
    }

    /// Colors nodes by how long they take, the one that takes longest the most, and says so below their
    /// names. Nodes are found by their names, in graphs that are nodes by their paths, as in
    /// [`Graph::durations`](crate::Graph::durations). What isn't found is left white.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let load = graph.node("load", (), || (0..100_000).map(std::hint::black_box).sum::<u64>());
    /// graph.node("show", (load,), |sum: &u64| println!("{sum}"));
    /// let mut graph = graph.build()?;
    /// graph.with(&RunOptions::new().measure()).run()?;
    /// std::fs::write(std::env::temp_dir().join("graph.dot"), graph.dot().durations(&graph.durations()).to_string())?;
    /// # std::fs::remove_file(std::env::temp_dir().join("graph.dot"))?;
    ///
    /// let from_a_file = "1000\tload\n250\tshow".parse()?;
    /// let dot = graph.dot().durations(&from_a_file).to_string();
    /// assert!(dot.contains(r#"1 [label="show\n250.0ns", style=filled, fillcolor="0.070 0.225 1.000"];"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn durations(self, durations: &'a Durations) -> Self {
        Self { durations: Some(durations), ..self }
    }
}

impl fmt::Display for GraphDot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, durations } = *self;
        let drawn = Drawn::new(data);
        let longest = durations.map(|durations| (durations, drawn.longest(durations)));
        f.write_str("digraph {\n")?;
        if drawn.has_inner() {
            f.write_str("  compound=true;\n")?;
        }
        Pen { f, durations: longest, shared: Vec::new(), indent: 2 }.graph(&drawn)?;
        f.write_str("}\n")
    }
}

impl fmt::Debug for GraphDot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphDot").field("graph", self.data).finish_non_exhaustive()
    }
}

/// Of the node that takes longest.
const FULL: f64 = 0.9;

struct Pen<'f, 'g, 'd> {
    f: &'f mut fmt::Formatter<'g>,
    /// And the longest of all.
    durations: Option<(&'d Durations, Duration)>,
    /// The shared limits that have been seen.
    shared: Vec<usize>,
    indent: usize,
}

impl Pen<'_, '_, '_> {
    fn graph(&mut self, drawn: &Drawn<'_>) -> fmt::Result {
        for node in 0..drawn.data.topology.nodes() {
            match drawn.inner(node) {
                Some(inner) => self.cluster(drawn, node, inner)?,
                None => self.node(drawn, node)?,
            }
        }
        drawn.edges().iter().try_for_each(|edge| self.edge(drawn, edge))
    }

    fn line(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.f, "{:indent$}{text}", "", indent = self.indent)
    }

    fn cluster(&mut self, drawn: &Drawn<'_>, node: u32, inner: &Drawn<'_>) -> fmt::Result {
        self.line(format_args!("subgraph {} {{", drawn.cluster(node)))?;
        self.indent += 2;
        let label = self.label(drawn, node);
        self.line(format_args!("label={};", DotString(label)))?;
        if drawn.is_async(node) {
            self.line(format_args!("style=dashed;"))?;
        }
        self.graph(inner)?;
        self.indent -= 2;
        self.line(format_args!("}}"))
    }

    fn node(&mut self, drawn: &Drawn<'_>, node: u32) -> fmt::Result {
        let looks = drawn.looks(node);
        let mut attributes = match looks {
            Looks::Joint => vec!["shape=point".to_owned()],
            _ => vec![format!("label={}", DotString(self.label(drawn, node)))],
        };
        match looks {
            Looks::Plain | Looks::Joint => {}
            Looks::Input => attributes.push("shape=parallelogram".to_owned()),
            Looks::Condition => attributes.push("shape=diamond".to_owned()),
            Looks::Graph => attributes.push("shape=box".to_owned()),
        }
        let share = self.durations.and_then(|(durations, longest)| {
            Some(drawn.took(node, durations)?.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE))
        });
        match (drawn.is_async(node), share.is_some()) {
            (true, true) => attributes.push("style=\"dashed,filled\"".to_owned()),
            (true, false) => attributes.push("style=dashed".to_owned()),
            (false, true) => attributes.push("style=filled".to_owned()),
            (false, false) => {}
        }
        // From white to orange: hue, saturation, brightness.
        attributes
            .extend(share.map(|share| format!("fillcolor=\"0.070 {:.3} 1.000\"", FULL * share.min(1.0))));
        self.line(format_args!("{} [{}];", drawn.id(node), attributes.join(", ")))
    }

    fn label(&mut self, drawn: &Drawn<'_>, node: u32) -> String {
        let mut label = drawn.data.store.names().label(node).to_string();
        let lines = drawn.lines(node, &mut self.shared).into_iter();
        let took = self.durations.and_then(|(durations, _)| drawn.took(node, durations));
        for line in lines.chain(took.map(|took| format!("{took:.1?}"))) {
            label.push('\n');
            label.push_str(&line);
        }
        label
    }

    fn edge(&mut self, drawn: &Drawn<'_>, edge: &Edge) -> fmt::Result {
        let &Edge { from, to, feeds, moves, in_any_case, ref states } = edge;
        let mut attributes = Vec::new();
        if !states.is_empty() {
            let names: Vec<_> = states.iter().map(|&state| drawn.state(state)).collect();
            attributes.push("style=dotted".to_owned());
            attributes.push(format!("label={}", DotString(names.join(", "))));
        } else if moves {
            attributes.push("style=bold".to_owned());
        } else if !feeds {
            attributes.push("style=dashed".to_owned());
        }
        if in_any_case {
            attributes.push("arrowhead=empty".to_owned());
        }
        for (end, node) in [("ltail", from), ("lhead", to)] {
            if drawn.inner(node).is_some() {
                attributes.push(format!("{end}={}", drawn.cluster(node)));
            }
        }
        let list = attributes.join(", ");
        let list = if list.is_empty() { list } else { format!(" [{list}]") };
        self.line(format_args!("{} -> {}{list};", drawn.tail(from), drawn.head(to)))
    }
}
