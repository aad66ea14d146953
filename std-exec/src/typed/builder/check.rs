//! What must be right about the nodes of a builder before they become a graph. Cycles are found by the `Dag`.

use crate::typed::data::uses::{Kind, Use};
use crate::typed::error::graph_error::GraphError;
use crate::typed::handle::names::{NamedNode, Names};
use crate::typed::handle::node::AnyNode;
use dgraph_core::DagError;

/// What the builder knows of a node, beside its name and what it depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Definition {
    Missing,
    Given,
    /// The node is an input.
    Input,
}

/// What went wrong, to be told by `build`.
#[derive(Default)]
pub(crate) struct Faults {
    /// Nodes that use handles of other graphs.
    pub(crate) strangers: Vec<u32>,
    /// Handles of other graphs that were to be defined, or ordered.
    pub(crate) strangers_defined: Vec<AnyNode>,
    /// How many nodes were refused.
    pub(crate) too_many: usize,
}

/// Everything but cycles.
pub(crate) fn check(
    definitions: &[Definition],
    names: &Names,
    uses: &[Use],
    faults: &Faults,
) -> Result<(), GraphError> {
    let Faults { strangers, strangers_defined, too_many } = faults;
    if *too_many > 0 {
        let nodes = definitions.len() + too_many;
        return Err(GraphError::TooLarge(DagError::TooManyNodes { nodes }));
    }
    if !strangers.is_empty() || !strangers_defined.is_empty() {
        let defined = strangers_defined.iter().map(|node| NamedNode::nameless(node.id()));
        let nodes = names.all_named(strangers.iter().copied()).into_iter().chain(defined);
        return Err(GraphError::ForeignHandles(nodes.collect()));
    }
    let undefined = (0..).zip(definitions).filter(|(_, definition)| **definition == Definition::Missing);
    let undefined = names.all_named(undefined.map(|(node, _)| node));
    if !undefined.is_empty() {
        return Err(GraphError::Undefined(undefined));
    }
    check_moves(definitions.len(), names, uses)
}

/// A result that is moved feeds nobody else. Memory safety rests on this.
fn check_moves(nodes: usize, names: &Names, uses: &[Use]) -> Result<(), GraphError> {
    if uses.iter().all(|used| used.kind != Kind::Moved) {
        return Ok(());
    }
    let mut takers = vec![None; nodes];
    for (at, used) in uses.iter().enumerate() {
        if used.kind == Kind::Moved {
            takers[used.dependency as usize].get_or_insert((at, used.node));
        }
    }
    for (at, used) in uses.iter().enumerate() {
        match takers[used.dependency as usize] {
            Some((place, taker)) if place != at && used.kind != Kind::Order => {
                return Err(GraphError::MovedAndUsed {
                    node: names.named(used.dependency),
                    taker: names.named(taker),
                    user: names.named(used.node),
                });
            }
            _ => {}
        }
    }
    Ok(())
}
