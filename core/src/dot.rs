//! Graphs in Graphviz's DOT language, written through `Display` without allocation.

use crate::{DagView, NodeId};
use core::fmt::{self, Display, Write};

/// Displays a graph in DOT. See [`DagView::dot`].
///
/// ```
/// use dgraph_core::StaticDag;
/// use std::fmt::Write;
///
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// let mut page = String::from("// for `dot -Tsvg`\n");
/// write!(page, "{}", DAG.view().dot(|node| ["load", "show"][node.index()]))?;
/// assert!(page.contains("0 [label=\"load\"];") && page.contains("0 -> 1;"));
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Dot<'a, L> {
    dag: DagView<'a>,
    label: L,
}

impl<'a> DagView<'a> {
    /// The graph in DOT, with a label for each node. Labels may hold anything; they are escaped.
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// let dot = DAG.view().dot(|node| ["load", "say \"hi\""][node.index()]).to_string();
    /// assert_eq!(dot, "digraph {\n  0 [label=\"load\"];\n  1 [label=\"say \\\"hi\\\"\"];\n  0 -> 1;\n}\n");
    /// ```
    pub fn dot<L, T>(self, label: L) -> Dot<'a, L>
    where
        L: Fn(NodeId) -> T,
        T: Display,
    {
        Dot { dag: self, label }
    }
}

impl<L, T> Display for Dot<'_, L>
where
    L: Fn(NodeId) -> T,
    T: Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = || (0..).map(NodeId::new).take(self.dag.nodes());
        f.write_str("digraph {\n")?;
        for node in nodes() {
            write!(f, "  {node} [label=\"")?;
            write!(Escaped(f), "{}", (self.label)(node))?;
            f.write_str("\"];\n")?;
        }
        for node in nodes() {
            for edge in self.dag.successors(node) {
                writeln!(f, "  {node} -> {};", edge.target())?;
            }
        }
        f.write_str("}\n")
    }
}

impl<L> fmt::Debug for Dot<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dot").field("dag", &self.dag).finish_non_exhaustive()
    }
}

/// Passes text on, escaped for a quoted DOT string.
struct Escaped<'f, 'g>(&'f mut fmt::Formatter<'g>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                '\n' => self.0.write_str("\\n")?,
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}
