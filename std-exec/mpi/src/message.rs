//! What ranks tell each other.

use crate::block::{Block, HEAD};
use std::fmt;
use std::sync::Arc;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The value of a node.
    Value,
    /// A node has a value, which the receiver doesn't need.
    Done,
    /// A node will have no value in this run.
    Poison,
    /// A run is to stop; the node is a number for the reason.
    Stop,
    /// Up the tree: what a rank and those below it have come to.
    Report,
    /// Down the tree: what all have come to.
    Verdict,
    /// A value for the rank that gathers.
    Gathered,
    /// There is no value for the rank that gathers; the body says why.
    Missing,
    /// How many nodes are done.
    Progress,
    /// A rank has given up; the body says why.
    Abort,
    /// A rank has left; it takes part in nothing after the operation that is named.
    Bye,
}

const KINDS: [Kind; 11] = [
    Kind::Value,
    Kind::Done,
    Kind::Poison,
    Kind::Stop,
    Kind::Report,
    Kind::Verdict,
    Kind::Gathered,
    Kind::Missing,
    Kind::Progress,
    Kind::Abort,
    Kind::Bye,
];

/// What a message says of itself, in 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub(crate) kind: Kind,
    /// Which of the link's graphs.
    pub(crate) graph: u32,
    /// Which of the link's operations.
    pub(crate) operation: u64,
    /// Which node, or a number of nodes.
    pub(crate) node: u64,
    /// How many bytes the body has.
    pub(crate) length: u64,
}

impl Head {
    /// As it travels. Ranks have to agree in how their processors order bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let kind = self.kind as u64 | u64::from(self.graph) << 32;
        bytemuck::cast([kind, self.operation, self.node, self.length])
    }

    /// What [`to_bytes`](Self::to_bytes) made, `None` if it can't have been that.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "two numbers in one")]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let [kind, operation, node, length] = bytemuck::pod_read_unaligned::<[u64; 4]>(bytes);
        let (kind, graph) = (kind as u32, (kind >> 32) as u32);
        Some(Self { kind: *KINDS.get(kind as usize)?, graph, operation, node, length })
    }

    /// How many bytes of body belong to the message.
    #[must_use]
    pub fn length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }
}

/// The bytes of a message, a part of a [`Block`].
#[derive(Clone)]
pub struct Body {
    block: Arc<Block>,
    start: usize,
    length: usize,
    /// The message's head stands before them.
    headed: bool,
}

impl Body {
    /// What stands in `block` after room for the head.
    pub(crate) fn new(block: Arc<Block>, length: usize) -> Self {
        assert!(HEAD + length <= block.capacity(), "a body that is longer than its block");
        Self { block, start: HEAD, length, headed: false }
    }

    /// A body of a block that nobody else has.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut block = Block::new(HEAD + bytes.len());
        block.bytes_mut()[HEAD..HEAD + bytes.len()].copy_from_slice(bytes);
        Self::new(Arc::new(block), bytes.len())
    }

    /// Puts the head before the bytes, if nobody else has the block.
    #[inline]
    pub(crate) fn with_head(mut self, head: Head) -> Self {
        if let Some(block) = Arc::get_mut(&mut self.block) {
            block.bytes_mut()[..HEAD].copy_from_slice(&head.to_bytes());
            self.headed = true;
        }
        self
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.block.bytes()[self.start..self.start + self.length]
    }

    /// The bytes with the head before them, if it stands there.
    #[must_use]
    pub fn with_head_bytes(&self) -> Option<&[u8]> {
        self.headed.then(|| &self.block.bytes()[..self.start + self.length])
    }

    /// The block, and where in it the bytes begin.
    #[must_use]
    pub fn into_block(self) -> (Arc<Block>, usize) {
        (self.block, self.start)
    }

    /// The block that the bytes lie in.
    #[must_use]
    pub fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// The bytes, if nobody else has them.
    pub(crate) fn get_mut(&mut self) -> Option<&mut [u8]> {
        let block = Arc::get_mut(&mut self.block)?;
        Some(&mut block.bytes_mut()[self.start..self.start + self.length])
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish()
    }
}

/// A message: what is sent by a [`Transport`](crate::Transport), and what comes.
#[derive(Clone, Debug)]
pub struct Message {
    pub(crate) head: Head,
    pub(crate) body: Option<Body>,
}

impl Message {
    /// Puts together what has come. `None` if the body isn't as long as the head says.
    #[must_use]
    pub fn new(head: Head, body: Option<Body>) -> Option<Self> {
        let length = body.as_ref().map_or(0, |body| body.length);
        (length == head.length()).then_some(Self { head, body })
    }

    /// One without a body.
    #[inline]
    pub(crate) fn bare(kind: Kind, graph: u32, operation: u64, node: u64) -> Self {
        Self { head: Head { kind, graph, operation, node, length: 0 }, body: None }
    }

    #[inline]
    pub(crate) fn with_body(kind: Kind, graph: u32, operation: u64, node: u64, body: Body) -> Self {
        let length = u64::try_from(body.length).expect("lengths fit 64 bits");
        let head = Head { kind, graph, operation, node, length };
        Self { head, body: Some(body.with_head(head)) }
    }

    /// What the message says of itself.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// What the message says of itself, and its bytes, if it has any.
    #[must_use]
    pub fn into_parts(self) -> (Head, Option<Body>) {
        (self.head, self.body)
    }

    /// The bytes of the message, if it has any.
    #[must_use]
    pub fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], Body::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_was() {
        for kind in KINDS {
            let head = Head { kind, graph: u32::MAX - 1, operation: 1 << 40, node: 7, length: 3 };
            assert_eq!(Head::from_bytes(&head.to_bytes()), Some(head));
        }
        assert_eq!(Head::from_bytes(&[0xFF; 32]), None);
    }

    #[test]
    fn a_shared_body_stays_without_a_head() {
        let head = Head { kind: Kind::Value, graph: 0, operation: 1, node: 2, length: 4 };
        let body = Body::from_bytes(&[1, 2, 3, 4]);
        let other = body.clone();
        assert!(body.with_head(head).with_head_bytes().is_none());
        let headed = other.with_head(head);
        assert_eq!(headed.with_head_bytes().map(<[u8]>::len), Some(36));
        assert_eq!(headed.bytes(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_body_of_another_length_is_refused() {
        let head = Head { kind: Kind::Value, graph: 0, operation: 1, node: 2, length: 4 };
        assert!(Message::new(head, None).is_none());
        assert!(Message::new(head, Some(Body::from_bytes(&[0; 4]))).is_some());
    }
}
