//! A condition, as it is collected while nodes are declared.

use crate::typed::handle::node::Node;

/// That a node runs only if another one gives this.
#[derive(Clone, Copy)]
pub(crate) struct Condition {
    pub(crate) node: u32,
    pub(crate) condition: Node<bool>,
    pub(crate) wanted: bool,
}
