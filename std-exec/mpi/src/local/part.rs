//! A rank's part: put together, run, and asked for what it gave.

use crate::exec::{Executor, FailurePolicy, GraphError, NoResult, StopToken};
use crate::gate::{AnyError, Gate, Receive, words};
use crate::handle::{DistributedInput, DistributedNode};
use crate::port::Port;
use crate::sync::Flag;
use crate::wire::Wire;
use dgraph_exec::{AnyNode, Graph, GraphBuilder, Input, Node, Results, RunAsync, RunOptions};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The handles of a part by the numbers of the nodes in the whole graph.
#[derive(Default)]
struct Handles {
    handles: Vec<Option<Handle>>,
}

struct Handle {
    any: AnyNode,
    /// A `Node<T>`.
    typed: Box<dyn Any + Send + Sync>,
}

impl Handles {
    fn put<T: Wire>(&mut self, node: usize, handle: Node<T>) {
        self.handles[node] = Some(Handle { any: handle.any(), typed: Box::new(handle) });
    }

    fn find<T: Wire>(&self, node: usize) -> Option<Node<T>> {
        self.handles.get(node)?.as_ref()?.typed.downcast_ref::<Node<T>>().copied()
    }

    fn any(&self, node: usize) -> Option<AnyNode> {
        self.handles.get(node)?.as_ref().map(|handle| handle.any)
    }
}

/// Puts a part together, in the order of the whole graph.
#[doc(hidden)]
pub struct PartBuilder<'env> {
    pub(super) graph: GraphBuilder<'env>,
    handles: Handles,
    inputs: Vec<(usize, Box<dyn Any + Send + Sync>)>,
    port: Arc<Port>,
}

impl<'env> PartBuilder<'env> {
    pub(crate) fn new(port: &Arc<Port>) -> Self {
        let mut handles = Handles::default();
        handles.handles.resize_with(port.plan().nodes(), || None);
        Self { graph: GraphBuilder::new(), handles, inputs: Vec::new(), port: Arc::clone(port) }
    }

    pub(super) fn gate(&self, node: usize) -> Gate {
        Gate::new(&self.port, node)
    }

    /// The handle of `node` in this part.
    pub(super) fn handle<T: Wire>(&self, node: DistributedNode<T>) -> Node<T> {
        self.handles.find(node.index()).expect("what a node depends on was put in before it")
    }

    pub(super) fn put<T: Wire>(&mut self, node: usize, handle: Node<T>) {
        self.handles.put(node, handle);
    }

    /// Adds an input that this rank owns.
    pub(crate) fn input<T: Wire>(&mut self, node: usize) {
        let gate = self.gate(node);
        let name = self.port.plan().name(node).to_owned();
        let input: Input<T> = self.graph.input(&name);
        if gate.leads_out() {
            self.graph.try_node(name, (input,), move |value: &T| gate.send(value));
        }
        self.handles.put(node, input.node());
        self.inputs.push((node, Box::new(input)));
    }

    /// Adds a node of another rank, if this one needs its value, or to know that it has one.
    ///
    /// It can't have ended before those nodes of this rank have that it comes after (`predecessors` has those
    /// of all ranks). So it isn't waited for before that: a future that waits costs two polls, and thousands
    /// that wait from the beginning on push what is needed now out of the caches.
    pub(crate) fn receive<T: Wire>(&mut self, node: usize, predecessors: &[u32]) {
        let port = Arc::clone(&self.port);
        let Some(slot) = port.plan().slot(node) else { return };
        if port.plan().feeds_own(node) {
            self.receive_as::<T>(node, slot);
        } else {
            self.receive_as::<()>(node, slot);
        }
        let own: Vec<_> =
            predecessors.iter().copied().filter(|&before| port.plan().is_own(before as usize)).collect();
        self.after(node, &own);
    }

    fn receive_as<T: Wire>(&mut self, node: usize, slot: usize) {
        let (port, name) = (Arc::clone(&self.port), self.port.plan().name(node).to_owned());
        let handle = self.graph.try_async_node(name, (), move || Receive::<T>::new(&port, node, slot));
        self.handles.put(node, handle);
    }

    /// Has `node` come after these, all of which this part has.
    pub(crate) fn after(&mut self, node: usize, predecessors: &[u32]) {
        let before = predecessors.iter().filter_map(|&before| self.handles.any(before as usize));
        if let Some(node) = self.handles.any(node) {
            self.graph.after(node, before.collect::<Vec<_>>());
        }
    }

    pub(crate) fn build(self) -> Result<Part<'env>, GraphError> {
        let Self { graph, handles, inputs, .. } = self;
        Ok(Part { graph: graph.build()?, handles, inputs, woken: Arc::default(), waker: None })
    }
}

impl fmt::Debug for PartBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartBuilder").field("graph", &self.graph).finish_non_exhaustive()
    }
}

/// One rank's part of the graph.
pub(crate) struct Part<'env> {
    graph: Graph<'env>,
    handles: Handles,
    inputs: Vec<(usize, Box<dyn Any + Send + Sync>)>,
    woken: Arc<Flag>,
    /// Of `woken`.
    waker: Option<Waker>,
}

impl Part<'static> {
    /// Runs this rank's part on the workers of `executor`.
    pub(crate) fn run_parallel(&mut self, token: &StopToken, executor: &Executor) -> PartRun<'_, 'static> {
        let waker = self.waker();
        let run = self.graph.with(&options(token)).run_parallel_async(executor);
        PartRun { run: Some(run), woken: Arc::clone(&self.woken), waker }
    }
}

fn options(token: &StopToken) -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing).cancel_token(token.token())
}

impl<'env> Part<'env> {
    fn waker(&mut self) -> Waker {
        self.woken.raise(); // the first poll
        self.waker.get_or_insert_with(|| Waker::from(Arc::clone(&self.woken))).clone()
    }

    /// A run on the thread that polls. It goes on where it can until `token` stops it: who decides that are
    /// the [`Gate`]s.
    pub(crate) fn run(&mut self, token: &StopToken) -> PartRun<'_, 'env> {
        let waker = self.waker();
        let run = self.graph.with(&options(token)).run_async();
        PartRun { run: Some(run), woken: Arc::clone(&self.woken), waker }
    }

    /// Sets an input. `Err` gives the value back, if this rank doesn't own it.
    pub(crate) fn set<T: Wire>(&mut self, input: DistributedInput<T>, value: T) -> Result<Option<T>, T> {
        let node = input.node().index();
        let known = self.inputs.iter().find(|&&(own, _)| own == node);
        match known.and_then(|(_, input)| input.downcast_ref::<Input<T>>()) {
            Some(&input) => Ok(self.graph.set(input, value)),
            None => Err(value),
        }
    }

    /// What the last run gave.
    pub(crate) fn results(&self) -> PartResults<'_> {
        PartResults { results: self.graph.results(), handles: &self.handles }
    }

    /// Moves out what a node gave. `None` if this rank has neither the node nor its value.
    pub(crate) fn take<T: Wire>(&mut self, node: usize) -> Option<Result<T, NoResult>> {
        Some(self.graph.take(self.handles.find::<T>(node)?))
    }
}

/// What a run of a rank's part gave.
#[derive(Clone, Copy)]
pub(crate) struct PartResults<'p> {
    results: Results<'p>,
    handles: &'p Handles,
}

impl<'p> PartResults<'p> {
    /// `None` if this rank has neither the node nor its value.
    pub(crate) fn get<T: Wire>(&self, node: usize) -> Option<Result<&'p T, NoResult>> {
        Some(self.results.get(self.handles.find::<T>(node)?))
    }
}

/// How a rank's part of a run has ended, beside what its [`Gate`]s have recorded.
pub(crate) enum Ended {
    /// All nodes that could run have.
    Through,
    /// The run was stopped.
    Stopped,
    /// It could not run, or something panicked that is no node's function.
    Broken(AnyError),
}

/// A run of one rank's part.
pub(crate) struct PartRun<'p, 'env> {
    run: Option<RunAsync<'p, Graph<'env>>>,
    woken: Arc<Flag>,
    waker: Waker,
}

impl PartRun<'_, '_> {
    /// Goes on, if it has been woken. `None` if it has not.
    pub(crate) fn go_on(&mut self) -> Option<Poll<Ended>> {
        if !self.woken.take() {
            return None;
        }
        let run = self.run.as_mut()?;
        let mut context = Context::from_waker(&self.waker);
        // Here, and not for each node: what may panic in those is caught by their gates.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(run).poll(&mut context)));
        let ended = match polled {
            Ok(Poll::Pending) => return Some(Poll::Pending),
            Ok(Poll::Ready(Ok(_) | Err(dgraph_exec::RunError::Failed(_)))) => Ended::Through,
            Ok(Poll::Ready(Err(dgraph_exec::RunError::Cancelled { .. }))) => Ended::Stopped,
            Ok(Poll::Ready(Err(error))) => Ended::Broken(error.into()),
            Err(payload) => Ended::Broken(words(&*payload).into()),
        };
        self.run = None;
        Some(Poll::Ready(ended))
    }
}
