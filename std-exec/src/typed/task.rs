//! A node with its types taken away: where its closure lies, and a function that was made for the closure's type.
//!
//! The function also goes on with the nodes that follow, as long as they are of the same kind: a *row* of nodes that were
//! made by one line of the program costs one indirect call, and what is fetched for one node is at hand for the next.

use super::arena::Place;
use super::bounds::NodeError;
use super::dependencies::{Dependencies, NodeFn};
use super::frame::Frame;
use super::row::{Distance, Ran, Row};
use super::status::{NoValue, Outcome};
use crate::prefetch::prefetch_behind;
use std::ptr::NonNull;

/// A closure and where it finds what it is fed.
pub(super) struct Task<F, P> {
    pub(super) function: F,
    pub(super) pointers: P,
}

/// Runs a node, or polls it, and perhaps further ones of the row that it is in. Its slot now holds a value; or `frame` was
/// told why there is none; or it is to be called again when it is woken.
///
/// # Safety
///
/// The pointers are to the closure that the function was made for, the node's, and to what feeds it, if that isn't with the
/// closure. Nobody else uses these or the slot for what it gives. The slots of what the node is fed hold values; nobody
/// changes those that are lent, and nobody else uses those that are moved, during the call.
///
/// This is so as well for the nodes that follow in `row`, once those before are complete.
pub(super) type Call = unsafe fn(
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
pub(super) type DropInPlace = unsafe fn(NonNull<u8>);

/// How to drop a `T`, if there is anything to do.
pub(super) fn drop_of<T>() -> Option<DropInPlace> {
    // SAFETY: by the contract of `DropInPlace`.
    std::mem::needs_drop::<T>().then_some(|value| unsafe { value.cast::<T>().drop_in_place() })
}

/// What calls a node that has nothing to do: an input, or one that is not defined (such a graph is never built).
pub(super) const NOTHING: Call = |_, _, _, node, _| Ran::alone(node, Outcome::Value);

/// What calls a closure that gives the result.
pub(super) fn call_of<F, D, T>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = T>,
{
    |function, pointers, frame, node, row| {
        let call = |function: &mut F, pointers: &D::Pointers, node| {
            // SAFETY: by the contract of `Call`.
            Ok(unsafe { function.call(pointers, frame, node) })
        };
        // SAFETY: by the contract of `Call`.
        unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
    }
}

/// What calls a closure that may fail.
pub(super) fn try_call_of<F, D, T, E>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = Result<T, E>>,
    E: NodeError,
{
    |function, pointers, frame, node, row| {
        let call = |function: &mut F, pointers: &D::Pointers, node| {
            // SAFETY: by the contract of `Call`.
            let given = unsafe { function.call(pointers, frame, node) };
            given.map_err(|error| frame.failed(node, error.into()))
        };
        // SAFETY: by the contract of `Call`.
        unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
    }
}

/// How many bytes ahead closures are fetched: what some 50 tiny nodes use, and a line from the last cache takes as long.
const AHEAD: usize = 2048;

/// The loop of both.
///
/// # Safety
///
/// As for [`Call`], where the node is called by `call`.
#[inline(always)]
unsafe fn call_row<F, P, T>(
    mut function: NonNull<F>,
    mut pointers: NonNull<P>,
    frame: &Frame<'_>,
    mut node: u32,
    row: &Row<'_>,
    call: impl Fn(&mut F, &P, u32) -> Result<T, NoValue>,
) -> Ran {
    let last = node + row.more;
    loop {
        let outcome = frame.attempt(node, row.unmarked, || {
            // SAFETY: by contract, here and in the next.
            let function = unsafe { function.as_mut() };
            // SAFETY: as above.
            let pointers = unsafe { pointers.as_ref() };
            match call(function, pointers, node) {
                Ok(value) => {
                    // SAFETY: the slot is for a `T`, and empty.
                    unsafe { frame.slots.of::<T>(node).write(value) };
                    Outcome::Value
                }
                Err(why) => Outcome::Nothing(why),
            }
        });
        if node == last || outcome != Outcome::Value {
            return Ran::alone(node, outcome);
        }
        if !row.claim(node + 1) {
            return Ran { outcome, last: node, seized: true };
        }
        node += 1;
        // The processor foresees lines one behind the other only within a page.
        prefetch_behind(function.as_ptr(), AHEAD);
        // SAFETY: so far apart lie the closures of the row, by the contract of `Row`.
        function = unsafe { function.byte_offset(row.apart.functions as isize) };
        // SAFETY: as above, what feeds them.
        pointers = unsafe { pointers.byte_offset(row.apart.pointers as isize) };
    }
}

/// Where a node's closure lies and what feeds it, and the function that was made for these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) call: Call,
    pub(super) function: Place<u8>,
    pub(super) pointers: Place<u8>,
}

impl Entry {
    pub(super) const NOTHING: Self =
        Self { call: NOTHING, function: Place::nowhere(), pointers: Place::nowhere() };

    /// How far it is to `next`, if both nodes are called by the same code.
    pub(super) fn distance(&self, next: &Self) -> Option<Distance> {
        // Two functions may have one address only if their code is the same.
        if self.call as usize != next.call as usize {
            return None;
        }
        let functions = i32::try_from(self.function.bytes_to(next.function)).ok()?;
        let pointers = i32::try_from(self.pointers.bytes_to(next.pointers)).ok()?;
        Some(Distance { functions, pointers })
    }
}
