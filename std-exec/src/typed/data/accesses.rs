//! Which nodes use which state, and how, in the order in which nodes were defined.

/// What a node does with a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Read,
    Write,
    /// It changes the state, in any order with its neighbours that do.
    Commute,
}

/// A use of a state by a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) state: u32,
    pub(crate) node: u32,
    pub(crate) mode: Mode,
}

/// All accesses: by state, and those to one state in the order of definition. No node has two to one state.
#[derive(Default)]
pub(crate) struct Accesses(Box<[Access]>);

impl Accesses {
    /// Puts accesses in order, which come in the order of definition. An error is the access of a node that
    /// uses the state once more, and not only to read it. Memory safety rests on this.
    pub(crate) fn new(mut list: Vec<Access>) -> Result<Self, Access> {
        list.sort_by_key(|access| access.state); // stable
        let mut refused = None;
        // A node is defined in one go, so its accesses to a state are neighbours.
        list.dedup_by(|next, before| {
            let twice = next.state == before.state && next.node == before.node;
            if twice && (next.mode, before.mode) != (Mode::Read, Mode::Read) {
                refused.get_or_insert(*next);
            }
            twice
        });
        match refused {
            Some(access) => Err(access),
            None => Ok(Self(list.into())),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The accesses to each state that is used.
    pub(crate) fn by_state(&self) -> impl Iterator<Item = &[Access]> {
        self.0.chunk_by(|a, b| a.state == b.state)
    }

    /// The nodes that change states.
    pub(crate) fn changing(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter(|access| access.mode != Mode::Read).map(|access| access.node)
    }

    /// The accesses to that state.
    pub(crate) fn to(&self, state: u32) -> &[Access] {
        let start = self.0.partition_point(|access| access.state < state);
        let end = self.0.partition_point(|access| access.state <= state);
        &self.0[start..end]
    }
}

/// The phases of the accesses to one state: readers that follow each other; one writer; commuters that follow
/// each other.
pub(crate) fn phases(accesses: &[Access]) -> impl Iterator<Item = &[Access]> {
    accesses.chunk_by(|a, b| a.mode == b.mode && a.mode != Mode::Write)
}

#[cfg(test)]
mod tests {
    use super::{Access, Accesses, Mode, phases};

    fn access(state: u32, node: u32, mode: Mode) -> Access {
        Access { state, node, mode }
    }

    #[test]
    fn phases_of_a_state() {
        use Mode::{Commute, Read, Write};
        let modes = [Read, Read, Write, Write, Commute, Commute, Read, Commute];
        let list: Vec<_> = (0..).zip(modes).map(|(node, mode)| access(3, node, mode)).collect();
        let lengths: Vec<_> = phases(&list).map(<[Access]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 2, 1, 1]);
    }

    #[test]
    fn one_access_per_node_and_state() {
        use Mode::{Commute, Read, Write};
        let read_twice =
            vec![access(1, 0, Write), access(0, 1, Read), access(1, 1, Read), access(0, 1, Read)];
        let accesses = Accesses::new(read_twice).expect("reading twice is no conflict");
        let nodes = |state| accesses.to(state).iter().map(|access| access.node).collect::<Vec<_>>();
        assert_eq!((nodes(0), nodes(1), nodes(2)), (vec![1], vec![0, 1], vec![]));
        for (one, other) in
            [(Write, Write), (Read, Write), (Write, Read), (Commute, Read), (Commute, Commute)]
        {
            let twice = vec![access(0, 7, one), access(1, 7, Read), access(0, 7, other)];
            let refused = Accesses::new(twice).err().expect("one is a change");
            assert_eq!((refused.state, refused.node), (0, 7));
        }
    }
}
