//! How a run is shuffled: by a seed; or, in a search, as the search wants it.

use crate::typed::handle::names::NamedNode;
use dgraph_core::NodeId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a run is shuffled, and graphs that are nodes.
#[derive(Clone, Debug)]
pub(crate) struct Shuffle {
    pub(crate) seed: u64,
    /// If somebody searches.
    pub(crate) probe: Option<Arc<Probe>>,
}

impl Shuffle {
    pub(crate) fn by(seed: u64) -> Self {
        Self { seed, probe: None }
    }

    /// For the graph that is `node`: by another seed, which follows from this one.
    pub(crate) fn inside(&self, node: u32) -> Self {
        Self::by(self.seed ^ (u64::from(node) + 1).wrapping_mul(0xD1B5_4A32_D192_ED03))
    }
}

/// What a search and the run that it tries tell each other.
#[derive(Debug, Default)]
pub(crate) struct Probe(Mutex<Tried>);

#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// The order that the search wants, if it isn't the seed's.
    pub(crate) wanted: Option<Box<[NodeId]>>,
    /// The order that the first run has taken.
    pub(crate) taken: Option<Box<[NodeId]>>,
    /// What the nodes are called that the user has declared.
    pub(crate) names: Vec<NamedNode>,
}

impl Probe {
    pub(crate) fn tried(&self) -> MutexGuard<'_, Tried> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
