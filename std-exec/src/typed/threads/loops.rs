//! Loops over slices, on the threads of a run.

use super::handed::Threads;
use super::pieces::{Items, Loop};
use crate::typed::error::stopped::Stopped;

impl Threads<'_> {
    /// Calls `f` for each element, with its position.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the run that this node is a part of was called off before the last element.
    ///
    /// # Panics
    ///
    /// If `f` panics: when all threads have ended the pieces that they are in the middle of, with the first
    /// such panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
    /// let mut graph = GraphBuilder::new();
    /// let squares = graph.try_node("squares", threads(), |threads: Threads<'_>| {
    ///     let mut squares = vec![0; 1000];
    ///     threads.for_each(&mut squares, |at, square| *square = at * at)?;
    ///     Ok::<_, Stopped>(squares)
    /// });
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[squares][999], 998_001);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn for_each<T, F>(&self, items: &mut [T], f: F) -> Result<(), Stopped>
    where
        T: Send,
        F: Fn(usize, &mut T) + Sync,
    {
        self.go_through(items, 1, |at, piece: &mut [T]| {
            piece.iter_mut().enumerate().for_each(|(more, item)| f(at + more, item));
        })
    }

    /// Calls `f` for each chunk of `size` elements, the last one may have fewer, with the position of the
    /// chunk's first element.
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    ///
    /// # Panics
    ///
    /// As [`for_each`](Self::for_each); and if `size` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.node("text", (), || "to be or not to be".repeat(100));
    /// let letters = graph.try_node("letters", (text, threads()), |text: &String, threads: Threads<'_>| {
    ///     let letters = [const { AtomicU32::new(0) }; 256];
    ///     threads.for_each_chunk(text.as_bytes(), 512, |_, bytes| {
    ///         bytes.iter().for_each(|&byte| _ = letters[usize::from(byte)].fetch_add(1, Relaxed));
    ///     })?;
    ///     Ok::<_, Stopped>(letters[usize::from(b'e')].load(Relaxed))
    /// });
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[letters], 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn for_each_chunk<T, F>(&self, items: &[T], size: usize, f: F) -> Result<(), Stopped>
    where
        T: Sync,
        F: Fn(usize, &[T]) + Sync,
    {
        check(size);
        self.go_through(items, size, |at, piece: &[T]| {
            piece.chunks(size).enumerate().for_each(|(more, chunk)| f(at + more * size, chunk));
        })
    }

    /// Calls `f` for each chunk of `size` elements, which it may change; otherwise like
    /// [`for_each_chunk`](Self::for_each_chunk).
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    ///
    /// # Panics
    ///
    /// As [`for_each`](Self::for_each); and if `size` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
    /// const WIDTH: usize = 320;
    /// let mut graph = GraphBuilder::new();
    /// let image = graph.try_node("image", threads(), |threads: Threads<'_>| {
    ///     let mut image = vec![0_u8; WIDTH * 200];
    ///     threads.for_each_chunk_mut(&mut image, WIDTH, |at, row| row.fill((at / WIDTH) as u8))?;
    ///     Ok::<_, Stopped>(image)
    /// });
    /// let mut graph = graph.build()?;
    /// let image = &graph.run_parallel(&Executor::new()?)?[image];
    /// assert!(image.chunks(WIDTH).zip(0..).all(|(row, y)| row.iter().all(|&pixel| pixel == y)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn for_each_chunk_mut<T, F>(&self, items: &mut [T], size: usize, f: F) -> Result<(), Stopped>
    where
        T: Send,
        F: Fn(usize, &mut [T]) + Sync,
    {
        check(size);
        self.go_through(items, size, |at, piece: &mut [T]| {
            piece.chunks_mut(size).enumerate().for_each(|(more, chunk)| f(at + more * size, chunk));
        })
    }

    /// Folds each chunk of `size` elements, beginning with what `identity` gives, and combines what chunks
    /// give from the first to the last; of no elements, it is what `identity` gives. How that is done depends
    /// on `size` alone, so the result is the same with any number of threads, also of floating-point numbers.
    /// `combine` is called on this thread. What chunks give is kept in one allocation.
    ///
    /// # Errors
    ///
    /// As [`for_each`](Self::for_each).
    ///
    /// # Panics
    ///
    /// As [`for_each`](Self::for_each), for all three; and if `size` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Threads, threads};
    /// let mut graph = GraphBuilder::new();
    /// let numbers = graph.node("numbers", (), || (0..10_000_u32).map(|n| 1.0 / (1.0 + n as f32)).collect::<Vec<_>>());
    /// let sum = graph.try_node("sum", (numbers, threads()), |numbers: &Vec<f32>, threads: Threads<'_>| {
    ///     threads.fold(numbers, 256, || 0.0, |sum, number| sum + number, |a, b| a + b)
    /// });
    /// let mut graph = graph.build()?;
    /// let serial = graph.run()?[sum];
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?[sum].to_bits(), serial.to_bits());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn fold<T, A>(
        &self,
        items: &[T],
        size: usize,
        identity: impl Fn() -> A + Sync,
        fold: impl Fn(A, &T) -> A + Sync,
        combine: impl FnMut(A, A) -> A,
    ) -> Result<A, Stopped>
    where
        T: Sync,
        A: Send,
    {
        check(size);
        let mut folded: Vec<Option<A>> = Vec::new();
        folded.resize_with(items.len().div_ceil(size), || None);
        self.for_each(&mut folded, |chunk, folded| {
            let items = &items[chunk * size..];
            *folded = Some(items[..size.min(items.len())].iter().fold(identity(), &fold));
        })?;
        Ok(folded.into_iter().flatten().reduce(combine).unwrap_or_else(identity))
    }

    /// Calls `work` for all items, piece by piece, with how many are before the piece. No piece begins within
    /// a chunk of so many.
    #[track_caller]
    fn go_through<S: Items>(
        &self,
        items: S,
        chunk: usize,
        work: impl Fn(usize, S) + Sync,
    ) -> Result<(), Stopped> {
        let several = items.len() > chunk;
        let all = Loop::new(self, items, chunk, work);
        match self.executor() {
            Some(executor) if several => executor.run_on_each(&all),
            _ => all.run_alone(),
        }
        all.outcome()
    }
}

#[track_caller]
fn check(size: usize) {
    assert!(size > 0, "chunks of no elements");
}
