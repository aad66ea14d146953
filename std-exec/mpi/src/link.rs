//! A rank's end of the job: numbers what all ranks do together, and sees to it that each message gets where
//! it belongs.
//!
//! All ranks do the same operations in the same order (build a graph, run it, gather), and number them alike.
//! Each operation ends with an agreement: what ranks have come to goes up a binary tree, and what all have
//! come to goes down again. So no rank is ahead of another by more than what one operation sends before its
//! end, and messages that come too early wait here.
//!
//! ```text
//!   a rank's part is done ─▶ reports of both children ─▶ Report to the parent ─▶ … ─▶ rank 0
//!                                                        Verdict to both children ◀─ …
//! ```

use crate::block::Pool;
use crate::current;
use crate::fault::{Fault, FaultKind};
use crate::link_error::{LinkError, Waiting};
use crate::local::CancelToken;
use crate::message::{Body, Kind, Message};
use crate::options::Progress;
use crate::port::Port;
use crate::sync::Number;
use crate::transport::{Transport, TransportError};
use crate::wire::{WireError, from_bytes, to_body};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What reports of several ranks are together.
pub(crate) trait Merge: Serialize + DeserializeOwned {
    fn merge(&mut self, other: Self);
}

/// A rank's end of the job, over a [`Transport`].
///
/// All ranks make their links and graphs, and run them, in the same order, as everything in MPI that ranks do
/// together. If a link is dropped while the others go on, whatever they do next ends with
/// [`LinkError::Left`].
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{InProcess, Link};
/// let ends = InProcess::network(2);
/// std::thread::scope(|scope| {
///     for end in ends {
///         scope.spawn(|| {
///             let link = Link::new(end);
///             assert!(link.rank() < link.size());
///         });
///     }
/// });
/// ```
pub struct Link {
    /// `None` while it is this thread's [`current`] one.
    core: Option<Box<Core>>,
}

/// What a [`Link`] consists of, in a box that moves to where the link is needed.
pub(crate) struct Core {
    pub(crate) id: u64,
    transport: Box<dyn Transport>,
    /// The last operation that has begun, from 1 on.
    operation: u64,
    /// Whose it is.
    graph: u32,
    under_way: bool,
    /// What belongs to later operations.
    early: Vec<(usize, Message)>,
    reports: [Option<Message>; 2],
    verdict: Option<Message>,
    gathered: Vec<(usize, Message)>,
    /// How many nodes each rank has done, if they say so.
    progress: Box<[u64]>,
    /// The last operation that each rank has ended that has left.
    left: Vec<(usize, u64)>,
    /// Since which operation the ranks can't go on together, and why.
    broken: Option<(u64, LinkError)>,
    /// The operation and graph of the last value that came too early, and whose it was.
    ahead: (u64, u32, usize),
    graphs: Vec<Arc<Port>>,
    timeout: Option<Duration>,
    /// Whether the thread has nothing else to do meanwhile.
    pub(crate) patient: bool,
    /// For how many turns there has been nothing to do.
    idle: u32,
    quiet_since: Duration,
    /// When the operation has begun.
    pub(crate) began: Duration,
    /// How long it has waited with nothing to do.
    pub(crate) waited: Duration,
    /// How many nodes have ended since messages were looked for.
    ticks: u32,
    pub(crate) traffic: Traffic,
    pool: Mutex<Pool>,
    pub(crate) watch: Watchdog,
}

/// What is looked at during a run, also between nodes.
#[derive(Default)]
pub(crate) struct Watchdog {
    pub(crate) token: Option<CancelToken>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) progress: Option<Progress>,
    told: Duration,
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
/// How often ranks say how far they have come.
const TELL: Duration = Duration::from_millis(50);
/// So often messages are looked for before anything else is.
const LOOKS: u32 = 8;
/// So many messages are taken at a time.
const AT_ONCE: usize = 64;

impl Link {
    /// This rank's end of the job.
    pub fn new(transport: impl Transport + 'static) -> Self {
        let size = transport.size();
        let core = Core {
            id: LINKS.count(),
            transport: Box::new(transport),
            operation: 0,
            graph: 0,
            under_way: false,
            early: Vec::new(),
            reports: [None, None],
            verdict: None,
            gathered: Vec::new(),
            progress: vec![0; size].into(),
            left: Vec::new(),
            broken: None,
            ahead: (0, 0, 0),
            graphs: Vec::new(),
            timeout: None,
            patient: false,
            idle: 0,
            quiet_since: Duration::ZERO,
            began: Duration::ZERO,
            waited: Duration::ZERO,
            ticks: 0,
            traffic: Traffic::default(),
            pool: Mutex::default(),
            watch: Watchdog::default(),
        };
        Self { core: Some(Box::new(core)) }
    }

    /// From now on, an operation ends with [`LinkError::Stalled`] when this rank has waited for so long,
    /// without a message or anything to do. Default: it waits for ever.
    ///
    /// It has to be longer than the longest time in which other ranks compute and say nothing. A rank that
    /// has done its part and waits for the others gives them two or three times as long. All ranks get to
    /// know, and the link can't be used any more.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.core_mut().timeout = timeout;
    }

    /// This rank, from 0 on.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.core().transport.rank()
    }

    /// How many ranks there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.core().transport.size()
    }

    /// What the link has carried so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.core().traffic
    }

    pub(crate) fn core(&self) -> &Core {
        self.core.as_ref().expect("it is back when the operation's turn is over")
    }

    pub(crate) fn core_mut(&mut self) -> &mut Core {
        self.core.as_mut().expect("it is back when the operation's turn is over")
    }

    /// Makes it this thread's current one, while nodes may run.
    pub(crate) fn enter(&mut self) -> current::Entered<'_> {
        current::enter(&mut self.core)
    }

    /// Begins an operation of `graph`.
    pub(crate) fn begin(&mut self, graph: u32) -> Result<Operation<'_>, LinkError> {
        self.core_mut().begin(graph)?;
        Ok(Operation { link: self, over: false })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(core) = &mut self.core {
            core.leave();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Link");
        if let Some(core) = &self.core {
            shown.field("rank", &core.rank()).field("size", &core.size());
        }
        shown.finish_non_exhaustive()
    }
}

/// An operation that is under way. If it is dropped before its end, all ranks get to know.
pub(crate) struct Operation<'l> {
    link: &'l mut Link,
    over: bool,
}

impl Operation<'_> {
    pub(crate) fn link(&mut self) -> &mut Link {
        self.link
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.link.core_mut()
    }

    /// Waits until `ready` gives something.
    pub(crate) async fn wait<R>(
        &mut self,
        mut ready: impl FnMut(&mut Core) -> Option<R>,
        mut waiting: impl FnMut(&Core) -> Waiting,
    ) -> Result<R, LinkError> {
        loop {
            let core = self.core();
            let came = core.look()?;
            if let Some(got) = ready(core) {
                core.wake_up();
                return Ok(got);
            }
            core.rest(came, &mut waiting)?;
            next_turn().await;
        }
    }

    /// What all ranks have come to, once each has reported.
    pub(crate) async fn agree<T: Merge>(&mut self, mut own: T) -> Result<T, LinkError> {
        for child in 0..2 {
            let reported = |core: &mut Core| match core.child(child) {
                None => Some(None),
                Some(_) => core.reports[child].take().map(Some),
            };
            let waiting = move |core: &Core| Waiting::Report { rank: core.child(child).unwrap_or_default() };
            if let Some(report) = self.wait(reported, waiting).await? {
                own.merge(self.core().read(&report)?);
            }
        }
        if let Some(parent) = self.core().parent() {
            self.core().tell(&[parent], Kind::Report, 0, &own)?;
            let waiting = move |_: &Core| Waiting::Verdict { rank: parent };
            let verdict = self.wait(|core| core.verdict.take(), waiting).await?;
            own = self.core().read(&verdict)?;
        }
        let core = self.core();
        let children = [core.child(0), core.child(1)];
        for child in children.into_iter().flatten() {
            core.tell(&[child], Kind::Verdict, 0, &own)?;
        }
        Ok(own)
    }

    /// The operation has come to its end, on all ranks.
    pub(crate) fn end(mut self) {
        self.over = true;
        self.core().under_way = false;
        self.core().watch = Watchdog::default();
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        if !self.over {
            let core = self.link.core_mut();
            let rank = core.rank();
            core.give_up(LinkError::GivenUp { rank });
        }
    }
}

impl Core {
    pub(crate) fn rank(&self) -> usize {
        self.transport.rank()
    }

    pub(crate) fn size(&self) -> usize {
        self.transport.size()
    }

    /// The time, by the clock that timeouts go by.
    pub(crate) fn elapsed(&self) -> Duration {
        self.transport.elapsed()
    }

    /// The number that the next graph has.
    pub(crate) fn next_graph(&self) -> u32 {
        u32::try_from(self.graphs.len()).expect("fewer than 2^32 graphs")
    }

    /// Delivers messages of the graph to `port` from now on.
    pub(crate) fn connect(&mut self, port: &Arc<Port>) {
        // What graphs that are gone have received is of no use any more.
        for port in &mut self.graphs {
            if let Some(gone) = Arc::get_mut(port) {
                gone.forget();
            }
        }
        self.graphs.push(Arc::clone(port));
    }

    fn parent(&self) -> Option<usize> {
        self.rank().checked_sub(1).map(|below| below / 2)
    }

    fn child(&self, which: usize) -> Option<usize> {
        Some(2 * self.rank() + 1 + which).filter(|&rank| rank < self.size())
    }

    fn begin(&mut self, graph: u32) -> Result<(), LinkError> {
        if let Some((since, broken)) = &self.broken {
            if *since <= self.operation {
                return Err(LinkError::Unusable(Box::new(broken.clone())));
            }
        }
        self.operation += 1;
        self.graph = graph;
        self.under_way = true;
        self.reports = [None, None];
        self.verdict = None;
        self.progress.fill(0);
        self.idle = 0;
        self.quiet_since = self.transport.elapsed();
        if let Some(port) = self.graphs.get(graph as usize) {
            port.begin(self.operation);
        }
        for (from, message) in mem::take(&mut self.early) {
            self.take(from, message);
        }
        let (operation, other, rank) = self.ahead;
        if operation == self.operation && other != graph {
            self.break_off(operation, LinkError::OutOfStep { rank });
        }
        Ok(())
    }

    /// What another rank says.
    fn read<T: DeserializeOwned>(&mut self, message: &Message) -> Result<T, LinkError> {
        from_bytes(message.bytes()).map_err(|error| self.fail(LinkError::Wire(error)))
    }

    /// The operation ends for this reason, which all ranks are told when it is dropped.
    pub(crate) fn fail(&mut self, cause: LinkError) -> LinkError {
        self.break_off(self.operation, cause.clone());
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
        let body = to_body(what, &self.pool).map_err(|error| self.fail(LinkError::Wire(error)))?;
        let message = Message::with_body(kind, self.graph, self.operation, node, body);
        if let Some(body) = message.body() {
            crate::sync::lock(&self.pool).keep(body.block());
        }
        to.iter()
            .try_for_each(|&to| self.send(to, message.clone()))
            .map_err(|error| self.fail(LinkError::Transport(error)))
    }

    pub(crate) fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError> {
        self.traffic.sent += 1;
        self.traffic.sent_bytes += message.head.length;
        self.transport.send(to, message)
    }

    /// Sends a message from within a node: what goes wrong is told when the run goes on.
    pub(crate) fn send_value(&mut self, to: usize, message: Message) {
        if let Err(error) = self.send(to, message) {
            self.break_off(self.operation, LinkError::Transport(error));
        }
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

    /// Whether this rank has to stop all, and whether it is time to say how far it has come.
    fn look_around(&mut self) {
        let Watchdog { token, deadline, progress, told } = &mut self.watch;
        let Some(port) = self.graphs.get(self.graph as usize) else { return };
        if token.as_ref().is_some_and(CancelToken::is_cancelled) {
            *token = None;
            port.record(Fault::new(FaultKind::Cancelled, self.transport.rank(), None));
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            *deadline = None;
            port.record(Fault::new(FaultKind::DeadlineExceeded, self.transport.rank(), None));
        }
        let Some(progress) = progress else { return };
        let now = self.transport.elapsed();
        if now.saturating_sub(*told) < TELL {
            return;
        }
        *told = now;
        let own = port.done();
        if self.transport.rank() == 0 {
            progress.set(own + self.progress.iter().sum::<u64>());
        } else {
            self.send_value(0, Message::bare(Kind::Progress, self.graph, self.operation, own));
        }
    }

    /// Takes what has come, or one message if it was waited for. Whether that was anything.
    fn receive(&mut self) -> bool {
        self.ticks = 0;
        let most = if self.idle > 0 { 1 } else { AT_ONCE };
        for taken in 0..most {
            match self.transport.poll() {
                Ok(Some((from, message))) => {
                    self.traffic.received += 1;
                    self.take(from, message);
                }
                Ok(None) => return taken > 0,
                Err(error) => {
                    self.break_off(self.operation, LinkError::Transport(error));
                    return true;
                }
            }
        }
        true
    }

    fn take(&mut self, from: usize, message: Message) {
        let Message { head, .. } = message;
        match head.kind {
            Kind::Value | Kind::Poison => {
                if head.operation > self.operation {
                    self.ahead = (head.operation, head.graph, from);
                } else if head.operation == self.operation && head.graph != self.graph {
                    self.break_off(head.operation, LinkError::OutOfStep { rank: from });
                }
                let port = self.graphs.get(head.graph as usize);
                if !port.is_some_and(|port| port.deliver(message)) {
                    self.traffic.late += 1;
                }
                return;
            }
            Kind::Abort => {
                let reason = from_bytes(message.bytes()).unwrap_or_default();
                self.break_off(head.operation, LinkError::Aborted { rank: from, reason });
                return;
            }
            Kind::Bye => {
                self.left.push((from, head.operation));
                return;
            }
            _ => {}
        }
        if head.operation > self.operation {
            self.early.push((from, message));
            return;
        }
        if head.operation < self.operation || !self.under_way {
            self.traffic.late += 1;
            return;
        }
        if head.graph != self.graph {
            self.break_off(head.operation, LinkError::OutOfStep { rank: from });
            return;
        }
        match head.kind {
            Kind::Report => match (0..2).find(|&child| self.child(child) == Some(from)) {
                Some(child) => self.reports[child] = Some(message),
                None => self.break_off(head.operation, LinkError::OutOfStep { rank: from }),
            },
            Kind::Verdict => self.verdict = Some(message),
            Kind::Gathered | Kind::Missing => self.gathered.push((from, message)),
            Kind::Stop => {
                if let Some(port) = self.graphs.get(head.graph as usize) {
                    port.stop();
                }
            }
            Kind::Progress => self.progress[from] = head.node,
            Kind::Value | Kind::Poison | Kind::Abort | Kind::Bye => {}
        }
    }

    /// Sends a value to the rank that gathers, or says that there is none.
    pub(crate) fn send_gathered(&mut self, to: usize, at: u64, body: Option<Body>) -> Result<(), LinkError> {
        let message = match body {
            Some(body) => Message::with_body(Kind::Gathered, self.graph, self.operation, at, body),
            None => Message::bare(Kind::Missing, self.graph, self.operation, at),
        };
        self.send(to, message).map_err(|error| self.fail(LinkError::Transport(error)))
    }

    /// What has come for the rank that gathers.
    pub(crate) fn take_gathered(&mut self) -> Option<(usize, Message)> {
        self.gathered.pop()
    }

    /// Sends what waits to be sent, and takes what has come. Whether there was anything.
    pub(crate) fn look(&mut self) -> Result<bool, LinkError> {
        self.look_around();
        let mut came = self.receive();
        let outgoing = |core: &Self| core.graphs.get(core.graph as usize)?.next_outgoing();
        while let Some((to, message)) = outgoing(self) {
            came = true;
            self.send_value(to, message);
        }
        if let Some(&(rank, _)) = self.left.iter().find(|&&(_, ended)| ended < self.operation) {
            self.break_off(self.operation, LinkError::Left { rank });
        }
        match &self.broken {
            Some((since, cause)) if *since <= self.operation => Err(cause.clone()),
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
        if self.idle == 0 {
            self.quiet_since = self.transport.elapsed();
        }
        self.idle = self.idle.saturating_add(1);
        if self.patient {
            // Nothing but a message can be what it waits for, or another thread of this rank: to look for
            // that takes longer.
            if (0..LOOKS).any(|_| self.receive()) {
                return Ok(());
            }
            self.transport.idle(self.idle);
        }
        let Some(timeout) = self.timeout else { return Ok(()) };
        // The clock may cost more than a look for messages.
        if self.idle % 16 > 0 {
            return Ok(());
        }
        let waited = self.transport.elapsed() - self.quiet_since;
        if waited < timeout {
            return Ok(());
        }
        // A rank that waits for what others have come to gives them more time, for these may be about to say
        // what they wait for.
        let waiting = waiting(self);
        let after = timeout * waiting.patience();
        if waited < after {
            return Ok(());
        }
        Err(self.fail(LinkError::Stalled { rank: self.rank(), after, waiting }))
    }

    /// There is something to do.
    fn wake_up(&mut self) {
        if mem::take(&mut self.idle) > 0 {
            self.waited += self.transport.elapsed() - self.quiet_since;
        }
    }

    /// Other threads of this rank are at work: waiting isn't for nothing.
    pub(crate) fn stay(&mut self) {
        self.quiet_since = self.transport.elapsed();
    }

    /// Ends the operation of all ranks, and all later ones, for the reason that is known or, if none is, for
    /// `cause`.
    fn give_up(&mut self, cause: LinkError) {
        self.under_way = false;
        if self.broken.as_ref().is_none_or(|&(since, _)| since > self.operation) {
            self.broken = Some((self.operation, cause));
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
    fn leave(&mut self) {
        if self.broken.is_none() {
            for to in [self.parent(), self.child(0), self.child(1)].into_iter().flatten() {
                let _ = self.send(to, Message::bare(Kind::Bye, 0, self.operation, 0));
            }
        }
        let _ = self.transport.flush();
    }
}

impl From<WireError> for LinkError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// Lets whatever else the thread does go on.
pub(crate) async fn next_turn() {
    let mut first = true;
    std::future::poll_fn(|context: &mut Context<'_>| {
        if mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Polls until it is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
