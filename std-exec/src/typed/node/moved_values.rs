//! Many results of one type that are moved into a node, as one argument.

use super::values::List;
use crate::typed::memory::arena::{Base, Place};
use crate::typed::memory::frame::Frame;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem;
use std::slice;

/// What a node is given whose dependencies are a list of [moved](crate::Node::moved) handles: the results
/// themselves, in the listed order. They lie where they are until they are asked for; those that nobody asks
/// for are dropped with this.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, MovedValues};
/// let mut graph = GraphBuilder::new();
/// let parts: Vec<_> = (0..3).map(|part| graph.node("part", (), move || vec![part; 2]).moved()).collect();
/// let all = graph.node("all", parts, |mut parts: MovedValues<'_, Vec<i32>>| {
///     let mut all = parts.next().unwrap_or_default();
///     parts.for_each(|mut part| all.append(&mut part));
///     all
/// });
/// assert_eq!(graph.build()?.run()?[all], [0, 0, 1, 1, 2, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MovedValues<'a, T> {
    /// Of values that are this one's.
    slots: slice::Iter<'a, u32>,
    base: Base,
    values: PhantomData<T>,
}

impl<T> MovedValues<'_, T> {
    /// # Safety
    ///
    /// The list is one of the run's graph, with the numbers of its nodes, and each of its slots holds a `T`
    /// that nobody else uses from now on. The graph is there as long as what this gives.
    pub(crate) unsafe fn new(list: List, frame: &Frame<'_>, dependent: u32) -> Self {
        // SAFETY: lists and slots are the graph's, which outlasts whatever uses its values.
        let lists = unsafe { frame.slots.lists().as_ref() };
        // The slots' statuses say from now on that they hold nothing.
        list.numbers(lists).iter().for_each(|&node| frame.moved(node, dependent));
        Self { slots: list.slots(lists).iter(), base: frame.slots.base(), values: PhantomData }
    }

    /// # Safety
    ///
    /// `slot` is one that was taken out of `slots`, of which each is read once.
    unsafe fn value(&self, slot: u32) -> T {
        // SAFETY: it is the place of a slot of the run's graph.
        let slot = unsafe { self.base.at(Place::<T>::new(slot)) };
        // SAFETY: by the contract of `new`, it holds a `T`, which is this one's.
        unsafe { slot.read() }
    }
}

impl<T> Iterator for MovedValues<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let slot = *self.slots.next()?;
        // SAFETY: it was just taken out.
        Some(unsafe { self.value(slot) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl<T> DoubleEndedIterator for MovedValues<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        let slot = *self.slots.next_back()?;
        // SAFETY: it was just taken out.
        Some(unsafe { self.value(slot) })
    }
}

impl<T> ExactSizeIterator for MovedValues<'_, T> {}
impl<T> FusedIterator for MovedValues<'_, T> {}

impl<T> Drop for MovedValues<'_, T> {
    fn drop(&mut self) {
        /// If a destructor panics, the other values are dropped all the same.
        struct Others<'m, 'a, T>(&'m mut MovedValues<'a, T>);

        impl<T> Drop for Others<'_, '_, T> {
            fn drop(&mut self) {
                self.0.by_ref().for_each(drop);
            }
        }

        let others = Others(self);
        if mem::needs_drop::<T>() {
            others.0.by_ref().for_each(drop);
        }
        mem::forget(others);
    }
}

impl<T> fmt::Debug for MovedValues<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MovedValues").field("left", &self.len()).finish_non_exhaustive()
    }
}
