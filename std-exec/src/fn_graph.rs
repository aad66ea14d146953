//! Dictionary graphs over functions: what `create_graph!` builds.

use crate::executor::Executor;
use crate::fn_key::FnKey;
use crate::function::{Define, Feeds, Function, Functions, Index, node_of};
use crate::graph_error::{GraphError, MissingKey};
use crate::run_error::RunError;
use crate::typed::{DefinitionError, Graph, GraphBuilder, Results, RunOptions};
use dgraph_core::DagView;
use std::collections::HashSet;
use std::fmt;

/// A dictionary graph over functions, plain and `async` ones, made by [`create_graph!`](crate::create_graph): a typed [`Graph`]
/// whose nodes are found by their functions.
#[derive(Debug)]
pub struct FnGraph {
    pub(crate) graph: Graph<'static>,
    keys: Vec<FnKey>,
    pub(crate) index: Index,
}

/// Collects the functions of a [`FnGraph`]; [`create_graph!`](crate::create_graph) writes the calls.
#[must_use]
pub struct FnGraphBuilder {
    graph: GraphBuilder<'static>,
    /// Each function with what it depends on, and what defines it once all nodes are known.
    listed: Vec<(FnKey, Vec<FnKey>, DefineLater)>,
    index: Index,
}

type DefineLater = Box<dyn FnOnce(&mut GraphBuilder<'static>, &[FnKey], &Index) + Send + Sync>;

impl FnGraph {
    /// Starts with no functions.
    pub fn builder() -> FnGraphBuilder {
        FnGraphBuilder { graph: GraphBuilder::new(), listed: Vec::new(), index: Index::new() }
    }

    /// The graph without its functions. Node `i` is the function listed as the `i`-th key.
    #[must_use]
    pub fn dag(&self) -> DagView<'_> {
        self.graph.dag()
    }

    /// The functions in the order in which they were listed.
    #[must_use]
    pub fn keys(&self) -> &[FnKey] {
        &self.keys
    }

    /// Runs every function once on this thread, which is blocked while all that is left is `async` and waits.
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`run_with`](Self::run_with).
    ///
    /// # Panics
    ///
    /// With the panic of a function.
    pub fn run(&mut self) -> Result<FnResults<'_>, RunError> {
        self.run_with(&RunOptions::new())
    }

    /// Runs every function once on the threads of `executor`, this one included, which is blocked until all is done.
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`run_parallel_with`](Self::run_parallel_with).
    ///
    /// # Panics
    ///
    /// With the first panic of a function, after the ones under way have ended; nothing that depends on it has started.
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<FnResults<'_>, RunError> {
        self.run_parallel_with(executor, &RunOptions::new())
    }

    /// As [`run`](Self::run), with choices.
    ///
    /// # Errors
    ///
    /// [`RunError::Cancelled`], [`DeadlineExceeded`](RunError::DeadlineExceeded) and
    /// [`Panicked`](RunError::Panicked), if the options provide for these.
    ///
    /// # Panics
    ///
    /// With the panic of a function, unless the options [catch panics](RunOptions::catch_panics).
    pub fn run_with(&mut self, options: &RunOptions) -> Result<FnResults<'_>, RunError> {
        self.graph.run_with(options)?;
        Ok(self.results())
    }

    /// As [`run_parallel`](Self::run_parallel), with choices.
    ///
    /// # Errors
    ///
    /// As [`run_with`](Self::run_with).
    ///
    /// # Panics
    ///
    /// With the first panic of a function, unless the options [catch panics](RunOptions::catch_panics).
    pub fn run_parallel_with(
        &mut self,
        executor: &Executor,
        options: &RunOptions,
    ) -> Result<FnResults<'_>, RunError> {
        self.graph.run_parallel_with(executor, options)?;
        Ok(self.results())
    }

    /// The results of the last run, however it has ended.
    #[must_use]
    pub fn results(&mut self) -> FnResults<'_> {
        FnResults::new(self.graph.results(), &self.index)
    }
}

impl FnGraphBuilder {
    /// Adds `function`, to be fed the results of `dependencies`. The names are for messages. The types `I`, `K`, `M` follow from
    /// the functions.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn function<F, D, I, K, M>(
        mut self,
        name: &'static str,
        function: F,
        dependency_names: &[&'static str],
        dependencies: D,
    ) -> Self
    where
        F: Function<I, K> + Define<I, K>,
        D: Functions<M, Outputs: Feeds<F, I>>,
    {
        let key = FnKey::of(&function, name);
        let keys = dependencies.keys(dependency_names);
        let node = self.graph.declare::<F::Output>(name);
        self.index.entry(key.id()).or_insert_with(|| Box::new(node));
        let define: DefineLater =
            Box::new(move |graph, uses, index| function.define(graph, node, uses, index));
        self.listed.push((key, keys, define));
        self
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// [`GraphError::DuplicateKeys`] and [`MissingKeys`](GraphError::MissingKeys), which list all of them,
    /// [`Cycle`](GraphError::Cycle) with a path of functions, [`TooLarge`](GraphError::TooLarge).
    pub fn build(self) -> Result<FnGraph, GraphError<FnKey>> {
        let Self { mut graph, listed, index } = self;
        let mut seen = HashSet::with_capacity(listed.len());
        let duplicates: Vec<_> =
            listed.iter().map(|(key, ..)| *key).filter(|key| !seen.insert(*key)).collect();
        if !duplicates.is_empty() {
            return Err(GraphError::DuplicateKeys(duplicates));
        }
        let uses = listed.iter().flat_map(|(key, uses, _)| uses.iter().map(move |used| (*used, *key)));
        let missing = uses.filter(|(used, _)| !seen.contains(used));
        let missing: Vec<_> = missing.map(|(key, needed_by)| MissingKey { key, needed_by }).collect();
        if !missing.is_empty() {
            return Err(GraphError::MissingKeys(missing));
        }
        let mut keys = Vec::with_capacity(listed.len());
        for (key, uses, define) in listed {
            keys.push(key);
            define(&mut graph, &uses, &index);
        }
        match graph.build() {
            Ok(graph) => Ok(FnGraph { graph, keys, index }),
            Err(DefinitionError::Cycle(path)) => {
                Err(GraphError::Cycle(path.iter().map(|named| keys[named.node().index()]).collect()))
            }
            Err(DefinitionError::TooLarge(error)) => Err(GraphError::TooLarge(error)),
            Err(error) => unreachable!("the dictionary has been checked: {error}"),
        }
    }
}

impl fmt::Debug for FnGraphBuilder {
    /// A map from each function to those that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.listed.iter().map(|(key, uses, _)| (key, uses))).finish()
    }
}

/// The results of a finished run by function. They stay in the graph, and the next run drops them.
#[derive(Debug)]
pub struct FnResults<'g> {
    results: Results<'g>,
    index: &'g Index,
}

impl<'g> FnResults<'g> {
    pub(crate) fn new(results: Results<'g>, index: &'g Index) -> Self {
        Self { results, index }
    }

    /// What `function`, or its future, gave. `None` if it is no key of the graph, or its result was taken.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn get<F, M, K>(&self, function: F) -> Option<&F::Output>
    where
        F: Function<M, K>,
    {
        let key = FnKey::of(&function, "");
        self.results.get(node_of::<F::Output>(self.index, key.id())?).ok()
    }

    /// Moves out what `function`, or its future, gave.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn take<F, M, K>(&mut self, function: F) -> Option<F::Output>
    where
        F: Function<M, K>,
    {
        let key = FnKey::of(&function, "");
        self.results.take(node_of::<F::Output>(self.index, key.id())?).ok()
    }
}
