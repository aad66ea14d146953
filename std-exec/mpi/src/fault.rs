//! What went wrong on some rank, as all ranks get to know it.

use crate::merge::Merge;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FaultKind {
    /// A node has failed: it gave an error.
    Failed,
    /// A node has panicked.
    Panicked,
    /// The value of a node can't be written for its way to other ranks.
    NotSent,
    /// The value of a node can't be read by a rank that it has come to.
    NotReceived,
    /// The rank could not run its part of the graph; an input isn't set, say.
    NotRun,
    /// A rank's token was cancelled.
    Cancelled,
    /// A rank's deadline has passed.
    DeadlineExceeded,
    /// A node has no value to be gathered.
    Missing,
}

impl FaultKind {
    /// Whether a rank has called the run off, and nothing has gone wrong.
    pub(crate) fn calls_off(self) -> bool {
        matches!(self, Self::Cancelled | Self::DeadlineExceeded)
    }
}

/// Something that went wrong on a rank.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    kind: FaultKind,
    rank: usize,
    node: Option<(usize, String)>,
    message: String,
    /// On the rank where it happened.
    #[serde(skip)]
    error: Option<Arc<dyn Error + Send + Sync>>,
}

/// A message is cut after so many bytes.
const MESSAGE: usize = 300;

impl Fault {
    pub(crate) fn new(kind: FaultKind, rank: usize, node: Option<(usize, String)>) -> Self {
        Self { kind, rank, node, message: String::new(), error: None }
    }

    /// With the error, and its words and those of its sources for the other ranks.
    pub(crate) fn with_error(mut self, error: Arc<dyn Error + Send + Sync>) -> Self {
        let mut words = error.to_string();
        let mut source = error.source();
        while let (Some(cause), true) = (source, words.len() < MESSAGE) {
            words += ": ";
            words += &cause.to_string();
            source = cause.source();
        }
        self.error = Some(error);
        self.with_message(words)
    }

    pub(crate) fn with_message(mut self, mut message: String) -> Self {
        if message.len() > MESSAGE {
            let end = (0..=MESSAGE).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);
            message.truncate(end);
            message += "…";
        }
        self.message = message;
        self
    }

    /// What kind of fault it is.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The rank where it happened.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The number of the node, if it is about one: nodes are numbered in the order in which they were
    /// declared.
    #[must_use]
    pub fn node(&self) -> Option<usize> {
        self.node.as_ref().map(|&(node, _)| node)
    }

    /// The name of the node, if it is about one that has a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.node.as_ref().map(|(_, name)| name.as_str()).filter(|name| !name.is_empty())
    }

    /// The words of the error and of its sources, or of the panic, at most some 300 bytes of them.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some((number, name)) if name.is_empty() => write!(f, "node #{number} ")?,
            Some((_, name)) => write!(f, "node {name} ")?,
            None => {}
        }
        match self.kind {
            FaultKind::Failed => write!(f, "failed on rank {}", self.rank)?,
            FaultKind::Panicked => write!(f, "panicked on rank {}", self.rank)?,
            FaultKind::NotSent => write!(f, "could not be sent by rank {}", self.rank)?,
            FaultKind::NotReceived => write!(f, "could not be read by rank {}", self.rank)?,
            FaultKind::NotRun => write!(f, "rank {} could not run", self.rank)?,
            FaultKind::Cancelled => write!(f, "cancelled by rank {}", self.rank)?,
            FaultKind::DeadlineExceeded => write!(f, "deadline of rank {} exceeded", self.rank)?,
            FaultKind::Missing => write!(f, "has no value on rank {}", self.rank)?,
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, " ({})", self.message) }
    }
}

impl Error for Fault {
    /// The error that the node gave, on the rank where that was.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.as_deref().map(|error| error as _)
    }
}

/// How many faults are told to all ranks.
const TOLD: usize = 8;

/// The faults of all ranks: the first few of them, and how many there were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Faults {
    first: Vec<Fault>,
    more: u64,
}

impl Faults {
    /// Adds a fault. That a rank has called the run off is told by each rank that has stopped for it, and
    /// counts once.
    pub(crate) fn push(&mut self, fault: Fault) {
        let same = |known: &Fault| known.kind == fault.kind && known.rank == fault.rank;
        if fault.kind.calls_off() && self.first.iter().any(same) {
            return;
        }
        if self.first.len() < TOLD {
            self.first.push(fault);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.first.clear();
        self.more = 0;
    }

    /// The first few, those of lower ranks first.
    #[must_use]
    pub fn first(&self) -> &[Fault] {
        &self.first
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.first.len() as u64 + self.more
    }

    /// Takes the errors of this rank over from `own`: those that have come from other ranks are words only.
    pub(crate) fn adopt(&mut self, own: &Self) {
        for fault in &mut self.first {
            let same =
                |own: &&Fault| own.rank == fault.rank && own.node() == fault.node() && own.kind == fault.kind;
            if let Some(own) = own.first.iter().find(same) {
                fault.error.clone_from(&own.error);
            }
        }
    }
}

impl Merge for Faults {
    fn merge(&mut self, other: Self) {
        self.more += other.more;
        other.first.into_iter().for_each(|fault| self.push(fault));
        self.first.sort_by_key(|fault| fault.rank);
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        for (at, fault) in self.first.iter().take(SHOWN).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        match self.count().saturating_sub(SHOWN as u64) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(rank: usize) -> Fault {
        Fault::new(FaultKind::Failed, rank, Some((7, "load".into()))).with_error(Arc::new(fmt::Error))
    }

    #[test]
    fn many_faults_are_counted_and_the_message_stays_short() {
        let mut faults = Faults::default();
        (0..100).for_each(|rank| faults.push(fault(rank)));
        let mut lower = Faults::default();
        (0..3).for_each(|rank| lower.push(fault(rank)));
        lower.merge(faults);
        assert_eq!((lower.count(), lower.first().len()), (103, TOLD));
        assert!(lower.to_string().len() < 400, "{lower}");
        assert!(lower.to_string().ends_with("and 100 more"), "{lower}");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let fault = Fault::new(FaultKind::Panicked, 0, None).with_message("ä".repeat(1000));
        assert_eq!(fault.message().chars().count(), MESSAGE / 2 + 1);
    }

    #[test]
    fn the_error_stays_on_its_rank() {
        let mut own = Faults::default();
        own.push(fault(1));
        let mut take = |bytes| Arc::new(crate::block::Block::new(bytes));
        let told = crate::wire::to_body(&own, &mut take).unwrap();
        let mut verdict: Faults = crate::wire::from_bytes(told.bytes()).unwrap();
        assert!(verdict.first()[0].source().is_none());
        verdict.adopt(&own);
        assert!(verdict.first()[0].source().is_some_and(|error| error.is::<fmt::Error>()));
    }
}
