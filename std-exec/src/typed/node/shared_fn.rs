//! Closures that are only called by shared references, so that several runs can call one at once.

use super::async_fn::AsyncNodeFn;
use super::dependencies::{Dependencies, NodeFn};
use crate::typed::memory::frame::Frame;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// A closure or function that fits the dependencies `D`, gives a `T`, and may be called by several threads at
/// once: a [`NodeFn`] that is `Fn + Sync`. For nodes of a [`DefinitionBuilder`](crate::DefinitionBuilder).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DefinitionBuilder, Node, SharedNodeFn};
///
/// /// Adds a node that makes something of a number, and one that says what.
/// fn told<'env, F>(graph: &mut DefinitionBuilder<'env>, number: Node<u32>, function: F) -> Node<String>
/// where
///     F: SharedNodeFn<(Node<u32>,), u32> + 'env,
/// {
///     let made = graph.node("made", (number,), function);
///     graph.node("told", (made,), |made: &u32| made.to_string())
/// }
///
/// let mut graph = DefinitionBuilder::new();
/// let seven = graph.node("seven", (), || 7);
/// let told = told(&mut graph, seven, |number: &u32| number + 1);
/// assert_eq!(graph.build()?.instance().run()?[told], "8");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{D}`, by several runs at once",
    label = "its parameters don't fit its dependencies, or it isn't `Fn + Sync`",
    note = "the closures of a definition are `Fn + Send + Sync`: what one changes has to lie behind an atomic or a lock",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `Node<T>` or `Input<T>`, `T` for \
            a `Moved<T>`; for a list, `Values<'_, T>`, or `MovedValues<'_, T>`"
)]
pub trait SharedNodeFn<D: Dependencies, T>: Send + Sync {
    /// # Safety
    ///
    /// The contract of [`Feed::feed`](crate::Feed), for each dependency.
    #[doc(hidden)]
    unsafe fn call(&self, pointers: &D::Pointers, frame: &Frame<'_>, node: u32) -> T;
}

#[diagnostic::do_not_recommend]
impl<D, F, T> SharedNodeFn<D, T> for F
where
    D: Dependencies,
    F: Send + Sync,
    for<'f> &'f F: NodeFn<D, Output = T>,
{
    #[inline]
    unsafe fn call(&self, pointers: &D::Pointers, frame: &Frame<'_>, node: u32) -> T {
        let mut function = self;
        // SAFETY: by contract; nobody else uses this reference to the closure.
        unsafe { NodeFn::call(NonNull::from(&mut function), pointers, frame, node) }
    }
}

/// An async closure or function that fits the dependencies `D`, whose futures give a `T`, and that may be
/// called by several threads at once: an [`AsyncNodeFn`] that is `Fn + Sync`. For nodes of a
/// [`DefinitionBuilder`](crate::DefinitionBuilder).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DefinitionBuilder, Node, SharedAsyncFn};
///
/// /// Adds a node that awaits a text, and one that measures it.
/// fn length<'env, F>(graph: &mut DefinitionBuilder<'env>, text: F) -> Node<usize>
/// where
///     F: SharedAsyncFn<'env, (), String>,
/// {
///     let text = graph.async_node("text", (), text);
///     graph.node("length", (text,), |text: &String| text.len())
/// }
///
/// let mut graph = DefinitionBuilder::new();
/// let length = length(&mut graph, async || String::from("text"));
/// assert_eq!(graph.build()?.instance().run()?[length], 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{D}`, by several runs at once, or gives no future",
    label = "its parameters don't fit its dependencies, it isn't `Fn + Sync`, or its futures aren't `Send`",
    note = "the closures of a definition are `Fn + Send + Sync`: what one changes has to lie behind an atomic or a lock",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `Node<T>` or `Input<T>`, `T` for \
            a `Moved<T>`; for a list, `Values<'_, T>`, or `MovedValues<'_, T>`",
    note = "an async closure must not own what it uses across calls: let it borrow that, or give its future a clone: \
            `move |x: &T| {{ let client = client.clone(); async move {{ ... }} }}`"
)]
pub trait SharedAsyncFn<'env, D: Dependencies, T>: Send + Sync + 'env {
    /// What a call gives.
    type Future: Future<Output = T> + Send;

    /// # Safety
    ///
    /// The contract of [`Feed::feed`](crate::Feed), for each dependency. The closure is there as long as the
    /// future.
    #[doc(hidden)]
    unsafe fn call(&self, pointers: &D::Pointers, frame: &Frame<'_>, node: u32) -> Self::Future;
}

#[diagnostic::do_not_recommend]
impl<'env, D, F, T> SharedAsyncFn<'env, D, T> for F
where
    D: Dependencies<Scope: 'env>,
    F: Send + Sync + 'env,
    for<'a> &'env F: AsyncNodeFn<'a, D, Output = T>,
    <&'env F as AsyncNodeFn<'env, D>>::Future: Send,
{
    type Future = <&'env F as AsyncNodeFn<'env, D>>::Future;

    unsafe fn call(&self, pointers: &D::Pointers, frame: &Frame<'_>, node: u32) -> Self::Future {
        // SAFETY: the closure is there as long as the future, by contract. That isn't for `'env`; but as it
        // is called, it can't tell how long the reference to it lives, and what it gives is of one type
        // whatever that is.
        let mut function: &'env F = unsafe { NonNull::from(self).as_ref() };
        // SAFETY: by contract; nobody else uses this reference to the closure.
        unsafe { AsyncNodeFn::call(NonNull::from(&mut function), pointers, frame, node) }
    }
}

/// A closure that is called by shared references, and gives a `T`.
pub(crate) struct ByRef<F, T> {
    function: F,
    gives: PhantomData<fn() -> T>,
}

impl<F, T> ByRef<F, T> {
    pub(crate) fn new(function: F) -> Self {
        Self { function, gives: PhantomData }
    }
}

impl<D, F, T> NodeFn<D> for ByRef<F, T>
where
    D: Dependencies,
    F: SharedNodeFn<D, T>,
{
    type Output = T;

    #[inline]
    unsafe fn call(function: NonNull<Self>, pointers: &D::Pointers, frame: &Frame<'_>, node: u32) -> T {
        // SAFETY: by contract: others have shared references only.
        let function = &unsafe { function.as_ref() }.function;
        // SAFETY: by contract.
        unsafe { function.call(pointers, frame, node) }
    }
}

/// Makes the future of a node whose closure is only called by shared references.
pub(crate) fn start_by_ref<'env, D, F, T>()
-> impl Fn(*mut F, *const D::Pointers, &Frame<'_>, u32) -> F::Future
where
    D: Dependencies,
    F: SharedAsyncFn<'env, D, T>,
{
    |function, pointers, frame, node| {
        // SAFETY: by the contracts of `asynchronous` and `Call`, here and in the next two; others have shared
        // references only.
        let function = unsafe { &*function };
        // SAFETY: as above.
        let pointers = unsafe { &*pointers };
        // SAFETY: as above.
        unsafe { function.call(pointers, frame, node) }
    }
}
