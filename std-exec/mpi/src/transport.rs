//! How messages get from rank to rank.

use crate::message::Message;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Carries messages between the ranks of a job.
///
/// It loses nothing, and messages from one rank to another come in the order in which they were sent. Used by
/// one thread at a time. [`InProcess`](crate::InProcess) is one; with the feature `mpi`, `MpiTransport` is
/// another.
pub trait Transport {
    /// The rank that this is the end of, from 0 on.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Sends a message to another rank, soon: by itself, or by the polls that follow. Never waits for the
    /// other rank.
    ///
    /// # Errors
    ///
    /// If it can't be sent.
    fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError>;

    /// Goes on with what is under way, and gives the next message that has come, with the rank that sent it.
    ///
    /// # Errors
    ///
    /// If messages can't be received.
    fn poll(&mut self) -> Result<Option<(usize, Message)>, TransportError>;

    /// The time since some moment, by the clock that timeouts go by.
    fn elapsed(&self) -> Duration;

    /// Called when there was nothing to do, so many times in a row, with some polls in between. The default
    /// gives way to other threads after some microseconds, and sleeps for moments after some milliseconds.
    fn idle(&mut self, times: u32) {
        match times {
            0..50 => {}
            50..10_000 => std::thread::yield_now(),
            _ => std::thread::sleep(Duration::from_micros(50)),
        }
    }

    /// Goes on until everything that was sent is on its way. Called before the end.
    ///
    /// # Errors
    ///
    /// If something can't be sent.
    fn flush(&mut self) -> Result<(), TransportError>;
}

/// Why messages can't be sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// A call of the MPI library has failed. Mostly the library ends the job by itself when that happens.
    Mpi {
        /// The function.
        call: &'static str,
        /// What it returned.
        code: i32,
    },
    /// The MPI library can't be started, or not in the way that is needed.
    Unavailable {
        /// What is missing.
        what: &'static str,
    },
    /// What has come is no message.
    Malformed {
        /// The rank that has sent it.
        from: usize,
    },
    /// Messages were not taken by their receivers when the transport came to its end.
    NotSent {
        /// How many.
        messages: usize,
    },
    /// A message is longer than the transport can carry.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mpi { call, code } => write!(f, "{call} failed with code {code}"),
            Self::Unavailable { what } => write!(f, "MPI can't be used: {what}"),
            Self::Malformed { from } => write!(f, "rank {from} has sent what is no message"),
            Self::NotSent { messages } => write!(f, "{messages} messages were not taken by their receivers"),
            Self::TooLong { bytes } => write!(f, "a message of {bytes} bytes is too long"),
        }
    }
}

impl Error for TransportError {}
