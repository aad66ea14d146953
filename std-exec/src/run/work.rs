//! What a member of a run does, node by node.
//!
//! ```text
//! take a node:  nodes that were woken, in turns with the own stack ─ arrivals held back ─ own queue ─ roots ─ what those who had to
//!               leave have handed in ─ steal from a queue
//! run it:       offer some of the stack, if there is nothing for others ─ body
//! complete it:  arrive at each successor; those that become ready go onto the stack, and the newest of them is next
//! none left:    report what was done ─ look around for a while, at last rob somebody who is in a body ─ sleep
//! ```
//!
//! Quiet, the one member takes nodes in order of their numbers, in turns with those that were woken or want
//! another turn, and offers nothing: whoever ends the quiet robs it. (Of graphs that are to go depth first it
//! takes the newest.)
//!
//! As long as others have something to take, a member's nodes stay on its private stack, and its arrivals are
//! added up ([`ArrivalBuffer`](crate::protocol::arrival_buffer::ArrivalBuffer)): no fence and hardly a shared
//! cache line per node. Before a body, the stack's older half, 32 nodes at most, goes to the queue if that is
//! empty and no roots are left: the oldest nodes have the most behind them, so those who take them stay busy
//! longest.
//!
//! **No ready node stays hidden.** While a member runs a body with anything left, its *surplus* is up, in the
//! sense of [`BiasedLock::raise`]; each time that it rises the member wakes somebody, if anybody sleeps, and
//! whoever takes a part of what there is, by theft or robbery, wakes the next. And nobody who could help goes
//! to sleep while a surplus is up: it takes what is offered, or robs, and finding nothing lowers it.
//!
//! [`BiasedLock::raise`]: crate::protocol::biased_lock::BiasedLock::raise

use crate::protocol::member::{Own, Private};
use crate::protocol::turns::Turns;
use crate::run::body::{Body, Progress};
use crate::run::state::Stealing;
use crate::run::statistics::count;
use crate::run::walking::Walks;
use crate::sync::{Ordering, spin_loop};
use crate::team::Stay;
use crate::team::{LOOKS, Team};
use crate::tuner::Samples;
use dgraph_core::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a member has done since it last reported, outside of the reach of unwinding.
#[derive(Debug, Default)]
pub(crate) struct Unreported {
    /// The node whose body is being called.
    pub(crate) running: Option<NodeId>,
    /// Nodes run and not yet reported.
    pub(crate) done: usize,
    /// When the quiet beginning began that is going on, in ticks of the run.
    quiet_since: Option<usize>,
    shares: usize,
    steals: usize,
    samples: Samples,
}

impl<F: Body> Stealing<'_, F> {
    /// Runs nodes until none can be had, or the stay is over, and reports them. A worker takes no more than
    /// it has, when it is wanted elsewhere for nodes that are bound to it. How many it has run.
    pub(crate) fn run_nodes(&self, team: &Team, own: &mut Own<'_>, stay: &Stay<'_>) -> usize {
        let quiet_since = (F::WAKES && team.is_quiet()).then(|| self.timer.elapsed());
        let mut progress = Unreported { quiet_since, ..Unreported::default() };
        while let Err(payload) =
            catch_unwind(AssertUnwindSafe(|| self.inner_loop(team, own, &mut progress, stay)))
        {
            // Before the node's successors are released: none of them may start.
            self.stop(payload);
            if let Some(node) = progress.running.take() {
                self.complete(own, node, false, &mut progress);
            }
        }
        self.timer.add(&progress.samples);
        team.finish(progress.done);
        if let Some(tally) = self.tally {
            let by_helpers = if own.is_caller() { 0 } else { progress.done };
            count(&tally.helper_nodes, by_helpers);
            count(&tally.offers, progress.shares);
            count(&tally.steals, progress.steals);
        }
        progress.done
    }

    /// The inner loop: until nothing can be had, or the stay is over. Unwinds out of a panicking body.
    fn inner_loop(&self, team: &Team, own: &mut Own<'_>, progress: &mut Unreported, stay: &Stay<'_>) {
        let (mut turns, mut in_vain, mut bodies) = (0, 0, 0);
        // (Also if it isn't any more: ended by this member, or during a body that has panicked.)
        let (mut quiet, mut quiet_turns) = (F::WAKES, Turns::default());
        let samples = self.timer.samples;
        let depth_first = F::WAKES && self.common.countdown.dag().is_depth_first();
        loop {
            if F::WAKES && quiet && !team.is_quiet() {
                quiet = false;
                self.ends_quiet(own, progress);
            }
            let in_order = quiet && !depth_first;
            if F::WAKES && in_order && quiet_turns.are_over() {
                self.take_woken(team, own);
            } else if F::WAKES && !in_order {
                // Woken nodes before others, but not for ever.
                turns = if turns > 0 { turns - 1 } else { self.take_woken(team, own) };
            }
            let ready = own.with(|private| match in_order {
                true => private.pop_in_turns(&mut quiet_turns),
                false => private.ready.pop(),
            });
            let Some(node) = ready.or_else(|| self.take_more(team, own, progress, stay)) else { break };
            let mut turn = Progress::Done;
            if !self.stopped.load(Ordering::Relaxed) {
                self.offer(team, own, progress);
                progress.running = Some(node);
                if quiet {
                    bodies += 1;
                    team.set_beat(bodies);
                }
                let began = if samples { progress.samples.begin() } else { 0 };
                turn = own.in_body(|| self.common.body.run(node));
                progress.samples.end(began, node, &self.timer);
                progress.running = None;
            } else {
                // There is nothing to help with in a run that only drains. That can't be news to anybody.
                let _ = own.raise(false);
            }
            match turn {
                Progress::Done => self.complete(own, node, in_order, progress),
                Progress::Yielded => {
                    in_vain += 1;
                    let left = own.with(|private| {
                        private.ready.push_oldest(node);
                        private.ready.len() + private.in_order.len()
                    });
                    if in_vain >= left {
                        in_vain = 0;
                        self.look_elsewhere(team, own, progress, stay);
                    }
                }
                Progress::Pending => {}
            }
            // Not before the first node: somebody has to get on.
            if stay.is_over(false) {
                break;
            }
        }
    }

    /// Nobody is quiet any more. If somebody was, so much was done meanwhile.
    #[cold]
    fn ends_quiet(&self, own: &mut Own<'_>, progress: &mut Unreported) {
        own.with(Private::end_order);
        if let Some(since) = progress.quiet_since.take() {
            self.timer.broken_into(
                since,
                self.timer.elapsed(),
                progress.done,
                self.common.countdown.dag().node_count(),
            );
        }
    }

    /// Puts the nodes that were woken onto the stack. How many there were.
    #[inline]
    fn take_woken(&self, team: &Team, own: &mut Own<'_>) -> usize {
        let mut taken = 0;
        if team.has_woken() {
            team.woken_are_taken();
            own.with(|private| {
                self.common.body.take_woken(|node| {
                    private.ready.push(node);
                    taken += 1;
                });
            });
        }
        taken
    }

    /// All nodes on the stack have been run, and want to be run again: what they wait for may be elsewhere.
    #[cold]
    fn look_elsewhere(&self, team: &Team, own: &mut Own<'_>, progress: &mut Unreported, stay: &Stay<'_>) {
        match self.take_more(team, own, progress, stay) {
            Some(node) => own.with(|private| private.ready.push(node)),
            None => {
                let _ = own.rob(self.common.countdown);
            }
        }
    }

    /// Nodes that were woken, after all others have had their turn: also those that somebody in a body keeps
    /// to itself, for whom there would be no thief as long as nodes wake each other.
    fn take_woken_at_last(&self, team: &Team, own: &mut Own<'_>) -> Option<NodeId> {
        if !team.has_woken() {
            return None;
        }
        // (In a run without such nodes the mark is meant for the team's last one, and is cleared.)
        let some = F::WAKES && own.rob(self.common.countdown) || self.take_woken(team, own) > 0;
        if some { own.with(|private| private.ready.pop()) } else { None }
    }

    /// A ready node from elsewhere than the own stack, which is empty, or holds nodes that were run just now.
    #[inline(never)]
    fn take_more(
        &self,
        team: &Team,
        own: &mut Own<'_>,
        progress: &mut Unreported,
        stay: &Stay<'_>,
    ) -> Option<NodeId> {
        let held_back = own.with(|private| {
            let before = private.ready.len();
            private.held.flush(self.common.countdown, |node| private.ready.push(node));
            if private.ready.len() > before { private.ready.pop() } else { None }
        });
        if let Some(node) = held_back.or_else(|| own.take_back()) {
            return Some(node);
        }
        // Looked at here, where nothing is left that only this member can get at: not at each node.
        let taken =
            if stay.is_wanted_elsewhere(false) { None } else { self.take_of_all(team, own, progress) };
        if taken.is_none() {
            // That can't be news to anybody.
            let _ = own.raise(false);
        } else if team.has_work() {
            // A member that offers several nodes has woken one thread. Each that comes wakes the next, or two.
            self.post(team);
            if own.offers_many() {
                let woken = self.common.shared.invite_another(team);
                self.count(|tally| (&tally.wakes, usize::from(woken)));
            }
        }
        taken
    }

    /// A ready node that anybody may take.
    fn take_of_all(&self, team: &Team, own: &mut Own<'_>, progress: &mut Unreported) -> Option<NodeId> {
        if let Some((left, taken)) = team.take_roots() {
            return own.with(|private| {
                let first = self.roots - left;
                let roots = &self.common.countdown.dag().roots()[first..first + taken];
                if F::WAKES && team.is_quiet() && !self.common.countdown.dag().is_depth_first() {
                    roots.iter().for_each(|root| private.in_order.push(root.get()));
                    return private.in_order.pop().map(NodeId::new);
                }
                roots.iter().rev().for_each(|&root| private.ready.push(root));
                private.ready.pop()
            });
        }
        if team.pot.has_some() {
            let left = own.with(|private| {
                team.pot.take(|node| private.ready.push(node));
                private.ready.pop()
            });
            if left.is_some() {
                return left;
            }
        }
        let stolen = own.steal().inspect(|_| {
            progress.steals += 1;
            // `post` tells the news, if it is any.
            let _ = own.raise(!own.offers_nothing());
        });
        stolen.or_else(|| self.take_woken_at_last(team, own))
    }

    /// This member has to leave: hands in what it has not run, for whoever stays or comes.
    pub(crate) fn hand_in(&self, team: &Team, own: &mut Own<'_>) {
        own.with(|private| {
            private.held.flush(self.common.countdown, |node| private.ready.push(node));
            debug_assert!(private.in_order.is_empty(), "it has worked since the quiet was over");
        });
        while let Some(node) = own.take_back() {
            own.with(|private| private.ready.push(node));
        }
        let _ = own.raise(false);
        if own.with(|private| private.ready.is_empty()) {
            return;
        }
        own.with(|private| team.pot.add(std::iter::from_fn(|| private.ready.pop_oldest())));
        self.post(team);
    }

    /// Before a body: sees to it that others have something to take, if there is anything. What is in the
    /// queue has raised the surplus when it came there.
    #[inline]
    fn offer(&self, team: &Team, own: &mut Own<'_>, progress: &mut Unreported) {
        let (nothing_ready, nothing_held) = own.with(|private| {
            (private.ready.is_empty() && private.in_order.is_empty(), private.held.is_empty())
        });
        if nothing_ready && nothing_held {
            return;
        }
        let quiet = F::WAKES && team.is_quiet(); // who comes robs
        let hungry = !nothing_held && team.anybody_searches();
        if !quiet && (own.offers_nothing() && !team.has_roots() || hungry) {
            self.offer_some(team, own, progress);
        }
        // Lowered when this member has run dry, or by somebody who has come for nothing: seldom, so that it
        // rises seldom.
        if own.raise(true) {
            self.post(team);
        }
    }

    /// Passes on what is held back, if somebody is waiting for it or there is nothing else, and moves ready
    /// nodes from the stack to the queue if that is empty.
    #[inline(never)]
    fn offer_some(&self, team: &Team, own: &mut Own<'_>, progress: &mut Unreported) {
        own.with(|private| {
            if private.ready.is_empty() || team.anybody_searches() {
                private.held.flush(self.common.countdown, |node| private.ready.push(node));
            }
        });
        progress.shares += usize::from(own.offer_some());
    }

    /// Arrives at the successors of `node`, and keeps those that this makes ready: `in_order`, if the run is
    /// quiet.
    #[inline]
    pub(crate) fn complete(
        &self,
        own: &mut Own<'_>,
        node: NodeId,
        in_order: bool,
        progress: &mut Unreported,
    ) {
        let edges = self.common.countdown.dag().successors(node);
        progress.done += 1;
        own.with(|private| {
            if F::WAKES && in_order {
                for edge in edges {
                    let (node, ready) = match edge.is_sole() {
                        true => (edge.target(), true),
                        false => private.held.arrive(self.common.countdown, edge.target()),
                    };
                    if ready {
                        private.in_order.push(node.get());
                    }
                }
                return;
            }
            // An arrival makes one node ready at the most.
            private.ready.reserve(edges.len());
            for edge in edges {
                let (node, ready) = if edge.is_sole() {
                    (edge.target(), true)
                } else {
                    private.held.arrive(self.common.countdown, edge.target())
                };
                private.ready.push_if(node, ready);
            }
        });
    }

    /// Waits a little for the end or for something to take, and at last robs. False if nothing came.
    pub(crate) fn find_work(&self, team: &Team, own: &mut Own<'_>) -> bool {
        let comes = |look: u32| {
            (0..look.min(4)).for_each(|_| spin_loop());
            team.is_finished() || team.has_public_work()
        };
        let looks = LOOKS / self.common.shared.crowd;
        if team.while_searching(|| (0..looks).any(comes)) {
            return true;
        }
        let robbed = own.rob(self.common.countdown);
        self.count(|tally| (&tally.private_steals, usize::from(robbed)));
        if !robbed {
            // A surplus may stay up for a moment while its owner, or another thief, waits for this very core.
            team.pause.give_way();
        } else if team.has_work() {
            // As in `take_more`: this member has taken half, and is busy now.
            self.post(team);
        }
        robbed || team.is_finished() || team.has_public_work()
    }
}
