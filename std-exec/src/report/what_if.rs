//! What a run of a trace would take with other threads, or with other nodes.

use crate::observe::Trace;
use dgraph_core::{Dag, NodeId, WhatIf};
use std::time::Duration;

impl Trace {
    /// The run at this place in the [list](Self::runs), as a graph whose nodes take as long as they took in
    /// it: what it would have taken on other numbers of threads, and which node is worth making faster.
    ///
    /// A node takes as long as its closure was called, or its future polled. So what futures wait for takes
    /// no time, and nodes that weren't called or aren't recorded take none. A graph that is a node counts as
    /// one node, which takes as long as it took with the threads that it had.
    ///
    /// # Panics
    ///
    /// If there is no such run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions, SchedulingPolicy};
    /// use std::{sync::Arc, thread::sleep, time::Duration};
    ///
    /// let mut graph = GraphBuilder::new();
    /// for name in ["one", "two", "three", "four"] {
    ///     graph.node(name, (), || sleep(Duration::from_millis(2)));
    /// }
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?; // on one thread
    ///
    /// let what_if = recorder.trace().what_if(0);
    /// for threads in [1, 2, 4] {
    ///     let makespan = what_if.makespan(threads, SchedulingPolicy::WorkStealing);
    ///     println!("{threads} threads: {makespan:?}");
    /// }
    /// assert!(what_if.work() >= Duration::from_millis(8) && what_if.parallelism() > 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn what_if(&self, run: usize) -> WhatIf<Dag> {
        let traced = &self.runs[run];
        let mut took = vec![Duration::ZERO; traced.node_count()];
        for span in self.spans().filter(|span| span.mark.run as usize == run) {
            took[span.node().index()] += span.end() - span.begin();
        }
        let dag = Dag::from_edges(took.len(), &traced.shape.edges).expect("the edges of a graph");
        WhatIf::new(dag, |node: NodeId| took[node.index()])
    }
}
