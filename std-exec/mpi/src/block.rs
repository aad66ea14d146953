//! Memory that messages are written into, sent from and received into: shared, aligned, and used again.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// The room at the beginning of a block for what a message says of itself.
pub(crate) const HEAD: usize = 32;

/// A piece of memory, aligned for all plain data.
///
/// All of it is initialized at any time.
pub struct Block {
    words: Box<[u128]>,
}

impl Block {
    /// At least so many bytes, all 0.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { words: vec![0; bytes.div_ceil(size_of::<u128>())].into() }
    }

    /// How many bytes there are.
    pub(crate) fn capacity(&self) -> usize {
        size_of_val(&*self.words)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.words)
    }

    /// Makes room for so many bytes; those that are there stay.
    pub(crate) fn grow(&mut self, bytes: usize) {
        let mut grown = Self::new(bytes.max(2 * self.capacity()));
        grown.words[..self.words.len()].copy_from_slice(&self.words);
        *self = grown;
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("capacity", &self.capacity()).finish()
    }
}

/// Blocks to be used again as soon as nobody else has them.
///
/// A queue: messages are mostly done with in the order in which they were made.
#[derive(Debug, Default)]
pub struct Pool {
    blocks: VecDeque<Arc<Block>>,
}

/// How many blocks are tried before a new one is made.
const TRIES: usize = 8;
/// Beyond so many, blocks are forgotten.
const MOST: usize = 4096;

impl Pool {
    /// A block of at least so many bytes that nobody else has, not even the pool until it is to [keep](Self::keep) it.
    pub(crate) fn take(&mut self, bytes: usize) -> Arc<Block> {
        for _ in 0..TRIES.min(self.blocks.len()) {
            let Some(mut shared) = self.blocks.pop_front() else { break };
            if let Some(block) = Arc::get_mut(&mut shared) {
                // In time all blocks are as large as they have to be.
                if block.capacity() < bytes {
                    block.grow(bytes);
                }
                return shared;
            }
            self.blocks.push_back(shared);
        }
        Arc::new(Block::new(bytes))
    }

    /// Has `block` used again when everybody else has let go of it.
    pub(crate) fn keep(&mut self, block: &Arc<Block>) {
        if self.blocks.len() < MOST {
            self.blocks.push_back(Arc::clone(block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_once_nobody_has_it() {
        let mut pool = Pool::default();
        let first = pool.take(10);
        pool.keep(&first);
        let second = pool.take(10);
        pool.keep(&second);
        assert!(!Arc::ptr_eq(&first, &second));
        let address = Arc::as_ptr(&first);
        drop(first);
        let third = pool.take(1000);
        assert_eq!(Arc::as_ptr(&third), address);
        assert!(third.capacity() >= 1000);
    }

    #[test]
    fn what_is_there_stays_when_a_block_grows() {
        let mut block = Block::new(16);
        block.bytes_mut().copy_from_slice(&[7; 16]);
        block.grow(17);
        assert_eq!(block.bytes()[..16], [7; 16]);
        assert!(block.bytes()[16..].iter().all(|&byte| byte == 0));
    }
}
