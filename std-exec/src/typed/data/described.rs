//! What is known of a graph beside what runs need of it, in one block of memory: names, inputs, who uses
//! which state.

use super::arranged::Arranged;
use crate::typed::handle::names::Names;

/// What is known of a graph beside what runs need of it. It never changes, so runs of one definition share
/// it.
pub(crate) struct Described {
    pub(crate) names: Names,
    /// Who uses which state.
    pub(crate) arranged: Arranged,
    /// The nodes that are inputs, ascending.
    pub(crate) inputs: Box<[u32]>,
}
