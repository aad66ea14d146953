//! What is recorded of a graph's nodes in its runs, and who is told: for whoever calls nodes, and knows nothing of
//! closures.

use super::lasting::Lasting;
use super::starts::Starts;
use super::status::Statuses;
use crate::typed::handle::names::Names;
use crate::typed::options::around::Around;
use crate::wake::Wakes;
use std::sync::Arc;

/// What is recorded of the nodes of a graph, in the run that it is in.
pub(crate) struct Records {
    pub(crate) statuses: Statuses,
    /// If nodes wait for the start of others, or for moments.
    pub(crate) starts: Option<Arc<Starts>>,
    /// If there was a run, and nodes give futures, or may have to wait for permits.
    pub(crate) wakes: Option<Arc<Wakes>>,
    /// What a run tells of how it stops, if some of its nodes may begin runs.
    pub(crate) around: Option<Arc<Around>>,
}

/// What is known of the nodes of a graph when all are there.
#[derive(Default)]
pub(crate) struct Described {
    /// Those under limits that graphs share, ascending.
    pub(crate) limited: Box<[u32]>,
    /// Those that are inputs, ascending.
    pub(crate) inputs: Box<[u32]>,
    pub(crate) names: Names,
    /// Those that run also after a failure.
    pub(crate) lasting: Lasting,
}
