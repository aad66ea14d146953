//! What a node depends on, resolved to the places of slots.

use super::values::List;
use crate::typed::data::accesses::{Access, Mode};
use crate::typed::data::uses::{Kind, Use};
use crate::typed::handle::node::{AnyNode, Node};
use crate::typed::handle::state::State;
use crate::typed::memory::arena::Place;
use crate::typed::memory::starts::Start;
use crate::typed::memory::states::StatePlace;
use crate::typed::memory::store_builder::StoreBuilder;
use std::fmt;

/// Takes down the dependencies of one node, and gives the places of their slots.
pub struct Resolver<'b> {
    pub(crate) store: &'b mut StoreBuilder,
    pub(crate) uses: &'b mut Vec<Use>,
    pub(crate) accesses: &'b mut Vec<Access>,
    pub(crate) starts: &'b mut Vec<Start>,
    /// The nodes that use handles of other graphs. Such a graph is never built.
    pub(crate) strangers: &'b mut Vec<u32>,
    pub(crate) node: u32,
}

impl fmt::Debug for Resolver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Resolver<'_> {
    /// The slot of `dependency` and its number. They mean nothing if it is a node of another graph, which is
    /// noted.
    pub(crate) fn slot<T>(&mut self, dependency: Node<T>, kind: Kind) -> (Place<T>, u32) {
        match self.store.place(dependency) {
            Some(place) => {
                let dependency = dependency.any().index;
                self.uses.push(Use { node: self.node, dependency, kind });
                (place, dependency)
            }
            None => {
                self.strangers.push(self.node);
                (Place::nowhere(), u32::MAX)
            }
        }
    }

    /// The node is the one in which this moment comes. Its number means nothing if it is one of another
    /// graph's, which is noted.
    pub(crate) fn moment(&mut self, moment: AnyNode) -> u32 {
        if moment.graph != self.store.id() {
            self.strangers.push(self.node);
            return u32::MAX;
        }
        self.starts.push(Start { of: self.node, start: moment.index, is_moment: true, waker: u32::MAX });
        moment.index
    }

    /// Where a state lies that the node uses in this way. It means nothing if it is another graph's, which is
    /// noted.
    pub(crate) fn state<T, P>(&mut self, state: State<T, P>, mode: Mode) -> StatePlace<T> {
        let id = state.id();
        if id.graph != self.store.id() {
            self.strangers.push(self.node);
            return StatePlace::nowhere();
        }
        self.accesses.push(Access { state: id.index, node: self.node, mode });
        self.store.states.place(state)
    }

    /// The slots of many; and behind these, unless they are lent, whose they are.
    pub(crate) fn slots<T>(
        &mut self,
        dependencies: impl ExactSizeIterator<Item = Node<T>> + Clone,
        kind: Kind,
    ) -> List {
        let start = self.store.lists().len();
        for dependency in dependencies.clone() {
            let place = self.slot(dependency, kind).0;
            self.store.push_listed(place.units());
        }
        let length = dependencies.len();
        if kind != Kind::Lent {
            dependencies.for_each(|dependency| self.store.push_listed(dependency.any().index));
        }
        List::new(start, length)
    }
}
