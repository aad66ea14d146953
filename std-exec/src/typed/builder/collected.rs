//! What a builder has collected, and how a node gets in: whichever method, of whichever builder, adds it.
//!
//! What doesn't depend on the type of a closure is in functions of its own, so that there is one copy of it.

use super::check::{Defined, Faults};
use super::condition::Condition;
use super::wishes::Wishes;
use crate::typed::data::accesses::Access;
use crate::typed::data::graph_data::{InnerGraphs, InnerOf};
use crate::typed::data::uses::{Kind, Use};
use crate::typed::handle::names::Names;
use crate::typed::handle::node::{AnyNode, Node};
use crate::typed::memory::arena::Place;
use crate::typed::memory::compared::Compared;
use crate::typed::memory::entry::{Call, DropInPlace, Task, drop_of};
use crate::typed::memory::starts::Start;
use crate::typed::memory::status::Status;
use crate::typed::memory::store_builder::StoreBuilder;
use crate::typed::memory::tasks::FutureOf;
use crate::typed::node::dependencies::Dependencies;
use crate::typed::node::resolver::Resolver;
use dgraph_core::NodeId;
use std::alloc::Layout;
use std::fmt;
use std::ptr::NonNull;

/// The nodes of a builder.
pub struct Collected {
    pub(crate) store: StoreBuilder,
    pub(crate) graphs: InnerGraphs,
    pub(crate) names: Names,
    pub(crate) definitions: Vec<Defined>,
    pub(crate) uses: Vec<Use>,
    /// What nodes do with states.
    pub(crate) accesses: Vec<Access>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) wishes: Wishes,
    /// Whose results are dropped early.
    pub(crate) early: Vec<u32>,
    /// Nodes that wait for the start of others, or for moments.
    pub(crate) starts: Vec<Start>,
    /// Whose results are compared with their last ones.
    pub(crate) compared: Vec<Compared>,
    pub(crate) faults: Faults,
}

impl Collected {
    pub(crate) fn new() -> Self {
        Self {
            store: StoreBuilder::new(),
            graphs: InnerGraphs::default(),
            names: Names::default(),
            definitions: Vec::new(),
            uses: Vec::new(),
            accesses: Vec::new(),
            conditions: Vec::new(),
            wishes: Wishes::default(),
            early: Vec::new(),
            starts: Vec::new(),
            compared: Vec::new(),
            faults: Faults::default(),
        }
    }

    pub(crate) fn owns(&self, node: AnyNode) -> bool {
        node.graph == self.store.id()
    }

    /// The number of a node of this graph. Another graph's is noted.
    pub(crate) fn own(&mut self, node: AnyNode) -> Option<u32> {
        let own = self.owns(node);
        if !own {
            self.faults.strangers_defined.push(node);
        }
        own.then_some(node.index)
    }

    /// Makes a node come after another, in this sense.
    pub(crate) fn order(&mut self, node: u32, predecessor: AnyNode, kind: Kind) {
        if self.owns(predecessor) {
            self.uses.push(Use { node, dependency: predecessor.index, kind });
        } else {
            self.faults.strangers.push(node);
        }
    }

    /// A node that gives a `T`.
    ///
    /// # Safety
    ///
    /// What a `T` borrows outlives the builder, and the graph that it builds. `T` is `Send` and `Sync`; or it
    /// is `Send`, and the handle that is given out is [`Unshared`](crate::Unshared); or the node is bound to
    /// the thread of a local graph, and the handle that is given out says so.
    pub(crate) unsafe fn declare<T>(&mut self, name: &str, definition: Defined) -> Node<T> {
        match self.enter(name, definition, Layout::new::<T>()) {
            // SAFETY: by contract; the store is dropped with the builder or the graph.
            Some(status) => unsafe { self.store.declare(status) },
            None => Node::stranger(),
        }
    }

    /// Enters one more node into the lists, if there is space for it and what it gives; and its status.
    fn enter(&mut self, name: &str, definition: Defined, gives: Layout) -> Option<Status> {
        if self.definitions.len() >= NodeId::MAX_NODES || !self.store.has_room_for_slot(gives) {
            self.faults.too_many += 1;
            return None;
        }
        self.names.push(name);
        self.definitions.push(definition);
        Some(if definition == Defined::Input { Status::UNSET } else { Status::NOT_RUN })
    }

    /// The places that `node`, which is to be defined, is fed from. `None` if it is another graph's, which is
    /// noted.
    pub(crate) fn feed<D: Dependencies>(&mut self, node: AnyNode, dependencies: D) -> Option<D::Pointers> {
        let node = self.begin(node)?;
        let Self { store, uses, accesses, starts, faults, .. } = self;
        let strangers = &mut faults.strangers;
        Some(dependencies.resolve(&mut Resolver { store, uses, accesses, starts, strangers, node }))
    }

    fn begin(&mut self, node: AnyNode) -> Option<u32> {
        let node = self.own(node)?;
        debug_assert!(self.definitions[node as usize] == Defined::Missing, "a node that is new");
        self.definitions[node as usize] = Defined::Given;
        Some(node)
    }

    /// Gives a node its task.
    ///
    /// # Safety
    ///
    /// `call` may be called with such a task, for whose futures, if it gives any, `future` was made. What is
    /// in the task outlives builder and graph, and is `Send`, or the node is bound to the thread of a local
    /// graph.
    pub(crate) unsafe fn define<F, Q>(
        &mut self,
        node: AnyNode,
        call: Call,
        task: Task<F, Q>,
        future: Option<FutureOf>,
    ) {
        let of = [Layout::new::<F>(), Layout::new::<Q>()];
        // SAFETY: by contract; the store is dropped with the builder or the graph; both are put there below.
        let space = unsafe { self.space(node.index, call, of, drop_of::<F>(), future) };
        if let Some([function, pointers]) = space {
            // SAFETY: it is for this, and nobody else's.
            unsafe { function.cast::<F>().write(task.function) };
            // SAFETY: as above.
            unsafe { pointers.cast::<Q>().write(task.pointers) };
        }
    }

    /// Space for a task, if there is some.
    ///
    /// # Safety
    ///
    /// As for [`StoreBuilder::define`](crate::typed::memory::store_builder::StoreBuilder::define).
    unsafe fn space(
        &mut self,
        node: u32,
        call: Call,
        of: [Layout; 2],
        drop: Option<DropInPlace>,
        future: Option<FutureOf>,
    ) -> Option<[NonNull<u8>; 2]> {
        let has_room = self.store.has_room_for_task(of);
        self.faults.too_many += usize::from(!has_room);
        // SAFETY: by contract.
        has_room.then(|| unsafe { self.store.define(node, call, of, drop, future) })
    }

    /// Lets the results of `node` be compared with their last ones.
    pub(crate) fn compare<T: PartialEq>(&mut self, node: Node<T>) {
        if self.own(node.any()).is_some() {
            match self.store.reserve_aside(node) {
                Some(aside) => self.compared.push(Compared::new(node, aside)),
                None => self.faults.too_many += 1,
            }
        }
    }

    /// The number of the future of the next node that gives one, and space for that. `None` if there is no
    /// such space, which is noted.
    pub(crate) fn next_future<F>(&mut self) -> Option<(u32, Place<Option<F>>)> {
        let index = u32::try_from(self.store.futures()).expect("the builder counts nodes");
        let place = self.store.reserve_future();
        self.faults.too_many += usize::from(place.is_none());
        place.map(|place| (index, place))
    }

    /// Defines `node` as a graph, which may repeat.
    ///
    /// # Safety
    ///
    /// As for [`define`](Self::define), and `inner` was made for the task.
    pub(crate) unsafe fn define_graph<F, Q>(
        &mut self,
        node: AnyNode,
        call: Call,
        task: Task<F, Q>,
        future: Option<FutureOf>,
        (inner, repeats): (InnerOf, bool),
    ) {
        self.store.begins_runs();
        // SAFETY: by contract.
        unsafe { self.define(node, call, task, future) };
        // SAFETY: by contract. (If there was no room for the task, the graph is never built.)
        unsafe { self.graphs.push(node.index, repeats, inner) };
    }
}

impl fmt::Debug for Collected {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |node: u32| {
            let uses = self.uses.iter().filter(move |used| used.node == node);
            uses.map(|used| self.names.label(used.dependency)).collect::<Vec<_>>()
        };
        let nodes = (0..).take(self.definitions.len());
        f.debug_map().entries(nodes.map(|node| (self.names.label(node), listed(node)))).finish()
    }
}
