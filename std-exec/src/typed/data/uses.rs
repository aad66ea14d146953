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
    /// That it comes before, whatever becomes of it: an edge, but no predecessor. For states only.
    Follows,
    /// That it went well, where other edges see to it that it comes before: a predecessor, but no edge. For
    /// states only.
    Needs,
}

impl Kind {
    /// Whether it is an edge of the DAG.
    pub(crate) fn orders(self) -> bool {
        self != Self::Needs
    }

    /// Whether the dependent runs only if something has come of the dependency.
    pub(crate) fn depends(self) -> bool {
        self != Self::Follows
    }

    /// Whether the dependent is fed the result.
    pub(crate) fn feeds(self) -> bool {
        matches!(self, Self::Lent | Self::Moved)
    }
}

/// A dependency of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) node: u32,
    pub(crate) dependency: u32,
    pub(crate) kind: Kind,
}
