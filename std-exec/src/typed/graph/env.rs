//! The scope that closures and results borrow from.

use std::marker::PhantomData;

/// To whoever owns this, closures and results belong that borrow for `'env`, though no field says so.
///
/// - The destructor is empty, but it is one: what owns an `Env<'env>` must be gone before anything that
///   `'env` borrows is, since closures and results may look at that when they are dropped.
/// - It is covariant, like a `Vec<Box<dyn FnMut() + 'env>>`: a graph may be said to borrow for less long than
///   it does. What is put in afterwards then borrows for less long too, and nothing is given out by this
///   lifetime: values come out by handles, which are invariant.
#[derive(Debug)]
pub(crate) struct Env<'env>(PhantomData<&'env ()>);

impl Env<'_> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl Drop for Env<'_> {
    fn drop(&mut self) {}
}
