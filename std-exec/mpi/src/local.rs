//! One rank's part of the graph, as a typed graph of `dgraph-exec`. Nothing else in this package knows of
//! that crate.
//!
//! | in the whole graph | here |
//! |---|---|
//! | a node that the rank owns | a fallible node, inside a [`Gate`] |
//! | a node of another rank that it needs | an async node that waits for the value |
//! | an input that it owns | an input, and a node that sends it if other ranks need it |

use crate::handle::{DistributedInput, DistributedNode};
use crate::port::{AnyError, Gate, Port, Receive};
use crate::sync::Flag;
use crate::wire::Wire;
use dgraph_exec::{Graph, GraphBuilder, Input, Node, Results, RunAsync, RunOptions};
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub use dgraph_exec::{CancelToken, Executor, FailurePolicy, GraphError, NoResult, Values, ValuesIter};

/// Stops a run of this rank's part.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopToken(CancelToken);

impl StopToken {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn stop(&self) {
        self.0.cancel();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// What all that a node depends on is: a tuple of up to 8 handles, one handle, or an array or `Vec` of
/// handles of one type, which arrive together as [`Values`].
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{DistributedBuilder, Values};
/// let mut graph = DistributedBuilder::new();
/// let parts: Vec<_> = (0..4).map(|part| graph.node("part", (), move || part * 10)).collect();
/// let sum = graph.node("sum", parts.clone(), |parts: Values<'_, u32>| parts.iter().sum::<u32>());
/// graph.node("report", (sum, parts[0]), |sum: &u32, first: &u32| format!("{first} of {sum}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of dependencies",
    note = "dependencies are a tuple of up to 8 handles, `(a, b)`; one handle, `a`; or a `Vec` or array of handles of one type"
)]
pub trait Sources: Clone + Send + 'static {
    /// Calls `each` for the handles in their order, with the number of the builder and that of the node.
    #[doc(hidden)]
    fn each(&self, each: &mut dyn FnMut(u64, usize));
}

/// A closure or function that can be fed what the dependencies `S` give: one parameter for each, in the
/// listed order. Parameter types of closures have to be written out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{S}`",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `DistributedNode<T>`; `Values<'_, T>` \
            alone for a list of `DistributedNode<T>`"
)]
pub trait RankFn<S: Sources>: Send {
    /// What a call gives.
    type Output;

    #[doc(hidden)]
    fn install<'env, T: Wire>(
        self,
        part: &mut PartBuilder<'env>,
        sources: &S,
        gate: Gate,
        settle: impl FnMut(Self::Output) -> Result<T, AnyError> + Send + 'env,
    ) -> Node<T>
    where
        Self: 'env;
}

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        impl<$($item: Wire),*> Sources for ($(DistributedNode<$item>,)*) {
            fn each(&self, each: &mut dyn FnMut(u64, usize)) {
                let ($($value,)*) = self;
                let _ = &each;
                $(each($value.builder(), $value.index());)*
            }
        }

        #[diagnostic::do_not_recommend]
        impl<Fun, Out, $($item: Wire),*> RankFn<($(DistributedNode<$item>,)*)> for Fun
        where
            Fun: FnMut($(&$item),*) -> Out + Send,
        {
            type Output = Out;

            fn install<'env, T: Wire>(
                mut self,
                part: &mut PartBuilder<'env>,
                sources: &($(DistributedNode<$item>,)*),
                gate: Gate,
                mut settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
            ) -> Node<T>
            where
                Self: 'env,
            {
                let &($($value,)*) = sources;
                let local = ($(part.handles.get($value),)*);
                let name = gate.port.plan().name(gate.node).to_owned();
                part.graph.try_node(name, local, move |$($value: &$item),*| gate.call(|| settle(self($($value),*))))
            }
        }
    };
}

tuples!();
tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G g);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h);

impl<I: Wire> Sources for DistributedNode<I> {
    fn each(&self, each: &mut dyn FnMut(u64, usize)) {
        each(self.builder(), self.index());
    }
}

#[diagnostic::do_not_recommend]
impl<Fun, Out, I: Wire> RankFn<DistributedNode<I>> for Fun
where
    Fun: FnMut(&I) -> Out + Send,
{
    type Output = Out;

    fn install<'env, T: Wire>(
        self,
        part: &mut PartBuilder<'env>,
        sources: &DistributedNode<I>,
        gate: Gate,
        settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
    ) -> Node<T>
    where
        Self: 'env,
    {
        <Self as RankFn<(DistributedNode<I>,)>>::install(self, part, &(*sources,), gate, settle)
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<$($generics)*> Sources for $list {
            fn each(&self, each: &mut dyn FnMut(u64, usize)) {
                self.iter().for_each(|source| each(source.builder(), source.index()));
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($generics)*, Fun, Out> RankFn<$list> for Fun
        where
            Fun: for<'a> FnMut(Values<'a, I>) -> Out + Send,
        {
            type Output = Out;

            fn install<'env, T: Wire>(
                mut self,
                part: &mut PartBuilder<'env>,
                sources: &$list,
                gate: Gate,
                mut settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
            ) -> Node<T>
            where
                Self: 'env,
            {
                let local: Vec<Node<I>> = sources.iter().map(|&source| part.handles.get(source)).collect();
                let name = gate.port.plan().name(gate.node).to_owned();
                part.graph.try_node(name, local, move |values: Values<'_, I>| gate.call(|| settle(self(values))))
            }
        }
    )*};
}

lists!([I: Wire] Vec<DistributedNode<I>>, [I: Wire, const N: usize] [DistributedNode<I>; N]);

/// The handles of a part by the numbers of the nodes in the whole graph.
#[derive(Default)]
struct Handles {
    handles: Vec<Option<Box<dyn Any + Send + Sync>>>,
}

impl Handles {
    fn put(&mut self, node: usize, handle: impl Any + Send + Sync) {
        self.handles[node] = Some(Box::new(handle));
    }

    fn find<T: Wire>(&self, node: usize) -> Option<Node<T>> {
        self.handles.get(node)?.as_ref()?.downcast_ref::<Node<T>>().copied()
    }

    fn get<T: Wire>(&self, node: DistributedNode<T>) -> Node<T> {
        self.find(node.index()).expect("what a node depends on was put in before it")
    }
}

/// Puts a part together, in the order of the whole graph.
#[doc(hidden)]
pub struct PartBuilder<'env> {
    graph: GraphBuilder<'env>,
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

    fn gate(&self, node: usize) -> Gate {
        Gate { port: Arc::clone(&self.port), node, to: self.port.plan().recipients(node).into() }
    }

    /// Adds a node that this rank owns.
    pub(crate) fn node<S: Sources, F: RankFn<S> + 'env, T: Wire>(
        &mut self,
        node: usize,
        sources: &S,
        function: F,
        settle: impl FnMut(F::Output) -> Result<T, AnyError> + Send + 'env,
    ) {
        let gate = self.gate(node);
        let handle = function.install(self, sources, gate, settle);
        self.handles.put(node, handle);
    }

    /// Adds an input that this rank owns.
    pub(crate) fn input<T: Wire>(&mut self, node: usize) {
        let gate = self.gate(node);
        let name = self.port.plan().name(node).to_owned();
        let input: Input<T> = self.graph.input(&name);
        if !gate.to.is_empty() {
            self.graph.try_node(name, (input,), move |value: &T| gate.pass_on(value));
        }
        self.handles.put(node, input.node());
        self.inputs.push((node, Box::new(input)));
    }

    /// Adds a node of another rank, if this one needs its value.
    pub(crate) fn receive<T: Wire>(&mut self, node: usize) {
        let (port, name) = (Arc::clone(&self.port), self.port.plan().name(node).to_owned());
        if let Some(slot) = port.plan().slot(node) {
            let handle = self.graph.try_async_node(name, (), move || Receive::<T>::new(&port, node, slot));
            self.handles.put(node, handle);
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
    RunOptions::new().policy(FailurePolicy::KeepGoing).catch_panics().cancel_token(&token.0)
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
        let Poll::Ready(outcome) = Pin::new(run).poll(&mut context) else { return Some(Poll::Pending) };
        self.run = None;
        Some(Poll::Ready(match outcome {
            Ok(_) | Err(dgraph_exec::RunError::Failed(_)) => Ended::Through,
            Err(dgraph_exec::RunError::Cancelled { .. }) => Ended::Stopped,
            Err(error) => Ended::Broken(error.into()),
        }))
    }
}
