//! Which node depends on which, as it is collected while nodes are declared.

/// What a node wants of a dependency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A reference to its result.
    Lent,
    /// Its result.
    Moved,
    /// That it comes before.
    Order,
}

/// A dependency of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) node: u32,
    pub(crate) dependency: u32,
    pub(crate) kind: Kind,
}
