//! States, and what the order of their uses is made of.

use super::check::Defined;
use super::collected::Collected;
use super::graph_builder::GraphBuilder;
use super::local::LocalBuilder;
use crate::typed::data::accesses::Accesses;
use crate::typed::data::arranged::Arranged;
use crate::typed::data::turns::Turns;
use crate::typed::error::graph_error::GraphError;
use crate::typed::handle::markers::Local;
use crate::typed::handle::node::AnyNode;
use crate::typed::handle::state::State;
use crate::typed::memory::entry::Task;
use crate::typed::node::task::call_of;
use std::mem;

impl<'env, P> GraphBuilder<'env, P> {
    /// Adds a state: a value that lives in the graph over all its runs, and that nodes use as a dependency.
    /// One that [reads](State::read) it is fed a `&T`, one that [writes](State::write) a plain `&mut T`, with
    /// no lock and no guard.
    ///
    /// Nodes use it one after the other, in the order in which they were defined; only readers that follow
    /// each other, and writers that [commute](State::commute), have no order among themselves. So a graph
    /// that uses states gives the same results however it is run (but for commuting writers), and what the
    /// nodes do is what they would do one by one. [`Graph::ambiguities`](crate::Graph::ambiguities) lists
    /// where that order is the only one.
    ///
    /// The name is for messages. A node that uses a state twice, and not only to read it, is an error of
    /// [`build`](Self::build). A closure that writes what it borrows has no lifetime in its parameter:
    /// `|words: &mut Vec<_>|`, where the state is a `Vec<&str>`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let dt = graph.input::<f32>("dt");
    /// let positions = graph.state("positions", vec![0.0; 1000]);
    /// let speeds = graph.state("speeds", vec![1.0; 1000]);
    /// graph.node("steer", (positions.read(), speeds.write()), |positions: &Vec<f32>, speeds: &mut Vec<f32>| {
    ///     speeds.iter_mut().zip(positions).for_each(|(speed, position)| *speed -= 0.5 * position);
    /// });
    /// graph.node("move", (positions.write(), speeds.read(), dt), |positions: &mut Vec<f32>, speeds: &Vec<f32>, dt: &f32| {
    ///     positions.iter_mut().zip(speeds).for_each(|(position, speed)| *position += speed * dt);
    /// });
    /// let furthest = graph.node("furthest", positions.read(), |positions: &Vec<f32>| {
    ///     positions.iter().fold(0.0, |most, position| position.max(most))
    /// });
    /// let mut graph = graph.build()?;
    /// graph.set(dt, 1.0);
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?[furthest], 1.0);
    /// assert_eq!(graph.run()?[furthest], 1.5); // the state is kept
    /// graph.state_mut(positions).fill(0.0); // the caller's, between runs
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A node that writes into its last result, instead of making a new one in each run:
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.input::<&str>("text");
    /// let line = graph.state("line", String::new()); // instead of a result
    /// graph.node("greet", (text, line.write()), |text: &&str, line: &mut String| {
    ///     line.clear();
    ///     line.extend(["hello, ", text]); // into memory that is there
    /// });
    /// let length = graph.node("length", line.read(), |line: &String| line.len());
    /// let mut graph = graph.build()?;
    /// graph.set(text, "world");
    /// assert_eq!(graph.run()?[length], 12);
    /// let memory = graph.state(line).as_ptr();
    /// graph.set(text, "you");
    /// assert_eq!(graph.run()?[length], 10);
    /// assert_eq!(graph.state(line).as_ptr(), memory); // the same
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state<T>(&mut self, name: impl AsRef<str>, value: T) -> State<T>
    where
        T: Send + 'env,
    {
        let graph = self.nodes.store.id();
        // SAFETY: `T` is `Send`; who gives references to several threads demands `Sync` (`State::read`,
        // `Graph::state`). The states are dropped with the builder or the graph, neither of which outlives
        // `'env` (see `Env`).
        unsafe { self.nodes.store.states.add(graph, name.as_ref(), value) }
    }
}

impl Collected {
    /// Adds what follows from the uses of states: edges, joints, limits.
    pub(crate) fn arrange_states(&mut self) -> Result<Arranged, GraphError> {
        let accesses = Accesses::new(mem::take(&mut self.accesses)).map_err(|refused| {
            let state = self.store.states.names().label(refused.state).to_string().into();
            GraphError::StateUsedTwice { node: self.names.named(refused.node), state }
        })?;
        if accesses.is_empty() {
            return Ok(Arranged::default());
        }
        let nodes = u32::try_from(self.store.len()).expect("the builder has counted");
        let turns = Turns::new(&accesses, nodes, &self.uses);
        let arranged = Arranged::new(accesses, nodes, self.wishes.limits(), &turns);
        let Turns { uses, joints, commuters } = turns;
        for state in joints {
            self.add_joint(state);
        }
        self.uses.extend(uses);
        for of_state in commuters.chunk_by(|a, b| a.state == b.state) {
            let alone = self.wishes.limit(1);
            of_state.iter().for_each(|access| self.wishes.put_under(access.node, alone, 1));
        }
        self.faults.too_large(self.store.len())?;
        Ok(arranged)
    }

    /// Adds a node without work, named after a state.
    fn add_joint(&mut self, state: u32) {
        let name = self.store.states.names().label(state).to_string();
        // SAFETY: `()` is `Send` and `Sync`.
        let node = unsafe { self.declare::<()>(&name, Defined::Missing) };
        // SAFETY: that is what it gives.
        unsafe { self.define_without_work(node.any()) };
    }

    /// Defines a node that only comes after others.
    ///
    /// # Safety
    ///
    /// It was declared as one that gives a `()`.
    pub(super) unsafe fn define_without_work(&mut self, node: AnyNode) {
        if let Some(pointers) = self.feed(node, ()) {
            let nothing: fn() = || ();
            let task = Task { function: nothing, pointers };
            // SAFETY: `call_of` makes the call for this task, which borrows nothing and is `Send`.
            unsafe { self.define(node, call_of::<fn(), (), ()>(&task), task, None) };
        }
    }
}

impl<'env> LocalBuilder<'_, 'env> {
    /// Adds a [state](GraphBuilder::state) that need not be `Send`: local nodes use it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let window = Rc::new(Cell::new(""));
    /// let mut graph = GraphBuilder::new_local();
    /// let window = graph.local().state("window", window);
    /// graph.local().node("draw", (window.write(),), |window: &mut Rc<Cell<&'static str>>| window.set("drawn"));
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// assert_eq!(graph.state(window).get(), "drawn");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state<T>(&mut self, name: impl AsRef<str>, value: T) -> State<T, Local>
    where
        T: 'env,
    {
        let store = &mut self.nodes().store;
        let graph = store.id();
        // SAFETY: it stays on the thread of the local graph, and the handle that is given out says so.
        // Otherwise as above.
        unsafe { store.states.add(graph, name.as_ref(), value) }
    }
}
