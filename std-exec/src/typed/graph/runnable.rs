//! What all graphs have in common that can be run.

use super::built::Graph;
use super::held::Held;
use super::results::Results;

/// A graph that can be run: a typed [`Graph`], or a [`Dictionary`](crate::Dictionary),
/// [`FnGraph`](crate::FnGraph) and [`KeyedGraph`](crate::KeyedGraph). They are run by the same verbs, with
/// the same options, and differ in what they give.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, RunError, RunOptions, Runnable, WithOptions, create_graph};
///
/// /// Runs whatever graph it is on an executor, if there is one.
/// fn run<'g, G: Runnable>(
///     graph: WithOptions<'_, &'g mut G>,
///     executor: Option<&Executor>,
/// ) -> Result<G::Results<'g>, RunError> {
///     match executor {
///         Some(executor) => graph.run_parallel(executor),
///         None => graph.run(),
///     }
/// }
///
/// fn one() -> i32 { 1 }
/// let options = RunOptions::new().catch_panics();
/// let mut functions = create_graph! { one: [] }?;
/// assert_eq!(run(functions.with(&options), Some(Executor::global()))?.get(one), Some(&1));
/// let mut graph = GraphBuilder::new();
/// let two = graph.node("two", (), || 2);
/// assert_eq!(run(graph.build()?.with(&options), None)?[two], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Runnable: sealed::Sealed {
    /// What a run gives.
    type Results<'g>
    where
        Self: 'g;

    #[doc(hidden)]
    fn held(&mut self, ours: sealed::Ours) -> &mut Held;

    #[doc(hidden)]
    fn last_results(&self) -> Self::Results<'_>;
}

/// A graph that is `'static` borrows nothing, and one that is `Send` has no nodes that are bound to its
/// thread: runs on workers rest on that.
pub(crate) mod sealed {
    pub trait Sealed {}

    /// Whose call it is: only this crate can make one. Others could exchange what two graphs hold, of which
    /// one borrows what the other outlives.
    #[derive(Clone, Copy, Debug)]
    pub struct Ours(pub(crate) ());

    /// What calls of this crate pass.
    pub(crate) const OURS: Ours = Ours(());
}

impl<P> sealed::Sealed for Graph<'_, P> {}

impl<P> Runnable for Graph<'_, P> {
    type Results<'g>
        = Results<'g, P>
    where
        Self: 'g;

    fn held(&mut self, _: sealed::Ours) -> &mut Held {
        &mut self.held
    }

    #[track_caller]
    fn last_results(&self) -> Results<'_, P> {
        self.results()
    }
}
