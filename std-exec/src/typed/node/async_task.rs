//! A node that gives a future, with its types taken away. The future lies in the arena of the results: no
//! box, and it never moves.

use crate::sync::thrown::discard;
use crate::typed::handle::bounds::NodeError;
use crate::typed::memory::arena::Place;
use crate::typed::memory::entry::{Call, DropFuture};
use crate::typed::memory::frame::Frame;
use crate::typed::memory::status::{NoValue, Outcome, Status};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// A closure that gives a future, and the pointers to its arguments.
pub(crate) struct AsyncTask<F, P, S, Fut> {
    pub(crate) function: F,
    pub(crate) pointers: P,
    /// Which of the graph's futures it is.
    pub(crate) index: u32,
    /// Where it lies, from its first poll on until it is done or dropped. It may use the closure when it is
    /// dropped, which is there for longer.
    pub(crate) future: Place<Option<Fut>>,
    /// Makes the future of the closure, or function, and what it is fed from. These outlast it, and nobody
    /// else uses them meanwhile.
    pub(crate) start: S,
}

/// What becomes of what a future gives.
pub(crate) trait Settle<O> {
    /// What the node gives.
    type Value;

    /// The node's result. If there is none, `run` is told why.
    fn settle(output: O, frame: &Frame<'_>, node: u32) -> Result<Self::Value, NoValue>;
}

/// What the future gives is the result.
pub(crate) struct Plain;

impl<T> Settle<T> for Plain {
    type Value = T;

    #[inline]
    fn settle(output: T, _: &Frame<'_>, _: u32) -> Result<T, NoValue> {
        Ok(output)
    }
}

/// What the future gives is the result, or an error.
pub(crate) struct Fallible;

impl<T, E: NodeError> Settle<Result<T, E>> for Fallible {
    type Value = T;

    fn settle(output: Result<T, E>, frame: &Frame<'_>, node: u32) -> Result<T, NoValue> {
        output.map_err(|error| frame.failed(node, error.into()))
    }
}

/// Polls the node, after making its future if there is none.
pub(crate) fn async_call_of<F, P, S, Fut, R>(_: &AsyncTask<F, P, S, Fut>) -> Call
where
    S: Fn(*mut F, *const P, &Frame<'_>, u32) -> Fut,
    Fut: Future,
    R: Settle<Fut::Output>,
{
    |task, _, frame, node, _| {
        // SAFETY: by the contract of `Call`.
        let poll = || unsafe { poll::<F, P, S, Fut, R>(task.cast(), frame, node) };
        frame.attempt_alone(node, poll)
    }
}

/// # Safety
///
/// As for [`Call`].
unsafe fn poll<F, P, S, Fut, R>(
    task: NonNull<AsyncTask<F, P, S, Fut>>,
    frame: &Frame<'_>,
    node: u32,
) -> Outcome
where
    S: Fn(*mut F, *const P, &Frame<'_>, u32) -> Fut,
    Fut: Future,
    R: Settle<Fut::Output>,
{
    debug_assert!(
        matches!(frame.statuses().get(node), Status::NOT_RUN | Status::PENDING),
        "two members had the node"
    );
    // No reference to the whole task, for the future may have one to the closure.
    let task = task.as_ptr();
    // SAFETY: by contract, here and in the next two.
    let index = unsafe { (*task).index };
    // SAFETY: as above.
    let future = unsafe { (*task).future };
    // SAFETY: `define` was given the place by the arena that slots lie in.
    let mut future = unsafe { frame.slots.base().at(future) };
    // SAFETY: it is the node's, and who calls the node has it alone. At first there is none there.
    let future = unsafe { future.as_mut() };
    let pinned = future.get_or_insert_with(|| {
        // SAFETY: as above.
        let start = unsafe { &(*task).start };
        // SAFETY: the pointer is to a task.
        let function = unsafe { &raw mut (*task).function };
        // SAFETY: as above.
        let pointers = unsafe { &raw const (*task).pointers };
        start(function, pointers, frame, node)
    });
    // SAFETY: the future lies in the arena, which moves nothing once the graph is built; it is only ever
    // dropped in place, here or by `drop_future_of`.
    let pinned = unsafe { Pin::new_unchecked(pinned) };
    let polled = frame.wakes().poll(index, |waker| pinned.poll(&mut Context::from_waker(waker)));
    let Poll::Ready(output) = polled.0 else { return Outcome::pending(index, polled.1) };
    // Before there is a result: its destructor may panic. What the future gave may do so too.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| *future = None)) {
        discard(output);
        resume_unwind(payload);
    }
    match R::settle(output, frame, node) {
        Ok(value) => {
            // SAFETY: the slot is for such a value, and empty.
            unsafe { frame.slots.of(node).write(value) };
            Outcome::Value
        }
        Err(why) => Outcome::Nothing(why),
    }
}

/// What drops the node's future, if there is one.
pub(crate) fn drop_future_of<F, P, S, Fut>(_: &AsyncTask<F, P, S, Fut>) -> DropFuture {
    |_, future| {
        // SAFETY: by the contract of `DropFuture`, the pointer is to such a future, and nobody uses it.
        unsafe { *future.cast::<Option<Fut>>().as_mut() = None };
    }
}
