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

use crate::block::{Block, HEAD, Pool};
use crate::message::{Body, Head, Message};
use crate::transport::{Transport, TransportError};
use mpi::datatype::Equivalence;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::raw::AsRaw;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::{Threading, traits::CommunicatorCollectives as _};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    open: VecDeque<(Request, Arc<Block>)>,
    /// Messages that wait for their body, and those that wait for one of these.
    incomplete: VecDeque<Incomplete>,
    /// What is being sent, with the memory that it is read from.
    sending: VecDeque<(Request, Arc<Block>)>,
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
    /// `None` if the body is there.
    request: Option<Request>,
    block: Arc<Block>,
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
        let mut block = self.pool.take(SMALL);
        let request = self.receive(&mut block, 0, SMALL, None, SMALL_TAG)?;
        self.open.push_back((request, block));
        Ok(())
    }

    /// Begins to receive into a part of `block`, which is to be kept until then, and which nobody else has.
    fn receive(
        &self,
        block: &mut Arc<Block>,
        start: usize,
        length: usize,
        from: Option<usize>,
        tag: i32,
    ) -> Result<Request, TransportError> {
        let memory = Arc::get_mut(block).expect("blocks of the pool are nobody else's");
        let memory = &mut memory.bytes_mut()[start..start + length];
        let count = int(memory.len())?;
        let source = match from {
            Some(rank) => int(rank)?,
            None => any_source(),
        };
        let mut request = MaybeUninit::uninit();
        // SAFETY: the memory is `length` bytes that nobody uses until the request is complete: whoever keeps
        // it keeps the block with it, looks at neither before, and cancels it if it is dropped. The
        // communicator is a live one.
        let code = unsafe {
            ffi::MPI_Irecv(
                memory.as_mut_ptr().cast(),
                count,
                u8::equivalent_datatype().as_raw(),
                source,
                tag,
                self.communicator.as_raw(),
                request.as_mut_ptr(),
            )
        };
        check("MPI_Irecv", code)?;
        // SAFETY: the call has succeeded, and written it.
        Ok(Request(unsafe { request.assume_init() }))
    }

    /// Sends a part of `block`, which nobody changes as long as it is shared.
    fn send_part(
        &mut self,
        to: usize,
        block: Arc<Block>,
        start: usize,
        length: usize,
        tag: i32,
    ) -> Result<(), TransportError> {
        let memory = &block.bytes()[start..start + length];
        let (count, to) = (int(memory.len())?, int(to)?);
        let mut request = MaybeUninit::uninit();
        // SAFETY: the memory is `length` bytes that nobody changes until the request is complete, since the
        // block is kept in an `Arc` with it, of which nobody else has the only one. The communicator is a
        // live one.
        let code = unsafe {
            ffi::MPI_Isend(
                memory.as_ptr().cast(),
                count,
                u8::equivalent_datatype().as_raw(),
                to,
                tag,
                self.communicator.as_raw(),
                request.as_mut_ptr(),
            )
        };
        check("MPI_Isend", code)?;
        // SAFETY: the call has succeeded, and written it.
        let mut request = Request(unsafe { request.assume_init() });
        if request.test()?.is_none() {
            self.sending.push_back((request, block));
        }
        Ok(())
    }

    /// Lets go of what has been sent.
    fn reap(&mut self) -> Result<(), TransportError> {
        while let Some((request, _)) = self.sending.front_mut() {
            if request.test()?.is_none() {
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
            if let Some(request) = &mut self.incomplete[at].request {
                let Some(status) = request.test()? else { continue };
                let length = self.incomplete[at].head.length();
                if received_bytes(&status)? != length {
                    return Err(TransportError::Malformed { from });
                }
            }
            let Some(Incomplete { head, block, .. }) = self.incomplete.remove(at) else { break };
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

/// Something that MPI is in the middle of.
struct Request(ffi::MPI_Request);

impl Request {
    /// Its status, if it is complete. Then the handle is a null one.
    fn test(&mut self) -> Result<Option<ffi::MPI_Status>, TransportError> {
        let (mut done, mut status) = (0, MaybeUninit::<ffi::MPI_Status>::zeroed());
        // SAFETY: the request is one that a call has made, or the null one.
        let code = unsafe { ffi::MPI_Test(&raw mut self.0, &raw mut done, status.as_mut_ptr()) };
        check("MPI_Test", code)?;
        // SAFETY: zeros are a status, and if it is complete, it was written.
        let status = unsafe { status.assume_init() };
        Ok((done != 0).then_some(status))
    }

    /// Gives up a receive, unless something is being received, and waits for its end.
    fn cancel(&mut self) -> Result<(), TransportError> {
        // SAFETY: the request is one that a call has made and that isn't complete.
        check("MPI_Cancel", unsafe { ffi::MPI_Cancel(&raw mut self.0) })?;
        let mut status = MaybeUninit::<ffi::MPI_Status>::zeroed();
        // SAFETY: as above; it is complete when it was cancelled, or when what is being received is there.
        check("MPI_Wait", unsafe { ffi::MPI_Wait(&raw mut self.0, status.as_mut_ptr()) })
    }
}

fn check(call: &'static str, code: i32) -> Result<(), TransportError> {
    if code == 0 { Ok(()) } else { Err(TransportError::Mpi { call, code }) }
}

/// A number as MPI counts.
fn int(number: usize) -> Result<i32, TransportError> {
    i32::try_from(number).map_err(|_| TransportError::TooLong { bytes: number })
}

fn any_source() -> i32 {
    // SAFETY: a constant of the library.
    unsafe { ffi::RSMPI_ANY_SOURCE }
}

fn received_bytes(status: &ffi::MPI_Status) -> Result<usize, TransportError> {
    let mut count = 0;
    // SAFETY: the status is one that a call has written.
    let code = unsafe { ffi::MPI_Get_count(status, u8::equivalent_datatype().as_raw(), &raw mut count) };
    check("MPI_Get_count", code)?;
    Ok(usize::try_from(count).unwrap_or(0))
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
        let Some((request, _)) = self.open.front_mut() else { return Ok(None) };
        let Some(status) = request.test()? else {
            // Not when a message has come: that is waited for.
            if self.open.len() < OPEN {
                self.open_receive()?;
            }
            return Ok(None);
        };
        let Some((_, block)) = self.open.pop_front() else { return Ok(None) };
        let from = usize::try_from(status.MPI_SOURCE).unwrap_or(usize::MAX);
        let bytes = received_bytes(&status)?;
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
            self.incomplete.push_back(Incomplete { from, head, request: None, block });
        } else {
            self.pool.keep(&block);
            let mut block = self.pool.take(HEAD + length);
            let request = self.receive(&mut block, HEAD, length, Some(from), BODY_TAG)?;
            self.incomplete.push_back(Incomplete { from, head, request: Some(request), block });
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
        // What MPI still reads from must stay.
        self.sending.drain(..).for_each(mem::forget);
        let incomplete =
            self.incomplete.drain(..).filter_map(|message| Some((message.request?, message.block)));
        for (mut request, block) in self.open.drain(..).chain(incomplete) {
            // Nor may what it still writes to go.
            if request.cancel().is_err() {
                mem::forget(block);
            }
        }
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
