//! Why ranks can't go on together.

use crate::transport::TransportError;
use crate::wire::WireError;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why what ranks do together has come to no end. The link can't be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// Messages can't be sent or received.
    Transport(TransportError),
    /// What ranks tell each other can't be read.
    Wire(WireError),
    /// This rank has waited for longer than its [timeout](crate::Link::set_timeout).
    Stalled {
        /// This rank.
        rank: usize,
        /// The timeout, or two or three times that.
        after: Duration,
        /// What it has waited for.
        waiting: Waiting,
    },
    /// Another rank has given up, for a reason of its own.
    Aborted {
        /// The rank.
        rank: usize,
        /// Its error, in words.
        reason: String,
    },
    /// This rank was called off: the future of an operation was dropped before its end.
    GivenUp {
        /// This rank.
        rank: usize,
    },
    /// A rank has dropped its link, and takes part in nothing any more.
    Left {
        /// The rank.
        rank: usize,
    },
    /// A rank does something else than this one: all have to do the same, in the same order.
    OutOfStep {
        /// The rank.
        rank: usize,
    },
    /// An earlier operation has failed.
    Unusable(Box<LinkError>),
}

/// What a rank waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The rank waits for values.
    Values {
        /// The first few nodes, with the ranks that they come from.
        first: Vec<(String, usize)>,
        /// How many more there are.
        more: usize,
    },
    /// The rank waits for what another one, and those below that in the tree, have come to.
    Report {
        /// The rank.
        rank: usize,
    },
    /// The rank waits for what all ranks have come to, which this other rank has to pass on.
    Verdict {
        /// The rank.
        rank: usize,
    },
    /// The rank waits for values to be gathered.
    Gathered {
        /// How many are still to come.
        values: usize,
    },
}

impl Waiting {
    /// How many timeouts are given: whoever waits for a message that was lost is to be the first to say so.
    pub(crate) fn patience(&self) -> u32 {
        match self {
            Self::Values { .. } | Self::Gathered { .. } => 1,
            Self::Report { .. } => 2,
            Self::Verdict { .. } => 3,
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { first, more } => {
                f.write_str("values: ")?;
                for (at, (node, rank)) in first.iter().enumerate() {
                    let separator = if at == 0 { "" } else { ", " };
                    write!(f, "{separator}{node} of rank {rank}")?;
                }
                if *more == 0 { Ok(()) } else { write!(f, " and {more} more") }
            }
            Self::Report { rank } => write!(f, "the report of rank {rank}"),
            Self::Verdict { rank } => write!(f, "the verdict from rank {rank}"),
            Self::Gathered { values } => write!(f, "{values} values to be gathered"),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(_) => f.write_str("messages can't be sent or received"),
            Self::Wire(_) => f.write_str("what another rank says can't be read"),
            Self::Stalled { rank, after, waiting } => {
                write!(f, "rank {rank} has waited {after:?} for {waiting}")
            }
            Self::Aborted { rank, reason } => write!(f, "rank {rank} has given up: {reason}"),
            Self::GivenUp { rank } => write!(f, "rank {rank} was called off"),
            Self::Left { rank } => write!(f, "rank {rank} has left"),
            Self::OutOfStep { rank } => write!(f, "rank {rank} does something else than this one"),
            Self::Unusable(_) => f.write_str("an earlier operation of the ranks has failed"),
        }
    }
}

impl From<WireError> for LinkError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl Error for LinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            Self::Wire(error) => Some(error),
            Self::Unusable(error) => Some(error),
            _ => None,
        }
    }
}
