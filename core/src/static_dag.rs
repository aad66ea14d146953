//! Graphs that the compiler checks.

use crate::construct::{self, Fault, Storage};
use crate::{AsDag, DagView, Edge, NodeId};

/// A graph of `N` nodes and `E` edges whose arrays lie inside it, built and checked by the compiler.
///
/// It needs 12 bytes per node and 4 per edge, in read-only memory.
///
/// # Examples
///
/// ```
/// use dgraph_core::{NodeId, StaticDag};
///
/// static START: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
/// const STEPS: [&str; 4] = ["clock", "memory", "radio", "main"];
/// assert_eq!(STEPS[START.view().order()[0].index()], "clock");
/// assert_eq!(START.view().in_degree(NodeId::new(3)), 2); // `main` waits for memory and radio
/// ```
///
/// In a `static` or `const` a bad graph is a compile error that names the cycle or the edge:
///
/// ```compile_fail
/// use dgraph_core::StaticDag;
/// // error: dependency cycle: 0 -> 1 -> 0
/// static BAD: StaticDag<2, 2> = StaticDag::new([(0, 1), (1, 0)]);
/// ```
#[derive(Debug, Clone)]
pub struct StaticDag<const N: usize, const E: usize> {
    starts: [u32; N],
    edges: [Edge; E],
    in_degrees: [u32; N],
    order: [NodeId; N],
}

impl<const N: usize, const E: usize> StaticDag<N, E> {
    /// Builds the graph from its edges, where `(u, v)` says that v depends on u. O(V + E).
    ///
    /// # Panics
    ///
    /// If an edge names a node that is not in `0..N`, or there is a cycle, or too many nodes or edges; in a
    /// `static` or `const` each of these is a compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static PIPELINE: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// assert_eq!(PIPELINE.view().edge_count(), 2);
    /// ```
    #[must_use]
    pub const fn new(edges: [(u32, u32); E]) -> Self {
        let mut dag = Self {
            starts: [0; N],
            edges: [Edge::from_bits(0); E],
            in_degrees: [0; N],
            order: [NodeId::new(0); N],
        };
        let mut scratch = [0; N];
        let mut storage = Storage {
            starts: &mut dag.starts,
            edges: &mut dag.edges,
            in_degrees: &mut dag.in_degrees,
            order: &mut dag.order,
        };
        match construct::construct(&edges, &mut storage, &mut scratch) {
            Ok(()) => dag,
            Err(fault) => {
                let message = explain(&fault, &edges, &mut storage, &mut scratch);
                panic!("{}", message.as_str())
            }
        }
    }

    /// The graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagView, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (0, 2)]);
    /// const VIEW: DagView<'static> = DAG.view(); // it is a constant too
    /// assert_eq!(VIEW.in_degree(NodeId::new(2)), 1);
    /// assert_eq!(VIEW.roots(), [NodeId::new(0)]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn view(&self) -> DagView<'_> {
        DagView::new_unchecked(&self.starts, &self.edges, &self.in_degrees, &self.order)
    }

    /// Runs `body` once for each node in topological order, on this thread. See [`DagView::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    ///
    /// // What depends on what in a control loop, and what each step does.
    /// static LOOP: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// let steps: [fn(i32) -> i32; 3] = [|_| 20, |read| read - 15, |error| error * 2];
    /// let mut signal = 0;
    /// LOOP.run(|node| signal = steps[node.index()](signal));
    /// assert_eq!(signal, 10);
    /// ```
    #[inline]
    pub fn run(&self, body: impl FnMut(NodeId)) {
        self.view().run(body);
    }
}

impl<const N: usize, const E: usize> crate::view::sealed::Sealed for StaticDag<N, E> {}

impl<const N: usize, const E: usize> AsDag for StaticDag<N, E> {
    fn view(&self) -> DagView<'_> {
        self.view()
    }
}

const fn explain(
    fault: &Fault,
    edges: &[(u32, u32)],
    storage: &mut Storage<'_>,
    scratch: &mut [u32],
) -> Message {
    let mut message = Message::new();
    match *fault {
        Fault::TooManyNodes => message.text("too many nodes"),
        Fault::TooManyEdges => message.text("too many edges"),
        Fault::UnknownNode { edge, node } => {
            message.text("edge (");
            message.number(edges[edge].0);
            message.text(", ");
            message.number(edges[edge].1);
            message.text(") names node ");
            message.number(node);
            message.text(", which the graph doesn't have");
        }
        Fault::Cycle => {
            message.text("dependency cycle: ");
            let length = construct::trace_cycle(storage, scratch);
            let mut at = 0;
            while at < length {
                message.number(storage.order[at].get());
                message.text(" -> ");
                at += 1;
            }
            message.number(storage.order[0].get());
        }
    }
    message
}

/// Text put together at compile time, where `format!` doesn't work. What doesn't fit ends in `...`.
struct Message {
    bytes: [u8; 256],
    length: usize,
}

impl Message {
    const fn new() -> Self {
        Self { bytes: [0; 256], length: 0 }
    }

    const fn text(&mut self, text: &str) {
        let mut at = 0;
        while at < text.len() {
            self.byte(text.as_bytes()[at]);
            at += 1;
        }
    }

    const fn number(&mut self, number: u32) {
        let mut unit: u32 = 1;
        while number / unit > 9 {
            unit *= 10;
        }
        while unit > 0 {
            self.byte(b'0' + (number / unit % 10) as u8);
            unit /= 10;
        }
    }

    /// Callers pass ASCII only, so that cutting anywhere leaves valid UTF-8.
    const fn byte(&mut self, byte: u8) {
        let room = self.bytes.len() - 3;
        if self.length < room {
            self.bytes[self.length] = byte;
            self.length += 1;
        } else {
            self.bytes[room] = b'.';
            self.bytes[room + 1] = b'.';
            self.bytes[room + 2] = b'.';
            self.length = self.bytes.len();
        }
    }

    const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "invalid graph",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 1, 9, 10, 11, 99, 100, 4_000_000_009, u32::MAX] {
            let mut message = Message::new();
            message.number(number);
            assert_eq!(message.as_str(), number.to_string());
        }
    }

    #[test]
    fn what_does_not_fit_ends_in_dots() {
        for length in [252, 253, 254, 255, 256, 300] {
            let mut message = Message::new();
            message.text(&"a".repeat(length));
            let expected = if length <= 253 { "a".repeat(length) } else { "a".repeat(253) + "..." };
            assert_eq!(message.as_str(), expected);
        }
    }
}
