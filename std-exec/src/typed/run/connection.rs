//! How the end of a run reaches the futures of its nodes: wakers, token, deadline, executor.

use crate::executor::Handle;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use crate::pool::timer::Alarm;
use crate::sync::thrown;
use crate::typed::data::graph_data::GraphData;
use crate::typed::memory::errors::Payload;
use crate::typed::memory::standing::Standing;
use crate::typed::memory::status::Status;
use crate::typed::options::run_options::RunOptions;
use crate::wake::Wakes;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl GraphData {
    /// Sees to it that the run's wakers and token reach nobody any more and, unless all nodes are complete,
    /// drops the futures that are left. What the first destructor that panics has thrown.
    pub(crate) fn let_go(
        &mut self,
        options: &RunOptions,
        executor: Option<&Handle>,
        standing: &Standing,
        all_complete: bool,
    ) -> Option<Payload> {
        let wakes = self.store.records.wakes.as_ref()?;
        #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
        drop(self.rare.as_mut().and_then(|rare| rare.alarm.take()));
        if let Some(token) = &options.token {
            token.detach(wakes);
        }
        if let Some(executor) = executor {
            executor.shared.detached.detach(wakes);
        }
        wakes.detach();
        let mut thrown = None;
        let mut waited = Vec::new();
        if !all_complete {
            (0..wakes.index_of_run()).for_each(|waker| wakes.end(waker));
            for future in (0..).take(self.store.futures()) {
                // SAFETY: the run is over, so nobody polls it until the next one calls its node.
                let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { self.store.drop_future(future) }));
                let node = self.store.tasks.node_of_waker(future);
                let status = self.store.records.statuses.get(node);
                if matches!(status, Status::PENDING | Status::INTERRUPTED) {
                    let ended = if dropped.is_ok() { Status::INTERRUPTED } else { Status::PANICKED };
                    self.store.records.statuses.set(node, ended);
                    if status == Status::PENDING && standing.watching.is_some() {
                        waited.push(node);
                    }
                }
                thrown = thrown::first(thrown, dropped.err());
            }
            // Behind the futures, which may use what was limited.
            let limited = self.rare().and_then(|rare| rare.limited.as_ref());
            limited.into_iter().for_each(|limited| limited.release_all());
        }
        if let Some(watching) = standing.watching {
            let watch = self.watch(options, watching);
            waited.into_iter().for_each(|node| watch.ends_waiting(node));
        }
        thrown
    }

    /// Connects the graph's wakers with the run's token, and with the executor, for the case that this is
    /// shut down.
    pub(crate) fn connect(&mut self, options: &RunOptions, executor: Option<&Handle>) {
        let wakers = self.store.wakers();
        let wakes = self.store.records.wakes.get_or_insert_with(|| Wakes::new(wakers));
        if let Some(token) = &options.token {
            token.attach(wakes);
        }
        if let Some(executor) = executor {
            executor.shared.detached.attach(wakes);
        }
        #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
        if let Some(deadline) = options.deadline {
            let alarm = Alarm::set(deadline, wakes);
            self.rare_mut().alarm = alarm;
        }
    }
}
