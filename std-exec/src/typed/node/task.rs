//! The functions that call nodes: each was made for the type of a closure that gives its result at once.
//!
//! It also goes on with the nodes that follow, as long as they are of the same kind: a *row* of nodes that
//! were made by one line of the program costs one indirect call, and what is fetched for one node is at hand
//! for the next.

use super::dependencies::{Dependencies, NodeFn};
use crate::sync::prefetch::prefetch_behind;
use crate::typed::handle::bounds::NodeError;
use crate::typed::memory::entry::{Call, Task};
use crate::typed::memory::frame::Frame;
use crate::typed::memory::row::{Ran, Row};
use crate::typed::memory::status::{NoValue, Outcome};
use std::ptr::NonNull;

/// What calls a closure that gives the result.
pub(crate) fn call_of<F, D, T>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = T>,
{
    |function, pointers, frame, node, row| {
        let call = |function, pointers: &D::Pointers, node| {
            // SAFETY: by the contract of `Call`.
            Ok(unsafe { F::call(function, pointers, frame, node) })
        };
        // SAFETY: by the contract of `Call`.
        unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
    }
}

/// What calls a closure that may fail.
pub(crate) fn try_call_of<F, D, T, E>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = Result<T, E>>,
    E: NodeError,
{
    |function, pointers, frame, node, row| {
        let call = |function, pointers: &D::Pointers, node| {
            // SAFETY: by the contract of `Call`.
            let given = unsafe { F::call(function, pointers, frame, node) };
            given.map_err(|error| frame.failed(node, error.into()))
        };
        // SAFETY: by the contract of `Call`.
        unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
    }
}

/// How many bytes ahead closures are fetched: what some 50 tiny nodes use, and a line from the last cache
/// takes as long.
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
    call: impl Fn(NonNull<F>, &P, u32) -> Result<T, NoValue>,
) -> Ran {
    let last = node + row.more;
    loop {
        let outcome = frame.attempt(node, row.unmarked, || {
            // SAFETY: by contract.
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
