//! Which node depends on which, as it is collected while nodes are declared.

/// What a node wants of a dependency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A reference to its result.
    Lent,
    /// Its result.
    Moved,
    /// That it comes before.
    Order,
}

/// A dependency of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) node: u32,
    pub(super) dependency: u32,
    pub(super) kind: Kind,
}
