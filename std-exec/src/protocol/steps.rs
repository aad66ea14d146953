//! The steps of a walk: which nodes its members may run side by side, and who runs which.
//!
//! A walk alone is one step, in the stored order. A walk in step goes through
//! [supersteps](dgraph_core::Supersteps): sequences of nodes, one for each member, that depend on nothing but
//! earlier supersteps and on themselves.

use dgraph_core::{NodeId, Supersteps};
use std::ops::Range;

/// In ticks: what it takes members to wait for each other, some 0.3 us.
pub(crate) const STEP_TICKS: u32 = 800;

/// The steps of a walk: which nodes its members may run side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'a> {
    nodes: &'a [NodeId],
    /// `None`: a walk alone.
    supersteps: Option<&'a Supersteps>,
}

/// One step: some positions in the order of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The number of the step after it.
    next: usize,
    /// Where the parts begin, and where the last one ends. Empty: it is the caller's.
    bounds: &'a [u32],
}

impl Step<'_> {
    /// What tells the one after this: where it begins, and its number.
    #[inline]
    pub(crate) fn next(self) -> (usize, usize) {
        (self.end, self.next)
    }

    /// The positions that the member number `lane` of so many `lanes` runs. Together they are the step. There may
    /// be fewer members than parts: then they run several. Or more: then some run none.
    #[inline]
    pub(crate) fn part(self, lane: usize, lanes: usize) -> Range<usize> {
        let Some(parts @ 1..) = self.bounds.len().checked_sub(1) else {
            return if lane == 0 { self.start..self.end } else { self.end..self.end };
        };
        let shares = lanes.clamp(1, parts);
        let bound = |lane: usize| self.bounds[lane.min(shares) * parts / shares] as usize;
        bound(lane)..bound(lane + 1)
    }
}

impl<'a> Steps<'a> {
    /// One step, through `order`.
    #[inline]
    pub(crate) fn alone(order: &'a [NodeId]) -> Self {
        Self { nodes: order, supersteps: None }
    }

    /// Through supersteps.
    pub(crate) fn through(supersteps: &'a Supersteps) -> Self {
        Self { nodes: supersteps.nodes(), supersteps: Some(supersteps) }
    }

    /// How many ticks a walk is expected to take by those for whom its supersteps were made.
    pub(crate) fn ticks(self) -> usize {
        let ticks = self.supersteps.map_or(0, Supersteps::cost);
        usize::try_from(ticks).unwrap_or(usize::MAX)
    }

    /// About how many ticks a walk of so many `threads` takes if its bodies take `work` together: not those for which
    /// the supersteps were made.
    pub(crate) fn ticks_of(self, work: usize, threads: usize) -> usize {
        let (mut longest, mut steps) = (0, 0);
        let mut step = Some(self.first());
        while let Some(now) = step {
            longest += (0..threads).map(|lane| now.part(lane, threads).len()).max().unwrap_or(0);
            steps += 1;
            step = self.after(now);
        }
        let slowest = work as u128 * longest as u128 / self.nodes.len().max(1) as u128;
        usize::try_from(slowest).unwrap_or(usize::MAX / 2).saturating_add(steps * STEP_TICKS as usize)
    }

    /// Whether members can join.
    #[inline]
    pub(crate) fn are_divided(self) -> bool {
        self.supersteps.is_some()
    }

    /// All nodes, in the order of the walk.
    #[inline]
    pub(crate) fn nodes(self) -> &'a [NodeId] {
        self.nodes
    }

    /// The first step.
    #[inline]
    pub(crate) fn first(self) -> Step<'a> {
        self.at((0, 0))
    }

    /// The step after `step`.
    #[inline]
    pub(crate) fn after(self, step: Step<'a>) -> Option<Step<'a>> {
        (step.end < self.nodes.len()).then(|| self.at(step.next()))
    }

    /// The step that begins at this position and has this number.
    pub(crate) fn at(self, (start, number): (usize, usize)) -> Step<'a> {
        match self.supersteps.filter(|supersteps| number < supersteps.len()) {
            Some(supersteps) => {
                let bounds = supersteps.bounds(number);
                Step { start, end: bounds[supersteps.lanes()] as usize, next: number + 1, bounds }
            }
            None => Step { start, end: self.nodes.len(), next: number, bounds: &[] },
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use dgraph_core::Dag;

    /// Layers of these widths, each node depending on the first one of the layer before.
    fn layers(widths: &[u32]) -> Dag {
        let (mut edges, mut start) = (Vec::new(), 0);
        for pair in widths.windows(2) {
            edges.extend((0..pair[1]).map(|node| (start, start + pair[0] + node)));
            start += pair[0];
        }
        Dag::from_edges(widths.iter().sum::<u32>() as usize, &edges).expect("a valid graph")
    }

    fn steps(steps: Steps<'_>) -> Vec<Step<'_>> {
        std::iter::successors(Some(steps.first()), |&step| steps.after(step)).collect()
    }

    #[test]
    fn steps_and_parts_cover_everything_once_and_in_order() {
        for widths in
            [&[1, 100, 1][..], &[16, 15, 17, 1, 1, 40_000], &[7], &[300_000], &[1; 9_000], &[15, 16]]
        {
            for made_for in [1, 2, 3, 7] {
                let dag = layers(widths);
                let supersteps = dag.view().supersteps(made_for, 10, |_| 9);
                let steps = steps(Steps::through(&supersteps));
                for lanes in [1, 2, 3, 64] {
                    let parts = steps.iter().flat_map(|step| (0..lanes).map(|lane| step.part(lane, lanes)));
                    assert!(parts.flatten().eq(0..supersteps.nodes().len()), "{widths:?} for {lanes}");
                }
            }
        }
    }

    #[test]
    fn alone_is_one_step_of_one() {
        let dag = layers(&[40, 40]);
        let steps = steps(Steps::alone(dag.view().order()));
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].part(0, 9), 0..80);
        assert!((1..9).all(|lane| steps[0].part(lane, 9).is_empty()));
    }
}
