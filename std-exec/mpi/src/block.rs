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
/// A queue for each size: messages are mostly done with in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Of blocks of at least 2 to the power of the place.
    queues: Vec<VecDeque<Arc<Block>>>,
}

/// How many blocks are tried before a new one is made.
const TRIES: usize = 8;
/// Beyond so many of a size, or so many bytes, blocks are forgotten.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 28;

impl Pool {
    /// A block of at least so many bytes that nobody else has, not even the pool until it is to
    /// [keep](Self::keep) it.
    pub(crate) fn take(&mut self, bytes: usize) -> Arc<Block> {
        let bytes = bytes.max(1).checked_next_power_of_two().unwrap_or(bytes);
        if let Some(queue) = self.queues.get_mut(bytes.ilog2() as usize) {
            for _ in 0..TRIES.min(queue.len()) {
                let Some(mut shared) = queue.pop_front() else { break };
                if Arc::get_mut(&mut shared).is_some() {
                    return shared;
                }
                queue.push_back(shared);
            }
        }
        Arc::new(Block::new(bytes))
    }

    /// Has `block` used again when everybody else has let go of it.
    pub(crate) fn keep(&mut self, block: &Arc<Block>) {
        let size = block.capacity().max(1);
        let queue = size.ilog2() as usize;
        if self.queues.len() <= queue {
            self.queues.resize_with(queue + 1, VecDeque::new);
        }
        let queue = &mut self.queues[queue];
        if queue.len() < MOST.min((MOST_BYTES / size).max(TRIES)) {
            queue.push_back(Arc::clone(block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_once_nobody_has_it() {
        let mut pool = Pool::default();
        let first = pool.take(100);
        pool.keep(&first);
        let second = pool.take(100);
        pool.keep(&second);
        assert!(!Arc::ptr_eq(&first, &second));
        let address = Arc::as_ptr(&first);
        drop(first);
        assert_eq!(Arc::as_ptr(&pool.take(128)), address);
    }

    #[test]
    fn small_blocks_stay_small() {
        let mut pool = Pool::default();
        let small = pool.take(100);
        pool.keep(&small);
        drop(small);
        let large = pool.take(1 << 20);
        pool.keep(&large);
        drop(large);
        assert!(pool.take(100).capacity() < 200);
        assert!(pool.take(1 << 20).capacity() >= 1 << 20);
    }

    #[test]
    fn a_pool_forgets_what_is_too_much() {
        let mut pool = Pool::default();
        let blocks: Vec<_> = (0..MOST + 10).map(|_| pool.take(100)).collect();
        blocks.iter().for_each(|block| pool.keep(block));
        assert_eq!(pool.queues.iter().map(VecDeque::len).sum::<usize>(), MOST);
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
