//! The steps of a walk: which nodes its members may run side by side, and who runs which.
//!
//! A walk alone is one step, in the stored order. A walk in step goes through the levels: nodes of one level
//! don't depend on each other, so its members divide them (*level scheduling*; Anderson and Saad, "Solving
//! sparse triangular linear systems on parallel computers", 1989). Levels too narrow to be divided are one
//! step as long as they follow each other, and the caller's; wide ones are several, each as long as those
//! before it together, since members may join between two steps. Or it goes through
//! [supersteps](dgraph_core::Supersteps), which are divided beforehand.

use crate::sync::MODEL;
use dgraph_core::{Levels, NodeId, Supersteps};
use std::ops::Range;

/// Levels with fewer nodes aren't divided.
const NARROW: usize = if MODEL { 2 } else { 16 };
/// How many nodes of a level a member gets at least.
const LEAST_PART: usize = if MODEL { 1 } else { 8 };
/// How many nodes of a level are the first step, and how many of narrow ones one step at the most, about.
const FIRST_STEP: usize = if MODEL { 2 } else { 512 };
const LONGEST_STEP: usize = 4096;
/// In ticks: what it takes members to wait for each other, some 0.3 us.
pub(crate) const STEP_TICKS: u32 = 800;

/// The steps of a walk: which nodes its members may run side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'a> {
    nodes: &'a [NodeId],
    order: Order<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Order<'a> {
    /// For a walk alone.
    Undivided,
    /// Where levels begin and end.
    Levels(&'a [usize]),
    Supersteps(&'a Supersteps),
}

/// One step: some positions in the order of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The level that `end` lies in, or the number of the next superstep.
    next: usize,
    division: Division<'a>,
}

/// Who runs which part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Division<'a> {
    /// The caller runs it all.
    None,
    /// Everybody runs about as many nodes.
    Even,
    /// Where the parts begin, and where the last one ends.
    At(&'a [u32]),
}

impl Step<'_> {
    /// What tells the one after this: where it begins, and in which level.
    #[inline]
    pub(crate) fn next(self) -> (usize, usize) {
        (self.end, self.next)
    }

    /// The positions that the member number `lane` of so many `lanes` runs. Together they are the step.
    #[inline]
    pub(crate) fn part(self, lane: usize, lanes: usize) -> Range<usize> {
        match self.division {
            Division::None if lane == 0 => self.start..self.end,
            Division::None => self.end..self.end,
            Division::Even => {
                let width = self.end - self.start;
                let shares = lanes.min(width / LEAST_PART).max(1);
                let bound = |lane: usize| self.start + (width * lane.min(shares)).div_ceil(shares);
                bound(lane)..bound(lane + 1)
            }
            // There may be fewer members than parts: then they run several, or more: then some run none.
            Division::At(bounds) => {
                let parts = bounds.len() - 1;
                let shares = lanes.min(parts);
                let bound = |lane: usize| bounds[lane.min(shares) * parts / shares] as usize;
                bound(lane)..bound(lane + 1)
            }
        }
    }
}

impl<'a> Steps<'a> {
    /// One step, through `order`.
    #[inline]
    pub(crate) fn alone(order: &'a [NodeId]) -> Self {
        Self { nodes: order, order: Order::Undivided }
    }

    /// Through the levels.
    pub(crate) fn through(levels: &'a Levels) -> Self {
        Self { nodes: levels.nodes(), order: Order::Levels(levels.starts()) }
    }

    /// Through supersteps.
    pub(crate) fn by(supersteps: &'a Supersteps) -> Self {
        Self { nodes: supersteps.nodes(), order: Order::Supersteps(supersteps) }
    }

    /// About how many ticks a walk of so many `threads` takes whose bodies take `work` together.
    pub(crate) fn ticks(self, work: usize, threads: usize) -> usize {
        let (mut parts, mut steps) = (0, 0);
        let mut step = Some(self.first());
        while let Some(now) = step {
            parts += now.part(0, threads).len();
            steps += 1;
            step = self.after(now);
        }
        let slowest = work as u128 * parts as u128 / self.nodes.len().max(1) as u128;
        usize::try_from(slowest).unwrap_or(usize::MAX / 2).saturating_add(steps * STEP_TICKS as usize)
    }

    /// Whether members can join.
    #[inline]
    pub(crate) fn are_divided(self) -> bool {
        !matches!(self.order, Order::Undivided)
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

    /// The step that begins at this position, in this level or superstep.
    pub(crate) fn at(self, (start, number): (usize, usize)) -> Step<'a> {
        match self.order {
            Order::Undivided => Step { start, end: self.nodes.len(), next: 1, division: Division::None },
            Order::Levels(starts) => self.at_level(starts, start, number),
            Order::Supersteps(supersteps) if number == supersteps.len() => {
                Step { start, end: self.nodes.len(), next: number, division: Division::None }
            }
            Order::Supersteps(supersteps) => {
                let bounds = supersteps.bounds(number);
                let end = bounds[supersteps.lanes()] as usize;
                Step { start, end, next: number + 1, division: Division::At(bounds) }
            }
        }
    }

    fn at_level(self, starts: &[usize], start: usize, level: usize) -> Step<'a> {
        let levels = starts.len() - 1;
        let is_wide = |level: usize| starts[level + 1] - starts[level] >= NARROW;
        if level == levels {
            return Step { start, end: self.nodes.len(), next: levels, division: Division::None };
        }
        if !is_wide(level) {
            let mut next = level + 1;
            while next < levels && !is_wide(next) && starts[next] - start < LONGEST_STEP {
                next += 1;
            }
            return Step { start, end: starts[next], next, division: Division::None };
        }
        let (first, last) = (starts[level], starts[level + 1]);
        let length = FIRST_STEP.max(start - first);
        // Nothing short is left over.
        if last - start < length + length / 2 {
            Step { start, end: last, next: level + 1, division: Division::Even }
        } else {
            Step { start, end: start + length, next: level, division: Division::Even }
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
            let levels = layers(widths).view().levels();
            let steps = steps(Steps::through(&levels));
            for lanes in [1, 2, 3, 64] {
                let parts = steps.iter().flat_map(|step| (0..lanes).map(|lane| step.part(lane, lanes)));
                assert!(parts.flatten().eq(0..levels.nodes().len()), "{widths:?} for {lanes}");
            }
            for step in &steps {
                let inside = |bound: &&usize| (step.start + 1..step.end).contains(bound);
                assert!(
                    step.division == Division::None || levels.starts().iter().find(inside).is_none(),
                    "{step:?} of {widths:?}"
                );
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

    #[test]
    fn wide_levels_begin_with_short_steps() {
        let levels = layers(&[100_000]).view().levels();
        let lengths: Vec<_> =
            steps(Steps::through(&levels)).iter().map(|step| step.end - step.start).collect();
        assert_eq!(lengths[..4], [512, 512, 1024, 2048]);
        assert!(lengths.len() < 10);
    }
}
