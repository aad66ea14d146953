//! Closures that can be called once.

use super::async_fn::AsyncNodeFn;
use super::dependencies::{Dependencies, NodeFn};
use super::dependency::{Dependency, Feed};
use crate::typed::memory::frame::Frame;
use std::fmt;
use std::ptr::NonNull;

/// A closure that can be called once: what [`once`] makes.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, NodeFn, Once, once};
///
/// /// Adds a node that gives what it owns.
/// fn constant<T: Send + Sync + 'static>(graph: &mut GraphBuilder<'_>, value: T) -> Node<T> {
///     let give: Once<_> = once(move || value);
///     graph.node("constant", (), give)
/// }
/// let mut graph = GraphBuilder::new();
/// let text = constant(&mut graph, String::from("text"));
/// assert_eq!(graph.build()?.run()?[text], "text");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Once<F>(Option<F>);

/// A closure, or one that gives a future, as that of a node of a graph that runs once: it may be [`FnOnce`],
/// and give away what it owns.
///
/// The graph can be run again; but a run in which the node would be called again panics there, and names the
/// node. (A run that ends before the node begins leaves its closure unused; neither does an
/// [update](crate::RunOptions::update) call it that has no reason to.)
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, once};
/// use std::sync::mpsc;
///
/// let (send, receive) = mpsc::channel();
/// let config = String::from("port=80");
/// let mut graph = GraphBuilder::new();
/// let config = graph.node("config", (), once(move || config)); // no clone
/// graph.node("tell", config, once(move |config: &String| {
///     send.send(config.len()).unwrap();
///     drop(send); // it was the last one
/// }));
/// graph.build()?.run_parallel(&Executor::new()?)?;
/// assert_eq!(receive.iter().collect::<Vec<_>>(), [7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub const fn once<F>(function: F) -> Once<F> {
    Once(Some(function))
}

impl<F> Once<F> {
    /// The closure that `function` points to.
    ///
    /// # Safety
    ///
    /// As for [`NodeFn::call`].
    ///
    /// # Panics
    ///
    /// If it was taken before.
    #[track_caller]
    unsafe fn take(mut function: NonNull<Self>, frame: &Frame<'_>, node: u32) -> F {
        // SAFETY: by contract.
        let function = unsafe { function.as_mut() };
        let used =
            || panic!("the closure of node {} was called before, and can be called once", frame.label(node));
        function.0.take().unwrap_or_else(used)
    }
}

impl<F> fmt::Debug for Once<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("is_used", &self.0.is_none()).finish_non_exhaustive()
    }
}

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        impl<Fun, Out, $($item),*> NodeFn<($($item,)*)> for Once<Fun>
        where
            $($item: for<'a> Feed<'a>,)*
            Fun: for<'a> FnOnce($(<$item as Feed<'a>>::Arg),*) -> Out,
        {
            type Output = Out;

            unsafe fn call(
                function: NonNull<Self>,
                pointers: &($($item::Pointer,)*),
                frame: &Frame<'_>,
                node: u32,
            ) -> Out {
                // SAFETY: by contract. (If it panics, nothing was moved yet.)
                let function = unsafe { Self::take(function, frame, node) };
                let ($($value,)*) = pointers;
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { $item::feed_call($value, frame, node) };
                )*
                function($($value),*)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, Fun, Fut, $($item),*> AsyncNodeFn<'a, ($($item,)*)> for Once<Fun>
        where
            $($item: Feed<'a>,)*
            Fun: FnOnce($(<$item as Feed<'a>>::Arg),*) -> Fut,
            Fut: Future,
        {
            type Output = Fut::Output;
            type Future = Fut;

            unsafe fn call(
                function: NonNull<Self>,
                pointers: &($($item::Pointer,)*),
                frame: &Frame<'_>,
                node: u32,
            ) -> Fut {
                // SAFETY: by contract. (If it panics, nothing was moved yet.)
                let function = unsafe { Self::take(function, frame, node) };
                let ($($value,)*) = pointers;
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { <$item as Feed<'a>>::feed($value, frame, node) };
                )*
                function($($value),*)
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

// One dependency without a tuple around it.
impl<D, Fun, Out> NodeFn<D> for Once<Fun>
where
    D: for<'a> Feed<'a>
        + Dependencies<Pointers = <D as Dependency>::Pointer, Scope = <D as Dependency>::Scope>,
    Fun: for<'a> FnOnce(<D as Feed<'a>>::Arg) -> Out,
{
    type Output = Out;

    unsafe fn call(
        function: NonNull<Self>,
        pointer: &<D as Dependency>::Pointer,
        frame: &Frame<'_>,
        node: u32,
    ) -> Out {
        // SAFETY: by contract, here and in the next.
        let function = unsafe { Self::take(function, frame, node) };
        // SAFETY: as above.
        function(unsafe { D::feed_call(pointer, frame, node) })
    }
}

#[diagnostic::do_not_recommend]
impl<'a, D, Fun, Fut> AsyncNodeFn<'a, D> for Once<Fun>
where
    D: Feed<'a> + Dependencies<Pointers = <D as Dependency>::Pointer, Scope = <D as Dependency>::Scope>,
    Fun: FnOnce(<D as Feed<'a>>::Arg) -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    unsafe fn call(
        function: NonNull<Self>,
        pointer: &<D as Dependency>::Pointer,
        frame: &Frame<'_>,
        node: u32,
    ) -> Fut {
        // SAFETY: by contract, here and in the next.
        let function = unsafe { Self::take(function, frame, node) };
        // SAFETY: as above.
        function(unsafe { D::feed(pointer, frame, node) })
    }
}
