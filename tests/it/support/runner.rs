//! The runners, and the macros that run each behaviour over all of them.

use dgraph_exec::{
    AsDag, Dag, Dictionary, DictionaryResults, Executor, Graph, NodeId, Results, RunError, RunOptions,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A way to run a graph.
#[derive(Debug)]
pub(crate) enum Runner {
    /// `run`: on the calling thread.
    Serial,
    /// `run_parallel`, or `Executor::run` for a bare graph.
    Parallel(Executor),
    /// `run_async`. Bare graphs have none: as `Serial`.
    Async,
    /// `run_parallel_async`. Bare graphs: as `Parallel`.
    Detached(Executor),
}

impl Runner {
    pub(crate) fn parallel(threads: usize) -> Self {
        Self::Parallel(executor(threads))
    }

    /// A dictionary of functions, or of tasks.
    pub(crate) fn dictionary<'g, K, N>(
        &self,
        graph: &'g mut Dictionary<'_, K, N>,
    ) -> DictionaryResults<'g, K, N> {
        self.dictionary_with(graph, &RunOptions::new()).expect("no node fails")
    }

    pub(crate) fn dictionary_with<'g, K, N>(
        &self,
        graph: &'g mut Dictionary<'_, K, N>,
        options: &RunOptions,
    ) -> Result<DictionaryResults<'g, K, N>, RunError> {
        match self {
            Self::Serial => graph.with(options).run(),
            Self::Parallel(executor) => graph.with(options).run_parallel(executor),
            Self::Async => pollster::block_on(graph.with(options).run_async()),
            // The typed graph that it derefs to, which may borrow.
            Self::Detached(_) => {
                self.typed_with(graph, options)?;
                Ok(graph.results())
            }
        }
    }

    pub(crate) fn typed<'g, P>(&self, graph: &'g mut Graph<'_, P>) -> Results<'g, P> {
        self.typed_with(graph, &RunOptions::new()).expect("no node fails")
    }

    pub(crate) fn typed_with<'g, P>(
        &self,
        graph: &'g mut Graph<'_, P>,
        options: &RunOptions,
    ) -> Result<Results<'g, P>, RunError> {
        match self {
            Self::Serial => graph.with(options).run(),
            Self::Parallel(executor) => graph.with(options).run_parallel(executor),
            Self::Async => pollster::block_on(graph.with(options).run_async()),
            // In a node, blocking on a future would take a worker away from it.
            Self::Detached(executor) if is_worker() => graph.with(options).run_parallel(executor),
            Self::Detached(executor) => detached(graph, executor, options),
        }
    }

    pub(crate) fn dag(&self, dag: &impl AsDag, body: impl Fn(NodeId) + Sync) {
        match self {
            Self::Serial | Self::Async => dag.view().run(body),
            Self::Parallel(executor) | Self::Detached(executor) => executor.run(dag, body),
        }
    }

    /// `run_each`.
    #[track_caller]
    pub(crate) fn each<T: Send + Sync>(
        &self,
        dag: &Dag,
        items: &mut [T],
        body: impl Fn(NodeId, &mut T, ItemsBefore<'_, '_, T>) + Sync,
    ) {
        match self {
            Self::Serial | Self::Async => dag.run_each(items, |node, own, before| {
                body(node, own, &before.nodes().zip(before.iter()).collect::<Vec<_>>());
            }),
            Self::Parallel(executor) | Self::Detached(executor) => {
                executor.run_each(dag, items, |node, own, before| {
                    body(node, own, &before.nodes().zip(before.iter()).collect::<Vec<_>>());
                });
            }
        }
    }
}

/// The items of what a node depends on, with the nodes, as a body is given them in each way to run.
pub(crate) type ItemsBefore<'b, 'a, T> = &'b [(NodeId, &'a T)];

fn is_worker() -> bool {
    std::thread::current().name().is_some_and(|name| name.starts_with("dgraph-"))
}

/// `run_parallel_async`, also for graphs that borrow, or have local nodes: nobody leaks the future here, and
/// it is polled here only.
#[allow(unsafe_code)]
fn detached<'g, P>(
    graph: &'g mut Graph<'_, P>,
    executor: &Executor,
    options: &RunOptions,
) -> Result<Results<'g, P>, RunError> {
    let lasting = std::ptr::from_mut(graph).cast::<Graph<'static>>();
    // SAFETY: the run is over when this function returns, also if it panics; lifetime and mark are nothing
    // but marks. Local nodes are bound to the caller, which this thread is.
    let lasting = unsafe { &mut *lasting };
    pollster::block_on(lasting.with(options).run_parallel_async(executor)).map(drop)?;
    Ok(graph.results())
}

pub(crate) fn executor(threads: usize) -> Executor {
    Executor::builder().threads(threads).build().expect("an executor without special demands")
}

/// Calls `check` with a runner of each kind, for properties that are tried on many graphs. Each thread makes
/// its runners once.
pub(crate) fn with_all_runners(check: impl Fn(&Runner)) {
    thread_local! {
        static RUNNERS: [Runner; 6] = [
            Runner::Serial,
            Runner::Async,
            Runner::parallel(1),
            Runner::parallel(2),
            Runner::parallel(5),
            Runner::Detached(executor(2)),
        ];
    }
    RUNNERS.with(|runners| {
        for runner in runners {
            catch_unwind(AssertUnwindSafe(|| check(runner))).unwrap_or_else(|payload| {
                eprintln!("by {runner:?}");
                resume_unwind(payload)
            });
        }
    });
}

/// Makes a test of each `fn(&Runner)` for each runner of typed graphs.
macro_rules! over_typed_runners {
    ($($behaviour:ident),* $(,)?) => {
        $crate::support::runner::over_all_runners!($($behaviour),*);
        $crate::support::runner::over_all_runners!(@runner run_async, $crate::support::runner::Runner::Async, $($behaviour),*);
        $crate::support::runner::over_all_runners!(
            @runner run_parallel_async,
            $crate::support::runner::Runner::Detached($crate::support::runner::executor(2)),
            $($behaviour),*
        );
    };
}
pub(crate) use over_typed_runners;

/// Makes a test of each `fn(&Runner)` for each runner of functions.
macro_rules! over_function_runners {
    ($($behaviour:ident),* $(,)?) => {
        $crate::support::runner::over_typed_runners!($($behaviour),*);
        $crate::support::runner::over_all_runners!(
            @runner run_parallel_async_on_one,
            $crate::support::runner::Runner::Detached($crate::support::runner::executor(1)),
            $($behaviour),*
        );
        $crate::support::runner::over_all_runners!(
            @runner run_parallel_async_on_five,
            $crate::support::runner::Runner::Detached($crate::support::runner::executor(5)),
            $($behaviour),*
        );
    };
}
pub(crate) use over_function_runners;

/// Makes a test of each `fn(&Runner)` for each runner of any graph.
macro_rules! over_all_runners {
    ($($behaviour:ident),* $(,)?) => {
        $crate::support::runner::over_all_runners!(@runner serial, $crate::support::runner::Runner::Serial, $($behaviour),*);
        $crate::support::runner::over_all_runners!(@runner executor_of_one, $crate::support::runner::Runner::parallel(1), $($behaviour),*);
        $crate::support::runner::over_all_runners!(@runner executor_of_two, $crate::support::runner::Runner::parallel(2), $($behaviour),*);
        $crate::support::runner::over_all_runners!(@runner executor_of_five, $crate::support::runner::Runner::parallel(5), $($behaviour),*);
    };
    (@runner $name:ident, $runner:expr, $($behaviour:ident),*) => {
        mod $name {
            $(
                #[test]
                fn $behaviour() {
                    super::$behaviour(&$runner);
                }
            )*
        }
    };
}
pub(crate) use over_all_runners;
