//! The closures and results of a graph: who may touch them when.
//!
//! | what | while the graph is built | during a run | between runs |
//! |---|---|---|---|
//! | a task (closure, pointers) | written once | the thread that runs the node | nobody |
//! | a slot | reserved; an input's: nobody | written by the thread that runs the node; then read by its dependents, or moved out by the only one | the caller, through `Results` or `Graph::set` |
//! | a result aside (`cutoffs.rs`) | reserved | the thread that runs the node | there is none |
//! | a status | pushed | the thread that runs the node; its only taker; who breaks into a walk (`run/rows.rs`); read by dependents | the caller; before the results are looked at, who ends the run (`run/execute.rs`, `begin_and_end.rs`, `connection.rs`) |
//! | a state | put there | see `states.rs` | the caller |
//!
//! A slot holds a value exactly when its node's status is `VALUE`. It may hold one before: on the thread that
//! runs the node, between writing one and writing the other, where nothing can unwind; and in a row, until
//! somebody could look (see `run/rows.rs`).

use super::arena::Arena;
use super::entry::{DropInPlace, Entry};
use super::errors::Payload;
use super::records::Records;
use super::slots::Slots;
use super::states::States;
use super::status::{State, Status, Statuses};
use super::tasks::{Tasks, go_on};
use crate::sync::thrown::{discard, first};
use crate::typed::handle::names::Names;
use crate::typed::handle::node::{GraphId, Node};
use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// The results of a graph, and its closures; the table in the module's docs says who may touch them when.
///
/// It is `Send` and `Sync`, as its parts are, which know nothing of what lies in them. That is right: what is
/// put in is `Send`, and results, which several threads may read, are `Sync`, or their handles don't lend
/// them, by the contracts of `StoreBuilder::declare` and `define`; or it belongs to nodes that are bound to
/// the thread of a local graph (see `builder/local.rs`), which keeps the store on that thread. Of what a
/// shared reference gives access to, `get` gives `&T`, by handles that may lend it: so `T` is `Sync`. What a
/// run does is by the contract of `Tasks::call`.
pub(crate) struct Store {
    /// Shared with the other runs of a definition.
    pub(crate) tasks: Arc<Tasks>,
    /// Slots and futures.
    values: Arena,
    pub(crate) records: Records,
    pub(crate) states: States,
}

/// Nodes whose results have panicked as they were dropped.
struct Panicked {
    nodes: Vec<u32>,
    /// What the first one has thrown.
    thrown: Payload,
}

impl Store {
    /// # Safety
    ///
    /// `values` is the arena that the places of slots and futures in `tasks` were given by. No slot holds a
    /// value, as the statuses say, and at the places of futures lies that there is none.
    pub(super) unsafe fn new(tasks: Tasks, values: Arena, statuses: Statuses, states: States) -> Self {
        let around = tasks.begin_runs.then(Arc::default);
        let records = Records { statuses, starts: None, wakes: None, around };
        Self { tasks: Arc::new(tasks), values, records, states }
    }

    /// Another one, with the same closures, and memory of its own for what they give. No input is set.
    ///
    /// # Safety
    ///
    /// The calls of all nodes use their closures only by shared references, and all closures are `Sync`.
    /// There are no states, and no node is a graph.
    pub(crate) unsafe fn another(&self) -> Self {
        let Self { tasks, values, records: Records { statuses, starts, .. }, states: _ } = self;
        let (tasks, values) = (Arc::clone(tasks), values.alike());
        for future in &tasks.futures {
            // SAFETY: the place is one of the arena that this one is like.
            let place = unsafe { values.base().at(future.place) };
            // SAFETY: there is space for such a future, and nobody else's.
            unsafe { (future.empty)(place) };
        }
        let statuses = statuses.alike();
        tasks.described.inputs.iter().for_each(|&input| statuses.set(input, Status::UNSET));
        let starts = starts.as_ref().map(|starts| starts.another());
        let around = tasks.begin_runs.then(Arc::default);
        let records = Records { statuses, starts, wakes: None, around };
        Self { tasks, values, records, states: States::default() }
    }

    /// Whether the other one has the same closures.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tasks, &other.tasks)
    }

    pub(crate) fn id(&self) -> GraphId {
        self.tasks.id
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.slots.len()
    }

    pub(crate) fn entry(&self, node: u32) -> &Entry {
        self.tasks.entry(node)
    }

    /// What nodes are called.
    pub(crate) fn names(&self) -> &Names {
        &self.tasks.described.names
    }

    /// How many nodes give futures.
    pub(crate) fn futures(&self) -> usize {
        self.tasks.futures.len()
    }

    /// How many wakers it has: of nodes that give futures, and of those that may have to wait for permits.
    pub(crate) fn wakers(&self) -> usize {
        self.tasks.futures.len() + self.tasks.described.limited.len()
    }

    /// Drops the future with this number, if it is there.
    ///
    /// # Safety
    ///
    /// Nobody is polling it, or will do so before its node is called in another run.
    ///
    /// # Panics
    ///
    /// With the panic of its destructor.
    pub(crate) unsafe fn drop_future(&self, index: u32) {
        let future = self.tasks.futures[index as usize];
        // SAFETY: the arena has given the place.
        let place = unsafe { self.values.base().at(future.place) };
        // SAFETY: `drop` was made for the node's task and future (`define`), and nobody uses the future, by
        // contract.
        unsafe { (future.drop)(self.tasks.task(future.node), place) };
    }

    /// Drops what `node` gave, during a run. Its status is the caller's affair, also if this panics.
    ///
    /// # Safety
    ///
    /// The node's status is `VALUE`, and nobody uses its result, or does so from now on.
    ///
    /// # Panics
    ///
    /// With the panic of its destructor.
    pub(crate) unsafe fn drop_result(&self, node: u32) {
        if let Some(drop) = self.tasks.results.of(node).or_else(|| self.tasks.given.of(node)) {
            // SAFETY: the slot holds a value, by contract, of the type that `drop` was made for.
            unsafe { drop(self.slot_of(node)) };
        }
    }

    /// The slot of a node of this graph. `None` for another's.
    fn slot<T>(&self, node: Node<T>) -> Option<NonNull<T>> {
        let own = node.any().graph == self.id();
        // The type is right, since only `StoreBuilder::declare` makes handles.
        own.then(|| self.slot_of(node.any().index).cast())
    }

    /// Where slots lie that nobody feeds or reads by a handle.
    pub(crate) fn slots(&self) -> Slots<'_> {
        // SAFETY: the places were given by this arena, or by one that it is like, and nothing moves in it.
        unsafe { Slots::new(&self.tasks.slots, &self.tasks.lists, self.values.base()) }
    }

    /// What `node` gave. `None` if it is another graph's; otherwise why there is nothing. (Not during a run:
    /// whoever runs nodes sees to that, see `Tasks::call`.)
    pub(crate) fn get<T>(&self, node: Node<T>) -> Option<Result<&T, State>> {
        let slot = self.slot(node)?;
        let status = self.records.statuses.get(node.any().index);
        if status != Status::VALUE {
            return Some(Err(status.state()));
        }
        // SAFETY: at `VALUE` the slot holds a `T`. While `self` is borrowed only a run could change it, and
        // by the contract of `Tasks::call` there is none.
        Some(Ok(unsafe { slot.as_ref() }))
    }

    /// What `node` gave, to be changed; otherwise like [`get`](Self::get). (There is no run, for that would
    /// borrow the store.)
    pub(crate) fn get_mut<T>(&mut self, node: Node<T>) -> Option<Result<&mut T, State>> {
        let mut slot = self.slot(node)?;
        let status = self.records.statuses.get(node.any().index);
        if status != Status::VALUE {
            return Some(Err(status.state()));
        }
        // SAFETY: at `VALUE` the slot holds a `T`; `self` is borrowed by nobody else.
        Some(Ok(unsafe { slot.as_mut() }))
    }

    /// Moves out what `node` gave; it has `status` from now on.
    pub(crate) fn take<T>(&mut self, node: Node<T>, status: Status) -> Option<Result<T, State>> {
        let slot = match self.get_mut(node)? {
            Ok(value) => NonNull::from(value),
            Err(state) => return Some(Err(state)),
        };
        self.records.statuses.set(node.any().index, status);
        // SAFETY: the slot holds a `T`, and as the status says otherwise now, nobody will use that.
        Some(Ok(unsafe { slot.read() }))
    }

    /// Puts `value` into the slot of `node` of this graph, and gives back what was there.
    pub(crate) fn put<T>(&mut self, node: Node<T>, value: T) -> Option<T> {
        match self.get_mut(node)? {
            Ok(old) => Some(mem::replace(old, value)),
            Err(_) => {
                let slot = self.slot(node)?;
                // SAFETY: the slot is for a `T`, and empty.
                unsafe { slot.write(value) };
                self.records.statuses.set(node.any().index, Status::VALUE);
                None
            }
        }
    }

    /// Drops the results of all nodes that are no inputs, and sets every status to `NOT_RUN`, also of inputs.
    ///
    /// # Panics
    ///
    /// When all that is done, with the first panic of a destructor. The nodes whose results have panicked are
    /// `PANICKED`.
    pub(crate) fn clear(&mut self) {
        let panicked = self.drop_results(|_| true);
        self.records.statuses.fill(Status::NOT_RUN);
        if let Some(panicked) = panicked {
            self.blame(panicked);
        }
    }

    /// Drops the results of all nodes, and then inputs. None is set afterwards.
    ///
    /// # Panics
    ///
    /// When all that is done, with the first panic of a destructor.
    pub(crate) fn empty(&mut self) {
        let mut thrown = self.drop_results(|_| true).map(|panicked| panicked.thrown);
        for (input, drop) in self.tasks.given.iter() {
            let dropped = catch_unwind(AssertUnwindSafe(|| self.drop_value(input, drop)));
            thrown = first(thrown, dropped.err());
        }
        self.records.statuses.fill(Status::NOT_RUN);
        self.tasks.described.inputs.iter().for_each(|&input| self.records.statuses.set(input, Status::UNSET));
        if let Some(thrown) = thrown {
            resume_unwind(thrown);
        }
    }

    /// Drops the results of the nodes for which `which` gives a new status.
    ///
    /// # Panics
    ///
    /// As [`clear`](Self::clear).
    pub(crate) fn clear_some(&mut self, which: impl Fn(u32) -> Option<Status>) {
        let panicked = self.drop_results(|node| which(node).is_some());
        for node in (0..).take(self.len()) {
            if let Some(status) = which(node) {
                self.records.statuses.set(node, status);
            }
        }
        if let Some(panicked) = panicked {
            self.blame(panicked);
        }
    }

    /// Drops the results of these nodes. Those that have panicked, if any.
    fn drop_results(&mut self, which: impl Fn(u32) -> bool) -> Option<Panicked> {
        let mut panicked: Option<Panicked> = None;
        let (mut results, under_way) = (self.tasks.results.iter(), Cell::new(0));
        let mut drop_rest = || {
            for (node, drop) in results.by_ref().filter(|&(node, _)| which(node)) {
                under_way.set(node);
                self.drop_value(node, drop);
            }
        };
        while let Err(payload) = catch_unwind(AssertUnwindSafe(&mut drop_rest)) {
            match &mut panicked {
                None => panicked = Some(Panicked { nodes: vec![under_way.get()], thrown: payload }),
                Some(panicked) => {
                    panicked.nodes.push(under_way.get());
                    discard(payload);
                }
            }
        }
        panicked
    }

    #[cold]
    fn blame(&self, Panicked { nodes, thrown }: Panicked) -> ! {
        nodes.into_iter().for_each(|node| self.records.statuses.set(node, Status::PANICKED));
        resume_unwind(thrown)
    }

    /// Drops what a node gave, if it is there, by what its list says. (For those that borrow the store alone.)
    #[inline]
    fn drop_value(&self, node: u32, drop: DropInPlace) {
        if self.records.statuses.get(node) == Status::VALUE {
            self.records.statuses.set(node, Status::NOT_RUN);
            // SAFETY: at `VALUE` the slot holds a value, of the type that `drop` was made for; whoever calls
            // this borrows the store alone, and the status has changed, so nobody will use the value again.
            unsafe { drop(self.slot_of(node)) };
        }
    }

    /// The slot of a node, whatever it is for.
    fn slot_of(&self, node: u32) -> NonNull<u8> {
        // SAFETY: the place was given by this arena, or by one that it is like.
        unsafe { self.values.base().at(self.tasks.slots[node as usize]) }
    }
}

impl Drop for Store {
    /// Futures first, which may use anything else, then results, inputs and states; and at last, with the
    /// last store that has them, closures. Destructors that come after one that panics run too, and then the
    /// first panic goes on; unless the thread unwinds already, when that would abort.
    fn drop(&mut self) {
        let Tasks { futures, results, given, .. } = &*self.tasks;
        let mut futures = (0..u32::try_from(futures.len()).expect("one per node")).rev();
        let mut values = results.iter().rev().chain(given.iter().rev());
        let mut drop_rest = || {
            for future in futures.by_ref() {
                // (After a run there is none.)
                // SAFETY: there is no run any more. If its destructor panics, it is gone all the same.
                unsafe { self.drop_future(future) };
            }
            for (node, drop) in values.by_ref() {
                self.drop_value(node, drop);
            }
        };
        let mut thrown = None;
        while let Err(payload) = catch_unwind(AssertUnwindSafe(&mut drop_rest)) {
            thrown = first(thrown, Some(payload));
        }
        let states = &mut self.states;
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| while states.drop_last() {})) {
            thrown = first(thrown, Some(payload));
        }
        go_on(thrown);
    }
}
