//! The closures and results of a graph: who may touch them when.
//!
//! | what | while the graph is built | during a run | between runs |
//! |---|---|---|---|
//! | a task (closure, pointers) | written once | the thread that runs the node | nobody |
//! | a slot | reserved; an input's: nobody | written by the thread that runs the node; then read by its dependents, or moved out by the only one | the caller, through `Results` or `Graph::set` |
//! | a status | pushed | the thread that runs the node; its only taker; who breaks into a walk (`run/rows.rs`); read by dependents | the caller; before the results are looked at, who ends the run (`run/execute.rs`, `begin_and_end.rs`, `connection.rs`) |
//! | a state | put there | see `states.rs` | the caller |
//!
//! A slot holds a value exactly when its node's status is `VALUE`. It may hold one before: on the thread that
//! runs the node, between writing one and writing the other, where nothing can unwind; and in a row, until
//! somebody could look (see `run/rows.rs`).

use super::arena::{Arena, Place};
use super::entry::{Call, DropInPlace, Entry, Task, drop_of};
use super::errors::Payload;
use super::frame::Frame;
use super::row::{Ran, Row};
use super::slots::Slots;
use super::states::States;
use super::status::{State, Status, Statuses};
use crate::sync::thrown::{discard, first};
use crate::typed::handle::node::{GraphId, Node};
use std::alloc::Layout;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::thread;

/// The closures and results of a graph; the table in the module's docs says who may touch them when.
pub(crate) struct Store {
    id: GraphId,
    /// Slots, closures, and what feeds these: each for itself, so that the closures of nodes of one kind lie
    /// side by side.
    values: Arena,
    functions: Arena,
    pointers: Arena,
    /// The places of slots that are fed as a list.
    lists: Vec<u32>,
    entries: Vec<Entry>,
    slots: Vec<Place<u8>>,
    pub(crate) statuses: Statuses,
    /// How to drop what nodes give that isn't trivial to drop; inputs apart, since they outlast runs.
    results: Vec<(u32, DropInPlace)>,
    inputs: Vec<(u32, DropInPlace)>,
    closures: Vec<(Place<u8>, DropInPlace)>,
    /// The nodes that give futures, and what drops these.
    futures: Vec<(u32, DropInPlace)>,
    pub(crate) states: States,
}

// SAFETY: what is put in is `Send`, and results, which several threads may read, are `Sync`, or their handles
// don't lend them, by the contracts of `declare`, `define` and `States::add`; or it belongs to nodes that are
// bound to the thread of a local graph (see `builder/local.rs`), which keeps the store on that thread.
unsafe impl Send for Store {}
// SAFETY: as above. Of what a shared reference gives access to, `get` gives `&T`, by handles that may lend it:
// so `T` is `Sync`; and so do states. What a run does is by the contract of `call`.
unsafe impl Sync for Store {}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            id: GraphId::unique(),
            values: Arena::new(),
            functions: Arena::new(),
            pointers: Arena::new(),
            lists: Vec::new(),
            entries: Vec::new(),
            slots: Vec::new(),
            statuses: Statuses::default(),
            results: Vec::new(),
            inputs: Vec::new(),
            closures: Vec::new(),
            futures: Vec::new(),
            states: States::default(),
        }
    }

    pub(crate) fn id(&self) -> GraphId {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is space for a node that gives one of these.
    pub(crate) fn has_room_for_slot(&self, of: Layout) -> bool {
        self.values.has_room(of)
    }

    /// Whether there is space for what a task consists of.
    pub(crate) fn has_room_for_task(&self, function: Layout, pointers: Layout) -> bool {
        self.functions.has_room(function) && self.pointers.has_room(pointers)
    }

    /// Gives back memory that isn't used: all nodes are there.
    pub(crate) fn shrink(&mut self) {
        self.values.shrink();
        self.functions.shrink();
        self.pointers.shrink();
        self.lists.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.slots.shrink_to_fit();
        self.statuses.shrink();
        self.results.shrink_to_fit();
        self.inputs.shrink_to_fit();
        self.closures.shrink_to_fit();
        self.futures.shrink_to_fit();
        self.states.shrink();
    }

    /// A node that gives a `T`, and does nothing yet. This is where handles come from.
    ///
    /// # Safety
    ///
    /// The store goes away before anything that a `T` borrows. `T` is `Send` and `Sync`; or it is `Send`, and
    /// the handle that is given out is [`Unshared`](crate::Unshared); or the node is bound to the thread of a
    /// local graph, and the handle says so.
    pub(crate) unsafe fn declare<T>(&mut self, status: Status) -> Node<T> {
        Node::new(self.id, self.add_slot(Layout::new::<T>(), drop_of::<T>(), status))
    }

    /// The number of a new node, whose slot is for one of these, which `drop` drops.
    fn add_slot(&mut self, of: Layout, drop: Option<DropInPlace>, status: Status) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("the builder counts");
        self.slots.push(self.values.reserve(of));
        self.entries.push(Entry::NOTHING);
        self.statuses.push(status);
        let drops = if status == Status::UNSET { &mut self.inputs } else { &mut self.results };
        drops.extend(drop.map(|drop| (index, drop)));
        index
    }

    /// Gives `node` its task, which `call` is made for. If it gives futures, as the one of the number that
    /// [`futures`](Self::futures) was before, `future` drops these.
    ///
    /// # Safety
    ///
    /// `call` may be called with such a closure and such pointers, and `future` drops the future of such a
    /// closure. The store goes away before anything that the closure borrows. The closure is `Send`, or the
    /// node is bound to the thread of a local graph.
    pub(crate) unsafe fn define<F, P>(
        &mut self,
        node: u32,
        call: Call,
        task: Task<F, P>,
        future: Option<DropInPlace>,
    ) {
        let Task { function, pointers } = task;
        let function = self.functions.place(function).untyped();
        let pointers = self.pointers.place(pointers).untyped();
        self.set_entry(node, Entry { call, function, pointers }, drop_of::<F>(), future);
    }

    /// From now on `node` has this entry. `drop` drops its closure, and `future` the futures of that.
    fn set_entry(&mut self, node: u32, entry: Entry, drop: Option<DropInPlace>, future: Option<DropInPlace>) {
        self.closures.extend(drop.map(|drop| (entry.function, drop)));
        self.entries[node as usize] = entry;
        self.futures.extend(future.map(|drop| (node, drop)));
    }

    /// Where the task of `node` lies, which has one: what `define` was given as its function.
    pub(crate) fn task(&self, node: u32) -> NonNull<u8> {
        // SAFETY: `define` has put the task there.
        unsafe { self.functions.base().at(self.entries[node as usize].function) }
    }

    /// How many nodes give futures.
    pub(crate) fn futures(&self) -> usize {
        self.futures.len()
    }

    /// The node that gives the future with this number.
    #[inline]
    pub(crate) fn node_of_future(&self, index: u32) -> u32 {
        self.futures[index as usize].0
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
        let (node, drop) = self.futures[index as usize];
        // SAFETY: `drop` was made for the node's task (`define`), and nobody uses the future, by
        // contract.
        unsafe { drop(self.task(node)) };
    }

    /// The slot of a node of this graph. `None` for another's.
    fn slot<T>(&self, node: Node<T>) -> Option<NonNull<T>> {
        let place = self.place(node)?;
        // SAFETY: `declare` was given the place by this arena.
        Some(unsafe { self.values.base().at(place) })
    }

    /// Where that lies.
    pub(crate) fn place<T>(&self, node: Node<T>) -> Option<Place<T>> {
        // The type is right, since only `declare` makes handles.
        (node.any().graph == self.id).then(|| self.slots[node.any().index as usize].typed())
    }

    /// Where slots lie that nobody feeds or reads by a handle.
    pub(crate) fn slots(&self) -> Slots<'_> {
        // SAFETY: the places were given by this arena, which only a builder changes.
        unsafe { Slots::new(&self.slots, &self.lists, self.values.base()) }
    }

    /// Puts down a place that is fed as a part of a list, behind the others.
    pub(crate) fn push_listed<T>(&mut self, place: Place<T>) {
        self.lists.push(place.units());
    }

    pub(crate) fn lists(&self) -> &[u32] {
        &self.lists
    }

    pub(crate) fn entry(&self, node: u32) -> &Entry {
        &self.entries[node as usize]
    }

    /// What `node` gave. `None` if it is another graph's; otherwise why there is nothing. (Not during a run:
    /// whoever runs nodes sees to that, see `call`.)
    pub(crate) fn get<T>(&self, node: Node<T>) -> Option<Result<&T, State>> {
        let slot = self.slot(node)?;
        let status = self.statuses.get(node.any().index);
        if status != Status::VALUE {
            return Some(Err(status.state()));
        }
        // SAFETY: at `VALUE` the slot holds a `T`. While `self` is borrowed only a run could change it, and
        // by the contract of `call` there is none.
        Some(Ok(unsafe { slot.as_ref() }))
    }

    /// What `node` gave, to be changed; otherwise like [`get`](Self::get). (There is no run, for that would
    /// borrow the store.)
    pub(crate) fn get_mut<T>(&mut self, node: Node<T>) -> Option<Result<&mut T, State>> {
        let mut slot = self.slot(node)?;
        let status = self.statuses.get(node.any().index);
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
        self.statuses.set(node.any().index, status);
        // SAFETY: the slot holds a `T`, and as the status says otherwise now, nobody will use that.
        Some(Ok(unsafe { slot.read() }))
    }

    /// Puts `value` into the slot of `node`, an input of this graph, and gives back what was there.
    pub(crate) fn put<T>(&mut self, node: Node<T>, value: T) -> Option<T> {
        match self.get_mut(node)? {
            Ok(old) => Some(mem::replace(old, value)),
            Err(_) => {
                let slot = self.slot(node)?;
                // SAFETY: the slot is for a `T`, and empty.
                unsafe { slot.write(value) };
                self.statuses.set(node.any().index, Status::VALUE);
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
        self.statuses.fill(Status::NOT_RUN);
        self.blame(panicked);
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
                self.statuses.set(node, status);
            }
        }
        self.blame(panicked);
    }

    /// Drops the results of these nodes. The nodes whose results have panicked, and what the first one has
    /// thrown.
    fn drop_results(&mut self, which: impl Fn(u32) -> bool) -> (Vec<u32>, Option<Payload>) {
        let (mut panicked, mut thrown) = (Vec::new(), None);
        let mut at = 0;
        let drop_rest = |store: &mut Self, at: &mut usize| {
            while let Some(&(node, _)) = store.results.get(*at) {
                *at += 1;
                if which(node) {
                    store.drop_result(*at - 1);
                }
            }
        };
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop_rest(self, &mut at))) {
            panicked.push(self.results[at - 1].0);
            thrown = first(thrown, Some(payload));
        }
        (panicked, thrown)
    }

    /// These nodes have panicked, the first one with this.
    fn blame(&mut self, (panicked, thrown): (Vec<u32>, Option<Payload>)) {
        panicked.into_iter().for_each(|node| self.statuses.set(node, Status::PANICKED));
        if let Some(payload) = thrown {
            resume_unwind(payload);
        }
    }

    /// Drops the result of the node that comes `at` this place in `results`, if it has one.
    #[inline]
    fn drop_result(&mut self, at: usize) {
        let (node, drop) = self.results[at];
        if self.statuses.get(node) == Status::VALUE {
            self.statuses.set(node, Status::NOT_RUN);
            // SAFETY: at `VALUE` the slot holds a value, of the type that `drop` was made for; the status has
            // changed, so nobody will use it again.
            unsafe { drop(self.slot_of(node)) };
        }
    }

    /// The slot of a node, whatever it is for.
    fn slot_of(&self, node: u32) -> NonNull<u8> {
        // SAFETY: `declare` was given the place by this arena.
        unsafe { self.values.base().at(self.slots[node as usize]) }
    }

    /// Runs `node`, whose entry is this, or polls it, and perhaps further nodes of `row`.
    ///
    /// # Safety
    ///
    /// In a run, which has the store to itself: until it has ended, nobody calls `get`, looks at graphs that
    /// are nodes, or uses what that has given. This is the only call for `node` in it, or the one before has
    /// come to `Pending` and its effects are visible here. It comes after those for all that the node depends
    /// on, whose effects are visible here, and the statuses of those that feed it are, or were at the first
    /// call, `VALUE`. What is moved into it feeds no other node. A node that is bound to the caller is called
    /// on the run's caller. Nodes under a limit of 1 are under way one at a time, each with the effects of the
    /// one before visible; and none is called, or polled again, after one of them, or one that it depends on,
    /// was interrupted.
    ///
    /// All this is so as well for the nodes that follow in `row`, when those before are complete.
    #[inline]
    pub(crate) unsafe fn call(&self, node: u32, entry: &Entry, frame: &Frame<'_>, row: &Row<'_>) -> Ran {
        let Entry { call, function, pointers } = *entry;
        // SAFETY: `define` was given the places by these arenas. (`NOTHING` doesn't look there.)
        let function = unsafe { self.functions.base().at(function) };
        // SAFETY: as above.
        let pointers = unsafe { self.pointers.base().at(pointers) };
        // SAFETY: task and function belong together (`define`). The task is used in this call only. The slots
        // that it reads hold values, which were written before, and nobody writes to them during the run but
        // who has them moved to it, and that is this node; its own is read only by nodes that come later. Who
        // uses one of its states comes before it, or after it, or is under a limit with it (see `states.rs`).
        unsafe { call(function, pointers, frame, node, row) }
    }
}

impl Drop for Store {
    /// Futures first, which may use anything else, then results, inputs, closures and states. Destructors that come
    /// after one that panics run too, and then the first panic goes on; unless the thread unwinds already,
    /// when that would abort.
    fn drop(&mut self) {
        let mut thrown = None;
        while let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.drop_all())) {
            thrown = first(thrown, Some(payload));
        }
        match thrown {
            Some(payload) if thread::panicking() => discard(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}

impl Store {
    /// Drops everything that is left, until a destructor panics.
    fn drop_all(&mut self) {
        while let Some(last) = self.futures.len().checked_sub(1) {
            // (After a run there is none.)
            // SAFETY: there is no run any more. If its destructor panics, it is gone all the same.
            unsafe { self.drop_future(u32::try_from(last).expect("one per node")) };
            self.futures.pop();
        }
        while let Some((node, drop)) = self.results.pop().or_else(|| self.inputs.pop()) {
            if self.statuses.get(node) == Status::VALUE {
                // SAFETY: at `VALUE` the slot holds a value, of the type that `drop` was made for. It is no
                // longer in a list, so this happens once.
                unsafe { drop(self.slot_of(node)) };
            }
        }
        while let Some((place, drop)) = self.closures.pop() {
            // SAFETY: `define` has put the closure there.
            let closure = unsafe { self.functions.base().at(place) };
            // SAFETY: `drop` was made for it. It is no longer in a list.
            unsafe { drop(closure) };
        }
        while self.states.drop_last() {}
    }
}
