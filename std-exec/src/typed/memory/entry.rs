//! A node with its types taken away: where its closure lies, what feeds that, and a function that was made
//! for both.

use super::arena::Place;
use super::frame::Frame;
use super::row::{Distance, Ran, Row};
use super::status::Outcome;
use std::ptr::NonNull;

/// A closure and where it finds what it is fed.
pub(crate) struct Task<F, P> {
    pub(crate) function: F,
    pub(crate) pointers: P,
}

/// Runs a node, or polls it, and perhaps further ones of the row that it is in. Its slot now holds a value;
/// or `frame` was told why there is none; or it is to be called again when it is woken.
///
/// # Safety
///
/// The pointers are to the closure that the function was made for, the node's, and to what feeds it, if that
/// isn't with the closure. Nobody else uses these or the slot for what it gives. The slots of what the node
/// is fed hold values; nobody changes those that are lent, nor states that it reads, and nobody else uses
/// those that are moved, nor states that it changes, during the call, or until its future is gone.
///
/// This is so as well for the nodes that follow in `row`, once those before are complete.
pub(crate) type Call = unsafe fn(
    function: NonNull<u8>,
    pointers: NonNull<u8>,
    frame: &Frame<'_>,
    node: u32,
    row: &Row<'_>,
) -> Ran;

/// Drops what lies there.
///
/// # Safety
///
/// The pointer is to a value of the type that the function was made for, and nobody uses that any more.
pub(crate) type DropInPlace = unsafe fn(NonNull<u8>);

/// Drops the future of a node, if there is one. It lies apart from the task.
///
/// # Safety
///
/// The pointers are to a task, and to space for a future, of the types that the function was made for, and
/// nobody uses that future.
pub(crate) type DropFuture = unsafe fn(function: NonNull<u8>, future: NonNull<u8>);

/// How to drop a `T`, if there is anything to do.
pub(crate) const fn drop_of<T>() -> Option<DropInPlace> {
    if const { std::mem::needs_drop::<T>() } { Some(drop_at::<T>) } else { None }
}

/// # Safety
///
/// As for [`DropInPlace`], of a `T`.
unsafe fn drop_at<T>(value: NonNull<u8>) {
    // SAFETY: by contract.
    unsafe { value.cast::<T>().drop_in_place() };
}

/// What calls a node that has nothing to do: an input, or one that is not defined (such a graph is never
/// built).
pub(crate) const NOTHING: Call = |_, _, _, node, _| Ran::alone(node, Outcome::Value);

/// Where a node's closure lies and what feeds it, and the function that was made for these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) call: Call,
    pub(crate) function: Place<u8>,
    pub(crate) pointers: Place<u8>,
}

impl Entry {
    pub(crate) const NOTHING: Self =
        Self { call: NOTHING, function: Place::nowhere(), pointers: Place::nowhere() };

    /// How far it is to `next`, if both nodes are called by the same code.
    pub(crate) fn distance(&self, next: &Self) -> Option<Distance> {
        // Two functions may have one address only if their code is the same.
        if self.call as usize != next.call as usize {
            return None;
        }
        let functions = i32::try_from(self.function.bytes_to(next.function)).ok()?;
        let pointers = i32::try_from(self.pointers.bytes_to(next.pointers)).ok()?;
        Some(Distance { functions, pointers })
    }
}
