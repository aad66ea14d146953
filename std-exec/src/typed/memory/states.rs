//! The states of a graph: who may touch them when.
//!
//! | when | who | by |
//! |---|---|---|
//! | while the graph is built | nobody: closures don't run, and there is no graph to ask | |
//! | during a run | any number of nodes that read it, or one node that writes or commutes; an async one from its first poll until its future is gone | [`StatePlace`] |
//! | between runs | the caller; one at a time, or any number that read | [`States::get`], [`States::get_mut`] |
//! | when the graph is gone | nobody; futures, which may have references to it, are dropped before | [`States::drop_last`] |
//!
//! What the second row rests on:
//!
//! - Nobody else has a reference during a run. A run borrows the graph's data as `&mut`, or has taken it from
//!   the graph; what gives references between runs borrows the graph.
//! - A node lists a state once, unless it only reads it: `data/accesses.rs` refuses anything else, so no such
//!   graph is ever built.
//! - Of two nodes of which one changes the state, one is ordered after the other by edges of the DAG; or both
//!   commute, and are under one limit of 1 (`builder/states.rs`). `data/turns.rs` sees to that, and is
//!   checked there against all pairs. A run calls a node once, after its predecessors are complete, and keeps
//!   limits (`Tasks::call`): by permits, or on one thread.
//! - A node that is complete has no reference any more: its closure has returned, or its future is gone. The
//!   exception is a future that is interrupted: its node is completed, and it is dropped when the run is
//!   over. Then the run is stopped, which those who come after that node see like everything that it did, so
//!   none of them is started, or polled, in that run.
//! - Nothing is kept in references that are fed: closures and futures are generic over how long these live,
//!   and give results of one type for all.
//! - A handle's type is the state's, since only [`States::add`] makes handles, and graphs' numbers are never
//!   used again.
//!
//! A state is `Send`, and `Sync` if it is read by several threads ([`State::read`], `Graph::state`); or it
//! belongs to a local graph, and its handle keeps it on that graph's thread.

use super::entry::DropInPlace;
use crate::typed::handle::names::Names;
use crate::typed::handle::node::GraphId;
use crate::typed::handle::state::{State, StateId};
use std::ptr::NonNull;

/// The states of a graph; the table in the module's docs says who may touch them when.
#[derive(Default)]
pub(crate) struct States {
    /// Most graphs have none.
    all: Option<Box<All>>,
}

/// One or more states.
#[derive(Default)]
struct All {
    values: Vec<Owned>,
    names: Names,
    /// Which of them the caller may have changed since the last run.
    changed: Vec<bool>,
}

/// A state in a box that was taken apart: a `Box` would claim for itself what nodes have pointers to.
struct Owned {
    value: NonNull<u8>,
    free: DropInPlace,
}

// SAFETY: states are `Send`, by the contract of `add`, or stay on the thread of a local graph.
unsafe impl Send for States {}
// SAFETY: a shared reference gives `&T`, by handles that demand that `T` is `Sync` (`Graph::state`), or on
// that thread. What a run does is by the contract of `Tasks::call`.
unsafe impl Sync for States {}

/// Where a state lies, for as long as its graph.
#[derive(Debug)]
pub struct StatePlace<T>(NonNull<T>);

const HANDLE: &str = "only states have handles";

impl States {
    /// Adds a state to those of `graph`. This is where handles come from.
    ///
    /// # Safety
    ///
    /// The states go away before anything that a `T` borrows. `T` is `Send`, and if `P` is no mark of a local
    /// graph, whoever is given a `&T` by several threads at once demands that it is `Sync`; or the states
    /// stay on the thread of a local graph, and `P` says so.
    pub(crate) unsafe fn add<T, P>(&mut self, graph: GraphId, name: &str, value: T) -> State<T, P> {
        let all = self.all.get_or_insert_default();
        let index = u32::try_from(all.values.len()).expect("states take memory");
        let value = NonNull::from(Box::leak(Box::new(value))).cast();
        // SAFETY: by the contract of `DropInPlace`; it was a box, and whoever frees it forgets it.
        let free: DropInPlace = |value| drop(unsafe { Box::from_raw(value.cast::<T>().as_ptr()) });
        all.values.push(Owned { value, free });
        all.names.push(name);
        all.changed.push(false);
        State::new(StateId { graph, index })
    }

    fn all(&self) -> &All {
        self.all.as_ref().expect(HANDLE)
    }

    /// Where a state lies, which is one of these.
    pub(crate) fn place<T, P>(&self, state: State<T, P>) -> StatePlace<T> {
        // The type is right, since only `add` makes handles.
        StatePlace(self.all().values[state.id().index as usize].value.cast())
    }

    /// A state, which is one of these. (Not during a run: whoever runs nodes sees to that, see
    /// `Tasks::call`.)
    pub(crate) fn get<T, P>(&self, state: State<T, P>) -> &T {
        // SAFETY: while `self` is borrowed only a run could change it, and there is none.
        unsafe { self.place(state).read() }
    }

    /// The same, to be changed, which is taken down.
    pub(crate) fn get_mut<T, P>(&mut self, state: State<T, P>) -> &mut T {
        let all = self.all.as_mut().expect(HANDLE);
        all.changed[state.id().index as usize] = true;
        // SAFETY: `self` is borrowed by nobody else, so there is no run.
        unsafe { self.place(state).write() }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.all().names
    }

    /// Whether the caller may have changed that state since the last run.
    pub(crate) fn has_changed(&self, state: u32) -> bool {
        self.all().changed[state as usize]
    }

    /// A run has begun.
    pub(crate) fn forget_changes(&mut self) {
        if let Some(all) = &mut self.all {
            all.changed.fill(false);
        }
    }

    /// Gives back memory that isn't used: all states are there.
    pub(crate) fn shrink(&mut self) {
        if let Some(all) = &mut self.all {
            all.values.shrink_to_fit();
            all.changed.shrink_to_fit();
        }
    }

    /// Drops the last one that is left. False if there is none.
    ///
    /// # Panics
    ///
    /// With the panic of its destructor. It is gone all the same.
    pub(crate) fn drop_last(&mut self) -> bool {
        let last = self.all.as_mut().and_then(|all| all.values.pop());
        let Some(Owned { value, free }) = last else { return false };
        // SAFETY: `free` was made for its type. It is no longer in the list, and nobody has references: there
        // is no run, and futures are gone.
        unsafe { free(value) };
        true
    }
}

impl Drop for States {
    /// What the [`Store`](super::store::Store), which drops them one by one, has left.
    fn drop(&mut self) {
        while self.drop_last() {}
    }
}

impl<T> StatePlace<T> {
    /// No state's.
    pub(crate) fn nowhere() -> Self {
        Self(NonNull::dangling())
    }

    /// The state, to be read.
    ///
    /// # Safety
    ///
    /// It is a state of a graph that is alive, and nobody changes it during `'a`.
    #[inline]
    pub(crate) unsafe fn read<'a>(&self) -> &'a T {
        // SAFETY: by contract; a `T` was put there.
        unsafe { self.0.as_ref() }
    }

    /// The state, to be changed.
    ///
    /// # Safety
    ///
    /// It is a state of a graph that is alive, and nobody else uses it during `'a`.
    #[inline]
    pub(crate) unsafe fn write<'a>(&self) -> &'a mut T {
        let mut value = self.0;
        // SAFETY: by contract; a `T` was put there.
        unsafe { value.as_mut() }
    }
}
