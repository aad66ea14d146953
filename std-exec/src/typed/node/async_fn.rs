//! Which async closures and functions fit which dependencies.
//!
//! As [`NodeFn`](super::dependencies::NodeFn), but what a call gives is a future, which may keep the
//! references that it was fed: it is gone before they are.

use super::dependencies::Dependencies;
use super::dependency::Feed;
use crate::typed::memory::frame::Frame;
use std::ptr::NonNull;

/// An async closure or function that can be fed what the dependencies `D` give, for as long as `'a`: one
/// parameter for each, in the listed order. Parameter types of closures have to be written out.
///
/// These are `async fn`s; async closures that own nothing (what they use of their surroundings, they borrow);
/// and ordinary closures that give a future which holds no references to what they own.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{AsyncNodeFn, Dependencies, GraphBuilder, Node};
///
/// /// Adds a node that awaits a text, and one that cuts it to what fits a line.
/// fn line<'env, D, F>(graph: &mut GraphBuilder<'env>, dependencies: D, text: F) -> Node<String>
/// where
///     D: Dependencies<Scope: 'env> + Send,
///     F: for<'a> AsyncNodeFn<'a, D, Output = String> + Send + 'env,
///     <F as AsyncNodeFn<'env, D>>::Future: Send,
/// {
///     let text = graph.async_node("text", dependencies, text);
///     graph.node("line", (text,), |text: &String| text.chars().take(80).collect::<String>())
/// }
///
/// let mut graph = GraphBuilder::new();
/// let name = graph.node("name", (), || String::from("Ada"));
/// let hello = line(&mut graph, (name,), async |name: &String| format!("hello, {name}"));
/// assert_eq!(graph.build()?.run()?[hello], "hello, Ada");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{D}`, or gives no future",
    label = "its parameters don't fit its dependencies, or it gives no future",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `Node<T>` or `Input<T>`, `T` for \
            a `Moved<T>`; for a list, `Values<'_, T>`, or `MovedValues<'_, T>`",
    note = "of a `State<T>`: `&T` for `state.read()`, `&mut T` for `state.write()` and `state.commute()`",
    note = "an async closure must not own what it uses across calls: let it borrow that, or give its future a clone: \
            `move |x: &T| {{ let client = client.clone(); async move {{ ... }} }}`"
)]
pub trait AsyncNodeFn<'a, D: Dependencies, Bounds = &'a <D as Dependencies>::Scope>: Sized {
    /// What the future gives.
    type Output;
    /// What a call gives.
    type Future: Future<Output = Self::Output>;

    /// # Safety
    ///
    /// As for [`NodeFn::call`](super::dependencies::NodeFn::call).
    #[doc(hidden)]
    unsafe fn call(
        function: NonNull<Self>,
        pointers: &D::Pointers,
        frame: &Frame<'_>,
        node: u32,
    ) -> Self::Future;
}

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        // What the compiler says of `AsyncNodeFn` helps more than what it says of `FnMut`.
        #[diagnostic::do_not_recommend]
        impl<'a, Fun, Fut, $($item),*> AsyncNodeFn<'a, ($($item,)*)> for Fun
        where
            $($item: Feed<'a>,)*
            Fun: FnMut($(<$item as Feed<'a>>::Arg),*) -> Fut,
            Fut: Future,
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[inline]
            unsafe fn call(
                mut function: NonNull<Self>,
                pointers: &($($item::Pointer,)*),
                _frame: &Frame<'_>,
                _node: u32,
            ) -> Fut {
                let ($($value,)*) = pointers;
                $(
                    // SAFETY: by contract.
                    let $value = unsafe { <$item as Feed<'a>>::feed($value, _frame, _node) };
                )*
                // SAFETY: by contract.
                let function = unsafe { function.as_mut() };
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
#[diagnostic::do_not_recommend]
impl<'a, D, Fun, Fut> AsyncNodeFn<'a, D> for Fun
where
    D: Feed<'a>,
    Fun: FnMut(<D as Feed<'a>>::Arg) -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    #[inline]
    unsafe fn call(mut function: NonNull<Self>, pointer: &D::Pointer, frame: &Frame<'_>, node: u32) -> Fut {
        // SAFETY: by contract, here and in the next.
        let value = unsafe { D::feed(pointer, frame, node) };
        // SAFETY: as above.
        let function = unsafe { function.as_mut() };
        function(value)
    }
}
