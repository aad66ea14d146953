//! Handles of states, and of what nodes do with them. Like those of nodes they are checked numbers that carry
//! a type.

use super::markers::{Anywhere, Local};
use super::node::GraphId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// Which state of which graph it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StateId {
    pub(crate) graph: GraphId,
    pub(crate) index: u32,
}

/// A state of a typed graph: a `T` that lives in the graph over all its runs, and that nodes read or change.
/// Made by [`GraphBuilder::state`](crate::GraphBuilder::state).
///
/// A node that lists [`read()`](Self::read) of it as a dependency is fed a `&T`, one that lists
/// [`write()`](Self::write) or [`commute()`](Self::commute) a `&mut T`. Between runs the state is the
/// caller's: [`Graph::state`](crate::Graph::state), [`Graph::state_mut`](crate::Graph::state_mut).
///
/// As of a [`Node`](crate::Node), `T` is invariant, and `P` says where the state may be used.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, State};
///
/// /// What the parts of a game share.
/// struct World {
///     positions: State<Vec<f32>>,
///     speeds: State<Vec<f32>>,
/// }
///
/// fn physics(graph: &mut GraphBuilder<'_>, world: &World) {
///     let step = |positions: &mut Vec<f32>, speeds: &Vec<f32>| {
///         positions.iter_mut().zip(speeds).for_each(|(position, speed)| *position += speed);
///     };
///     graph.node("step", (world.positions.write(), world.speeds.read()), step);
/// }
///
/// let mut graph = GraphBuilder::new();
/// let world = World { positions: graph.state("positions", vec![0.0; 3]), speeds: graph.state("speeds", vec![0.5; 3]) };
/// physics(&mut graph, &world);
/// let mut graph = graph.build()?;
/// graph.run()?;
/// graph.run()?;
/// assert_eq!(graph.state(world.positions), &[1.0; 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct State<T, P = Anywhere> {
    id: StateId,
    value: PhantomData<fn(T) -> T>,
    place: PhantomData<P>,
}

/// A state that a node reads. Made by [`State::read`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, StateRead};
///
/// /// Adds a node that may look at the table, but not change it.
/// fn size(graph: &mut GraphBuilder<'_>, table: StateRead<Vec<u8>>) -> Node<usize> {
///     graph.node("size", table, |table: &Vec<u8>| table.len())
/// }
///
/// let mut graph = GraphBuilder::new();
/// let table = graph.state("table", vec![1, 2, 3]);
/// let size = size(&mut graph, table.read());
/// assert_eq!(graph.build()?.run()?[size], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StateRead<T, P = Anywhere> {
    pub(crate) state: State<T, P>,
}

/// A state that a node changes, when it's its turn. Made by [`State::write`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, StateWrite};
///
/// /// Adds a node that empties a list.
/// fn clear(graph: &mut GraphBuilder<'_>, list: StateWrite<Vec<u8>>) {
///     graph.node("clear", list, |list: &mut Vec<u8>| list.clear());
/// }
///
/// let mut graph = GraphBuilder::new();
/// let list = graph.state("list", vec![1, 2, 3]);
/// clear(&mut graph, list.write());
/// let mut graph = graph.build()?;
/// graph.run()?;
/// assert!(graph.state(list).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StateWrite<T, P = Anywhere> {
    pub(crate) state: State<T, P>,
}

/// A state that a node changes, in any order with others that do so. Made by [`State::commute`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, StateCommute};
///
/// /// Adds a node that adds to a sum.
/// fn add(graph: &mut GraphBuilder<'_>, sum: StateCommute<u64>, number: u64) {
///     graph.node("add", sum, move |sum: &mut u64| *sum += number);
/// }
///
/// let mut graph = GraphBuilder::new();
/// let sum = graph.state("sum", 0);
/// (1..=10).for_each(|number| add(&mut graph, sum.commute(), number));
/// let mut graph = graph.build()?;
/// graph.run_parallel(&Executor::new()?)?;
/// assert_eq!(*graph.state(sum), 55);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StateCommute<T, P = Anywhere> {
    pub(crate) state: State<T, P>,
}

impl<T, P> State<T, P> {
    /// The caller vouches for the type: only `States` does, when it makes a state of a `T`. And for the mark,
    /// by the contract of that.
    pub(crate) fn new(id: StateId) -> Self {
        Self { id, value: PhantomData, place: PhantomData }
    }

    pub(crate) fn id(self) -> StateId {
        self.id
    }

    /// The state as a dependency of a node that changes it: the node is fed a `&mut T`.
    ///
    /// The node comes after all that were defined before it and use the state, and before all that are
    /// defined after it and do. (For a node that is declared ahead it is the definition that counts.) If it
    /// fails, panics or is skipped, those after it are skipped. If one that only reads fails, the node runs.
    ///
    /// A node that panics, fails or is interrupted leaves the state as it is at that moment:
    /// [`Graph::half_written`](crate::Graph::half_written) names it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let log = graph.state("log", Vec::new());
    /// graph.node("one", log.write(), |log: &mut Vec<&str>| log.push("one"));
    /// let lines = graph.node("lines", (log.read(),), |log: &Vec<&str>| log.len());
    /// graph.node("two", log.write(), |log: &mut Vec<&str>| log.push("two"));
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run()?[lines], 1); // "one" comes before it, "two" after it
    /// assert_eq!(graph.run()?[lines], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn write(self) -> StateWrite<T, P> {
        StateWrite { state: self }
    }

    /// The state as a dependency of a node that changes it, where the order doesn't matter among nodes that
    /// do: the node is fed a `&mut T`.
    ///
    /// Nodes that commute and follow each other in the order of definition run in any order, never two at
    /// once. They come after readers and writers before them, and before those after them. If one of them
    /// fails, the others run, but those after them are skipped.
    ///
    /// Two or more that follow each other share a [limit](crate::GraphBuilder::limit), with what that costs.
    /// Where very many of them come beside very many others, the graph has nodes of its own in between: their
    /// numbers come behind those of all others, and they have no results.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let words = graph.state("words", Vec::new());
    /// graph.node("clear", words.write(), |words: &mut Vec<usize>| words.clear());
    /// for text in ["so it goes", "and so on", "well"] {
    ///     let count = graph.node("count", (), move || text.split(' ').count()); // side by side
    ///     graph.node("add", (count, words.commute()), |count: &usize, words: &mut Vec<usize>| words.push(*count));
    /// }
    /// let total = graph.node("total", words.read(), |words: &Vec<usize>| words.iter().sum::<usize>());
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[total], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn commute(self) -> StateCommute<T, P> {
        StateCommute { state: self }
    }
}

impl<T: Sync> State<T> {
    /// The state as a dependency of a node that reads it: the node is fed a `&T`.
    ///
    /// It comes after the last [writer](Self::write), or [commuting](Self::commute) ones, that were defined
    /// before it, and before the next ones. Readers run side by side, which is why `T` is `Sync`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let limit = graph.state("limit", 10);
    /// let small = graph.node("small", limit.read(), |limit: &i32| 7 < *limit);
    /// let mut graph = graph.build()?;
    /// assert!(graph.run()?[small]);
    /// *graph.state_mut(limit) = 5;
    /// assert!(!graph.run()?[small]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn read(self) -> StateRead<T> {
        StateRead { state: self }
    }
}

impl<T> State<T, Local> {
    /// The state as a dependency of a local node that reads it: the node is fed a `&T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut graph = GraphBuilder::new_local();
    /// let title = graph.local().state("title", Rc::<str>::from("untitled"));
    /// let shown = graph.local().node("show", title.read(), |title: &Rc<str>| title.len());
    /// assert_eq!(graph.build()?.run()?[shown], 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn read(self) -> StateRead<T, Local> {
        StateRead { state: self }
    }
}

// By hand: handles can be copied and compared whatever `T` is.
macro_rules! handle {
    ($name:ident, $handle:ident => $id:expr) => {
        impl<T, P> Clone for $name<T, P> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T, P> Copy for $name<T, P> {}

        impl<T, P> PartialEq for $name<T, P> {
            fn eq(&self, other: &Self) -> bool {
                let id = |$handle: &Self| $id;
                id(self) == id(other)
            }
        }

        impl<T, P> Eq for $name<T, P> {}

        impl<T, P> Hash for $name<T, P> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                let $handle = self;
                $id.hash(state);
            }
        }

        impl<T, P> fmt::Debug for $name<T, P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $handle = self;
                write!(f, concat!(stringify!($name), "({})"), $id.index)
            }
        }
    };
}

handle!(State, state => state.id);
handle!(StateRead, read => read.state.id);
handle!(StateWrite, write => write.state.id);
handle!(StateCommute, commute => commute.state.id);
