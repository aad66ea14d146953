//! Dictionary graphs over ordinary functions: what `create_graph!` builds.
//!
//! A function item has a type of its own, so the type is the key, and the key's type says what the function takes
//! and gives: the compiler checks each dependency against the parameter that receives it.

use crate::executor::Executor;
use crate::fn_key::FnKey;
use crate::graph_error::{GraphError, MissingKey};
use crate::run_error::RunError;
use crate::typed::{DefinitionError, Graph, GraphBuilder, Node, Results, RunOptions};
use dgraph_core::DagView;
use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// A function that takes the results of its dependencies by reference: `fn(&A, &B, …) -> Output`, with 0 to 12
/// parameters. `Inputs` is the tuple of what it is fed, `(A, B, …)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{Inputs}`",
    note = "a function takes one shared reference for each dependency, in the listed order"
)]
pub trait Function<Inputs>: Send + Sync + 'static {
    /// What it gives.
    type Output: Send + Sync + 'static;

    #[doc(hidden)]
    type Nodes;

    #[doc(hidden)]
    fn define(self, graph: &mut GraphBuilder<'static>, node: Node<Self::Output>, dependencies: Self::Nodes);
}

/// The functions that another depends on, as a tuple. `Inputs` is the tuple of what each of them is fed.
#[diagnostic::on_unimplemented(message = "`{Self}` is no tuple of 0 to 12 functions")]
pub trait Functions<Inputs> {
    /// What they give, as a tuple.
    type Outputs;

    #[doc(hidden)]
    type Nodes;

    #[doc(hidden)]
    fn keys(&self, names: &[&'static str]) -> Vec<FnKey>;

    #[doc(hidden)]
    fn nodes(index: &Index) -> Option<Self::Nodes>;
}

/// The node of each function: a `Node` of what it gives.
type Index = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

fn node_of<F: 'static, Output: 'static>(index: &Index) -> Option<Node<Output>> {
    index.get(&TypeId::of::<F>())?.downcast_ref().copied()
}

macro_rules! tuples {
    ($($item:ident $inputs:ident $position:tt),*) => {
        impl<Fun, Out, $($item),*> Function<($($item,)*)> for Fun
        where
            Fun: Fn($(&$item),*) -> Out + Send + Sync + 'static,
            Out: Send + Sync + 'static,
            $($item: Send + Sync + 'static,)*
        {
            type Output = Out;
            type Nodes = ($(Node<$item>,)*);

            fn define(self, graph: &mut GraphBuilder<'static>, node: Node<Out>, dependencies: Self::Nodes) {
                graph.define(node, dependencies, self);
            }
        }

        impl<$($item, $inputs),*> Functions<($($inputs,)*)> for ($($item,)*)
        where
            $($item: Function<$inputs>,)*
        {
            type Outputs = ($($item::Output,)*);
            type Nodes = ($(Node<$item::Output>,)*);

            fn keys(&self, _names: &[&'static str]) -> Vec<FnKey> {
                vec![$(FnKey::of(&self.$position, _names[$position])),*]
            }

            fn nodes(_index: &Index) -> Option<Self::Nodes> {
                Some(($(node_of::<$item, $item::Output>(_index)?,)*))
            }
        }
    };
}

tuples!();
tuples!(A MA 0);
tuples!(A MA 0, B MB 1);
tuples!(A MA 0, B MB 1, C MC 2);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7, I MI 8);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7, I MI 8, J MJ 9);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7, I MI 8, J MJ 9, K MK 10);
tuples!(A MA 0, B MB 1, C MC 2, D MD 3, E ME 4, F MF 5, G MG 6, H MH 7, I MI 8, J MJ 9, K MK 10, L ML 11);

/// A dictionary graph over functions, made by [`create_graph!`](crate::create_graph): a typed [`Graph`] whose nodes are
/// found by their functions.
#[derive(Debug)]
pub struct FnGraph {
    graph: Graph<'static>,
    keys: Vec<FnKey>,
    index: Index,
}

/// Collects the functions of a [`FnGraph`]; [`create_graph!`](crate::create_graph) writes the calls.
#[must_use]
pub struct FnGraphBuilder {
    graph: GraphBuilder<'static>,
    /// Each function with what it depends on, and what defines it once all nodes are known.
    listed: Vec<(FnKey, Vec<FnKey>, Define)>,
    index: Index,
}

type Define = Box<dyn FnOnce(&mut GraphBuilder<'static>, &Index) + Send + Sync>;

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

    /// Runs every function once on this thread.
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

    /// Runs every function once on the threads of `executor`, this one included.
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
        FnResults { results: self.graph.results(), index: &self.index }
    }
}

impl FnGraphBuilder {
    /// Adds `function`, to be fed the results of `dependencies`. The names are for messages.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn function<F, D, M>(
        mut self,
        name: &'static str,
        function: F,
        dependency_names: &[&'static str],
        dependencies: D,
    ) -> Self
    where
        D: Functions<M>,
        F: Function<D::Outputs, Nodes = D::Nodes>,
    {
        let key = FnKey::of(&function, name);
        let keys = dependencies.keys(dependency_names);
        let node = self.graph.declare::<F::Output>(name);
        self.index.entry(key.id()).or_insert_with(|| Box::new(node));
        let define: Define = Box::new(move |graph, index| {
            if let Some(nodes) = D::nodes(index) {
                function.define(graph, node, nodes);
            }
        });
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
        for (key, _, define) in listed {
            keys.push(key);
            define(&mut graph, &index);
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

impl FnResults<'_> {
    /// What `function` gave. `None` if it is no key of the graph, or its result was taken.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn get<F, M>(&self, function: F) -> Option<&F::Output>
    where
        F: Function<M>,
    {
        let _ = FnKey::of(&function, "");
        self.results.get(node_of::<F, F::Output>(self.index)?).ok()
    }

    /// Moves out what `function` gave.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn take<F, M>(&mut self, function: F) -> Option<F::Output>
    where
        F: Function<M>,
    {
        let _ = FnKey::of(&function, "");
        self.results.take(node_of::<F, F::Output>(self.index)?).ok()
    }
}
