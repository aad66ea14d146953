//! A node with its types taken away: a pointer to its closure, and a function that was made for the closure's type.

use super::dependencies::{Dependencies, NodeFn};
use super::run::Run;
use super::status::Outcome;
use std::error::Error;
use std::ptr::NonNull;

/// A closure, the slots of what it is fed, and the slot for what it gives. Lies in the graph's arena.
pub(super) struct Task<F, P, T> {
    pub(super) function: F,
    pub(super) pointers: P,
    pub(super) slot: NonNull<T>,
}

/// Runs a node, or polls it. Its slot now holds a value; or `run` was told why there is none; or it is to be called again
/// when it is woken.
///
/// # Safety
///
/// The pointer is to the task that the function was made for, the node's. Nobody else uses the task or the slot for
/// what it gives. The slots of what the node is fed hold values; nobody changes those that are lent, and nobody else
/// uses those that are moved, during the call.
pub(super) type Call = unsafe fn(NonNull<u8>, run: &Run<'_>, node: u32) -> Outcome;

/// Drops what lies there.
///
/// # Safety
///
/// The pointer is to a value of the type that the function was made for, and nobody uses that any more.
pub(super) type DropInPlace = unsafe fn(NonNull<u8>);

/// How to drop a `T`, if there is anything to do.
pub(super) fn drop_of<T>() -> Option<DropInPlace> {
    // SAFETY: by the contract of `DropInPlace`.
    std::mem::needs_drop::<T>().then_some(|value| unsafe { value.cast::<T>().drop_in_place() })
}

/// What calls a node that has nothing to do: an input, or one that is not defined (such a graph is never built).
pub(super) const NOTHING: Call = |_, _, _| Outcome::Value;

/// What calls a closure that gives the result.
pub(super) fn call_of<F, D, T>(_: &Task<F, D::Pointers, T>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = T>,
{
    |task, run, node| {
        // SAFETY: by the contract of `Call`.
        let task = unsafe { task.cast::<Task<F, D::Pointers, T>>().as_mut() };
        // SAFETY: by the contract of `Call`.
        let value = unsafe { task.function.call(&task.pointers, run, node) };
        // SAFETY: the slot is for a `T`, and empty.
        unsafe { task.slot.write(value) };
        Outcome::Value
    }
}

/// What calls a closure that may fail.
pub(super) fn try_call_of<F, D, T, E>(_: &Task<F, D::Pointers, T>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = Result<T, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    |task, run, node| {
        // SAFETY: by the contract of `Call`.
        let task = unsafe { task.cast::<Task<F, D::Pointers, T>>().as_mut() };
        // SAFETY: by the contract of `Call`.
        match unsafe { task.function.call(&task.pointers, run, node) } {
            Ok(value) => {
                // SAFETY: the slot is for a `T`, and empty.
                unsafe { task.slot.write(value) };
                Outcome::Value
            }
            Err(error) => {
                run.failed(node, error.into());
                Outcome::Nothing
            }
        }
    }
}
