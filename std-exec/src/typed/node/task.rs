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
use std::mem;
use std::ptr::NonNull;

/// What calls a closure that gives the result.
pub(crate) fn call_of<F, D, T>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = T>,
{
    plain::<F, D, T>
}

/// What calls a closure that may fail.
pub(crate) fn try_call_of<F, D, T, E>(_: &Task<F, D::Pointers>) -> Call
where
    D: Dependencies,
    F: NodeFn<D, Output = Result<T, E>>,
    E: NodeError,
{
    fallible::<F, D, T, E>
}

// Functions, and no closures, for each of which the compiler would make a second function. Programs have
// hundreds of nodes, and what is compiled for each closure is most of what their graphs cost to compile.

/// # Safety
///
/// As for [`Call`], of a closure that gives the result.
unsafe fn plain<F, D, T>(
    function: NonNull<u8>,
    pointers: NonNull<u8>,
    frame: &Frame<'_>,
    node: u32,
    row: &Row<'_>,
) -> Ran
where
    D: Dependencies,
    F: NodeFn<D, Output = T>,
{
    let call = |function, pointers: &D::Pointers, node| {
        // SAFETY: by the contract of `Call`.
        Ok(unsafe { F::call(function, pointers, frame, node) })
    };
    // SAFETY: by the contract of `Call`.
    unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
}

/// # Safety
///
/// As for [`Call`], of a closure that may fail.
unsafe fn fallible<F, D, T, E>(
    function: NonNull<u8>,
    pointers: NonNull<u8>,
    frame: &Frame<'_>,
    node: u32,
    row: &Row<'_>,
) -> Ran
where
    D: Dependencies,
    F: NodeFn<D, Output = Result<T, E>>,
    E: NodeError,
{
    let call = |function, pointers: &D::Pointers, node| {
        // SAFETY: by the contract of `Call`.
        let given = unsafe { F::call(function, pointers, frame, node) };
        given.map_err(|error| frame.failed(node, error.into()))
    };
    // SAFETY: by the contract of `Call`.
    unsafe { call_row(function.cast(), pointers.cast(), frame, node, row, call) }
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
        let panicking = frame.watch_out(node);
        // SAFETY: by contract.
        match call(function, unsafe { pointers.as_ref() }, node) {
            // SAFETY: the slot is for a `T`, and empty.
            Ok(value) => unsafe { frame.slots.of::<T>(node).write(value) },
            Err(why) => {
                mem::forget(panicking);
                return Ran::alone(node, Outcome::Nothing(why));
            }
        }
        mem::forget(panicking);
        if !row.unmarked {
            frame.has_value(node);
        }
        if node == last {
            return Ran::alone(node, Outcome::Value);
        }
        if !row.claim(node + 1) {
            return Ran { outcome: Outcome::Value, last: node, seized: true };
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
