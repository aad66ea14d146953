//! What a link consists of: sends, sorts what comes, waits, and knows why the ranks can't go on together.

use super::inbox::{Inbox, Sorted};
use super::patience::Patience;
use super::tree::Tree;
use super::watchdog::Watchdog;
use crate::block::{Block, Pool};
use crate::link_error::{LinkError, Waiting};
use crate::message::{Body, Kind, Message};
use crate::options::RankOptions;
use crate::port::Port;
use crate::sync::Number;
use crate::transport::{Transport, TransportError};
use crate::wire::{from_bytes, to_body};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// What a [`Link`](crate::Link) consists of, in a box that moves to where the link is needed.
pub(crate) struct Core {
    pub(super) id: u64,
    transport: Box<dyn Transport>,
    tree: Tree,
    pub(super) inbox: Inbox,
    /// Since which operation the ranks can't go on together, and why.
    broken: Option<(u64, LinkError)>,
    pub(super) patience: Patience,
    /// How many nodes have ended since messages were looked for.
    ticks: u32,
    /// Something has come while there was nothing to do, so there is something to do before the next look.
    came: bool,
    pub(super) traffic: Traffic,
    pool: Pool,
    watchdog: Watchdog,
}

/// What a link has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Messages that this rank has sent.
    pub sent: u64,
    /// Bytes of their bodies.
    pub sent_bytes: u64,
    /// Messages that it has received.
    pub received: u64,
    /// Of these, what came after its run was over, and was thrown away.
    pub late: u64,
}

static LINKS: Number = Number::new(1);
/// After so many nodes messages are looked for.
const TICKS: u32 = 4;
/// So often messages are looked for before anything else is.
const LOOKS: u32 = 8;
/// So many messages are taken at a time.
const AT_ONCE: usize = 64;

impl Core {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        let tree = Tree::new(transport.rank(), transport.size());
        Self {
            id: LINKS.count(),
            tree,
            inbox: Inbox::new(tree, transport.size()),
            transport,
            broken: None,
            patience: Patience::default(),
            ticks: 0,
            came: false,
            traffic: Traffic::default(),
            pool: Pool::default(),
            watchdog: Watchdog::default(),
        }
    }

    pub(super) fn rank(&self) -> usize {
        self.transport.rank()
    }

    pub(super) fn size(&self) -> usize {
        self.transport.size()
    }

    pub(super) fn tree(&self) -> Tree {
        self.tree
    }

    pub(super) fn begin(&mut self, graph: u32) -> Result<(), LinkError> {
        if let Some((since, broken)) = &self.broken {
            if *since <= self.inbox.operation() {
                return Err(LinkError::Unusable(Box::new(broken.clone())));
            }
        }
        self.patience.begin(&*self.transport);
        for (from, message) in self.inbox.begin(graph) {
            self.sort(from, message);
        }
        if let Some(rank) = self.inbox.out_of_step() {
            self.break_off(self.inbox.operation(), LinkError::OutOfStep { rank });
        }
        Ok(())
    }

    /// Looks at what `options` name until the operation ends.
    pub(crate) fn watch(&mut self, options: &RankOptions) {
        self.watchdog = Watchdog::new(options);
    }

    /// The operation has come to its end, on all ranks.
    pub(super) fn end(&mut self) {
        self.inbox.end();
        self.watchdog = Watchdog::default();
    }

    /// All nodes of all ranks are done.
    pub(crate) fn say_all_done(&self, nodes: usize) {
        if let (0, Some(progress)) = (self.rank(), self.watchdog.progress()) {
            progress.set(nodes as u64);
        }
    }

    /// How long the operation has taken, and how much of that this rank has waited with nothing to do.
    pub(crate) fn times(&self) -> (Duration, Duration) {
        self.patience.times(&*self.transport)
    }

    /// What another rank says.
    pub(super) fn read<T: DeserializeOwned>(&mut self, message: &Message) -> Result<T, LinkError> {
        from_bytes(message.bytes()).map_err(|error| self.fail(LinkError::Wire(error)))
    }

    /// The operation ends for this reason, which all ranks are told when it is dropped.
    pub(crate) fn fail(&mut self, cause: LinkError) -> LinkError {
        self.break_off(self.inbox.operation(), cause.clone());
        cause
    }

    /// Sends what all get who have to know.
    pub(crate) fn tell<T: Serialize>(
        &mut self,
        to: &[usize],
        kind: Kind,
        node: u64,
        what: &T,
    ) -> Result<(), LinkError> {
        let body = to_body(what, &mut |bytes| self.pool.take(bytes));
        let body = body.map_err(|error| self.fail(LinkError::Wire(error)))?;
        let message = Message::with_body(kind, self.inbox.graph(), self.inbox.operation(), node, body);
        self.keep(&message);
        to.iter()
            .try_for_each(|&to| self.send(to, message.clone()))
            .map_err(|error| self.fail(LinkError::Transport(error)))
    }

    pub(crate) fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError> {
        self.traffic.sent += 1;
        self.traffic.sent_bytes += message.head.length;
        self.transport.send(to, message)
    }

    /// Memory for a message that is to be sent.
    pub(crate) fn take_block(&mut self, bytes: usize) -> Arc<Block> {
        self.pool.take(bytes)
    }

    /// Has the memory of a message used again, if it is nobody else's.
    fn keep(&mut self, message: &Message) {
        if let Some(body) = message.body().filter(|body| body.with_head_bytes().is_some()) {
            self.pool.keep(body.block());
        }
    }

    /// Sends the value of a node from within it.
    pub(crate) fn send_values(&mut self, to: &[usize], message: Message) {
        self.keep(&message);
        let Some((&last, others)) = to.split_last() else { return };
        others.iter().for_each(|&to| self.send_value(to, message.clone()));
        self.send_value(last, message);
    }

    /// Sends a message from within a node: what goes wrong is told when the run goes on.
    fn send_value(&mut self, to: usize, message: Message) {
        if let Err(error) = self.send(to, message) {
            self.break_off(self.inbox.operation(), LinkError::Transport(error));
        }
    }

    /// Sends a value to the rank that gathers, or says that there is none.
    pub(crate) fn send_gathered(&mut self, to: usize, at: u64, body: Option<Body>) -> Result<(), LinkError> {
        let (graph, operation) = (self.inbox.graph(), self.inbox.operation());
        let message = match body {
            Some(body) => Message::with_body(Kind::Gathered, graph, operation, at, body),
            None => Message::bare(Kind::Missing, graph, operation, at),
        };
        self.send(to, message).map_err(|error| self.fail(LinkError::Transport(error)))
    }

    /// What has come for the rank that gathers.
    pub(crate) fn take_gathered(&mut self) -> Option<(usize, Message)> {
        self.inbox.take_gathered()
    }

    /// From this operation on, the ranks can't go on together.
    fn break_off(&mut self, since: u64, cause: LinkError) {
        if self.broken.as_ref().is_none_or(|&(earlier, _)| since < earlier) {
            self.broken = Some((since, cause));
        }
    }

    /// A node has ended: now and then, looks for messages.
    pub(crate) fn tick(&mut self) {
        self.look_around();
        self.ticks += 1;
        if self.ticks >= TICKS {
            self.receive();
        }
    }

    /// A receiving node is polled, and its value isn't there: looks for messages, once, if a node has ended
    /// since that was last done. Where ranks go in step the value is about to come, and a future that gets it
    /// now is spared being put aside and woken.
    pub(crate) fn look_before_waiting(&mut self) {
        if self.ticks > 0 {
            self.receive_some(1);
        }
    }

    /// Whether this rank has to stop all, and whether it is time to say how far it has come.
    fn look_around(&mut self) {
        let Some(port) = self.inbox.port() else { return };
        self.watchdog.look(port);
        let transport = &self.transport;
        let Some(progress) = self.watchdog.due(|| transport.elapsed()) else { return };
        let own = port.done();
        if transport.rank() == 0 {
            progress.set(own + self.inbox.done_elsewhere());
        } else {
            let (graph, operation) = (self.inbox.graph(), self.inbox.operation());
            self.send_value(0, Message::bare(Kind::Progress, graph, operation, own));
        }
    }

    /// Takes what has come, or one message if it was waited for. Whether that was anything.
    fn receive(&mut self) -> bool {
        self.receive_some(if self.patience.is_idle() { 1 } else { AT_ONCE })
    }

    fn receive_some(&mut self, most: usize) -> bool {
        self.ticks = 0;
        let mut came = false;
        for _ in 0..most {
            match self.transport.poll() {
                Ok(Some((from, message))) => {
                    self.traffic.received += 1;
                    came |= self.sort(from, message);
                }
                Ok(None) => return came,
                Err(error) => {
                    self.break_off(self.inbox.operation(), LinkError::Transport(error));
                    return true;
                }
            }
        }
        came
    }

    /// Puts a message where it belongs. Whether it may have been waited for.
    fn sort(&mut self, from: usize, message: Message) -> bool {
        match self.inbox.sort(from, message) {
            Sorted::Kept => return true,
            // Neither these nor the next put off the end of a timeout.
            Sorted::Aside => {}
            Sorted::Late => self.traffic.late += 1,
            Sorted::Breaks(since, cause) => {
                self.break_off(since, cause);
                return true;
            }
        }
        false
    }

    /// Sends what waits to be sent, and takes what has come. Whether there was anything.
    pub(crate) fn look(&mut self) -> Result<bool, LinkError> {
        self.look_around();
        let mut came = mem::take(&mut self.came) || self.receive();
        while let Some((to, message)) = self.inbox.port().and_then(Port::next_outgoing) {
            came = true;
            self.send_value(to, message);
        }
        let operation = self.inbox.operation();
        if let Some(rank) = self.inbox.missed() {
            self.break_off(operation, LinkError::Left { rank });
        }
        match &self.broken {
            Some((since, cause)) if *since <= operation => Err(cause.clone()),
            _ => Ok(came),
        }
    }

    /// The turn is over: gives way if there was nothing to do, and looks at the clock.
    pub(crate) fn rest(
        &mut self,
        came: bool,
        waiting: &mut impl FnMut(&Self) -> Waiting,
    ) -> Result<(), LinkError> {
        if came {
            self.wake_up();
            return Ok(());
        }
        let idle = self.patience.idle(&*self.transport);
        if self.patience.has_time {
            // Nothing but a message can be what it waits for, or another thread of this rank: to look for
            // that takes longer.
            self.came = (0..LOOKS).any(|_| self.receive());
            if self.came {
                return Ok(());
            }
            self.transport.idle(idle);
        }
        let Some(overdue) = self.patience.overdue(&*self.transport) else { return Ok(()) };
        // A rank that waits for what others have come to gives them more time, for these may be about to say
        // what they wait for.
        let waiting = waiting(self);
        let after = overdue.timeout * waiting.patience();
        if overdue.waited < after {
            return Ok(());
        }
        Err(self.fail(LinkError::Stalled { rank: self.rank(), after, waiting }))
    }

    /// There is something to do.
    pub(super) fn wake_up(&mut self) {
        self.patience.wake_up();
    }

    /// Other threads of this rank are at work: waiting isn't for nothing.
    pub(crate) fn stay(&mut self) {
        self.patience.stay(&*self.transport);
    }

    /// Ends the operation of all ranks, and all later ones, for the reason that is known or, if none is, for
    /// `cause`.
    pub(super) fn give_up(&mut self, cause: LinkError) {
        self.inbox.end();
        if self.broken.as_ref().is_none_or(|&(since, _)| since > self.inbox.operation()) {
            self.broken = Some((self.inbox.operation(), cause));
        }
        let Some((_, cause)) = &self.broken else { return };
        // A rank that was told by another one needs to tell nobody.
        if !matches!(cause, LinkError::Aborted { .. }) {
            let reason = cause.to_string();
            let others: Vec<_> = (0..self.size()).filter(|&rank| rank != self.rank()).collect();
            // If that fails too, there is nothing left to be done.
            let _ = self.tell(&others, Kind::Abort, 0, &reason);
            let _ = self.transport.flush();
        }
    }

    /// Tells the ranks next to this one in the tree that it takes part in nothing any more.
    pub(super) fn leave(&mut self) {
        if self.broken.is_none() {
            for to in self.tree.parent().into_iter().chain(self.tree.children()) {
                let _ = self.send(to, Message::bare(Kind::Bye, 0, self.inbox.operation(), 0));
            }
        }
        let _ = self.transport.flush();
    }
}
