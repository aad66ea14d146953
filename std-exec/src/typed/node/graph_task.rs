//! A graph as a node of another.

use super::dependencies::{Dependencies, SetInputs};
use crate::typed::data::graph_data::InnerOf;
use crate::typed::graph::built::Graph;
use crate::typed::memory::arena::Place;
use crate::typed::memory::entry::{Call, DropFuture, Task};
use crate::typed::memory::frame::Frame;
use crate::typed::memory::status::Outcome;
use crate::typed::options::run_options::RunOptions;
use crate::typed::run::async_run::{AsyncRun, BUDGET};
use crate::typed::run::execute::execute;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::task::{Context, Poll, Waker};

/// A graph as a node: how its inputs are set, and what is read out of its results; or that it is to run
/// again.
pub(crate) struct Inner<'env, S, R> {
    pub(crate) graph: Graph<'env>,
    pub(crate) set_inputs: S,
    pub(crate) read_outputs: R,
    /// It may run again. Then each run is one of the whole graph: nothing need have changed since the last.
    pub(crate) repeats: bool,
}

impl<S, R> Inner<'_, S, R> {
    /// The choices for its runs, as `node`.
    fn options(&self, frame: &Frame<'_>, node: u32) -> RunOptions {
        let options = frame.inherited(node);
        RunOptions { update: options.update && !self.repeats, ..options }
    }
}

/// Of the task of a graph.
pub(crate) fn inner_of<'env, S, R, P>(_: &Task<Inner<'env, S, R>, P>) -> InnerOf {
    |function| {
        let inner = function.cast::<Inner<'env, S, R>>().as_ptr();
        // SAFETY: by the contract of `InnerOf`. No reference: others may be looking, too.
        unsafe { &raw mut (*inner).graph.held.data }
    }
}

/// Of the task of one that has async nodes.
pub(crate) fn async_inner_of<'env, S, R, P>(_: &AsyncGraphTask<'env, S, R, P>) -> InnerOf {
    |task| {
        let task = task.cast::<AsyncGraphTask<'env, S, R, P>>().as_ptr();
        // SAFETY: by the contract of `InnerOf`. No reference: others may be looking, too.
        unsafe { &raw mut (*task).task.function.graph.held.data }
    }
}

/// What runs a graph as a node, in the way in which the outer graph runs.
pub(crate) fn graph_call_of<'env, S, R, D, T>(_: &Task<Inner<'env, S, R>, D::Pointers>) -> Call
where
    D: Dependencies,
    S: SetInputs<Graph<'env>, D>,
    R: FnMut(&mut Graph<'env>) -> ControlFlow<T>,
{
    |inner, pointers, frame, node, _| {
        // SAFETY: by the contract of `Call`, here and in the next two.
        let inner = unsafe { inner.cast::<Inner<'env, S, R>>().as_mut() };
        // SAFETY: as above.
        let pointers = unsafe { pointers.cast::<D::Pointers>().as_ref() };
        frame.attempt_alone(node, || {
            let options = inner.options(frame, node);
            let Inner { graph, set_inputs, read_outputs, .. } = inner;
            // SAFETY: as above.
            unsafe { set_inputs.call(graph, pointers, frame, node) };
            loop {
                if let Err(error) = execute(graph.data_mut(), frame.executor, &options) {
                    return Outcome::Nothing(frame.nested_failed(node, error));
                }
                if let ControlFlow::Break(value) = read_outputs(graph) {
                    // SAFETY: the slot is for a `T`, and empty.
                    unsafe { frame.slots.of::<T>(node).write(value) };
                    return Outcome::Value;
                }
                if let Some(cut_off) = frame.cut_off(node) {
                    return Outcome::Nothing(cut_off);
                }
            }
        })
    }
}

/// As the task of a graph, for one that has async nodes: it is polled like a future.
pub(crate) struct AsyncGraphTask<'env, S, R, P> {
    pub(crate) task: Task<Inner<'env, S, R>, P>,
    /// Where the run of the graph lies, from its first poll on until it is done or dropped.
    pub(crate) under_way: Place<Option<AsyncRun>>,
    /// Which of the outer graph's futures it is.
    pub(crate) index: u32,
}

/// What polls a graph as a node.
pub(crate) fn async_graph_call_of<'env, S, R, D, T>(_: &AsyncGraphTask<'env, S, R, D::Pointers>) -> Call
where
    D: Dependencies,
    S: SetInputs<Graph<'env>, D>,
    R: FnMut(&mut Graph<'env>) -> ControlFlow<T>,
{
    |task, _, frame, node, _| {
        // SAFETY: by the contract of `Call`.
        let task = unsafe { task.cast::<AsyncGraphTask<'env, S, R, D::Pointers>>().as_mut() };
        // SAFETY: as above.
        let poll = || unsafe { poll::<S, R, D, T>(task, frame, node) };
        frame.attempt_alone(node, poll)
    }
}

/// # Safety
///
/// As for [`Call`].
unsafe fn poll<'env, S, R, D, T>(
    task: &mut AsyncGraphTask<'env, S, R, D::Pointers>,
    frame: &Frame<'_>,
    node: u32,
) -> Outcome
where
    D: Dependencies,
    S: SetInputs<Graph<'env>, D>,
    R: FnMut(&mut Graph<'env>) -> ControlFlow<T>,
{
    let AsyncGraphTask { task: Task { function, pointers }, under_way, index } = task;
    let options = |inner: &Inner<'env, S, R>| inner.options(frame, node);
    // SAFETY: `define` was given the place by the arena that slots lie in.
    let mut under_way = unsafe { frame.slots.base().at(*under_way) };
    // SAFETY: it is the node's, and who calls the node has it alone. At first there is none there.
    let under_way = unsafe { under_way.as_mut() };
    if under_way.is_none() {
        // SAFETY: by contract.
        unsafe { function.set_inputs.call(&mut function.graph, pointers, frame, node) };
        let options = options(function);
        match AsyncRun::begin(function.graph.data_mut(), frame.executor.cloned(), options) {
            Ok(begun) => *under_way = Some(begun),
            Err(error) => return Outcome::Nothing(frame.nested_failed(node, error)),
        }
    }
    let Inner { graph, read_outputs, .. } = &mut *function;
    let Some(inner_run) = under_way else { unreachable!("it has begun") };
    let poll = |waker: &Waker| inner_run.poll(graph.data_mut(), BUDGET, &Context::from_waker(waker));
    let polled = frame.wakes().poll(*index, poll);
    let Poll::Ready(ended) = polled.0 else { return Outcome::pending(*index, polled.1) };
    *under_way = None;
    if let Err(error) = ended {
        return Outcome::Nothing(frame.nested_failed(node, error));
    }
    if let ControlFlow::Break(value) = read_outputs(graph) {
        // SAFETY: the slot is for a `T`, and empty.
        unsafe { frame.slots.of::<T>(node).write(value) };
        return Outcome::Value;
    }
    if let Some(cut_off) = frame.cut_off(node) {
        return Outcome::Nothing(cut_off);
    }
    let options = options(function);
    match AsyncRun::begin(function.graph.data_mut(), frame.executor.cloned(), options) {
        Ok(begun) => {
            *under_way = Some(begun);
            Outcome::Again(*index) // in turns with others
        }
        Err(error) => Outcome::Nothing(frame.nested_failed(node, error)),
    }
}

/// What ends the run of a graph that is a node, if there is one.
pub(crate) fn drop_run_of<S, R, P>(_: &AsyncGraphTask<'_, S, R, P>) -> DropFuture {
    |task, under_way| {
        // SAFETY: by the contract of `DropFuture`, the pointer is to such a task, and nobody uses it.
        let task = unsafe { task.cast::<AsyncGraphTask<'_, S, R, P>>().as_mut() };
        // SAFETY: as above, to such a run.
        let under_way = unsafe { under_way.cast::<Option<AsyncRun>>().as_mut() };
        if let Some(mut run) = under_way.take() {
            if let Some(payload) = run.give_up(task.task.function.graph.data_mut()) {
                resume_unwind(payload);
            }
        }
    }
}
