//! Which async closures fit which dependencies, on the thread that the graph belongs to: they may lend what
//! they own.

use super::dependencies::Dependencies;
use super::dependency::Feed;
use crate::typed::memory::frame::Frame;

/// An async closure or function that can be fed what the dependencies `D` give: one parameter for each, in
/// the listed order. Parameter types of closures have to be written out. It may own things and lend them to
/// its futures.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Local, LocalAsyncFn, Node};
///
/// /// Adds a node that counts, in a way that the caller chooses.
/// fn counter<'env, F>(graph: &mut GraphBuilder<'env, Local>, count: F) -> Node<u32, Local>
/// where
///     F: for<'a> LocalAsyncFn<'a, (), Output = u32> + 'env,
/// {
///     graph.local().async_node("count", (), count)
/// }
///
/// let mut graph = GraphBuilder::new_local();
/// let mut count = 0;
/// let node = counter(&mut graph, async move || {
///     count += 2; // lent to the future
///     count
/// });
/// let mut graph = graph.build()?;
/// graph.run()?;
/// assert_eq!(graph.run()?[node], 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{D}`, or isn't async",
    label = "its parameters don't fit its dependencies, or it isn't async",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `Node<T>` or `Input<T>`, `T` for \
            a `Moved<T>`; for a list, `Values<'_, T>`, or `MovedValues<'_, T>`",
    note = "of a `State<T>`: `&T` for `state.read()`, `&mut T` for `state.write()` and `state.commute()`"
)]
pub trait LocalAsyncFn<'a, D: Dependencies, Bounds = (&'a <D as Dependencies>::Scope, &'a Self)> {
    /// What the future gives.
    type Output;

    /// # Safety
    ///
    /// The pointer is good during the call. The contract of [`Feed::feed`], for each dependency, for as long
    /// as there is a future.
    #[doc(hidden)]
    unsafe fn call(
        &'a mut self,
        pointers: *const D::Pointers,
        frame: &'a Frame<'a>,
        node: u32,
    ) -> impl Future<Output = Self::Output>;
}

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        impl<'a, Fun, Out, $($item),*> LocalAsyncFn<'a, ($($item,)*)> for Fun
        where
            $($item: Feed<'a>,)*
            Fun: AsyncFnMut($(<$item as Feed<'a>>::Arg),*) -> Out,
        {
            type Output = Out;

            unsafe fn call(
                &'a mut self,
                pointers: *const ($($item::Pointer,)*),
                _frame: &'a Frame<'a>,
                _node: u32,
            ) -> impl Future<Output = Out> {
                // SAFETY: by contract.
                let ($($value,)*) = unsafe { &*pointers };
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { <$item as Feed<'a>>::feed($value, _frame, _node) };
                )*
                self($($value),*)
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
impl<'a, D, Fun, Out> LocalAsyncFn<'a, D> for Fun
where
    D: Feed<'a>,
    Fun: AsyncFnMut(<D as Feed<'a>>::Arg) -> Out,
{
    type Output = Out;

    unsafe fn call(
        &'a mut self,
        pointer: *const D::Pointer,
        frame: &'a Frame<'a>,
        node: u32,
    ) -> impl Future<Output = Out> {
        // SAFETY: by contract.
        let pointer = unsafe { &*pointer };
        // SAFETY: by contract.
        self(unsafe { D::feed(pointer, frame, node) })
    }
}
