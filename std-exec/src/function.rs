//! Dictionary graphs over ordinary functions: what `create_graph!` builds.
//!
//! A function item has a type of its own, so the type is the key, and the key's type says what the function takes
//! and gives: the compiler checks each dependency against the parameter that receives it.

use crate::args::Args;
use crate::executor::Executor;
use crate::graph_error::GraphError;
use crate::keyed::{KeyedBuilder, KeyedGraph};
use crate::results::KeyedResults;
use crate::run_error::RunError;
use dgraph_core::DagView;
use std::any::{Any, TypeId};
use std::fmt;
use std::hash::{Hash, Hasher};

/// What flows between functions of different types. Each dependent knows what is inside.
type Value = Box<dyn Any + Send + Sync>;

/// A function as a key. Functions are equal if they are the same item, whatever they are called by. A pointer to a
/// function is no key, since it shares its type with others: that doesn't compile.
#[derive(Clone, Copy)]
pub struct FnKey {
    id: TypeId,
    name: &'static str,
}

impl FnKey {
    fn of<F: 'static>(_: &F, name: &'static str) -> Self {
        // Function pointers and closures that capture something share a type with others.
        const {
            assert!(
                size_of::<F>() == 0,
                "a key must be a function, not a pointer to one or a closure with state"
            );
        };
        Self { id: TypeId::of::<F>(), name }
    }

    /// The name by which the function was listed.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl PartialEq for FnKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for FnKey {}

impl Hash for FnKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for FnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for FnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

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
    fn call(&self, args: Args<'_, Value>) -> Self::Output;
}

/// The functions that another depends on, as a tuple. `Inputs` is the tuple of what each of them is fed.
#[diagnostic::on_unimplemented(message = "`{Self}` is no tuple of 0 to 12 functions")]
pub trait Functions<Inputs> {
    /// What they give, as a tuple.
    type Outputs;

    #[doc(hidden)]
    fn keys(&self, names: &[&'static str]) -> Vec<FnKey>;
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

            fn call(&self, _args: Args<'_, Value>) -> Out {
                self($(_args[$position].downcast_ref::<$item>().expect("a key's type says what it gives")),*)
            }
        }

        impl<$($item, $inputs),*> Functions<($($inputs,)*)> for ($($item,)*)
        where
            $($item: Function<$inputs>,)*
        {
            type Outputs = ($($item::Output,)*);

            fn keys(&self, _names: &[&'static str]) -> Vec<FnKey> {
                vec![$(FnKey::of(&self.$position, _names[$position])),*]
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

/// A dictionary graph over functions, made by [`create_graph!`](crate::create_graph).
#[derive(Debug)]
pub struct FnGraph {
    graph: KeyedGraph<'static, FnKey, Value>,
}

/// Collects the functions of a [`FnGraph`]; [`create_graph!`](crate::create_graph) writes the calls.
#[derive(Debug)]
#[must_use]
pub struct FnGraphBuilder {
    builder: KeyedBuilder<'static, FnKey, Value>,
}

impl FnGraph {
    /// Starts with no functions.
    pub fn builder() -> FnGraphBuilder {
        FnGraphBuilder { builder: KeyedGraph::builder() }
    }

    /// The graph without its functions. Node `i` is the function listed as the `i`-th key.
    #[must_use]
    pub fn dag(&self) -> DagView<'_> {
        self.graph.dag()
    }

    /// The functions in the order in which they were listed.
    #[must_use]
    pub fn keys(&self) -> &[FnKey] {
        self.graph.keys()
    }

    /// Runs every function once on this thread.
    ///
    /// # Errors
    ///
    /// None at present, see [`RunError`].
    ///
    /// # Panics
    ///
    /// With the panic of a function.
    pub fn run(&mut self) -> Result<FnResults<'_>, RunError> {
        Ok(FnResults { results: self.graph.run()? })
    }

    /// Runs every function once on the threads of `executor`, this one included.
    ///
    /// # Errors
    ///
    /// None at present, see [`RunError`].
    ///
    /// # Panics
    ///
    /// With the first panic of a function, after the ones under way have ended; nothing that depends on it has started.
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<FnResults<'_>, RunError> {
        Ok(FnResults { results: self.graph.run_parallel(executor)? })
    }
}

impl FnGraphBuilder {
    /// Adds `function`, to be fed the results of `dependencies`. The names are for messages.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn function<F, D, M>(
        self,
        name: &'static str,
        function: F,
        dependency_names: &[&'static str],
        dependencies: D,
    ) -> Self
    where
        D: Functions<M>,
        F: Function<D::Outputs>,
    {
        let key = FnKey::of(&function, name);
        let keys = dependencies.keys(dependency_names);
        let task = move |args: Args<'_, Value>| -> Value { Box::new(function.call(args)) };
        Self { builder: self.builder.task(key, keys, task) }
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// See [`KeyedBuilder::build`].
    pub fn build(self) -> Result<FnGraph, GraphError<FnKey>> {
        Ok(FnGraph { graph: self.builder.build()? })
    }
}

/// The results of a finished run by function. They stay in the graph, and the next run drops them.
#[derive(Debug)]
pub struct FnResults<'g> {
    results: KeyedResults<'g, 'static, FnKey, Value>,
}

impl FnResults<'_> {
    /// What `function` gave. `None` if it is no key of the graph, or its result was taken.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn get<F, M>(&self, function: F) -> Option<&F::Output>
    where
        F: Function<M>,
    {
        self.results.get(&FnKey::of(&function, ""))?.downcast_ref()
    }

    /// Moves out what `function` gave.
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn take<F, M>(&mut self, function: F) -> Option<F::Output>
    where
        F: Function<M>,
    {
        self.results.take(&FnKey::of(&function, ""))?.downcast().ok().map(|value| *value)
    }
}

/// Builds a graph from a dictionary of functions: each key with the functions that it depends on, in any order.
///
/// Each function is given shared references to the results of its dependencies, in the listed order; the compiler
/// checks the types. The reference is to the very type that the dependency gives: what gives a `String` is taken as
/// `&String`. A dependency listed twice is run once and passed twice. Gives a
/// `Result<FnGraph, GraphError<FnKey>>`.
///
/// ```
/// use dgraph_exec::{Executor, create_graph};
///
/// fn a() -> i32 { 5 }
/// fn b(x: &i32) -> i32 { x + 10 }
/// fn c(x: &i32, y: &i32) -> String { format!("{}", x + y + 20) }
///
/// let mut graph = create_graph! { c: [a, b], b: [a], a: [] }?;
/// assert_eq!(graph.run()?.get(c), Some(&"40".to_string()));
/// assert_eq!(graph.run_parallel(&Executor::new()?)?.get(b), Some(&15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A cycle and a dependency that is no key are errors that name the functions:
///
/// ```
/// # use dgraph_exec::create_graph;
/// fn egg(_: &u8) -> u8 { 1 }
/// fn hen(_: &u8) -> u8 { 2 }
/// assert_eq!(create_graph! { hen: [egg], egg: [hen] }.unwrap_err().to_string(), "dependency cycle: hen -> egg -> hen");
/// assert_eq!(create_graph! { hen: [egg] }.unwrap_err().to_string(), "missing keys: egg (needed by hen)");
/// ```
///
/// A parameter of another type than the dependency's result doesn't compile:
///
/// ```compile_fail
/// # use dgraph_exec::create_graph;
/// fn number() -> i32 { 5 }
/// fn shout(text: &String) -> String { text.to_uppercase() }
/// let graph = create_graph! { shout: [number], number: [] };
/// ```
///
/// Nor does a pointer to a function, which would share its key with others:
///
/// ```compile_fail
/// # use dgraph_exec::create_graph;
/// fn one() -> i32 { 1 }
/// let pointer: fn() -> i32 = one;
/// let graph = create_graph! { pointer: [] };
/// ```
#[macro_export]
macro_rules! create_graph {
    ($($key:path : [$($dependency:path),* $(,)?]),* $(,)?) => {
        $crate::FnGraph::builder()
            $(.function(
                ::core::stringify!($key),
                $key,
                &[$(::core::stringify!($dependency)),*],
                ($($dependency,)*),
            ))*
            .build()
    };
}
