//! The steps of a walk: which nodes its members may run side by side, and who runs which.
//!
//! A walk alone is one step, in the stored order, or in an ordered run in the serial one. A walk in step goes
//! through [supersteps](dgraph_core::Supersteps): sequences of nodes, one for each member, that depend on
//! nothing but earlier supersteps and on themselves. Within a sequence there are points at which its member
//! waits for others.

use dgraph_core::{NodeId, Supersteps, SyncPoint};
use std::ops::Range;

/// In ticks: what it takes a member to see what another one has done, and to go on: some 0.3 us.
pub(crate) const WAIT_TICKS: u32 = 800;

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
    pub(crate) number: usize,
    /// Where the lanes' parts begin, and where the last one ends. Empty: it is the first lane's.
    bounds: &'a [u32],
}

impl Step<'_> {
    /// The positions that the member in this lane runs. Those of all lanes are the step.
    #[inline]
    pub(crate) fn part(self, lane: usize) -> Range<usize> {
        match self.bounds.get(lane..lane + 2) {
            Some(bounds) => bounds[0] as usize..bounds[1] as usize,
            None => self.start..self.end,
        }
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

    /// About how many ticks a walk takes if its bodies take `work` together: not those for which the
    /// supersteps were made.
    pub(crate) fn ticks_of(self, work: usize) -> usize {
        let (cost, made_for) = self.supersteps.map_or((1, 1), |made| (made.cost(), made.work()));
        let ticks = work as u128 * u128::from(cost) / u128::from(made_for.max(1));
        usize::try_from(ticks).unwrap_or(usize::MAX)
    }

    /// Where the member in this lane waits for others in this step.
    #[inline]
    pub(crate) fn points(self, step: Step<'a>, lane: usize) -> &'a [SyncPoint] {
        let supersteps = self.supersteps.filter(|_| !step.bounds.is_empty());
        supersteps.map_or(&[], |supersteps| supersteps.points(step.number, lane))
    }

    /// For how many members they are.
    #[inline]
    pub(crate) fn lanes(self) -> usize {
        self.supersteps.map_or(1, Supersteps::lanes)
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
        self.at(0)
    }

    /// The step after `step`.
    #[inline]
    pub(crate) fn after(self, step: Step<'a>) -> Option<Step<'a>> {
        (step.end < self.nodes.len()).then(|| self.at(step.number + 1))
    }

    /// The step of this number, from 0. If there is no such step: an empty one, at the end.
    pub(crate) fn at(self, number: usize) -> Step<'a> {
        let end = self.nodes.len();
        match self.supersteps {
            Some(supersteps) if number < supersteps.len() => {
                let bounds = supersteps.bounds(number);
                Step { start: bounds[0] as usize, end: bounds[supersteps.lanes()] as usize, number, bounds }
            }
            None if number == 0 => Step { start: 0, end, number, bounds: &[] },
            _ => Step { start: end, end, number, bounds: &[] },
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
                let parts = steps.iter().flat_map(|step| (0..made_for).map(|lane| step.part(lane)));
                assert!(parts.flatten().eq(0..supersteps.nodes().len()), "{widths:?} for {made_for}");
            }
        }
    }

    #[test]
    fn alone_is_one_step_of_one() {
        let dag = layers(&[40, 40]);
        let steps = steps(Steps::alone(dag.view().order()));
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].part(0), 0..80);
    }
}
