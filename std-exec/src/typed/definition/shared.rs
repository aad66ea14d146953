//! The definition itself.

use super::acquire::Acquire;
use super::instance::Instance;
use super::pool::Pool;
use super::watched::Watched;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::stop_reason::StopReason;
use crate::typed::graph::env::Env;
use crate::typed::options::run_options::RunOptions;
use dgraph_core::DagView;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

/// A graph of which any number of runs can be under way at once, made by a
/// [`DefinitionBuilder`](crate::DefinitionBuilder): for servers, where each request is a run.
///
/// The closures are shared, not copied; each run has an [`Instance`], with memory of its own for inputs,
/// results and futures. That comes from a pool to which it goes back, so once there are as many as are used
/// at a time, nothing is allocated any more. Clones are the same definition. What closures share they keep as
/// usual, behind an atomic or a lock: they are `Fn`.
///
/// Priorities and limits are those of each run: a limit of two permits two nodes of each. For all runs
/// together, there is [`SharedLimit`](crate::SharedLimit).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Definition, DefinitionBuilder};
/// use std::thread;
///
/// let mut graph = DefinitionBuilder::new();
/// let text = graph.input::<&str>("text");
/// let words = graph.node("words", (text,), |text: &&str| text.split(' ').count());
/// let definition: Definition<'_> = graph.build()?;
/// thread::scope(|scope| {
///     for (line, count) in [("so it goes", 3), ("no", 1)] {
///         let definition = &definition;
///         scope.spawn(move || {
///             let mut request = definition.instance();
///             request.set(text, line);
///             assert_eq!(request.run().map(|results| results[words]).ok(), Some(count));
///         });
///     }
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Definition<'env> {
    pool: Arc<Pool>,
    _env: Env<'env>,
}

impl Definition<'_> {
    /// At most `most` instances are in use at once, if it isn't `None`.
    ///
    /// # Safety
    ///
    /// As for [`GraphData::another`].
    pub(super) unsafe fn new(data: GraphData, most: Option<usize>, env: Env<'_>) -> Definition<'_> {
        // SAFETY: by contract.
        Definition { pool: Arc::new(unsafe { Pool::new(data, most) }), _env: env }
    }
}

impl<'env> Definition<'env> {
    /// Memory for a run, of which no input is set. If there is a [bound](crate::DefinitionBuilder::at_most)
    /// and it is reached, this blocks until an instance is dropped; in async code,
    /// [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let answer = graph.node("answer", (), || 42);
    /// let definition = graph.build()?;
    /// let (mut one, mut other) = (definition.instance(), definition.instance());
    /// assert_eq!(one.run()?[answer] + other.run()?[answer], 84);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn instance(&self) -> Instance<'env> {
        self.try_instance().unwrap_or_else(|| {
            #[cfg(feature = "async")]
            return pollster::block_on(self.acquire());
            #[cfg(not(feature = "async"))]
            unreachable!("there is no bound")
        })
    }

    /// Memory for a run, unless there is a [bound](crate::DefinitionBuilder::at_most) and it is reached.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// graph.node("answer", (), || 42);
    /// graph.at_most(1);
    /// let definition = graph.build()?;
    /// let first = definition.try_instance();
    /// assert!(first.is_some() && definition.try_instance().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn try_instance(&self) -> Option<Instance<'env>> {
        let permitted = self.pool.permits.as_ref().is_none_or(|permits| permits.try_take());
        permitted.then(|| Instance::new(self.pool.take(), &self.pool))
    }

    /// Memory for a run, as a future: if there is a [bound](crate::DefinitionBuilder::at_most) and it is
    /// reached, it waits until an instance is dropped. First come, first served; dropping the future gives up
    /// the place.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// # pollster::block_on(async {
    /// let mut graph = DefinitionBuilder::new();
    /// let page = graph.async_node("page", (), async || "a page");
    /// graph.at_most(100);
    /// let definition = graph.build()?;
    /// let mut request = definition.acquire().await;
    /// assert_eq!(request.run_async().await?[page], "a page");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn acquire(&self) -> Acquire<'_, 'env> {
        Acquire::new(&self.pool)
    }

    /// Memory for a run, as by [`acquire`](Self::acquire), unless the token or the deadline among the
    /// [options](RunOptions) says that there is no more to wait for. (They don't become the run's: it has
    /// options of its own.)
    ///
    /// # Errors
    ///
    /// [`StopReason::Cancel`] or [`StopReason::Deadline`], also if an instance could be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, RunOptions, StopReason};
    /// use std::time::{Duration, Instant};
    /// # pollster::block_on(async {
    /// let mut graph = DefinitionBuilder::new();
    /// graph.node("answer", (), || 42);
    /// graph.at_most(1);
    /// let definition = graph.build()?;
    ///
    /// let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(1));
    /// let in_use = definition.instance();
    /// assert_eq!(definition.acquire_with(&options).await.unwrap_err(), StopReason::Deadline);
    /// drop(in_use);
    /// definition.acquire_with(&RunOptions::new()).await?.run()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn acquire_with(&self, options: &RunOptions) -> Result<Instance<'env>, StopReason> {
        let mut acquire = self.acquire();
        let stop = Watched::new(options);
        poll_fn(|context| stop.poll(&mut acquire, context)).await
    }

    /// The graph without its closures. Node `i` is the one declared as the `i`-th.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let one = graph.node("one", (), || 1);
    /// graph.node("two", (one,), |one: &i32| one + 1);
    /// assert_eq!(graph.build()?.dag().levels().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dag(&self) -> DagView<'_> {
        self.pool.first().topology.dag.view()
    }
}

impl Clone for Definition<'_> {
    /// The same definition.
    fn clone(&self) -> Self {
        Self { pool: Arc::clone(&self.pool), _env: Env::new() }
    }
}

impl fmt::Debug for Definition<'_> {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.first().fmt(f)
    }
}
