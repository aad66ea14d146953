//! Where the nodes of one rank meet the link: what they send, what they wait for, and what becomes of the
//! others when one fails.
//!
//! A value goes out in the node that gives it, as soon as that has ended (`gate.rs`). What comes in waits in
//! a slot for the future of a receiving node. Who uses what:
//!
//! | what | written by | read by |
//! |---|---|---|
//! | `operation` | the thread of the link, before a run | everybody |
//! | a slot | the thread of the link; its receiving node | both, under its lock |
//! | `run`, `outbox` | any node; the thread of the link | both, under a lock |

use crate::block::{Block, Pool};
use crate::exec::{FailurePolicy, StopToken};
use crate::fault::{Fault, FaultKind, Faults};
use crate::link_error::Waiting;
use crate::message::{Kind, Message};
use crate::outbox::Outbox;
use crate::plan::Plan;
use crate::slot::{Arrived, Slot};
use crate::sync::{Number, lock};
use crate::wire::Wire;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::Waker;

/// A node has no value, and what went wrong is recorded.
#[derive(Debug)]
pub(crate) struct Recorded;

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("has no value")
    }
}

impl Error for Recorded {}

/// Where the nodes of one rank meet the link; the table in the module's docs says who may touch what.
pub(crate) struct Port {
    graph: u32,
    link: u64,
    plan: Plan,
    /// The run that is under way, or the last one.
    operation: Number,
    slots: Box<[Mutex<Slot>]>,
    run: Mutex<Run>,
    outbox: Outbox,
    /// How many nodes have ended in this run.
    done: Number,
    /// How many nodes are called or polled at this moment on threads other than the link's.
    elsewhere: Number,
    /// The nodes of this rank whose futures are under way.
    futures: Mutex<BTreeSet<usize>>,
    pool: Mutex<Pool>,
}

const CALLED_OFF: [FaultKind; 2] = [FaultKind::Cancelled, FaultKind::DeadlineExceeded];

/// The number by which other ranks are told that a run was called off for this reason; 0 for others.
fn called_off(kind: FaultKind) -> u64 {
    (1..).zip(CALLED_OFF).find(|&(_, known)| known == kind).map_or(0, |(number, _)| number)
}

/// That a future of a node is under way.
pub(crate) struct UnderWay<'p> {
    port: &'p Port,
    node: usize,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(&self.port.futures).remove(&self.node);
    }
}

/// What nodes record in a run.
struct Run {
    policy: FailurePolicy,
    token: StopToken,
    faults: Faults,
    /// Of each node: others know that it has no value. Empty as long as nothing goes wrong.
    poisoned: Vec<bool>,
}

impl Port {
    pub(crate) fn new(graph: u32, link: u64, plan: Plan) -> Arc<Self> {
        let slots = (0..plan.incoming()).map(|_| Mutex::default()).collect();
        let run = Run {
            policy: FailurePolicy::FailFast,
            token: StopToken::new(),
            faults: Faults::default(),
            poisoned: Vec::new(),
        };
        Arc::new(Self {
            graph,
            link,
            plan,
            operation: Number::new(0),
            slots,
            run: Mutex::new(run),
            outbox: Outbox::default(),
            done: Number::new(0),
            elsewhere: Number::new(0),
            futures: Mutex::default(),
            pool: Mutex::default(),
        })
    }

    #[inline]
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn graph(&self) -> u32 {
        self.graph
    }

    /// The number of the link that carries the graph's messages.
    #[inline]
    pub(crate) fn link(&self) -> u64 {
        self.link
    }

    /// A node is called or polled; `here` if on the thread of the link.
    #[inline]
    pub(crate) fn enter(&self, here: bool) {
        if !here {
            self.elsewhere.count();
        }
    }

    /// A call or poll has ended that began so.
    #[inline]
    pub(crate) fn leave(&self, here: bool) {
        if !here {
            self.elsewhere.uncount();
        }
    }

    /// A node has ended.
    #[inline]
    pub(crate) fn count_done(&self) {
        self.done.count();
    }

    /// The future of `node` is under way, until what this gives is dropped.
    pub(crate) fn under_way(&self, node: usize) -> UnderWay<'_> {
        lock(&self.futures).insert(node);
        UnderWay { port: self, node }
    }

    /// How many nodes have ended in the last run.
    pub(crate) fn done(&self) -> u64 {
        self.done.get()
    }

    /// How many nodes are under way on other threads.
    pub(crate) fn elsewhere(&self) -> u64 {
        self.elsewhere.get()
    }

    /// Keeps nothing any more: the graph is gone.
    pub(crate) fn forget(&mut self) {
        self.slots = Box::default();
        self.plan.forget();
    }

    /// A run begins, or something else that the ranks do with the graph.
    pub(crate) fn begin(&self, operation: u64) {
        self.operation.set(operation);
        self.done.set(0);
        let mut run = lock(&self.run);
        run.faults.clear();
        run.poisoned.clear();
        if run.token.is_stopped() {
            run.token = StopToken::new();
        }
        self.outbox.clear();
    }

    /// How the run that has begun goes on when a node fails, and the token that stops it.
    pub(crate) fn set_policy(&self, policy: FailurePolicy) -> StopToken {
        let mut run = lock(&self.run);
        run.policy = policy;
        run.token.clone()
    }

    /// No node starts any more on this rank.
    fn stop(&self) {
        let token = lock(&self.run).token.clone();
        token.stop(); // wakes the run, so not under the lock
    }

    /// Whether some rank has stopped the run.
    pub(crate) fn is_stopped(&self) -> bool {
        lock(&self.run).token.is_stopped()
    }

    /// Rank `from` has stopped the run. `why` is the number of what it has called it off for, if
    /// that is the reason.
    ///
    /// That rank may have said before what its part of the run has come to. So each rank that stops for it
    /// says it, too: otherwise what is not run would pass for done.
    pub(crate) fn stop_for(&self, from: usize, why: u64) {
        if let Some(&kind) = CALLED_OFF.iter().find(|&&kind| called_off(kind) == why) {
            lock(&self.run).faults.push(Fault::new(kind, from, None));
        }
        self.stop();
    }

    /// The faults of this rank in the last run.
    pub(crate) fn faults(&self) -> Faults {
        lock(&self.run).faults.clone()
    }

    /// A message to be sent by the thread of the link.
    pub(crate) fn next_outgoing(&self) -> Option<(usize, Message)> {
        self.outbox.pop()
    }

    /// Takes what has come. False if it is of no use any more.
    pub(crate) fn deliver(&self, message: Message) -> bool {
        let Message { head, body } = message;
        let now = self.operation.get();
        let node = usize::try_from(head.node).unwrap_or(usize::MAX);
        let Some(slot) = self.plan.slot(node).and_then(|slot| self.slots.get(slot)) else { return false };
        if head.operation < now {
            return false;
        }
        let arrived = if head.kind == Kind::Poison { Arrived::Poison } else { Arrived::Value(body) };
        let Ok(waker) = lock(slot).put(now, head.operation, arrived) else { return false };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// What is waited for: values from other ranks, and futures of this one's nodes.
    pub(crate) fn waiting(&self) -> Waiting {
        const SHOWN: usize = 3;
        let now = self.operation.get();
        let received = self.slots.iter().zip(self.plan.received());
        let mut nodes: Vec<_> =
            received.filter(|(slot, _)| lock(slot).is_waited_for(now)).map(|(_, node)| node).collect();
        nodes.extend(&*lock(&self.futures));
        let first = nodes.iter().take(SHOWN).map(|&node| (self.plan.label(node), self.plan.owner(node)));
        Waiting::Values { first: first.collect(), more: nodes.len().saturating_sub(SHOWN) }
    }

    /// Something has gone wrong on this rank: with the policy to stop, or if there is no going on, everything
    /// stops.
    pub(crate) fn record(&self, fault: Fault) {
        let (node, why) = (fault.node(), called_off(fault.kind()));
        let goes_on = matches!(fault.kind(), FaultKind::Failed | FaultKind::NotSent | FaultKind::NotReceived);
        let stops = {
            let mut run = lock(&self.run);
            run.faults.push(fault);
            run.policy == FailurePolicy::FailFast || !goes_on
        };
        match node {
            Some(node) if !stops => self.poison(node),
            _ => self.stop_all(why),
        }
    }

    /// No node starts any more on any rank.
    fn stop_all(&self, why: u64) {
        self.stop();
        let message = Message::bare(Kind::Stop, self.graph, self.operation.get(), why);
        let others = (0..self.plan.ranks()).filter(|&rank| rank != self.plan.rank());
        self.outbox.extend(others.map(|rank| (rank, message.clone())));
    }

    /// `node` will have no value, and what depends on it neither: tells those ranks that wait for one. They
    /// do the same, so that each looks at its own nodes only.
    pub(crate) fn poison(&self, node: usize) {
        let mut run = lock(&self.run);
        run.poisoned.resize(self.plan.nodes(), false);
        let mut found = vec![node];
        while let Some(node) = found.pop() {
            if std::mem::replace(&mut run.poisoned[node], true) {
                continue;
            }
            if self.plan.owner(node) == self.plan.rank() {
                let message =
                    Message::bare(Kind::Poison, self.graph, self.operation.get(), Plan::number(node));
                let recipients = self.plan.recipients(node);
                self.outbox.extend(recipients.all().map(|rank| (rank, message.clone())));
            }
            // A receiving node comes after those of this rank that its value depends on (`part.rs`): if one
            // of these has no value, it isn't even begun, so what depends on it is found here.
            let own = self.plan.is_own(node);
            let here = |&next: &usize| self.plan.is_own(next) || own && self.plan.slot(next).is_some();
            found.extend(self.plan.successors(node).filter(here));
        }
    }

    /// Something that is wrong with a node.
    pub(crate) fn fault(&self, kind: FaultKind, node: usize) -> Fault {
        Fault::new(kind, self.plan.rank(), Some((node, self.plan.name(node).to_owned())))
    }

    /// The value of a node, to be sent, in memory that `take` gives. If it can't be written, that is
    /// recorded.
    #[inline]
    pub(crate) fn message<T: Wire>(
        &self,
        node: usize,
        value: &T,
        take: &mut dyn FnMut(usize) -> Arc<Block>,
    ) -> Result<Message, Recorded> {
        let body = value.pack(take).map_err(|error| {
            self.record(self.fault(FaultKind::NotSent, node).with_error(Arc::new(error)));
            Recorded
        })?;
        let (operation, node) = (self.operation.get(), Plan::number(node));
        Ok(Message::with_body(Kind::Value, self.graph, operation, node, body))
    }

    /// That a node has a value, for those that don't need that.
    pub(crate) fn message_done(&self, node: usize) -> Message {
        Message::bare(Kind::Done, self.graph, self.operation.get(), Plan::number(node))
    }

    /// Memory for a message from a thread that isn't the link's.
    #[inline]
    pub(crate) fn take_block(&self, bytes: usize) -> Arc<Block> {
        lock(&self.pool).take(bytes)
    }

    /// Leaves a message to the thread of the link.
    pub(crate) fn send_later(&self, to: &[usize], message: &Message) {
        if let Some(body) = message.body().filter(|body| body.with_head_bytes().is_some()) {
            lock(&self.pool).keep(body.block());
        }
        self.outbox.extend(to.iter().map(|&to| (to, message.clone())));
    }

    /// Takes what has come for a receiving node in this run.
    #[inline]
    pub(crate) fn take_if_there(&self, slot: usize) -> Option<Arrived> {
        lock(&self.slots[slot]).take(self.operation.get())
    }

    /// Takes what has come for a receiving node in this run; as long as nothing has, `waker` is told when it
    /// does.
    #[inline]
    pub(crate) fn take_arrived(&self, slot: usize, waker: &Waker) -> Option<Arrived> {
        let (now, mut slot) = (self.operation.get(), lock(&self.slots[slot]));
        let arrived = slot.take(now);
        if arrived.is_none() {
            slot.wait(now, waker);
        }
        arrived
    }
}
