//! The closures and results of a graph that is being put together.

use super::arena::{Arena, Place};
use super::entry::{Call, DropInPlace, Entry, drop_of};
use super::records::Described;
use super::states::States;
use super::status::{Status, Statuses};
use super::store::Store;
use super::tasks::{FutureOf, Tasks};
use crate::typed::handle::node::{GraphId, Node};
use std::alloc::Layout;
use std::ptr::NonNull;

/// What becomes a [`Store`].
pub(crate) struct StoreBuilder {
    tasks: Tasks,
    /// Slots and futures. Nothing lies there yet but that there are no futures.
    values: Arena,
    statuses: Vec<Status>,
    pub(crate) states: States,
}

impl StoreBuilder {
    pub(crate) fn new() -> Self {
        Self { tasks: Tasks::new(), values: Arena::new(), statuses: Vec::new(), states: States::default() }
    }

    pub(crate) fn id(&self) -> GraphId {
        self.tasks.id
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.slots.len()
    }

    /// Whether there is space for a node that gives one of these.
    pub(crate) fn has_room_for_slot(&self, of: Layout) -> bool {
        self.values.has_room(of)
    }

    /// Whether there is space for what a task consists of.
    pub(crate) fn has_room_for_task(&self, [function, pointers]: [Layout; 2]) -> bool {
        self.tasks.functions.has_room(function) && self.tasks.pointers.has_room(pointers)
    }

    /// A node that gives a `T`, and does nothing yet. This is where handles come from.
    ///
    /// # Safety
    ///
    /// The store goes away before anything that a `T` borrows. `T` is `Send` and `Sync`; or it is `Send`, and
    /// the handle that is given out is [`Unshared`](crate::Unshared); or the node is bound to the thread of a
    /// local graph, and the handle says so.
    pub(crate) unsafe fn declare<T>(&mut self, status: Status) -> Node<T> {
        Node::new(self.id(), self.add_slot(Layout::new::<T>(), drop_of::<T>(), status))
    }

    /// The number of a new node, whose slot is for one of these, which `drop` drops.
    fn add_slot(&mut self, of: Layout, drop: Option<DropInPlace>, status: Status) -> u32 {
        let index = u32::try_from(self.tasks.slots.len()).expect("the builder counts");
        self.tasks.slots.push(self.values.reserve(of));
        self.tasks.entries.push(Entry::NOTHING);
        self.statuses.push(status);
        let drops = if status == Status::UNSET { &mut self.tasks.given } else { &mut self.tasks.results };
        drop.into_iter().for_each(|drop| drops.push(index, drop));
        index
    }

    /// Some node may begin runs.
    pub(crate) fn begins_runs(&mut self) {
        self.tasks.begin_runs = true;
    }

    /// Space for the task of `node`, a closure and what feeds it, of these layouts; `call` was made for it, and
    /// `drop` drops the closure. If it gives futures, as the one of the number that [`futures`](Self::futures)
    /// was before, `future` is about these. (Not generic: there is one copy of this, and not one for each type
    /// of closure.)
    ///
    /// # Safety
    ///
    /// The caller puts both there at once. `call` may be called with such a closure and such pointers, and
    /// what is in `future` was made for the futures of such a closure. The store goes away before anything
    /// that the closure borrows. The closure is `Send`, or the node is bound to the thread of a local graph.
    pub(crate) unsafe fn define(
        &mut self,
        node: u32,
        call: Call,
        [function, pointers]: [Layout; 2],
        drop: Option<DropInPlace>,
        future: Option<FutureOf>,
    ) -> [NonNull<u8>; 2] {
        let (function, function_space) = self.tasks.functions.space(function);
        let (pointers, pointers_space) = self.tasks.pointers.space(pointers);
        drop.into_iter().for_each(|drop| self.tasks.closures.push(node, drop));
        self.tasks.entries[node as usize] = Entry { call, function, pointers };
        self.tasks.futures.extend(future);
        [function_space, pointers_space]
    }

    /// Where there is space for a future, or for what stands for one: at first there is none. `None` if there
    /// is no such space.
    pub(crate) fn reserve_future<F>(&mut self) -> Option<Place<Option<F>>> {
        self.values.has_room(Layout::new::<Option<F>>()).then(|| self.values.place(None::<F>))
    }

    /// Space for one more result of `node`. `None` if there is no such space.
    pub(crate) fn reserve_aside<T>(&mut self, _: Node<T>) -> Option<Place<T>> {
        let of = Layout::new::<T>();
        self.values.has_room(of).then(|| self.values.reserve(of).typed())
    }

    /// How many nodes give futures.
    pub(crate) fn futures(&self) -> usize {
        self.tasks.futures.len()
    }

    /// Where the slot of a node of this graph lies. `None` for another's.
    pub(crate) fn place<T>(&self, node: Node<T>) -> Option<Place<T>> {
        // The type is right, since only `declare` makes handles.
        (node.any().graph == self.id()).then(|| self.tasks.slots[node.any().index as usize].typed())
    }

    /// Puts down a place that is fed as a part of a list, or the number of its node, behind the others.
    pub(crate) fn push_listed(&mut self, place_or_node: u32) {
        self.tasks.lists.push(place_or_node);
    }

    pub(crate) fn lists(&self) -> &[u32] {
        &self.tasks.lists
    }

    /// All nodes are there, and this is known of them. Gives back memory that isn't used.
    pub(crate) fn finish(self, mut described: Described) -> Store {
        let Self { mut tasks, mut values, statuses, mut states } = self;
        tasks.functions.shrink();
        tasks.pointers.shrink();
        tasks.lists.shrink_to_fit();
        tasks.entries.shrink_to_fit();
        tasks.slots.shrink_to_fit();
        tasks.results.shrink();
        tasks.given.shrink();
        tasks.closures.shrink();
        tasks.futures.shrink_to_fit();
        described.names.shrink();
        described.lasting.find_futures(tasks.futures.iter().map(|future| future.node));
        tasks.described = described;
        values.shrink();
        states.shrink();
        // SAFETY: `values` is what the places in `tasks` were given by; no slot holds a value, and there is
        // no future, as the statuses and what lies there say.
        unsafe { Store::new(tasks, values, Statuses::new(&statuses), states) }
    }
}
