//! The memory for one run of a definition at a time.

use super::pool::Pool;
use crate::executor::Executor;
use crate::sync::thrown::discard;
use crate::typed::graph::built::Graph;
use crate::typed::graph::held::Held;
use crate::typed::graph::results::Results;
use crate::typed::graph::runnable::Runnable;
use crate::typed::graph::runnable::sealed::{Ours, Sealed};
use crate::typed::graph::spawned::Spawned;
use crate::typed::graph::with_options::WithOptions;
use crate::typed::options::run_options::RunOptions;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// A graph that has its closures in common with others: what a [`Definition`](crate::Definition) lends. It is
/// used as any [`Graph`], and goes back when it is dropped: then its results and inputs are dropped, and the
/// next one who asks gets its memory.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DefinitionBuilder, Input, Instance, Node, RunError};
///
/// /// Answers a request.
/// fn answer(mut request: Instance<'_>, number: Input<u32>, answer: Node<u32>) -> Result<u32, RunError> {
///     request.set(number, 5);
///     Ok(request.run()?[answer])
/// }
///
/// let mut graph = DefinitionBuilder::new();
/// let number = graph.input::<u32>("number");
/// let square = graph.node("square", (number,), |number: &u32| number * number);
/// let definition = graph.build()?;
/// assert_eq!(answer(definition.instance(), number, square)?, 25);
/// assert!(definition.instance().run().is_err(), "the next request has an input of its own");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it goes back at once"]
pub struct Instance<'env> {
    /// `None` while it is dropped.
    graph: Option<Graph<'env>>,
    pool: Arc<Pool>,
}

impl Instance<'_> {
    /// Of this memory, which goes back to `pool`.
    pub(super) fn new(memory: Held, pool: &Arc<Pool>) -> Self {
        Self { graph: Some(Graph::of(memory)), pool: Arc::clone(pool) }
    }
}

impl Instance<'static> {
    /// Hands it to the workers of `executor`, as [`Graph::spawn`] does. Joining gives it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Executor};
    ///
    /// let executor = Executor::new()?;
    /// let mut graph = DefinitionBuilder::new();
    /// let number = graph.input::<u32>("number");
    /// let square = graph.node("square", (number,), |number: &u32| number * number);
    /// let definition = graph.build()?;
    /// let runs: Vec<_> = (0..100).map(|request| {
    ///     let mut instance = definition.instance();
    ///     instance.set(number, request);
    ///     instance.spawn(&executor) // a hundred at once
    /// }).collect();
    /// for (request, run) in (0..).zip(runs) {
    ///     let (instance, outcome) = run.join();
    ///     outcome?;
    ///     assert_eq!(instance.result(square), Ok(&(request * request)));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    #[track_caller]
    pub fn spawn(self, executor: &Executor) -> Spawned<Self> {
        self.into_with(&RunOptions::new()).spawn(executor)
    }
}

impl Instance<'_> {
    /// The instance with [options](RunOptions), for [`spawn`](WithOptions::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Executor, RunError, RunOptions};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut graph = DefinitionBuilder::new();
    /// graph.async_node("for ever", (), async || std::future::pending::<()>().await);
    /// let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(1));
    /// let (_, outcome) = graph.build()?.instance().into_with(&options).spawn(Executor::global()).join();
    /// assert!(matches!(outcome, Err(RunError::DeadlineExceeded { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_with(self, options: &RunOptions) -> WithOptions<'_, Self> {
        WithOptions { graph: self, options }
    }
}

const THERE: &str = "it is there until it is dropped";

impl<'env> Deref for Instance<'env> {
    type Target = Graph<'env>;

    fn deref(&self) -> &Graph<'env> {
        self.graph.as_ref().expect(THERE)
    }
}

impl<'env> DerefMut for Instance<'env> {
    fn deref_mut(&mut self) -> &mut Graph<'env> {
        self.graph.as_mut().expect(THERE)
    }
}

impl Sealed for Instance<'_> {}

impl Runnable for Instance<'_> {
    type Results<'g>
        = Results<'g>
    where
        Self: 'g;

    fn held(&mut self, _: Ours) -> &mut Held {
        &mut self.graph.as_mut().expect(THERE).held
    }

    #[track_caller]
    fn last_results(&self) -> Results<'_> {
        self.results()
    }
}

impl Drop for Instance<'_> {
    /// # Panics
    ///
    /// With the panic of a destructor of a result or input, unless the thread unwinds already. The others are
    /// dropped all the same.
    fn drop(&mut self) {
        let memory = self.graph.take().map(Graph::into_held);
        match memory.and_then(|memory| self.pool.give_back(memory)) {
            Some(payload) if thread::panicking() => discard(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}

impl fmt::Debug for Instance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instance").field(&self.graph).finish()
    }
}
