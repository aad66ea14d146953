//! Which nodes of an update may stay as they are, if those before them do: what is planned as if no result
//! were equal to the last one, seen once more.

use super::prepare::{CHANGED, FORCED, GIVEN, GONE, NEEDED, RUNS};
use crate::typed::data::graph_data::GraphData;
use crate::typed::memory::cutoffs::Planned;
use crate::typed::memory::status::State;

impl GraphData {
    /// An update begins that has planned this.
    pub(super) fn plan_cutoffs(&mut self, marks: &mut [u8], taken_are_gone: bool) {
        let Some(mut cutoffs) = self.rare.as_mut().and_then(|rare| rare.cutoffs.take()) else { return };
        self.mark_needed_again(marks, taken_are_gone);
        cutoffs.begin(|node| self.planned(node, marks[node as usize], taken_are_gone));
        self.rare_mut().cutoffs = Some(cutoffs);
    }

    fn planned(&self, node: u32, mark: u8, taken_are_gone: bool) -> Planned {
        if mark & RUNS == 0 {
            return if mark & (CHANGED | GIVEN) == 0 { Planned::Stays } else { Planned::IsNews };
        }
        let is_needed = mark & NEEDED != 0;
        let has_ended = self.has_ended(node, taken_are_gone);
        match (mark & FORCED != 0, mark & GONE != 0) {
            (false, false) if is_needed && has_ended => Planned::MayRun,
            (true, false) if is_needed && has_ended => Planned::Runs,
            (false, _) if has_ended || self.store.records.statuses.get(node).state() == State::Taken => {
                Planned::RunsAgain
            }
            _ => Planned::IsNew,
        }
    }

    /// Marks nodes whose result is gone, and that have to run because one may run that needs it. Not so if
    /// that one runs only because of them, and they stay as they are: then it does, too.
    fn mark_needed_again(&self, marks: &mut [u8], taken_are_gone: bool) {
        for node in self.topology.forward().rev() {
            let mark = marks[node as usize];
            if mark & (RUNS | NEEDED) != RUNS | NEEDED {
                continue;
            }
            let may_stay = mark & (FORCED | GONE) == 0 && self.has_ended(node, taken_are_gone);
            let is_news = |&before: &u32| marks[before as usize] & (RUNS | CHANGED | GIVEN) != 0;
            let mut news = self.topology.predecessors(node).map(|before| before.node).filter(is_news);
            let first = news.next();
            let for_one = news.all(|other| Some(other) == first);
            if may_stay && for_one {
                continue;
            }
            for before in self.topology.predecessors(node).filter(|before| before.kind.feeds()) {
                if marks[before.node as usize] & RUNS != 0 && !self.can_feed(before.node) {
                    marks[before.node as usize] |= GONE;
                }
            }
        }
    }
}
