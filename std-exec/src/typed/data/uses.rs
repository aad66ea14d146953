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
    /// What has become of it: a reference to its result, or why there is none.
    Outcome,
    /// That it comes before, whatever becomes of it.
    Always,
    /// That it has begun, or has come to a moment: a predecessor, but no edge, since it isn't complete then.
    Start,
    /// That it comes before, and that it left the state as it should. For states only.
    Turn,
    /// That it comes before, whatever becomes of it: an edge, but no predecessor. For states only.
    Follows,
    /// That it went well, where other edges see to it that it comes before: a predecessor, but no edge. For
    /// states only.
    Needs,
}

impl Kind {
    /// Whether the dependent may run whatever becomes of the dependency.
    pub(crate) fn is_in_any_case(self) -> bool {
        matches!(self, Self::Outcome | Self::Always)
    }

    /// Whether it is for a state's sake: a dependency that was not chosen has left that as it was.
    pub(crate) fn is_for_a_state(self) -> bool {
        matches!(self, Self::Turn | Self::Follows | Self::Needs)
    }

    /// Whether it is an edge of the DAG.
    pub(crate) fn orders(self) -> bool {
        !matches!(self, Self::Needs | Self::Start)
    }

    /// Whether what becomes of the dependency matters to the dependent.
    pub(crate) fn depends(self) -> bool {
        self != Self::Follows
    }

    /// Whether the dependent is fed the result, if there is one.
    pub(crate) fn feeds(self) -> bool {
        matches!(self, Self::Lent | Self::Moved | Self::Outcome)
    }
}

/// A dependency of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) node: u32,
    pub(crate) dependency: u32,
    pub(crate) kind: Kind,
}
