//! Which functions can be listed in a dictionary, and what their types say.
//!
//! A function item has a type of its own, so the type is the key, and the key's type says what the function
//! takes and gives: the compiler checks each dependency against the parameter that receives it.
//!
//! It also says of which kind the function is. To the compiler, an `async fn` is a function that gives a
//! future, and any function might be meant to. But [`Function`] has one implementation for each kind, and
//! only one of them fits:
//!
//! - What an ordinary function with parameters gives is of one type, whatever the lifetimes of its arguments.
//!   The future of an `async fn` borrows them, so it isn't.
//! - What an ordinary function without parameters gives has to be `Unpin`. The future of an `async fn` never
//!   is.
//!
//! What is left is a function that gives a future which is `Unpin` and borrows nothing, such as
//! [`Ready`](std::future::Ready): both fit, so the compiler wants to be told which, and the macro has no way
//! to.

use crate::dictionaries::fn_key::FnKey;
use crate::dictionaries::keys::Keys;
use crate::typed::{AsyncNodeFn, Declared, GraphBuilder, Node};
use std::any::{Any, type_name};
use std::fmt;

/// An ordinary function, as the kind of a [`Function`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Function, PlainFunction};
///
/// /// Takes ordinary functions of one parameter, and no `async` ones.
/// fn apply<F, A, B>(function: F, to: A) -> B
/// where
///     F: Function<(A,), PlainFunction, Output = B> + Fn(&A) -> B,
/// {
///     function(&to)
/// }
/// fn double(x: &i32) -> i32 { x * 2 }
/// assert_eq!(apply(double, 4), 8);
/// ```
#[derive(Debug)]
pub enum PlainFunction {}

/// An `async fn`, as the kind of a [`Function`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{AsyncFunction, Function};
///
/// fn is_async<F: Function<I, AsyncFunction>, I>(_: F) -> bool { true }
/// async fn fetch(page: &u32) -> String { format!("page {page}") }
/// assert!(is_async(fetch)); // what counts is what its future gives, a `String`
/// ```
#[derive(Debug)]
pub enum AsyncFunction {}

/// A function that takes the results of its dependencies by reference: `fn(&A, &B, …) -> Output`, with 0 to
/// 12 parameters, or an `async fn` of that form. `Inputs` is the tuple of what it is fed, `(A, B, …)`.
///
/// `Kind` is [`PlainFunction`] or [`AsyncFunction`], and follows from the function's type: a function that
/// gives a future which borrows its arguments, or isn't `Unpin`, is an async one. So is one that gives a
/// future that isn't `Sync`, as boxed ones mostly are. If a future is none of that, it is unclear what is
/// meant, and that doesn't compile: await it in an `async fn`, or, if the future itself is to be the result,
/// give a struct around it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Function, create_graph};
///
/// /// What `create_graph!` makes of any two functions of which one feeds the other.
/// fn output_size<F: Function<I, K>, I, K>(_: F) -> usize { size_of::<F::Output>() }
///
/// fn bytes() -> [u8; 12] { [0; 12] }
/// async fn sum(bytes: &[u8; 12]) -> u64 { bytes.iter().map(|&byte| u64::from(byte)).sum() }
/// assert_eq!((output_size(bytes), output_size(sum)), (12, 8)); // `sum` gives a `u64`, not a future
/// let mut graph = create_graph! { sum: [bytes], bytes: [] }?;
/// assert_eq!(graph.run()?.get(sum), Some(&0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a node of a dictionary graph",
    label = "of another form than `fn(&A, &B, ..) -> Output`",
    note = "a function takes one shared reference for each dependency, in the listed order, and gives what is `Send`, `Sync` and \
            `'static`; without parameters also `Unpin`",
    note = "so does an `async fn`"
)]
pub trait Function<Inputs, Kind = PlainFunction>: Send + Sync + 'static {
    /// What it gives; for an `async fn`, what its future gives.
    type Output: Send + Sync + 'static;
}

/// A [`Function`] that can become a node: if it gives a future, that is `Send`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a node of a dictionary graph",
    label = "of another form than `fn(&A, &B, ..) -> Output`",
    note = "a function takes one shared reference for each dependency, in the listed order, and gives what is `Send`, `Sync` and \
            `'static`; without parameters also `Unpin`",
    note = "so does an `async fn`"
)]
pub trait Define<Inputs, Kind>: Function<Inputs, Kind> {
    /// Nothing happens unless `uses` are as many as there are inputs, and each is the key of a node that
    /// gives such an input.
    fn define(
        self,
        graph: &mut GraphBuilder<'static>,
        node: Declared<Self::Output>,
        uses: &[FnKey],
        keys: &Keys<FnKey, FnNode>,
    );
}

/// The functions that another depends on, as a tuple. `Inputs` is, for each of them, the tuple of what it is
/// fed, and its kind.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnGraph, FnKey, Functions, DictionaryError};
///
/// fn two() -> i32 { 2 }
/// fn three() -> i32 { 3 }
/// fn product(x: &i32, y: &i32) -> i32 { x * y }
///
/// /// Which tuple of functions it is, the compiler finds out.
/// fn outputs<D: Functions<I, Outputs = (i32, i32)>, I>(dependencies: D) -> D { dependencies }
/// let builder = FnGraph::builder().function("two", two, &[], ()).function("three", three, &[], ());
/// let builder = builder.function("product", product, &["two", "three"], outputs((two, three)));
/// assert_eq!(builder.build()?.run()?.get(product), Some(&6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is no tuple of 0 to 12 functions")]
pub trait Functions<Inputs> {
    /// What they give, as a tuple.
    type Outputs;

    #[doc(hidden)]
    fn keys(&self, names: &[&'static str]) -> Vec<FnKey>;
}

/// What the dependencies of `F` give is what it takes: both types are the same.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{F}` takes references to `{Inputs}`, but its dependencies give `{Self}`",
    label = "dependencies of other types than the parameters"
)]
pub trait Feeds<F, Inputs> {}

impl<F, Inputs> Feeds<F, Inputs> for Inputs {}

/// What a [`FnGraph`](crate::FnGraph) knows of the node of a function: a [`Node`] of what the function gives,
/// whatever that is.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dictionary, FnKey, FnNode, create_graph};
/// fn one() -> u8 { 1 }
/// let graph: Dictionary<'static, FnKey, FnNode> = create_graph! { one: [] }?; // a `FnGraph`
/// assert!(graph.node(one).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FnNode(Box<dyn Any + Send + Sync>);

impl FnNode {
    pub(super) fn new<Output: 'static>(node: Node<Output>) -> Self {
        Self(Box::new(node))
    }

    pub(super) fn of<F: Function<I, K>, I, K>(
        keys: &Keys<FnKey, Self>,
        function: &F,
    ) -> Option<Node<F::Output>> {
        Self::giving(keys, &FnKey::of(function, ""))
    }

    fn giving<Output: 'static>(keys: &Keys<FnKey, Self>, function: &FnKey) -> Option<Node<Output>> {
        keys.node(function)?.0.downcast_ref().copied()
    }
}

impl fmt::Debug for FnNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnNode")
    }
}

macro_rules! tuples {
    ([$($unpin:ident)?] $($item:ident $inputs:ident $kind:ident $position:tt),*) => {
        impl<Fun, Out, $($item),*> Function<($($item,)*), PlainFunction> for Fun
        where
            Fun: Fn($(&$item),*) -> Out + Send + Sync + 'static,
            Out: Send + Sync + $($unpin +)? 'static,
            $($item: Send + Sync + 'static,)*
        {
            type Output = Out;
        }

        impl<Fun, Out, $($item),*> Define<($($item,)*), PlainFunction> for Fun
        where
            Fun: Fn($(&$item),*) -> Out + Send + Sync + 'static,
            Out: Send + Sync + $($unpin +)? 'static,
            $($item: Send + Sync + 'static,)*
        {
            fn define(
                self,
                graph: &mut GraphBuilder<'static>,
                node: Declared<Out>,
                _uses: &[FnKey],
                _keys: &Keys<FnKey, FnNode>,
            ) {
                let nodes = || Some(($(FnNode::giving::<$item>(_keys, _uses.get($position)?)?,)*));
                let count = <[&str]>::len(&[$(stringify!($item)),*]);
                if let Some(nodes) = nodes().filter(|_| _uses.len() == count) {
                    graph.node(node, nodes, self);
                }
            }
        }

        #[cfg(feature = "async")]
        impl<Fun, Out, $($item),*> Function<($($item,)*), AsyncFunction> for Fun
        where
            Fun: for<'a> AsyncNodeFn<'a, ($(Node<$item>,)*), &'a ($(Node<$item>,)*), Output = Out>,
            Fun: Send + Sync + 'static,
            Out: Send + Sync + 'static,
            $($item: Send + Sync + 'static,)*
        {
            type Output = Out;
        }

        #[cfg(feature = "async")]
        impl<Fun, Out, $($item),*> Define<($($item,)*), AsyncFunction> for Fun
        where
            Fun: for<'a> AsyncNodeFn<'a, ($(Node<$item>,)*), &'a ($(Node<$item>,)*), Output = Out>,
            <Fun as AsyncNodeFn<'static, ($(Node<$item>,)*)>>::Future: Send,
            Fun: Send + Sync + 'static,
            Out: Send + Sync + 'static,
            $($item: Send + Sync + 'static,)*
        {
            fn define(
                self,
                graph: &mut GraphBuilder<'static>,
                node: Declared<Out>,
                _uses: &[FnKey],
                _keys: &Keys<FnKey, FnNode>,
            ) {
                let nodes = || Some(($(FnNode::giving::<$item>(_keys, _uses.get($position)?)?,)*));
                let count = <[&str]>::len(&[$(stringify!($item)),*]);
                if let Some(nodes) = nodes().filter(|_| _uses.len() == count) {
                    graph.async_node(node, nodes, self);
                }
            }
        }

        impl<$($item, $inputs, $kind),*> Functions<($(($inputs, $kind),)*)> for ($($item,)*)
        where
            $($item: Function<$inputs, $kind>,)*
        {
            type Outputs = ($($item::Output,)*);

            fn keys(&self, _names: &[&'static str]) -> Vec<FnKey> {
                vec![$(FnKey::of(&self.$position, _names.get($position).copied().unwrap_or_else(type_name::<$item>))),*]
            }
        }
    };
}

tuples!([Unpin]);
tuples!([] A MA KA 0);
tuples!([] A MA KA 0, B MB KB 1);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6, H MH KH 7);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6, H MH KH 7, I MI KI 8);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6, H MH KH 7, I MI KI 8, J MJ KJ 9);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6, H MH KH 7, I MI KI 8, J MJ KJ 9, K MK KK 10);
tuples!([] A MA KA 0, B MB KB 1, C MC KC 2, D MD KD 3, E ME KE 4, F MF KF 5, G MG KG 6, H MH KH 7, I MI KI 8, J MJ KJ 9, K MK KK 10, L ML KL 11);
