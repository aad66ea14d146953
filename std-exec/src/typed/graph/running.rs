//! A run of a graph that is a future: not begun, under way here or on the workers of an executor, or over.
//!
//! Meanwhile the graph's data is away, so that nothing can be used any more if the future is leaked.

use super::held::Held;
use crate::executor::{Executor, Handle};
use crate::sync::thrown::discard;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::run_error::RunError;
use crate::typed::options::run_options::RunOptions;
use crate::typed::run::async_run::{AsyncRun, BUDGET};
use crate::typed::run::begin_and_end;
use crate::typed::run::detached::Detached;
use std::fmt;
use std::mem;
use std::task::{Context, Poll};

/// A run of a graph that is a future: not begun, under way, or over.
pub(crate) struct Running(Stage);

enum Stage {
    /// With an executor: on its workers.
    NotBegun(RunOptions, Option<Handle>),
    Here(AsyncRun, Box<GraphData>),
    OnWorkers(Detached),
    Over,
}

impl Running {
    /// On the thread that polls.
    pub(crate) fn here(options: RunOptions) -> Self {
        Self(Stage::NotBegun(options, None))
    }

    /// On the workers of `executor`. For graphs that borrow nothing and whose nodes may run anywhere.
    pub(crate) fn on_workers(executor: &Executor, options: RunOptions) -> Self {
        Self(Stage::NotBegun(options, Some(executor.handle().clone())))
    }

    /// Begins, if that has not been done.
    #[track_caller]
    pub(crate) fn begin(&mut self, graph: &mut Held) -> Result<(), RunError> {
        if let Stage::NotBegun(options, executor) = &mut self.0 {
            let (options, executor) = (mem::take(options), executor.take());
            self.0 = Stage::Over;
            self.0 = match executor {
                Some(executor) if executor.workers > 0 => {
                    executor.check_process();
                    let standing = begin_and_end::begin(graph.data_mut(), Some(&executor), &options)?;
                    let (data, memory) = graph.lend_to_workers();
                    // SAFETY: only `on_workers` names an executor.
                    Stage::OnWorkers(unsafe { Detached::begin(data, memory, executor, options, standing) })
                }
                _ => {
                    let run = AsyncRun::begin(graph.data_mut(), None, options)?;
                    Stage::Here(run, graph.lend())
                }
            };
        }
        Ok(())
    }

    /// Goes on with the run of `graph`, which has its data again when that is over.
    ///
    /// # Panics
    ///
    /// With the panic of a node, unless the options catch it; if the run is over.
    #[track_caller]
    pub(crate) fn poll(&mut self, graph: &mut Held, context: &Context<'_>) -> Poll<Result<(), RunError>> {
        if let Err(error) = self.begin(graph) {
            return Poll::Ready(Err(error));
        }
        match &mut self.0 {
            Stage::Here(run, data) => {
                let outcome = run.poll(data, BUDGET, context);
                if outcome.is_ready() {
                    self.end(graph);
                }
                outcome
            }
            Stage::OnWorkers(run) => {
                let Poll::Ready((data, memory, ended)) = run.poll(context) else { return Poll::Pending };
                self.0 = Stage::Over;
                graph.give_back_all(data, memory);
                Poll::Ready(ended.outcome(graph.data_mut()))
            }
            Stage::NotBegun(..) | Stage::Over => panic!("polled after its end"),
        }
    }

    /// Ends the run, whatever it has come to: drops the futures that are left and gives the graph its data
    /// back.
    pub(crate) fn end(&mut self, graph: &mut Held) {
        match mem::replace(&mut self.0, Stage::Over) {
            Stage::Here(mut run, mut data) => {
                // A destructor that panics while a future is dropped: there is nobody to tell. What was
                // thrown may panic again when it is dropped.
                run.give_up(&mut data).into_iter().for_each(discard);
                graph.give_back(data);
            }
            Stage::OnWorkers(mut run) => {
                if let Some((mut data, memory, ended)) = run.end() {
                    ended.forget(&mut data);
                    graph.give_back_all(data, memory);
                }
            }
            Stage::NotBegun(..) | Stage::Over => {}
        }
    }

    /// Whether there is nothing more to wait for. It may take another poll to see what has come of it. Runs
    /// what is bound to the caller.
    pub(crate) fn is_finished(&self) -> bool {
        match &self.0 {
            Stage::NotBegun(..) => false,
            Stage::OnWorkers(run) => run.is_finished(),
            // Nobody goes on with it but who polls it.
            Stage::Here(..) | Stage::Over => true,
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Stage::NotBegun(..) => "not begun",
            Stage::Here(..) | Stage::OnWorkers(_) => "under way",
            Stage::Over => "over",
        })
    }
}
