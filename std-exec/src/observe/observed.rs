//! The observer of a run, or several.

use super::node_info::NodeInfo;
use super::observer::Observer;
use super::outcome::{NodeOutcome, RunOutcome, SkipReason};
use super::run_info::RunInfo;
use crate::sync::thrown::discard;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The observer of a run, if it has one: several are one that passes on what it is told.
#[derive(Clone, Default)]
pub(crate) struct Observed(Option<Arc<dyn Observer>>);

impl Observed {
    pub(crate) const NONE: Self = Self(None);

    /// From now on `observer` is told, too.
    pub(crate) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.0 = Some(match self.0.take() {
            None => observer,
            Some(before) => Arc::new(Both(before, observer)),
        });
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&dyn Observer> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "observed" } else { "not observed" })
    }
}

/// Calls an observer: what it panics with changes nothing about the run.
#[inline]
pub(crate) fn tell<'o>(observer: Option<&'o dyn Observer>, what: impl FnOnce(&'o dyn Observer)) {
    if let Some(observer) = observer {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| what(observer))) {
            discard(payload);
        }
    }
}

/// Two observers, one after the other.
struct Both(Arc<dyn Observer>, Arc<dyn Observer>);

impl Both {
    fn tell(&self, what: impl Fn(&dyn Observer)) {
        tell(Some(&*self.0), &what);
        what(&*self.1);
    }
}

impl Observer for Both {
    fn run_begins(&self, run: &RunInfo<'_>) {
        self.tell(|observer| observer.run_begins(run));
    }

    fn run_ends(&self, run: &RunInfo<'_>, outcome: RunOutcome) {
        self.tell(|observer| observer.run_ends(run, outcome));
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        self.tell(|observer| observer.node_begins(node));
    }

    fn node_waits(&self, node: &NodeInfo<'_>) {
        self.tell(|observer| observer.node_waits(node));
    }

    fn node_resumes(&self, node: &NodeInfo<'_>) {
        self.tell(|observer| observer.node_resumes(node));
    }

    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        self.tell(|observer| observer.node_ends(node, outcome));
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        self.tell(|observer| observer.node_skipped(node, reason));
    }
}
