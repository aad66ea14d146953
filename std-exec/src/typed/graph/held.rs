//! What of a graph is lent to its runs.

use crate::typed::data::graph_data::GraphData;
use crate::typed::run::detached::Memory;
use std::fmt;

/// What of a graph is lent to its runs: its data, and the memory of runs on workers.
pub struct Held {
    /// `None` while a future has it that runs the graph.
    pub(crate) data: Option<Box<GraphData>>,
    /// Space for a run on the workers of an executor; empty until there was one.
    memory: Option<Memory>,
}

const LEAKED: &str = "a graph can't be used after the future of a run of it was leaked";

impl Held {
    pub(crate) fn new(data: GraphData) -> Self {
        Self { data: Some(Box::new(data)), memory: None }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn data(&self) -> &GraphData {
        self.data.as_ref().expect(LEAKED)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn data_mut(&mut self) -> &mut GraphData {
        self.data.as_mut().expect(LEAKED)
    }

    /// Lends the data to a future, so that nothing can be used any more if that is leaked.
    #[track_caller]
    pub(crate) fn lend(&mut self) -> Box<GraphData> {
        self.data.take().expect(LEAKED)
    }

    /// Lends the data, and the memory of runs, to a run on workers.
    #[track_caller]
    pub(crate) fn lend_to_workers(&mut self) -> (Box<GraphData>, Option<Memory>) {
        (self.lend(), self.memory.take())
    }

    /// Undoes [`lend_to_workers`](Self::lend_to_workers).
    pub(crate) fn give_back_all(&mut self, data: Box<GraphData>, memory: Memory) {
        self.give_back(data);
        self.memory = Some(memory);
    }

    /// Undoes [`lend`](Self::lend).
    pub(crate) fn give_back(&mut self, data: Box<GraphData>) {
        self.data = Some(data);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("lent", &self.data.is_none()).finish_non_exhaustive()
    }
}
