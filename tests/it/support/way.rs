//! The ways to run a dictionary of functions, and a macro that makes tests of all.

use dgraph_exec::{Executor, FnGraph, FnResults, RunError, RunOptions};

/// All ways to run a dictionary of functions.
pub(crate) enum Way {
    Serial,
    Parallel(Executor),
    Async,
    ParallelAsync(Executor),
}

impl Way {
    pub(crate) fn run<'g>(&self, graph: &'g mut FnGraph) -> FnResults<'g> {
        match self {
            Self::Serial => graph.run(),
            Self::Parallel(executor) => graph.run_parallel(executor),
            Self::Async => pollster::block_on(graph.run_async()),
            Self::ParallelAsync(executor) => pollster::block_on(graph.run_parallel_async(executor)),
        }
        .expect("no function fails")
    }

    pub(crate) fn run_with<'g>(
        &self,
        graph: &'g mut FnGraph,
        options: RunOptions,
    ) -> Result<FnResults<'g>, RunError> {
        match self {
            Self::Serial => graph.run_with(&options),
            Self::Parallel(executor) => graph.run_parallel_with(executor, &options),
            Self::Async => pollster::block_on(graph.run_async_with(options)),
            Self::ParallelAsync(executor) => {
                pollster::block_on(graph.run_parallel_async_with(executor, options))
            }
        }
    }
}

macro_rules! over_all_ways {
    ($($behaviour:ident),* $(,)?) => {
        $crate::support::runner::over_all_runners!(@runner serial, $crate::support::way::Way::Serial, $($behaviour),*);
        $crate::support::runner::over_all_runners!(@runner run_async, $crate::support::way::Way::Async, $($behaviour),*);
        $crate::support::way::over_all_ways!(@threads executor_of_one, run_async_on_one, 1, $($behaviour),*);
        $crate::support::way::over_all_ways!(@threads executor_of_two, run_async_on_two, 2, $($behaviour),*);
        $crate::support::way::over_all_ways!(@threads executor_of_five, run_async_on_five, 5, $($behaviour),*);
    };
    (@threads $blocking:ident, $future:ident, $threads:literal, $($behaviour:ident),*) => {
        $crate::support::runner::over_all_runners!(
            @runner $blocking,
            $crate::support::way::Way::Parallel($crate::support::runner::executor($threads)),
            $($behaviour),*
        );
        $crate::support::runner::over_all_runners!(
            @runner $future,
            $crate::support::way::Way::ParallelAsync($crate::support::runner::executor($threads)),
            $($behaviour),*
        );
    };
}

pub(crate) use over_all_ways;
