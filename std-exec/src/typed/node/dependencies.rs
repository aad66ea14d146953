//! What a node can depend on, and which closures fit: handles, tuples of them, slices of them.
//!
//! A list of dependencies is *resolved* once, when the node is declared, to the places of their slots. In a
//! run a closure is fed through them: a reference for a [`Node`], the value itself for a [`Moved`]; and for
//! [states](super::state_access) a reference by which they are read or changed.

use super::resolver::Resolver;
#[allow(unused_imports, reason = "for the docs")]
use super::shared_fn::ByRef;
use super::values::{List, Values};
use crate::typed::data::uses::Kind;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::node::{Input, Moved, Node};
use crate::typed::handle::outcome::OutcomeOf;
use crate::typed::handle::state::{StateCommute, StateRead, StateWrite};
use crate::typed::memory::arena::Place;
use crate::typed::memory::frame::Frame;
use std::marker::PhantomData;
use std::ptr::NonNull;

pub(crate) mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// One dependency: a [`Node`] or [`Input`], whose result is lent to the dependent as `&T`, or a [`Moved`],
/// whose result it gets as `T`; or a [state](crate::State) that it reads, as `&T`, or changes, as `&mut T`.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no dependency",
    note = "a dependency is a handle (`Node<T>`, `Input<T>`) or `handle.moved()`; of a node that was declared, \
            `declared.node()`; of a state, `state.read()`, `state.write()` or `state.commute()`"
)]
pub trait Dependency: Sealed + Copy {
    #[doc(hidden)]
    type Pointer;

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
pub trait Feed<'a, Bounds = &'a Self>: Dependency {
    /// The parameter's type.
    type Arg;

    /// # Safety
    ///
    /// The slot, or the state, is one of the run's graph. It holds a value that nobody changes during `'a`,
    /// or, for a [`Moved`], a [`StateWrite`] and a [`StateCommute`], one that nobody else uses.
    #[doc(hidden)]
    unsafe fn feed(pointer: &Self::Pointer, frame: &Frame<'_>, dependent: u32) -> Self::Arg;

    /// As [`feed`](Self::feed), for a call that is over before `frame` is: of a closure, not of a future.
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

/// All that a node depends on: a tuple of 0 to 12 handles, one handle, or a slice, array or `Vec` of handles
/// of one type, which arrive together as [`Values`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dependencies, GraphBuilder, Node, NodeFn};
///
/// /// Adds a node that says when it begins, whatever it depends on.
/// fn logged<'env, D, F>(graph: &mut GraphBuilder<'env>, name: &str, on: D, function: F) -> Node<F::Output>
/// where
///     D: Dependencies + Send,
///     F: NodeFn<D, Output: Send + Sync + 'env> + Send + 'env,
/// {
///     let text = format!("{name} begins");
///     let begin = graph.node("", (), move || println!("{text}"));
///     let node = graph.node(name, on, function);
///     graph.after(node, [begin]);
///     node
/// }
///
/// let mut graph = GraphBuilder::new();
/// let one = logged(&mut graph, "one", (), || 1);
/// let two = logged(&mut graph, "two", (one, one), |x: &i32, y: &i32| x + y);
/// assert_eq!(graph.build()?.run()?[two], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of dependencies",
    note = "dependencies are a tuple of up to 12 handles, `(a, b)`; one handle, `a`; or a slice of handles of one type, \
            `&nodes[..]`",
    note = "inputs in a slice or array are named as nodes, and so are nodes that were declared: `[a.node(), b.node()]`",
    note = "of a state, write what is done with it: `state.read()`, `state.write()`, `state.commute()`"
)]
pub trait Dependencies: Sealed + Sized {
    #[doc(hidden)]
    type Pointers;

    /// What must live as long as references to what these give.
    #[doc(hidden)]
    type Scope;

    #[doc(hidden)]
    fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointers;
}

/// A closure or function that can be fed what the dependencies `D` give: one parameter for each, in the
/// listed order. Parameter types of closures have to be written out.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, NodeFn};
///
/// /// What the node gives is named by the trait: here it is put into a box.
/// fn boxed<'env, F>(graph: &mut GraphBuilder<'env>, number: Node<u32>, function: F) -> Node<Box<F::Output>>
/// where
///     F: NodeFn<(Node<u32>,), Output: Send + Sync + 'env> + Send + 'env,
/// {
///     let node = graph.node("", (number,), function);
///     graph.node("boxed", (node.moved(),), |output: F::Output| Box::new(output))
/// }
///
/// let mut graph = GraphBuilder::new();
/// let seven = graph.node("seven", (), || 7);
/// let bits = boxed(&mut graph, seven, |number: &u32| number.count_ones());
/// assert_eq!(graph.build()?.run()?[bits], Box::new(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{D}`",
    label = "its parameters don't fit its dependencies",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `Node<T>` or `Input<T>`, `T` for \
            a `Moved<T>`; `Values<'_, T>` alone for a slice of `Node<T>`",
    note = "of a `State<T>`: `&T` for `state.read()`, `&mut T` for `state.write()` and `state.commute()`"
)]
pub trait NodeFn<D: Dependencies>: Sized {
    /// What it gives.
    type Output;

    /// # Safety
    ///
    /// The pointer is to such a closure, which nobody else uses during the call, or, if it is [`ByRef`], only by
    /// shared references. The contract of [`Feed::feed`], for each dependency.
    #[doc(hidden)]
    unsafe fn call(
        function: NonNull<Self>,
        pointers: &D::Pointers,
        frame: &Frame<'_>,
        node: u32,
    ) -> Self::Output;
}

/// Closures that set the inputs of a graph that is a node: like [`NodeFn`], with a `&mut G` in front of the
/// other parameters.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, Input, Results};
///
/// let mut inner = GraphBuilder::new();
/// let (x, y): (Input<i32>, Input<i32>) = (inner.input("x"), inner.input("y"));
/// let difference = inner.node("difference", (x, y), |x: &i32, y: &i32| x - y);
/// let inner = inner.build()?;
///
/// let mut outer = GraphBuilder::new();
/// let (five, three) = (outer.node("five", (), || 5), outer.node("three", (), || 3));
/// let set = move |inner: &mut Graph<'_>, five: &i32, three: &i32| {
///     inner.set(x, *five);
///     inner.set(y, *three);
/// };
/// let two = outer.graph("two", (five, three), inner, set, move |inner: &mut Graph<'_>| inner.results()[difference]);
/// assert_eq!(outer.build()?.run()?[two], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't set inputs from the results of its dependencies, `{D}`",
    note = "it takes the inner graph, `&mut Graph<'_>`, and then one parameter for each dependency, in the listed order"
)]
pub trait SetInputs<G, D: Dependencies> {
    /// # Safety
    ///
    /// The contract of [`Feed::feed`], for each dependency.
    #[doc(hidden)]
    unsafe fn call(&mut self, graph: &mut G, pointers: &D::Pointers, frame: &Frame<'_>, node: u32);
}

macro_rules! lent {
    ([$($place:ident)?] $handle:ident, $node:expr) => {
        impl<T $(, $place: Lendable)?> Sealed for $handle<T $(, $place)?> {}

        impl<T $(, $place: Lendable)?> Dependency for $handle<T $(, $place)?> {
            type Pointer = Place<T>;

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

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        impl<$($item: Dependency),*> Sealed for ($($item,)*) {}

        #[allow(clippy::unused_unit, reason = "of no dependencies")]
        impl<$($item: Dependency),*> Dependencies for ($($item,)*) {
            type Pointers = ($($item::Pointer,)*);
            type Scope = Self;

            fn resolve(self, _resolver: &mut Resolver<'_>) -> Self::Pointers {
                let ($($value,)*) = self;
                ($($value.resolve(_resolver),)*)
            }
        }

        impl<Fun, Out, $($item),*> NodeFn<($($item,)*)> for Fun
        where
            $($item: for<'a> Feed<'a>,)*
            Fun: for<'a> FnMut($(<$item as Feed<'a>>::Arg),*) -> Out,
        {
            type Output = Out;

            #[inline]
            unsafe fn call(
                mut function: NonNull<Self>,
                pointers: &($($item::Pointer,)*),
                _frame: &Frame<'_>,
                _node: u32,
            ) -> Out {
                let ($($value,)*) = pointers;
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { $item::feed_call($value, _frame, _node) };
                )*
                // SAFETY: by contract.
                let function = unsafe { function.as_mut() };
                function($($value),*)
            }
        }

        impl<Fun, G, $($item),*> SetInputs<G, ($($item,)*)> for Fun
        where
            $($item: for<'a> Feed<'a>,)*
            Fun: for<'a> FnMut(&'a mut G, $(<$item as Feed<'a>>::Arg),*),
        {
            unsafe fn call(
                &mut self,
                graph: &mut G,
                pointers: &($($item::Pointer,)*),
                _frame: &Frame<'_>,
                _node: u32,
            ) {
                let ($($value,)*) = pointers;
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { $item::feed_call($value, _frame, _node) };
                )*
                self(graph, $($value),*);
            }
        }
    };
}

tuples!();
tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G1 g);
tuples!(A a, B b, C c, D d, E e, F f, G1 g, H h);
tuples!(A a, B b, C c, D d, E e, F f, G1 g, H h, I i);
tuples!(A a, B b, C c, D d, E e, F f, G1 g, H h, I i, J j);
tuples!(A a, B b, C c, D d, E e, F f, G1 g, H h, I i, J j, K k);
tuples!(A a, B b, C c, D d, E e, F f, G1 g, H h, I i, J j, K k, L l);

/// One handle without a tuple around it.
macro_rules! alone {
    ($([$($place:ident $(: $mark:path)?)?] $handle:ident),*) => {$(
        impl<T $(, $place $(: $mark)?)?> Dependencies for $handle<T $(, $place)?> {
            type Pointers = <Self as Dependency>::Pointer;
            type Scope = Self;

            fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointers {
                Dependency::resolve(self, resolver)
            }
        }

        impl<Fun, Out, T $(, $place $(: $mark)?)?> NodeFn<$handle<T $(, $place)?>> for Fun
        where
            Fun: for<'a> FnMut(<$handle<T $(, $place)?> as Feed<'a>>::Arg) -> Out,
        {
            type Output = Out;

            #[inline]
            unsafe fn call(
                mut function: NonNull<Self>,
                pointer: &<$handle<T $(, $place)?> as Dependency>::Pointer,
                frame: &Frame<'_>,
                node: u32,
            ) -> Out {
                // SAFETY: by contract, here and in the next.
                let value = unsafe { <$handle<T $(, $place)?>>::feed(pointer, frame, node) };
                // SAFETY: as above.
                let function = unsafe { function.as_mut() };
                function(value)
            }
        }
    )*};
}

alone!([P: Lendable] Node, [P: Lendable] OutcomeOf, [] Input, [P] Moved, [P] StateRead, [P] StateWrite, [P] StateCommute);

/// Many handles of one type.
macro_rules! many {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<$($generics)*> Sealed for $list {}

        impl<$($generics)*> Dependencies for $list {
            type Pointers = List;
            type Scope = PhantomData<T>;

            fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointers {
                resolver.slots(&self[..])
            }
        }

        impl<$($generics)*, Fun, Out> NodeFn<$list> for Fun
        where
            Fun: for<'a> FnMut(Values<'a, T>) -> Out,
        {
            type Output = Out;

            #[inline]
            unsafe fn call(
                mut function: NonNull<Self>,
                pointers: &List,
                frame: &Frame<'_>,
                _: u32,
            ) -> Out {
                // SAFETY: by contract, here and in the next.
                let values = unsafe { Values::new(*pointers, frame) };
                // SAFETY: as above.
                let function = unsafe { function.as_mut() };
                function(values)
            }
        }
    )*};
}

many!(
    ['s, T, P: Lendable] &'s [Node<T, P>],
    ['s, T, P: Lendable] &'s Vec<Node<T, P>>,
    [T, P: Lendable] Vec<Node<T, P>>,
    [T, P: Lendable, const N: usize] [Node<T, P>; N],
);
