//! Ranks that are processes, over the system's MPI library.
//!
//! - Each rank keeps some receives of small messages open, from any rank, so that what comes is written where
//!   it is read from.
//! - A message that is larger goes in two: its head, as a small one, and then its body, for which a receive
//!   is opened when the head has come. Bodies are sent from the memory that they lie in, and received into
//!   the memory that they are read from.
//! - MPI keeps the order of messages between two ranks. One that waits for its body keeps back those that
//!   come after it.
//!
//! All calls are made by one thread (`MPI_THREAD_FUNNELED`): the transport isn't `Send`.

mod transfer;

use crate::block::{Block, HEAD, Pool};
use crate::message::{Body, Head, Message};
use crate::transport::{Transport, TransportError};
use mpi::environment::Universe;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::{Threading, traits::CommunicatorCollectives as _};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};
use transfer::{Transfer, int};

/// Carries messages between the processes of an MPI job, each of which is a rank.
///
/// One thread uses it, the one that started MPI. If a call fails, or a process dies, the MPI library ends the
/// whole job.
///
/// # Examples
///
/// ```no_run
/// use dgraph_mpi::{Link, MpiTransport};
/// let mut link = Link::new(MpiTransport::start()?);
/// # Ok::<(), dgraph_mpi::TransportError>(())
/// ```
pub struct MpiTransport {
    communicator: SimpleCommunicator,
    rank: usize,
    size: usize,
    /// Receives of small messages: these complete in order.
    open: VecDeque<Transfer>,
    /// Messages that wait for their body, and those that wait for one of these.
    incomplete: VecDeque<Incomplete>,
    sending: VecDeque<Transfer>,
    pool: Pool,
    since: Instant,
    /// If it has started MPI, it ends it. Dropped last.
    _universe: Option<Universe>,
    /// Not `Send`, whatever the library's handles are.
    _thread: PhantomData<*const ()>,
}

struct Incomplete {
    from: usize,
    head: Head,
    body: Incoming,
}

enum Incoming {
    There(Arc<Block>),
    OnItsWay(Transfer),
}

/// The longest message that goes in one piece, with its head: libraries send about so much at once.
const SMALL: usize = 4000;
/// How many receives are open.
const OPEN: usize = 16;
/// How long the end waits for messages that nobody receives.
const FLUSH: Duration = Duration::from_secs(10);

const SMALL_TAG: i32 = 1;
const BODY_TAG: i32 = 2;

impl MpiTransport {
    /// Starts MPI, for this thread. When the transport is dropped, MPI ends, and can't be started again.
    ///
    /// # Errors
    ///
    /// If MPI has been started before, or can't do with several threads of which one uses it.
    pub fn start() -> Result<Self, TransportError> {
        let started = mpi::initialize_with_threading(Threading::Funneled);
        let (universe, threading) =
            started.ok_or(TransportError::Unavailable { what: "it was started before" })?;
        if threading < Threading::Funneled {
            return Err(TransportError::Unavailable { what: "it allows no other threads" });
        }
        let mut transport = Self::over(&universe.world())?;
        transport._universe = Some(universe);
        Ok(transport)
    }

    /// Between the ranks of a communicator, of which it makes a duplicate; all of these do it together. For
    /// programs that use MPI themselves: MPI has to end after the transport.
    ///
    /// # Errors
    ///
    /// If receives can't be opened.
    pub fn over(communicator: &impl Communicator) -> Result<Self, TransportError> {
        let communicator = communicator.duplicate();
        let number = |number| usize::try_from(number).expect("ranks are not negative");
        let mut transport = Self {
            rank: number(communicator.rank()),
            size: number(communicator.size()),
            communicator,
            open: VecDeque::new(),
            incomplete: VecDeque::new(),
            sending: VecDeque::new(),
            pool: Pool::default(),
            since: Instant::now(),
            _universe: None,
            _thread: PhantomData,
        };
        for _ in 0..OPEN {
            transport.open_receive()?;
        }
        Ok(transport)
    }

    /// Ends the whole job, with this code, at once.
    pub fn abort(&self, code: i32) -> ! {
        self.communicator.abort(code)
    }

    /// Waits until all ranks are here.
    pub fn barrier(&self) {
        self.communicator.barrier();
    }

    fn open_receive(&mut self) -> Result<(), TransportError> {
        let block = self.pool.take(SMALL);
        self.open.push_back(Transfer::receive(&self.communicator, block, 0, SMALL, None, SMALL_TAG)?);
        Ok(())
    }

    /// Sends a part of `block`.
    fn send_part(
        &mut self,
        to: usize,
        block: Arc<Block>,
        start: usize,
        length: usize,
        tag: i32,
    ) -> Result<(), TransportError> {
        let mut transfer = Transfer::send(&self.communicator, block, start, length, to, tag)?;
        if transfer.test()?.is_none() {
            self.sending.push_back(transfer);
        }
        Ok(())
    }

    /// Lets go of what has been sent.
    fn reap(&mut self) -> Result<(), TransportError> {
        while let Some(transfer) = self.sending.front_mut() {
            if transfer.test()?.is_none() {
                break;
            }
            self.sending.pop_front();
        }
        Ok(())
    }

    /// The first message that is whole, of those that wait for a body.
    fn completed(&mut self) -> Result<Option<(usize, Message)>, TransportError> {
        for at in 0..self.incomplete.len() {
            let from = self.incomplete[at].from;
            if self.incomplete.iter().take(at).any(|earlier| earlier.from == from) {
                continue;
            }
            let length = self.incomplete[at].head.length();
            if let Incoming::OnItsWay(transfer) = &mut self.incomplete[at].body {
                let Some(received) = transfer.test()? else { continue };
                if received.bytes()? != length {
                    return Err(TransportError::Malformed { from });
                }
            }
            let Some(Incomplete { head, body, .. }) = self.incomplete.remove(at) else { break };
            let block = match body {
                Incoming::There(block) => block,
                Incoming::OnItsWay(transfer) => transfer.into_block(),
            };
            return self.message(from, head, block).map(Some);
        }
        Ok(None)
    }

    fn message(
        &mut self,
        from: usize,
        head: Head,
        block: Arc<Block>,
    ) -> Result<(usize, Message), TransportError> {
        self.pool.keep(&block);
        let body = (head.length() > 0).then(|| Body::new(block, head.length()));
        let message = Message::new(head, body).ok_or(TransportError::Malformed { from })?;
        Ok((from, message))
    }
}

impl Transport for MpiTransport {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError> {
        let (head, body) = message.into_parts();
        let length = head.length();
        let whole = HEAD + length <= SMALL;
        let body = match body {
            Some(body) if whole && body.with_head_bytes().is_some() => {
                return self.send_part(to, body.into_block().0, 0, HEAD + length, SMALL_TAG);
            }
            body => body,
        };
        // A length that MPI can't count is refused before the head is sent.
        int(length)?;
        let mut block = self.pool.take(SMALL);
        let memory = Arc::get_mut(&mut block).expect("blocks of the pool are nobody else's").bytes_mut();
        memory[..HEAD].copy_from_slice(&head.to_bytes());
        if let (Some(body), true) = (&body, whole) {
            memory[HEAD..HEAD + length].copy_from_slice(body.bytes());
        }
        self.pool.keep(&block);
        self.send_part(to, block, 0, if whole { HEAD + length } else { HEAD }, SMALL_TAG)?;
        match body.map(Body::into_block) {
            Some((block, start)) if !whole => self.send_part(to, block, start, length, BODY_TAG),
            _ => Ok(()),
        }
    }

    fn poll(&mut self) -> Result<Option<(usize, Message)>, TransportError> {
        if !self.sending.is_empty() {
            self.reap()?;
        }
        if !self.incomplete.is_empty() {
            if let Some(message) = self.completed()? {
                return Ok(Some(message));
            }
        }
        if self.open.len() < OPEN / 2 {
            self.open_receive()?;
        }
        let Some(transfer) = self.open.front_mut() else { return Ok(None) };
        let Some(received) = transfer.test()? else {
            // Not when a message has come: that is waited for.
            if self.open.len() < OPEN {
                self.open_receive()?;
            }
            return Ok(None);
        };
        let Some(block) = self.open.pop_front().map(Transfer::into_block) else { return Ok(None) };
        let (from, bytes) = (received.from(), received.bytes()?);
        let head = block.bytes().first_chunk().and_then(Head::from_bytes);
        let head = head.filter(|_| bytes >= HEAD).ok_or(TransportError::Malformed { from })?;
        let length = head.length();
        if HEAD + length <= SMALL {
            if bytes != HEAD + length {
                return Err(TransportError::Malformed { from });
            }
            if self.incomplete.iter().all(|earlier| earlier.from != from) {
                return self.message(from, head, block).map(Some);
            }
            self.incomplete.push_back(Incomplete { from, head, body: Incoming::There(block) });
        } else {
            self.pool.keep(&block);
            let block = self.pool.take(HEAD + length);
            let body = Transfer::receive(&self.communicator, block, HEAD, length, Some(from), BODY_TAG)?;
            self.incomplete.push_back(Incomplete { from, head, body: Incoming::OnItsWay(body) });
        }
        Ok(None)
    }

    fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    fn flush(&mut self) -> Result<(), TransportError> {
        let begin = Instant::now();
        while !self.sending.is_empty() {
            self.reap()?;
            if begin.elapsed() > FLUSH {
                return Err(TransportError::NotSent { messages: self.sending.len() });
            }
        }
        Ok(())
    }
}

impl Drop for MpiTransport {
    fn drop(&mut self) {
        let _ = self.flush();
        // Before the communicator: what is under way ends.
        self.sending.clear();
        self.open.clear();
        self.incomplete.clear();
    }
}

impl fmt::Debug for MpiTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MpiTransport")
            .field("rank", &self.rank)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
