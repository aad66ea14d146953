//! The closures and results of a graph: who may touch them when.
//!
//! | what | while the graph is built | during a run | between runs |
//! |---|---|---|---|
//! | a task (closure, pointers) | written once | the thread that runs the node | nobody |
//! | a slot | reserved; an input's: nobody | written by the thread that runs the node; then read by its dependents, or moved out by the only one | the caller, through `Results` or `Graph::set` |
//! | a status | pushed | the thread that runs the node; its only taker; read by dependents | the caller |
//!
//! A slot holds a value exactly when its node's status is `VALUE`. The one moment when it doesn't is on the thread that
//! runs the node, between writing one and writing the other; nothing can unwind there.

use super::arena::Arena;
use super::handle::{GraphId, Node};
use super::run::Run;
use super::status::{Outcome, State, Status, Statuses};
use super::task::{Call, DropInPlace, NOTHING, drop_of};
use std::mem;
use std::ptr::NonNull;

/// See the [module](self).
pub(super) struct Store {
    id: GraphId,
    arena: Arena,
    tasks: Vec<(Call, NonNull<u8>)>,
    slots: Vec<NonNull<u8>>,
    pub(super) statuses: Statuses,
    /// How to drop what nodes give that isn't trivial to drop; inputs apart, since they outlast runs.
    results: Vec<(u32, DropInPlace)>,
    inputs: Vec<(u32, DropInPlace)>,
    closures: Vec<(NonNull<u8>, DropInPlace)>,
    /// The nodes that give futures, and what drops these.
    futures: Vec<(u32, DropInPlace)>,
}

// SAFETY: what is put in is `Send`, and results, which several threads may read, are `Sync`, by the contracts of
// `declare` and `define`; or it belongs to nodes that are bound to the thread of a local graph (see `local.rs`), which
// keeps the store on that thread.
unsafe impl Send for Store {}
// SAFETY: as above. Of what a shared reference gives access to, `get` gives `&T` where `T` is `Sync`; what a run does
// is by the contract of `call`.
unsafe impl Sync for Store {}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            id: GraphId::unique(),
            arena: Arena::new(),
            tasks: Vec::new(),
            slots: Vec::new(),
            statuses: Statuses::default(),
            results: Vec::new(),
            inputs: Vec::new(),
            closures: Vec::new(),
            futures: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> GraphId {
        self.id
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// A node that gives a `T`, and does nothing yet. This is where handles come from.
    ///
    /// # Safety
    ///
    /// The store goes away before anything that a `T` borrows. `T` is `Send` and `Sync`, or the node is bound to the thread of
    /// a local graph.
    pub(super) unsafe fn declare<T>(&mut self, status: Status) -> Node<T> {
        let index = u32::try_from(self.slots.len()).expect("the builder counts");
        let slot = self.arena.reserve::<T>();
        self.slots.push(slot.cast());
        self.tasks.push((NOTHING, NonNull::dangling()));
        self.statuses.push(status);
        let drops = if status == Status::UNSET { &mut self.inputs } else { &mut self.results };
        drops.extend(drop_of::<T>().map(|drop| (index, drop)));
        Node::new(self.id, index)
    }

    /// Gives `node` its task, which `call` is made for.
    ///
    /// # Safety
    ///
    /// `call` may be called with such a task. The store goes away before anything that the closure borrows. The closure
    /// is `Send`, or the node is bound to the thread of a local graph.
    pub(super) unsafe fn define<K, T>(&mut self, node: Node<T>, call: Call, task: K) {
        let task = self.arena.place(task);
        self.closures.extend(drop_of::<K>().map(|drop| (task.cast(), drop)));
        self.tasks[node.id().index as usize] = (call, task.cast());
    }

    /// Says that `node`, which has been defined just now, gives futures, as the one of the number that
    /// [`futures`](Self::futures) was before.
    ///
    /// # Safety
    ///
    /// `drop` drops the future of such a task.
    pub(super) unsafe fn define_future<T>(&mut self, node: Node<T>, drop: DropInPlace) {
        self.futures.push((node.id().index, drop));
    }

    /// How many nodes give futures.
    pub(super) fn futures(&self) -> usize {
        self.futures.len()
    }

    /// The node that gives the future with this number.
    #[inline]
    pub(super) fn node_of_future(&self, index: u32) -> u32 {
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
    pub(super) unsafe fn drop_future(&self, index: u32) {
        let (node, drop) = self.futures[index as usize];
        // SAFETY: `drop` was made for the node's task (`define_future`), and nobody uses the future, by contract.
        unsafe { drop(self.tasks[node as usize].1) };
    }

    /// The slot of a node of this graph. `None` for another's.
    pub(super) fn slot<T>(&self, node: Node<T>) -> Option<NonNull<T>> {
        // The type is right, since only `declare` makes handles.
        (node.id().graph == self.id).then(|| self.slots[node.id().index as usize].cast())
    }

    pub(super) fn place_slots<T>(&mut self, slots: &[NonNull<T>]) -> NonNull<[NonNull<T>]> {
        self.arena.place_all(slots)
    }

    /// What `node` gave. `None` if it is another graph's; otherwise why there is nothing. (Not during a run: whoever
    /// runs nodes sees to that, see `call`.)
    pub(super) fn get<T>(&self, node: Node<T>) -> Option<Result<&T, State>> {
        let slot = self.slot(node)?;
        let status = self.statuses.get(node.id().index);
        if status != Status::VALUE {
            return Some(Err(status.state()));
        }
        // SAFETY: at `VALUE` the slot holds a `T`. While `self` is borrowed only a run could change it, and by the
        // contract of `call` there is none.
        Some(Ok(unsafe { slot.as_ref() }))
    }

    /// As [`get`](Self::get), to be changed. (There is no run, for that would borrow the store.)
    pub(super) fn get_mut<T>(&mut self, node: Node<T>) -> Option<Result<&mut T, State>> {
        let mut slot = self.slot(node)?;
        let status = self.statuses.get(node.id().index);
        if status != Status::VALUE {
            return Some(Err(status.state()));
        }
        // SAFETY: at `VALUE` the slot holds a `T`; `self` is borrowed by nobody else.
        Some(Ok(unsafe { slot.as_mut() }))
    }

    /// Moves out what `node` gave; it has `status` from now on.
    pub(super) fn take<T>(&mut self, node: Node<T>, status: Status) -> Option<Result<T, State>> {
        let slot = match self.get_mut(node)? {
            Ok(value) => NonNull::from(value),
            Err(state) => return Some(Err(state)),
        };
        self.statuses.set(node.id().index, status);
        // SAFETY: the slot holds a `T`, and as the status says otherwise now, nobody will use that.
        Some(Ok(unsafe { slot.read() }))
    }

    /// Puts `value` into the slot of `node`, an input of this graph, and gives back what was there.
    pub(super) fn put<T>(&mut self, node: Node<T>, value: T) -> Option<T> {
        match self.get_mut(node)? {
            Ok(old) => Some(mem::replace(old, value)),
            Err(_) => {
                let slot = self.slot(node)?;
                // SAFETY: the slot is for a `T`, and empty.
                unsafe { slot.write(value) };
                self.statuses.set(node.id().index, Status::VALUE);
                None
            }
        }
    }

    /// Drops the results of all nodes that are no inputs, and sets every status to `NOT_RUN`, also of inputs.
    ///
    /// # Panics
    ///
    /// With the panic of a destructor: the node's status is `PANICKED`, others may still have their results.
    pub(super) fn clear(&mut self) {
        for at in 0..self.results.len() {
            self.drop_result(at);
        }
        self.statuses.fill(Status::NOT_RUN);
    }

    /// Drops the results of the nodes for which `which` gives a new status.
    ///
    /// # Panics
    ///
    /// As [`clear`](Self::clear).
    pub(super) fn clear_some(&mut self, which: impl Fn(u32) -> Option<Status>) {
        for at in 0..self.results.len() {
            if which(self.results[at].0).is_some() {
                self.drop_result(at);
            }
        }
        for node in (0..).take(self.len()) {
            if let Some(status) = which(node) {
                self.statuses.set(node, status);
            }
        }
    }

    /// Drops the result of the node that comes `at` this place in `results`, if it has one.
    #[inline]
    fn drop_result(&mut self, at: usize) {
        let (node, drop) = self.results[at];
        if self.statuses.get(node) == Status::VALUE {
            // If the destructor panics, that stays.
            self.statuses.set(node, Status::PANICKED);
            // SAFETY: at `VALUE` the slot holds a value, of the type that `drop` was made for; the status has changed, so
            // nobody will use it again.
            unsafe { drop(self.slots[node as usize]) };
            self.statuses.set(node, Status::NOT_RUN);
        }
    }

    /// Runs `node`, or polls it.
    ///
    /// # Safety
    ///
    /// In a run, which has the store to itself: until it has ended, nobody calls `get`, or uses what that has given. This
    /// is the only call for `node` in it, or the one before has come to `Pending` and its effects are visible here. It comes
    /// after those for all that the node depends on, whose effects are
    /// visible here, and the statuses of those that feed it are, or were at the first call, `VALUE`. What is moved into it feeds no other node. A node
    /// that is bound to the caller is called on the run's caller.
    #[inline]
    pub(super) unsafe fn call(&self, node: u32, run: &Run<'_>) -> Outcome {
        let (call, task) = self.tasks[node as usize];
        // SAFETY: task and function belong together (`define`). The task is used in this call only. The slots that it
        // reads hold values, which were written before, and nobody writes to them during the run but who has them
        // moved to it, and that is this node; its own is read only by nodes that come later.
        unsafe { call(task, run, node) }
    }
}

impl Drop for Store {
    /// Results first, then inputs and closures. If a destructor panics, the others still run.
    fn drop(&mut self) {
        struct Rest<'s>(&'s mut Store);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.drop_all();
            }
        }
        let rest = Rest(self);
        rest.0.drop_all();
    }
}

impl Store {
    /// Drops everything that is left, until a destructor panics.
    fn drop_all(&mut self) {
        while let Some((node, drop)) = self.results.pop().or_else(|| self.inputs.pop()) {
            if self.statuses.get(node) == Status::VALUE {
                // SAFETY: at `VALUE` the slot holds a value, of the type that `drop` was made for. It is no longer in a
                // list, so this happens once.
                unsafe { drop(self.slots[node as usize]) };
            }
        }
        while let Some((task, drop)) = self.closures.pop() {
            // SAFETY: `define` has put the task there, and `drop` was made for it. It is no longer in a list.
            unsafe { drop(task) };
        }
    }
}
