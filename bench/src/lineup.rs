//! Which systems run a graph side by side, and what to say about those that don't, or not all of it.

use crate::body::{Body, Stamp};
use crate::graph::Graph;
use crate::measure::{Contender, Plan, interleaved};
use crate::system::SystemId;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// Systems that are measured together.
#[derive(Debug)]
pub struct Lineup {
    plan: Plan,
    entries: Vec<Entry>,
    contenders: Vec<Contender>,
    remarks: BTreeSet<String>,
}

/// One of them.
#[derive(Debug)]
pub struct Entry {
    /// The system.
    pub system: SystemId,
    /// How many threads execute nodes.
    pub threads: usize,
    /// What it runs.
    pub graph: Arc<Graph>,
}

impl Lineup {
    /// Nobody yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self { plan, entries: Vec::new(), contenders: Vec::new(), remarks: BTreeSet::new() }
    }

    /// Adds a system with each number of threads, or with one if it has no use for more. If it can't run the
    /// graph, that is remarked. With `stamp`, a run of its own checks the order first.
    ///
    /// # Errors
    ///
    /// If it runs the nodes in a wrong order.
    pub fn add<B: Body>(
        &mut self,
        system: SystemId,
        threads: &[usize],
        graph: &Arc<Graph>,
        body: B,
        stamp: Option<Stamp>,
    ) -> Result<(), String> {
        if let Some(reason) = system.refusal(graph) {
            self.remark(format!("{system} left out: {reason}"));
            return Ok(());
        }
        if system.is_rebuilt() {
            self.remark(format!(
                "{system}: can't simply run again, so it is built or reset anew (not timed)"
            ));
        }
        for &threads in if system.is_parallel() { threads } else { &[1] } {
            let started = match system.start(threads) {
                Ok(started) => Rc::new(started),
                Err(reason) => {
                    self.remark(format!("{system} left out on {threads} threads: {reason}"));
                    continue;
                }
            };
            if let Some(stamp) = stamp {
                stamp.clear();
                started.build(graph, stamp).run();
                stamp
                    .check_order(graph.nodes, &graph.edges)
                    .map_err(|error| format!("{system} on {}, {threads} threads: {error}", graph.name))?;
            }
            self.contenders.push(Contender::new(&started, system.is_rebuilt(), graph, body, &self.plan));
            self.entries.push(Entry { system, threads, graph: Arc::clone(graph) });
        }
        Ok(())
    }

    /// Adds something to know about the figures.
    pub fn remark(&mut self, remark: String) {
        self.remarks.insert(remark);
    }

    /// Measures all of them, interleaved.
    ///
    /// # Errors
    ///
    /// If one computed what is wrong.
    pub fn measure(&mut self) -> Result<(), String> {
        interleaved(&mut self.contenders, &self.plan).map_err(|(number, error)| {
            let Entry { system, threads, graph, .. } = &self.entries[number];
            format!("{system} on {}, {threads} threads: {error}", graph.name)
        })?;
        for (entry, contender) in self.entries.iter().zip(&self.contenders) {
            if contender.runs.len() < self.plan.runs {
                let (runs, cap) = (contender.runs.len(), self.plan.cap.as_secs_f64());
                let Entry { system, threads, .. } = entry;
                self.remarks
                    .insert(format!("{system}, {threads} threads: {runs} runs, stopped after {cap} s"));
            }
        }
        Ok(())
    }

    /// The systems with their times, in the order in which they were added.
    pub fn results(&self) -> impl Iterator<Item = (&Entry, &Contender)> {
        self.entries.iter().zip(&self.contenders)
    }

    /// Hands each system over for measurements of another kind.
    ///
    /// # Errors
    ///
    /// If `work` fails, with the system's name.
    pub fn each(
        &mut self,
        mut work: impl FnMut(&Entry, &mut Contender) -> Result<(), String>,
    ) -> Result<(), String> {
        for (entry, contender) in self.entries.iter().zip(&mut self.contenders) {
            work(entry, contender)
                .map_err(|error| format!("{} on {}: {error}", entry.system, entry.graph.name))?;
        }
        Ok(())
    }

    /// What to know about the figures.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.iter().cloned().collect()
    }
}
