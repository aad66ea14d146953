//! What a member does that drives a run alone ([`Solo`](crate::solo::Solo)), and who comes while it does.
//!
//! ```text
//! driver   claim ─ node, node, … ─┬─ the last one is complete ─ leave
//!                                 ├─ none is ready: share ─┐
//!                                 ├─ asked: share ─────────┼─ work, as any member
//!                                 └─ somebody broke in ────┘
//! helper   join ─┬─ nodes were woken, and the driver takes them ─ leave
//!                └─ it doesn't, or somebody has asked already: ask ─ break in, or see it share ─ work
//! ```
//!
//! A driver that waits for something is broken into: while it has the run, a worker watches, as with walks (`worker.rs`).
//! Nodes that others wake meanwhile are posted as in any run: whoever comes for them waits until the driver takes them, for
//! as long as one looks around, and then no longer.

use crate::body::{Body, Turn};
use crate::member::Own;
use crate::run::Run;
use crate::sleep::posted;
use crate::solo::Driver;
use crate::stay::Stay;
use crate::sync::Backoff;
use crate::team::Team;
use crate::work::{PATIENCE, Progress};
use dgraph_core::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A node that was run when the driver could not go on any more.
struct Last {
    node: NodeId,
    turn: Turn,
}

impl<F: Body> Run<'_, F> {
    /// Drives the run until it is over or shared.
    #[inline(never)]
    pub(crate) fn drive(&self, team: &Team, own: &mut Own<'_>, mut driver: Driver<'_>, stay: &Stay<'_>) {
        let began = self.begun.elapsed();
        let mut progress = Progress::default();
        let driven =
            catch_unwind(AssertUnwindSafe(|| self.drive_nodes(team, &mut driver, &mut progress, stay)));
        let last = match driven {
            Ok(last) => last,
            Err(payload) => {
                // Before the node's successors are released: none of them may start.
                self.stop(payload);
                progress.running.map(|node| Last { node, turn: Turn::Complete })
            }
        };
        let asked = team.solo.is_asked() || last.is_some();
        driver.share(|node| own.with(|private| private.ready.push_oldest(node)));
        team.end_walk();
        match last {
            // Others may arrive at its successors by now.
            Some(Last { node, turn: Turn::Complete }) => self.complete(own, node, &mut progress),
            Some(Last { node, turn: Turn::Again }) => own.with(|private| private.ready.push_oldest(node)),
            Some(Last { turn: Turn::Waits, .. }) | None => {}
        }
        let (done, nodes) = (progress.done, self.countdown.dag().nodes());
        if asked && done < nodes {
            self.begun.broken_into(began, done, nodes);
        } else if done < nodes {
            self.begun.says_nothing(); // it waits for others than those who could run it
        }
        team.finish(done);
    }

    /// The driver's loop. Unwinds out of a panicking body. The last node, if others have come while it ran.
    fn drive_nodes(
        &self,
        team: &Team,
        driver: &mut Driver<'_>,
        progress: &mut Progress,
        stay: &Stay<'_>,
    ) -> Option<Last> {
        let dag = self.countdown.dag();
        driver.with(|ready| {
            ready.reset(dag.nodes());
            dag.roots().iter().for_each(|&root| ready.push(root));
        });
        while driver.goes_on() {
            if team.has_woken() {
                team.woken_are_taken();
                driver.with(|ready| ready.again().push_reversed(|woken| self.body.take_woken(woken)));
            }
            let Some(node) = driver.with(|ready| ready.pop()) else {
                if team.has_woken() {
                    continue;
                }
                break;
            };
            progress.running = Some(node);
            let turn = driver.in_body(progress.done, || self.body.run(node));
            progress.running = None;
            if !driver.is_alone() {
                return Some(Last { node, turn });
            }
            driver.with(|ready| match turn {
                Turn::Complete => {
                    progress.done += 1;
                    for edge in dag.successors(node) {
                        if edge.is_sole() || self.countdown.arrive_alone(edge.target()) {
                            ready.push(edge.target());
                        }
                    }
                }
                Turn::Again => ready.again().push(node),
                Turn::Waits => {}
            });
            // Not before the first node: somebody has to get on.
            if stay.is_over() {
                break;
            }
        }
        None
    }

    /// A helper has joined: it drives, if nobody has begun to. If somebody does, it breaks in if it was asked for that, or if
    /// nodes were woken and the driver doesn't come for them. False if it has to leave: a run that is driven is no business of
    /// its other members.
    pub(crate) fn drive_or_break_in(&self, team: &Team, own: &mut Own<'_>, stay: &Stay<'_>) -> bool {
        if team.solo.is_offered() {
            if let Some(driver) = team.solo.claim() {
                self.have_it_watched(team);
                self.drive(team, own, driver, stay);
            }
        }
        let backoff = Backoff::new();
        let mut patience = PATIENCE;
        while team.solo.is_driven() {
            if team.solo.is_asked() {
                if team.solo.break_in(|node| own.with(|private| private.ready.push_oldest(node))) {
                    team.end_walk();
                    // Who drove, and wakes a node, sees that it has been broken into, or the mark is seen here. See `Shared::tell`.
                    posted();
                }
            } else if !team.has_woken() {
                return false;
            } else if patience == 0 {
                team.solo.ask();
            }
            patience = patience.saturating_sub(1);
            backoff.snooze();
        }
        true
    }
}
