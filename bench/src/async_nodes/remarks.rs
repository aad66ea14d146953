//! What to know about the figures, each thing said once.

use std::fmt;

/// Remarks, and the graphs that they are about.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    graphs: usize,
    all: Vec<(String, Vec<String>)>,
}

impl Remarks {
    /// Adds a graph and what there is to say about it.
    pub(super) fn add(&mut self, graph: &str, remarks: impl Iterator<Item = String>) {
        self.graphs += 1;
        for remark in remarks {
            match self.all.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, graphs)) => graphs.push(graph.to_owned()),
                None => self.all.push((remark, vec![graph.to_owned()])),
            }
        }
    }
}

impl fmt::Display for Remarks {
    /// A line each. Which graphs it is about is left out if it's about all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (remark, graphs) in &self.all {
            if graphs.len() == self.graphs {
                writeln!(f, "  {remark}")?;
            } else {
                writeln!(f, "  {}: {remark}", graphs.join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn said_once() {
        let mut remarks = Remarks::default();
        for (graph, own) in [("a", None), ("b", Some("slow".to_owned())), ("c", Some("slow".to_owned()))] {
            remarks.add(graph, ["smaller".to_owned()].into_iter().chain(own));
        }
        assert_eq!(remarks.to_string(), "  smaller\n  b, c: slow\n");
    }
}
