//! The closures of a graph, and what is known of its nodes: written while it is built, and never changed.
//!
//! A task is the thread's that runs its node. Those of a [definition](crate::Definition) are only read, and
//! any number of runs read them at once. What a run changes lies elsewhere ([`Store`](super::store::Store)):
//! futures too, so that each run has its own.

use super::arena::{Arena, Place};
use super::drops::Drops;
use super::entry::{DropFuture, Entry};
use super::errors::Payload;
use super::frame::Frame;
use super::records::Described;
use super::row::{Ran, Row};
use crate::sync::thrown::{discard, first};
use crate::typed::handle::node::GraphId;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::thread;

/// The closures of a graph, what feeds them, and where what they give lies; and what nodes are called.
pub(crate) struct Tasks {
    pub(super) id: GraphId,
    /// Closures, and what feeds these: each for itself, so that the closures of nodes of one kind lie side by
    /// side.
    pub(super) functions: Arena,
    pub(super) pointers: Arena,
    /// The places of slots that are fed as a list.
    pub(super) lists: Vec<u32>,
    pub(super) entries: Vec<Entry>,
    pub(super) slots: Vec<Place<u8>>,
    /// How to drop what nodes give, in the order of declaration; inputs apart, since they outlast runs.
    pub(super) results: Drops,
    pub(super) given: Drops,
    /// How to drop closures, in the order of definition.
    pub(super) closures: Drops,
    pub(super) futures: Vec<FutureOf>,
    pub(crate) described: Described,
    /// Some nodes may begin runs: graphs, and those that are given the threads of the run.
    pub(super) begin_runs: bool,
}

/// The future of a node.
#[derive(Clone, Copy)]
pub(crate) struct FutureOf {
    pub(super) node: u32,
    /// Where it lies, among the slots.
    pub(super) place: Place<u8>,
    /// Puts down there that there is none.
    ///
    /// # Safety
    ///
    /// The pointer is to space for such a future, and nobody else uses that.
    pub(super) empty: unsafe fn(NonNull<u8>),
    pub(super) drop: DropFuture,
}

impl FutureOf {
    /// That of `node`, whose place is this, and which `drop` drops.
    pub(crate) fn new<F>(node: u32, place: Place<Option<F>>, drop: DropFuture) -> Self {
        // SAFETY: by contract.
        let empty = |place: NonNull<u8>| unsafe { place.cast::<Option<F>>().write(None) };
        Self { node, place: place.untyped(), empty, drop }
    }
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            id: GraphId::unique(),
            functions: Arena::new(),
            pointers: Arena::new(),
            lists: Vec::new(),
            entries: Vec::new(),
            slots: Vec::new(),
            results: Drops::default(),
            given: Drops::default(),
            closures: Drops::default(),
            futures: Vec::new(),
            described: Described::default(),
            begin_runs: false,
        }
    }

    pub(crate) fn entry(&self, node: u32) -> &Entry {
        &self.entries[node as usize]
    }

    /// Where the task of `node` lies, which has one: what `define` was given as its function.
    pub(crate) fn task(&self, node: u32) -> NonNull<u8> {
        // SAFETY: `StoreBuilder::define` has put the task there.
        unsafe { self.functions.base().at(self.entries[node as usize].function) }
    }

    /// The node that the waker with this number wakes. Those of futures come first, then those of nodes that
    /// wait for permits.
    #[inline]
    pub(crate) fn node_of_waker(&self, index: u32) -> u32 {
        let index = index as usize;
        self.futures
            .get(index)
            .map_or_else(|| self.described.limited[index - self.futures.len()], |future| future.node)
    }

    /// The number of `node` among those that may have to wait for permits, and that of its waker then.
    pub(crate) fn limited(&self, node: u32) -> Option<(usize, u32)> {
        let number = self.described.limited.binary_search(&node).ok()?;
        Some((number, u32::try_from(self.futures.len() + number).expect("two per node at the most")))
    }

    /// The number of the future that `node` gives, if it does. (It looks at one after the other.)
    #[cold]
    pub(crate) fn future_of(&self, node: u32) -> Option<u32> {
        (0..).zip(&self.futures).find(|(_, future)| future.node == node).map(|(index, _)| index)
    }

    /// Runs `node`, or polls it, and perhaps further nodes of `row`.
    ///
    /// # Safety
    ///
    /// `frame` is that of a run that has its store to itself, which is one of these tasks: until it has
    /// ended, nobody calls `Store::get`, looks at graphs that are nodes, or uses what that has given. This is
    /// the only call for `node` in it, or the one before has come to `Pending` and its effects are visible
    /// here. It comes after those for all that the node depends on, whose effects are visible here, and the
    /// statuses of those that feed it are, or were at the first call, `VALUE`. What is moved into it feeds no
    /// other node. A node that is bound to the caller is called on the run's caller. Nodes under a limit of 1
    /// are under way one at a time, each with the effects of the one before visible; and none is called, or
    /// polled again, after one of them, or one that it depends on, was interrupted.
    ///
    /// All this is so as well for the nodes that follow in `row`, when those before are complete.
    #[inline]
    pub(crate) unsafe fn call(&self, node: u32, frame: &Frame<'_>, row: &Row<'_>) -> Ran {
        let Entry { call, function, pointers } = *self.entry(node);
        // SAFETY: `define` was given the places by these arenas. (`NOTHING` doesn't look there.)
        let function = unsafe { self.functions.base().at(function) };
        // SAFETY: as above.
        let pointers = unsafe { self.pointers.base().at(pointers) };
        // The slots that it reads hold values, which were written before, and nobody writes to them during
        // the run but who has them moved to it, and that is this node; its own is read only by nodes that
        // come later. Who uses one of its states comes before it, or after it, or is under a limit with it
        // (see `states.rs`). SAFETY: as said, and by contract. Task and function belong together (`define`).
        // The task is used in this call only, or is only read (`Store::another`).
        unsafe { call(function, pointers, frame, node, row) }
    }
}

impl Drop for Tasks {
    /// Destructors that come after one that panics run too, and then the first panic goes on; unless the
    /// thread unwinds already, when that would abort.
    fn drop(&mut self) {
        let mut thrown = None;
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.drop_closures())) {
            thrown = first(thrown, Some(payload));
        }
        go_on(thrown);
    }
}

impl Tasks {
    /// Drops the closures that are left, until a destructor panics.
    fn drop_closures(&mut self) {
        while let Some((node, drop)) = self.closures.pop() {
            // SAFETY: `drop` was made for it (`define`). It is no longer in a list.
            unsafe { drop(self.task(node)) };
        }
    }
}

/// The first panic of a destructor goes on, unless the thread unwinds already.
pub(super) fn go_on(thrown: Option<Payload>) {
    match thrown {
        Some(payload) if thread::panicking() => discard(payload),
        Some(payload) => resume_unwind(payload),
        None => {}
    }
}
