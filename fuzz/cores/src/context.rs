//! What one core or handler does: first what the input says, then what is left, until all runs are over.

use crate::schedule::Signals;
use crate::world::World;
use arbitrary::Arbitrary;
use dgraph_core::{NodeId, WorkEnd};

/// Each is something that ends by itself, so that a handler may do it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    Take,
    CompleteFirst,
    CompleteLast,
    CompleteAndTake,
    /// Begins a device's node: whoever comes by completes it.
    HandOver,
    CompleteADevice,
    Work,
    Start,
    Stop,
    Look,
}

pub struct Context<'w, 'a> {
    world: &'w World<'a>,
    signals: &'w Signals,
    number: usize,
    /// The nodes that it has taken.
    held: Vec<NodeId>,
}

impl<'w, 'a> Context<'w, 'a> {
    pub const fn new(world: &'w World<'a>, signals: &'w Signals, number: usize) -> Self {
        Self { world, signals, number, held: Vec::new() }
    }

    pub fn live(&mut self, actions: &[Action]) {
        for action in actions {
            self.act(*action);
            self.signals.action_ends(self.number);
        }
        while !self.world.is_over() {
            while let Some(node) = self.held.pop().or_else(|| self.world.device()) {
                self.world.complete(node);
                self.signals.gets_on();
            }
            self.take();
            if self.held.is_empty() && !self.world.start() {
                self.signals.idles(self.number);
                shuttle::thread::yield_now();
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Take => self.take(),
            Action::CompleteFirst if !self.held.is_empty() => self.world.complete(self.held.remove(0)),
            Action::CompleteLast => self.held.pop().into_iter().for_each(|node| self.world.complete(node)),
            Action::CompleteAndTake => {
                if let Some(node) = self.held.pop() {
                    let next = self.world.complete_and_take(node);
                    self.held.extend(next);
                }
            }
            Action::HandOver => self.held.pop().into_iter().for_each(|node| self.world.hand_over(node)),
            Action::CompleteADevice => {
                self.world.device().into_iter().for_each(|node| self.world.complete(node));
            }
            Action::Work => {
                let end = self.world.work();
                assert!(end == WorkEnd::NothingReady || self.held.is_empty(), "its node holds up the run");
            }
            Action::Start => _ = self.world.start(),
            Action::Stop => self.world.stop(),
            Action::Look => self.world.look_around(!self.held.is_empty()),
            Action::CompleteFirst => {}
        }
    }

    fn take(&mut self) {
        if let Some(node) = self.world.take() {
            self.signals.gets_on();
            self.held.push(node);
        }
    }
}
