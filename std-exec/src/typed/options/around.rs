//! What a run tells those who have no [frame](crate::typed::memory::frame) of it: futures, which are polled
//! by one frame after the other, and the runs of graphs that its nodes are.

use crate::sync::{AtomicUsize, Ordering};
use std::sync::Arc;

/// What has stopped a run, and the run around it: kept by a graph for its runs, and shared with what begins
/// in them.
#[derive(Debug, Default)]
pub(crate) struct Around {
    signal: AtomicUsize,
    outer: Option<Outer>,
}

/// A run, as something that belongs to one of its nodes sees it.
#[derive(Clone, Debug)]
pub(crate) struct Outer {
    run: Arc<Around>,
    /// What doesn't stop the node.
    ignored: usize,
}

impl Around {
    /// A run begins, in `outer`, if that is one. Whoever still holds what an earlier run told that was
    /// stopped keeps that.
    pub(crate) fn begin(this: &mut Arc<Self>, outer: Option<Outer>) {
        if outer.is_none() && this.outer.is_none() && this.signal.load(Ordering::Relaxed) == 0 {
            return; // as good as new
        }
        let new = Self { signal: AtomicUsize::new(0), outer };
        match Arc::get_mut(this) {
            Some(own) => *own = new,
            None => *this = Arc::new(new),
        }
    }

    /// The run is over, and lets go of the one around it, which would otherwise have to make a new one.
    pub(crate) fn end(this: &mut Arc<Self>) {
        if this.outer.is_some() {
            Arc::get_mut(this).into_iter().for_each(|own| own.outer = None);
        }
    }

    /// The run was signalled this.
    pub(crate) fn raise(&self, signal: usize) {
        // Relaxed: a hint, which says nothing about anything else.
        self.signal.fetch_or(signal, Ordering::Relaxed);
    }
}

impl Outer {
    pub(crate) fn new(run: &Arc<Around>, ignored: usize) -> Self {
        Self { run: Arc::clone(run), ignored }
    }

    /// What was signalled to this run and to those around it, but for what doesn't concern the node.
    pub(crate) fn signal(&self) -> usize {
        let own = self.run.signal.load(Ordering::Relaxed) & !self.ignored;
        own | self.run.outer.as_ref().map_or(0, Self::signal)
    }
}
