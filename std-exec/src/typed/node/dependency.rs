//! What a node can depend on: a handle, and how its closure is fed.
//!
//! A dependency is *resolved* once, when the node is declared, to the place of its slot. In a run a closure
//! is fed through it: a reference for a [`Node`], the value itself for a [`Moved`]; and for
//! [states](super::state_access) a reference by which they are read or changed.

use super::resolver::Resolver;
use crate::typed::data::uses::Kind;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::node::{Input, Moved, Node};
use crate::typed::memory::arena::Place;
use crate::typed::memory::frame::Frame;

pub(crate) mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// One dependency: a [`Node`] or [`Input`], whose result is lent to the dependent as `&T`, or a [`Moved`],
/// whose result it gets as `T`; or a [state](crate::State) that it reads, as `&T`, or changes, as `&mut T`.
///
/// Many handles of one type can be listed as one dependency, in a slice, an array or a `Vec`. [`Node`]s and
/// [`Input`]s arrive as [`Values`](crate::Values), [`Moved`] results as [`MovedValues`](crate::MovedValues),
/// and [outcomes](Node::outcome) as [`Outcomes`](crate::Outcomes), in the listed order.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dependencies, Dependency, GraphBuilder, Node, NodeFn};
///
/// /// Adds a node that depends on what it is given, lent or moved, and says so.
/// fn tell<'env, D, F>(graph: &mut GraphBuilder<'env>, dependency: D, function: F) -> Node<String>
/// where
///     D: Dependency + Send,
///     (D,): Dependencies,
///     F: NodeFn<(D,), Output = String> + Send + 'env,
/// {
///     graph.node("tell", (dependency,), function)
/// }
///
/// let mut graph = GraphBuilder::new();
/// let (one, two) = (graph.node("one", (), || 1), graph.node("two", (), || vec![2]));
/// let lent = tell(&mut graph, one, |one: &i32| format!("{one}"));
/// let moved = tell(&mut graph, two.moved(), |two: Vec<i32>| format!("{two:?}"));
/// let mut graph = graph.build()?;
/// let results = graph.run()?;
/// assert_eq!((results[lent].as_str(), results[moved].as_str()), ("1", "[2]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A list among others:
///
/// ```
/// use dgraph_exec::{GraphBuilder, Values};
/// let mut graph = GraphBuilder::new();
/// let factor = graph.node("factor", (), || 10);
/// let numbers: Vec<_> = (1..4).map(|number| graph.node("number", (), move || number)).collect();
/// let scaled = graph.node("scaled", (factor, &numbers), |factor: &i32, numbers: Values<'_, i32>| {
///     numbers.iter().map(|number| factor * number).collect::<Vec<_>>()
/// });
/// assert_eq!(graph.build()?.run()?[scaled], [10, 20, 30]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no dependency",
    note = "a dependency is a handle (`Node<T>`, `Input<T>`) or `handle.moved()`; of a node that was declared, \
            `declared.node()`; of a state, `state.read()`, `state.write()` or `state.commute()`"
)]
pub trait Dependency: Sealed + Sized {
    #[doc(hidden)]
    type Pointer;

    /// What must live as long as references to what it gives.
    #[doc(hidden)]
    type Scope;

    #[doc(hidden)]
    fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointer;
}

/// What a dependency is to the closure's parameter, for values that live for `'a`.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Feed, Moved, Node};
/// use std::any::type_name;
///
/// fn parameter<'a, D: Feed<'a> + 'a>() -> &'static str {
///     type_name::<D::Arg>()
/// }
/// assert_eq!(parameter::<Node<u8>>(), "&u8");
/// assert_eq!(parameter::<Moved<u8>>(), "u8");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is no dependency")]
pub trait Feed<'a, Bounds = &'a <Self as Dependency>::Scope>: Dependency {
    /// The parameter's type.
    type Arg;

    /// # Safety
    ///
    /// The slot, or the state, is one of the run's graph. It holds a value that nobody changes during `'a`,
    /// or, for a [`Moved`], a [`StateWrite`] and a [`StateCommute`], one that nobody else uses.
    #[doc(hidden)]
    unsafe fn feed(pointer: &Self::Pointer, frame: &Frame<'_>, dependent: u32) -> Self::Arg;

    /// Feeds a call that is over before `frame` is: of a closure, not of a future.
    ///
    /// # Safety
    ///
    /// As for [`feed`](Self::feed).
    #[doc(hidden)]
    #[inline]
    unsafe fn feed_call(pointer: &Self::Pointer, frame: &'a Frame<'a>, dependent: u32) -> Self::Arg {
        // SAFETY: by contract.
        unsafe { Self::feed(pointer, frame, dependent) }
    }
}

macro_rules! lent {
    ([$($place:ident)?] $handle:ident, $node:expr) => {
        impl<T $(, $place: Lendable)?> Sealed for $handle<T $(, $place)?> {}

        impl<T $(, $place: Lendable)?> Dependency for $handle<T $(, $place)?> {
            type Pointer = Place<T>;
            type Scope = Self;

            fn resolve(self, resolver: &mut Resolver<'_>) -> Place<T> {
                resolver.slot($node(self), Kind::Lent).0
            }
        }

        impl<'a, T $(, $place: Lendable)?> Feed<'a> for $handle<T $(, $place)?> {
            type Arg = &'a T;

            #[inline]
            unsafe fn feed(pointer: &Place<T>, frame: &Frame<'_>, _: u32) -> &'a T {
                // SAFETY: it is the place of a slot of the run's graph.
                let pointer = unsafe { frame.slots.base().at(*pointer) };
                // SAFETY: by contract.
                unsafe { pointer.as_ref() }
            }
        }
    };
}

lent!([P] Node, Node::plain);
lent!([] Input, Input::node);

impl<T, P> Sealed for Moved<T, P> {}

impl<T, P> Dependency for Moved<T, P> {
    /// The slot, and whose it is.
    type Pointer = (Place<T>, u32);
    type Scope = Self;

    fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointer {
        resolver.slot(self.node.plain(), Kind::Moved)
    }
}

impl<'a, T, P> Feed<'a> for Moved<T, P> {
    type Arg = T;

    #[inline]
    unsafe fn feed(&(slot, node): &Self::Pointer, frame: &Frame<'_>, dependent: u32) -> T {
        frame.moved(node, dependent);
        // SAFETY: it is the place of a slot of the run's graph.
        let slot = unsafe { frame.slots.base().at(slot) };
        // SAFETY: by contract; the slot's status says from now on that it holds nothing.
        unsafe { slot.read() }
    }
}
