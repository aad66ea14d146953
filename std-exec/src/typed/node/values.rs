//! The results of many nodes of one type, as one argument.

use crate::typed::memory::arena::{Base, Place};
use crate::typed::memory::frame::Frame;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::ops::Index;
use std::slice;

/// Which part of a graph's lists of slots a node is fed from.
#[derive(Clone, Copy, Debug)]
pub struct List {
    start: u32,
    length: u32,
}

impl List {
    /// So many from `start` on.
    pub(crate) fn new(start: usize, length: usize) -> Self {
        let count = |number| {
            u32::try_from(number).expect("a graph has fewer listed dependencies than a u32 can count")
        };
        Self { start: count(start), length: count(length) }
    }

    /// The places of the slots.
    pub(super) fn slots(self, lists: &[u32]) -> &[u32] {
        let start = self.start as usize;
        &lists[start..start + self.length as usize]
    }

    /// The nodes that the slots belong to, if these aren't lent.
    pub(super) fn numbers(self, lists: &[u32]) -> &[u32] {
        let start = self.start as usize + self.length as usize;
        &lists[start..start + self.length as usize]
    }
}

/// What a node is given whose dependencies are a slice of handles: references to their results, in the listed
/// order.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Values};
/// let mut graph = GraphBuilder::new();
/// let tiles: Vec<_> = (0..4).map(|tile| graph.node("tile", (), move || tile * tile)).collect();
/// let sum = graph.node("sum", &tiles[..], |tiles: Values<'_, i32>| tiles.iter().sum::<i32>() + tiles[3]);
/// assert_eq!(graph.build()?.run()?[sum], 14 + 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Values<'a, T> {
    /// The lists of all nodes; which part it is, is looked up when it is used.
    lists: &'a [u32],
    list: List,
    base: Base,
    values: PhantomData<&'a T>,
}

impl<'a, T> Values<'a, T> {
    /// # Safety
    ///
    /// The list is one of the run's graph, and each of its slots holds a `T` that nobody changes during `'a`.
    pub(crate) unsafe fn new(list: List, frame: &Frame<'_>, _: u32) -> Self {
        // SAFETY: lists and slots are the graph's, which outlasts whatever uses its values.
        let lists = unsafe { frame.slots.lists().as_ref() };
        Self { lists, list, base: frame.slots.base(), values: PhantomData }
    }

    fn slots(&self) -> &'a [u32] {
        self.list.slots(self.lists)
    }

    /// The values in the listed order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Values};
    /// let mut graph = GraphBuilder::new();
    /// let words = ["one", "two"].map(|word| graph.node(word, (), move || word));
    /// let line = graph.node("line", words, |words: Values<'_, &str>| {
    ///     words.iter().copied().collect::<Vec<_>>().join(" ")
    /// });
    /// assert_eq!(graph.build()?.run()?[line], "one two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> ValuesIter<'a, T> {
        ValuesIter { slots: self.slots().iter(), base: self.base, values: PhantomData }
    }

    /// How many there are: as many as handles were listed.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Values};
    /// let mut graph = GraphBuilder::new();
    /// let parts = [2.0, 4.0].map(|part| graph.node("part", (), move || part));
    /// let mean = graph.node("mean", parts, |parts: Values<'_, f64>| parts.iter().sum::<f64>() / parts.len() as f64);
    /// assert_eq!(graph.build()?.run()?[mean], 3.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.length as usize
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Node, Values};
    /// let mut graph = GraphBuilder::new();
    /// let checks: Vec<Node<bool>> = Vec::new(); // as the configuration says
    /// let verdict = graph.node("verdict", checks, |checks: Values<'_, bool>| !checks.is_empty() && checks.iter().all(|&ok| ok));
    /// assert!(!graph.build()?.run()?[verdict]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `position`-th value.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Values};
    /// let mut graph = GraphBuilder::new();
    /// let row = [3, 5].map(|cell| graph.node("cell", (), move || cell));
    /// let third = graph.node("third", row, |row: Values<'_, i32>| row.get(2).copied().unwrap_or(0));
    /// assert_eq!(graph.build()?.run()?[third], 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&'a T> {
        // SAFETY: by the contract of `new`.
        self.slots().get(position).map(|&slot| unsafe { value(self.base, slot) })
    }
}

impl<T> Clone for Values<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Values<'_, T> {}

impl<T> Index<usize> for Values<'_, T> {
    type Output = T;

    /// The `position`-th value.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[track_caller]
    fn index(&self, position: usize) -> &T {
        match self.get(position) {
            Some(value) => value,
            None => panic!("value {position} of a node that is given {}", self.len()),
        }
    }
}

impl<'a, T> IntoIterator for Values<'a, T> {
    type Item = &'a T;
    type IntoIter = ValuesIter<'a, T>;

    fn into_iter(self) -> ValuesIter<'a, T> {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &Values<'a, T> {
    type Item = &'a T;
    type IntoIter = ValuesIter<'a, T>;

    fn into_iter(self) -> ValuesIter<'a, T> {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Values<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The values of [`Values`], one after the other.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Values, ValuesIter};
/// let mut graph = GraphBuilder::new();
/// let steps = [1, 4, 9].map(|at| graph.node("at", (), move || at));
/// let last_step = graph.node("last step", steps, |steps: Values<'_, i32>| {
///     let mut backwards: std::iter::Rev<ValuesIter<'_, i32>> = steps.iter().rev();
///     Some(backwards.next()? - backwards.next()?)
/// });
/// assert_eq!(graph.build()?.run()?[last_step], Some(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ValuesIter<'a, T> {
    slots: slice::Iter<'a, u32>,
    base: Base,
    values: PhantomData<&'a T>,
}

/// What lies in a slot.
///
/// # Safety
///
/// The slot, whose place `base` tells, holds a `T` that nobody changes during `'a`.
#[inline]
pub(super) unsafe fn value<'a, T>(base: Base, slot: u32) -> &'a T {
    // SAFETY: by contract.
    let pointer = unsafe { base.at(Place::new(slot)) };
    // SAFETY: by contract.
    unsafe { pointer.as_ref() }
}

impl<'a, T> Iterator for ValuesIter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        // SAFETY: by the contract of `Values::new`.
        self.slots.next().map(|&slot| unsafe { value(self.base, slot) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl<T> DoubleEndedIterator for ValuesIter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        // SAFETY: by the contract of `Values::new`.
        self.slots.next_back().map(|&slot| unsafe { value(self.base, slot) })
    }
}

impl<T> ExactSizeIterator for ValuesIter<'_, T> {}
impl<T> FusedIterator for ValuesIter<'_, T> {}

impl<T> fmt::Debug for ValuesIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValuesIter").field("left", &self.len()).finish_non_exhaustive()
    }
}
