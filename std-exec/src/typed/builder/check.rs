//! What must be right about the nodes of a builder before they become a graph. Cycles are found by the `Dag`.

use crate::typed::data::arranged::Arranged;
use crate::typed::data::uses::{Kind, Use};
use crate::typed::error::graph_error::GraphError;
use crate::typed::handle::names::{NamedNode, Names};
use crate::typed::handle::node::AnyNode;
use crate::typed::memory::states::States;
use dgraph_core::DagError;
use std::collections::BTreeSet;

/// What the builder knows of a node, beside its name and what it depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defined {
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

impl Faults {
    /// Nodes that were refused, of so many and these.
    pub(crate) fn too_large(&self, nodes: usize) -> Result<(), GraphError> {
        let nodes = nodes + self.too_many;
        let error = || GraphError::TooLarge(DagError::TooManyNodes { nodes });
        if self.too_many > 0 { Err(error()) } else { Ok(()) }
    }
}

/// Everything but cycles and states.
pub(crate) fn check(
    definitions: &[Defined],
    names: &Names,
    uses: &[Use],
    faults: &Faults,
) -> Result<(), GraphError> {
    faults.too_large(definitions.len())?;
    let Faults { strangers, strangers_defined, .. } = faults;
    if !strangers.is_empty() || !strangers_defined.is_empty() {
        let defined = strangers_defined.iter().map(|node| NamedNode::nameless(node.id()));
        let nodes = names.all_named(strangers.iter().copied()).into_iter().chain(defined);
        return Err(GraphError::ForeignHandles(nodes.collect()));
    }
    let undefined = (0..).zip(definitions).filter(|(_, definition)| **definition == Defined::Missing);
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
            Some((place, taker)) if place != at && used.kind.feeds() => {
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

/// A cycle, and what it is made of.
pub(crate) fn name_cycle(path: &[u32], names: &Names, arranged: &Arranged, states: &States) -> GraphError {
    let between = path.windows(2).flat_map(|pair| arranged.states_between(pair[0], pair[1]));
    let between: BTreeSet<u32> = between.collect();
    let path = names.all_named(path.iter().copied());
    if between.is_empty() {
        return GraphError::Cycle(path);
    }
    let name = |state| states.names().label(state).to_string().into();
    GraphError::StateCycle { path, states: between.into_iter().map(name).collect() }
}
