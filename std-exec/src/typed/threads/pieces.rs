//! What is left of a loop, and who takes which piece of it.

use super::handed::Threads;
use crate::run::body::{Body, Progress};
use crate::sync::{Mutex, clock, lock};
use crate::typed::error::stopped::Stopped;
use dgraph_core::NodeId;
use std::mem;

/// In ticks, about ten microseconds: what a piece should take. Much longer than what it costs to take one,
/// and short enough that it matters little who takes the last one.
const PIECE: u64 = 25_000;
/// In ticks, about a hundred microseconds: after so long, a thread looks whether it is wanted elsewhere.
const SLICE: u64 = 250_000;

/// A slice, shared or exclusive.
pub(super) trait Items: Default + Send {
    fn len(&self) -> usize;

    /// Those before `mid`, and those from there on.
    fn split_at(self, mid: usize) -> (Self, Self);
}

impl<T: Sync> Items for &[T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn split_at(self, mid: usize) -> (Self, Self) {
        <[T]>::split_at(self, mid)
    }
}

impl<T: Send> Items for &mut [T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn split_at(self, mid: usize) -> (Self, Self) {
        self.split_at_mut(mid)
    }
}

/// A loop: the body of a run in which each thread has a node.
pub(super) struct Loop<'l, S, W> {
    threads: &'l Threads<'l>,
    left: Mutex<Left<S>>,
    /// Pieces consist of so many items, or a multiple; the last one may have fewer.
    chunk: usize,
    work: W,
}

/// What nobody has taken yet.
struct Left<S> {
    /// How many items are before these.
    at: usize,
    items: S,
    /// How many chunks it is best to take.
    chunks: usize,
    stopped: bool,
}

impl<S: Items> Left<S> {
    /// Takes what is left: nobody is to go on.
    fn give_up(&mut self) {
        self.items = S::default();
    }
}

impl<'l, S: Items, W: Fn(usize, S) + Sync> Loop<'l, S, W> {
    /// Calls `work` for all of `items`, piece by piece: with a piece, and how many items are before that. No
    /// piece begins within a chunk.
    pub(super) fn new(threads: &'l Threads<'l>, items: S, chunk: usize, work: W) -> Self {
        let left = Mutex::new(Left { at: 0, items, chunks: 1, stopped: false });
        Self { threads, left, chunk, work }
    }

    /// Goes through all of it, on the calling thread alone.
    pub(super) fn run_alone(&self) {
        while self.go_on() == Progress::Yielded {}
    }

    /// How it has ended.
    pub(super) fn outcome(self) -> Result<(), Stopped> {
        if lock(&self.left).stopped { Err(self.threads.stopped()) } else { Ok(()) }
    }

    /// The next piece, unless there is none, or the run was called off. The last piece that the calling
    /// thread has had took so many ticks, with so many chunks.
    fn take(&self, last: Option<(u64, usize)>) -> Option<(usize, usize, S)> {
        let called_off = self.threads.are_called_off();
        let mut left = lock(&self.left);
        let items = left.items.len();
        if items == 0 {
            return None;
        }
        if called_off {
            left.stopped = true;
            left.give_up();
            return None;
        }
        match last {
            Some((ticks, chunks)) if ticks < PIECE / 2 => left.chunks = chunks.saturating_mul(2),
            Some((ticks, chunks)) if ticks > PIECE * 2 => left.chunks = (chunks / 2).max(1),
            _ => {}
        }
        // Some for each thread, as long as there are some: at the end they should be done at the same time.
        let most = (items.div_ceil(self.chunk) / (2 * self.threads.count())).max(1);
        let chunks = left.chunks.min(most);
        let (piece, others) =
            mem::take(&mut left.items).split_at(items.min(chunks.saturating_mul(self.chunk)));
        left.items = others;
        let at = left.at;
        left.at += piece.len();
        Some((at, chunks, piece))
    }

    /// Takes pieces until there are none, or for a while.
    fn go_on(&self) -> Progress {
        let began = clock::now();
        let (mut now, mut last) = (began, None);
        while let Some((at, chunks, piece)) = self.take(last) {
            let unwinds = GiveUp(&self.left);
            (self.work)(at, piece);
            mem::forget(unwinds);
            let before = mem::replace(&mut now, clock::now());
            last = Some((now.saturating_sub(before), chunks));
            if now.saturating_sub(began) > SLICE {
                return Progress::Yielded;
            }
        }
        Progress::Done
    }
}

impl<S: Items, W: Fn(usize, S) + Sync> Body for Loop<'_, S, W> {
    /// A thread that is wanted elsewhere leaves the loop.
    const WAKES: bool = true;

    fn run(&self, _: NodeId) -> Progress {
        self.go_on()
    }
}

/// Work that panics ends the loop: others end the pieces that they have.
struct GiveUp<'l, S: Items>(&'l Mutex<Left<S>>);

impl<S: Items> Drop for GiveUp<'_, S> {
    fn drop(&mut self) {
        lock(self.0).give_up();
    }
}
