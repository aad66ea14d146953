//! Nodes without work that are complete as soon as another one has begun, or has reached a moment: who waits
//! for whom, and how far that is in a run.

use super::status::{Status, Statuses};
use crate::sync::{Mutex, lock};
use std::sync::Arc;

/// A node without work, and the one that it waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// What is to begin, or to reach a moment.
    pub(crate) of: u32,
    /// What is complete then.
    pub(crate) start: u32,
    /// It is a moment, of which `of` says itself that it is reached.
    pub(crate) is_moment: bool,
    /// By which number the start is woken.
    pub(crate) waker: u32,
}

/// How far a node is whose start is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It is not there, and may yet come there.
    Ahead,
    Reached,
    /// It is complete, and was never there in this run.
    Missed,
}

/// All of them.
pub(crate) struct Starts {
    /// By `of`.
    starts: Arc<[Start]>,
    /// Of each. Who changes one wakes whoever waits for it afterwards; who finds that it has to wait says so
    /// afterwards, and is told if it was woken meanwhile.
    stages: Box<[Mutex<Stage>]>,
    /// Where each start is in that list, by its own number.
    places: Arc<[(u32, usize)]>,
}

impl Starts {
    /// `None` if there are none.
    pub(crate) fn new(mut starts: Vec<Start>) -> Option<Arc<Self>> {
        starts.sort_unstable_by_key(|start| (start.of, start.start));
        let mut places: Vec<_> = starts.iter().enumerate().map(|(at, start)| (start.start, at)).collect();
        places.sort_unstable();
        (!starts.is_empty()).then(|| Self::of(starts.into(), places.into()))
    }

    fn of(starts: Arc<[Start]>, places: Arc<[(u32, usize)]>) -> Arc<Self> {
        let stages = starts.iter().map(|_| Mutex::new(Stage::Ahead)).collect();
        Arc::new(Self { starts, stages, places })
    }

    /// The same, for other runs.
    pub(crate) fn another(&self) -> Arc<Self> {
        Self::of(Arc::clone(&self.starts), Arc::clone(&self.places))
    }

    /// A run begins. What these inputs are to begin, or to come to, is missed: in an ordered run nobody says
    /// that they are complete.
    #[cold]
    pub(crate) fn begin(&self, inputs: &[u32]) {
        self.stages.iter().for_each(|stage| *lock(stage) = Stage::Ahead);
        inputs.iter().for_each(|&input| self.ends(input).for_each(drop));
    }

    /// Each start, with the node of which it is one.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, u32)> {
        self.starts.iter().map(|start| (start.start, start.of))
    }

    fn place(&self, start: u32) -> Option<usize> {
        let at = self.places.binary_search_by_key(&start, |&(start, _)| start).ok()?;
        Some(self.places[at].1)
    }

    /// How far the node is that this one waits for, and its waker. `None` if it waits for none.
    pub(crate) fn stage(&self, start: u32) -> Option<(Stage, u32)> {
        let at = self.place(start)?;
        Some((*lock(&self.stages[at]), self.starts[at].waker))
    }

    /// Whether what this start waits for was there. Who has ended its branch has begun: if not in this run, it
    /// wasn't called in it, since it is as it was.
    pub(crate) fn is_there(&self, start: u32, statuses: &Statuses) -> bool {
        let Some(at) = self.place(start) else { return false };
        let Start { of, is_moment, .. } = self.starts[at];
        *lock(&self.stages[at]) == Stage::Reached || !is_moment && statuses.get(of) == Status::ENDED_BRANCH
    }

    /// What is waited for as this start.
    pub(crate) fn of_start(&self, start: u32) -> Option<u32> {
        self.place(start).map(|at| self.starts[at].of)
    }

    /// The moment that is this start is reached. Gives the waker of who waits for it, if that is news.
    pub(crate) fn reach(&self, start: u32) -> Option<u32> {
        self.place(start).and_then(|at| self.comes_to(at, Stage::Reached))
    }

    /// `node` begins. Gives the wakers of those that wait for that.
    pub(crate) fn begins(&self, node: u32) -> impl Iterator<Item = u32> {
        let starts = self.starts_of(node).filter(|&at| !self.starts[at].is_moment);
        starts.filter_map(|at| self.comes_to(at, Stage::Reached))
    }

    /// `node` is complete. Gives the wakers of those that wait for something that it has never come to.
    pub(crate) fn ends(&self, node: u32) -> impl Iterator<Item = u32> {
        self.starts_of(node).filter_map(|at| self.comes_to(at, Stage::Missed))
    }

    fn starts_of(&self, node: u32) -> impl Iterator<Item = usize> {
        let from = self.starts.partition_point(|start| start.of < node);
        (from..self.starts.len()).take_while(move |&at| self.starts[at].of == node)
    }

    fn comes_to(&self, at: usize, stage: Stage) -> Option<u32> {
        let mut now = lock(&self.stages[at]);
        let is_news = *now == Stage::Ahead;
        if is_news {
            *now = stage;
        }
        is_news.then_some(self.starts[at].waker)
    }
}
