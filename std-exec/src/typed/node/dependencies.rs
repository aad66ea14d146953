//! All that a node depends on, and which closures fit: tuples of dependencies, and one alone.

use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::listed::each_alone;
use super::resolver::Resolver;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::node::{Input, Moved, Node};
use crate::typed::handle::outcome::OutcomeOf;
use crate::typed::handle::state::{StateCommute, StateRead, StateWrite};
use crate::typed::memory::frame::Frame;
use std::ptr::NonNull;

/// All that a node depends on: a tuple of 0 to 12 [dependencies](Dependency), or one alone.
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
    note = "dependencies are a tuple of up to 12, `(a, b)`, or one alone, `a`: handles, or slices of handles of one type, \
            `&nodes[..]`",
    note = "nodes that were declared are named as nodes: `declared.node()`",
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
            a `Moved<T>`; for a list, `Values<'_, T>`, or `MovedValues<'_, T>`",
    note = "of a `State<T>`: `&T` for `state.read()`, `&mut T` for `state.write()` and `state.commute()`"
)]
pub trait NodeFn<D: Dependencies>: Sized {
    /// What it gives.
    type Output;

    /// # Safety
    ///
    /// The pointer is to such a closure, which nobody else uses during the call, or, if it is `ByRef`
    /// (`shared_fn.rs`), only by shared references. The contract of [`Feed::feed`], for each dependency.
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

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        impl<$($item: Dependency),*> Sealed for ($($item,)*) {}

        #[allow(clippy::unused_unit, reason = "of no dependencies")]
        impl<$($item: Dependency),*> Dependencies for ($($item,)*) {
            type Pointers = ($($item::Pointer,)*);
            type Scope = ($($item::Scope,)*);

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

/// One dependency without a tuple around it.
macro_rules! alone {
    ([$($lifetime:lifetime)?; $($generics:tt)*] $dependency:ty) => {
        impl<$($lifetime,)? $($generics)*> Dependencies for $dependency {
            type Pointers = <Self as Dependency>::Pointer;
            type Scope = <Self as Dependency>::Scope;

            fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointers {
                Dependency::resolve(self, resolver)
            }
        }

        impl<$($lifetime,)? Fun, Out, $($generics)*> NodeFn<$dependency> for Fun
        where
            Fun: for<'a> FnMut(<$dependency as Feed<'a>>::Arg) -> Out,
        {
            type Output = Out;

            #[inline]
            unsafe fn call(
                mut function: NonNull<Self>,
                pointer: &<$dependency as Dependency>::Pointer,
                frame: &Frame<'_>,
                node: u32,
            ) -> Out {
                // SAFETY: by contract, here and in the next.
                let value = unsafe { <$dependency>::feed_call(pointer, frame, node) };
                // SAFETY: as above.
                let function = unsafe { function.as_mut() };
                function(value)
            }
        }
    };
}

each_alone!(alone);
