//! A run of a typed graph that its caller waits for: which way it takes.

use super::async_run;
use super::begin_and_end::{begin, end};
use super::execution::Execution;
use super::parallel;
use super::rows;
use crate::executor::Handle;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::run_error::RunError;
use crate::typed::options::run_options::RunOptions;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the graph to whatever end.
#[track_caller]
pub(crate) fn execute(
    data: &mut GraphData,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<(), RunError> {
    if let Some(executor) = executor {
        executor.check_process();
    }
    #[cfg(feature = "async")]
    if data.store.wakers() > 0 {
        return match executor {
            Some(executor) if !data.is_serial_on(executor) => parallel::block_on(data, executor, options),
            _ => async_run::block_on(data, executor, options),
        };
    }
    let standing = begin(data, executor, options)?;
    let (parts, queue, _) = data.parts();
    let run = Execution::new(parts, executor, options, standing);
    // SAFETY: `data` is borrowed for this run alone, as `&mut`, so nobody has results of it; `begin` has set
    // the statuses.
    let ended = catch_unwind(AssertUnwindSafe(|| unsafe { rows::run_all(&run, queue) }));
    let unmarked = run.leaves_unmarked();
    let standing = run.into_standing();
    // Nothing went wrong, so every node has given a value.
    if unmarked && ended.is_ok() && standing.signal == 0 {
        data.store.records.statuses.mark_all();
    }
    end(data, options, standing, ended.err())
}
