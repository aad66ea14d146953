//! Graphs as data: for each node the list of those that depend on it.
//!
//! A reader gets as many lists as there are nodes, so what comes from a stranger takes memory in proportion
//! to its length.

use crate::{Dag, Edge, NodeId};
use ::serde::de::{Deserialize, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};
use alloc::vec::Vec;

/// As the list, for each node, of the numbers of the nodes that depend on it, in their order.
///
/// Needs the feature `serde`. The counters are not written, nor is an order by
/// [`depth_first`](Dag::depth_first).
///
/// # Examples
///
/// ```
/// use dgraph_core::Dag;
///
/// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
/// let text = serde_json::to_string(&dag)?;
/// assert_eq!(text, "[[1,2],[3],[3],[]]");
/// let same: Dag = serde_json::from_str(&text)?;
/// assert_eq!(same.view().order(), dag.view().order());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Dag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.view();
        serializer.collect_seq(
            (0..).take(view.node_count()).map(|node| Successors(view.successors(NodeId::new(node)))),
        )
    }
}

struct Successors<'a>(&'a [Edge]);

impl Serialize for Successors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|edge| edge.target().get()))
    }
}

/// Validated as by [`Dag::from_edges`]: what isn't a graph, or has a cycle, is an error of the deserializer.
///
/// Needs the feature `serde`.
///
/// # Examples
///
/// ```
/// use dgraph_core::Dag;
///
/// let cycle = serde_json::from_str::<Dag>("[[1],[2],[1]]").unwrap_err();
/// assert_eq!(cycle.to_string(), "dependency cycle: 1 -> 2 -> 1");
/// ```
impl<'de> Deserialize<'de> for Dag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let successors = Vec::<Vec<u32>>::deserialize(deserializer)?;
        let edges =
            (0..).zip(&successors).flat_map(|(node, after)| after.iter().map(move |&after| (node, after)));
        Self::from_edges(successors.len(), &edges.collect::<Vec<_>>()).map_err(D::Error::custom)
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use crate::Dag;
    use std::string::{String, ToString};

    fn again(dag: &Dag) -> Dag {
        serde_json::from_str(&serde_json::to_string(dag).unwrap()).unwrap()
    }

    #[test]
    fn there_and_back() {
        // Against the numbers, one twice, and a node without any.
        let edges = [(3, 0), (0, 1), (3, 2), (3, 0), (2, 1)];
        let dag = Dag::from_edges(5, &edges).unwrap();
        let same = again(&dag);
        assert_eq!(std::format!("{same:?}"), std::format!("{dag:?}"));
        assert_eq!(same.view().in_degrees(), dag.view().in_degrees());
        assert_eq!(same.view().order(), dag.view().order());
        assert_eq!(again(&Dag::from_edges(0, &[]).unwrap()).view().node_count(), 0);
        assert_eq!(again(&dag.depth_first()).view().order(), same.view().order());
    }

    #[test]
    fn what_is_no_graph() {
        let refusal = |text| serde_json::from_str::<Dag>(text).unwrap_err().to_string();
        assert!(refusal("[[0]]").contains("cycle"), "{}", refusal("[[0]]"));
        let unknown = refusal("[[],[2]]");
        assert!(unknown.contains('2') && !unknown.contains("cycle"), "{unknown}");
        let numbers: [String; 3] = ["[[-1]]", "[[4294967296]]", "[0]"].map(refusal);
        assert!(numbers.iter().all(|text| text.contains("invalid")), "{numbers:?}");
    }
}
