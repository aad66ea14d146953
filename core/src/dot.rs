//! Graphs in Graphviz's DOT language, written through `Display` without allocation.

use crate::{DagView, NodeId};
use core::fmt::{self, Display, Write};

/// Displays a graph in DOT. See [`DagView::dot`].
///
/// # Examples
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
    /// The graph in DOT, with a label for each node, and each edge once, also if it was given twice. Labels
    /// may hold anything, as a [`DotString`] may.
    ///
    /// # Examples
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
        let nodes = || (0..).map(NodeId::new).take(self.dag.node_count());
        f.write_str("digraph {\n")?;
        for node in nodes() {
            writeln!(f, "  {node} [label={}];", DotString((self.label)(node)))?;
        }
        for node in nodes() {
            let edges = self.dag.successors(node);
            // Of the targets up to here: most rows ascend, and nothing has to be looked for.
            let mut highest = None;
            for (at, edge) in edges.iter().enumerate() {
                let is_new = Some(edge.target()) > highest || !edges[..at].contains(edge);
                highest = highest.max(Some(edge.target()));
                if is_new {
                    writeln!(f, "  {node} -> {};", edge.target())?;
                }
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

/// Displays anything as a quoted string of DOT, such as a label: Graphviz shows it as it is, but for control
/// characters other than line breaks, which are shown by pictures, `␀` for NUL.
///
/// # Examples
///
/// ```
/// use dgraph_core::DotString;
/// let dot = format!("digraph {{ 0 [label={}, shape=box]; }}", DotString("say \"hi\""));
/// assert_eq!(dot, "digraph { 0 [label=\"say \\\"hi\\\"\", shape=box]; }");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DotString<T>(pub T);

impl<T: Display> Display for DotString<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write!(Escaped { to: f, room: PIECE }, "{}", self.0)?;
        f.write_char('"')
    }
}

const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// Passes text on, escaped for a quoted DOT string: Graphviz shows what it was. It decodes entities like
/// `&lt;` there, it can't read a NUL, and what it draws is XML, in which there are no control characters:
/// these are shown by the pictures that Unicode has for them, or as unknown.
struct Escaped<'f, 'g> {
    to: &'f mut fmt::Formatter<'g>,
    /// How many characters of the quoted string there may still be: Graphviz reads at most 16,384 bytes of
    /// one, but several in a row, with `+` between them.
    room: u32,
}

/// Of at most five bytes, when they are escaped.
const PIECE: u32 = 3000;

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.room == 0 {
                self.room = PIECE;
                self.to.write_str("\" + \"")?;
            }
            self.room -= 1;
            match c {
                '"' => self.to.write_str("\\\"")?,
                '\\' => self.to.write_str("\\\\")?,
                '\n' => self.to.write_str("\\n")?,
                '&' => self.to.write_str("&amp;")?,
                '\0'..='\x1f' => {
                    self.to.write_char(char::from_u32(0x2400 + u32::from(c)).unwrap_or(UNKNOWN))?;
                }
                '\x7f' => self.to.write_char('\u{2421}')?,
                '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => self.to.write_char(UNKNOWN)?,
                c => self.to.write_char(c)?,
            }
        }
        Ok(())
    }
}
