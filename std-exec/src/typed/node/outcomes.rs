//! What has become of many nodes, as one argument.

use super::values::{List, value};
use crate::typed::error::no_result::NoResult;
use crate::typed::memory::arena::Base;
use crate::typed::memory::frame::Frame;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::slice;

/// What a node is given whose dependencies are a list of [outcomes](crate::Node::outcome): of each, in the
/// listed order, a reference to its result, or why there is none. The node runs in any case.
///
/// Nothing is allocated for it if all have results. To go through it again, [`clone`](Clone::clone) it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Outcomes};
/// let mut graph = GraphBuilder::new();
/// let numbers = ["4", "x", "6"].map(|text| graph.try_node(text, (), move || text.parse::<i32>()).outcome());
/// let report = graph.node("report", numbers, |numbers: Outcomes<'_, i32>| {
///     let lines = numbers.map(|number| match number {
///         Ok(number) => number.to_string(),
///         Err(why) => why.to_string(),
///     });
///     lines.collect::<Vec<_>>()
/// });
/// let mut graph = graph.build()?;
/// graph.run().unwrap_err(); // a failure remains one
/// let report = graph.result(report)?;
/// assert_eq!((report.len(), report[1].as_str()), (3, "failed"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Outcomes<'a, T> {
    slots: slice::Iter<'a, u32>,
    base: Base,
    /// Why some have no result, with how many come from there on; the next one is the last.
    absent: Vec<(usize, NoResult)>,
    values: PhantomData<&'a T>,
}

impl<T> Outcomes<'_, T> {
    /// # Safety
    ///
    /// The list is one of the run's graph, with the numbers of its nodes, which are complete. Each of its
    /// slots holds a `T` that nobody changes as long as what this gives is used, if its node's status says
    /// that there is a value.
    pub(crate) unsafe fn new(list: List, frame: &Frame<'_>, _: u32) -> Self {
        // SAFETY: lists and slots are the graph's, which outlasts whatever uses its values.
        let lists = unsafe { frame.slots.lists().as_ref() };
        let mut absent = Vec::new();
        for (left, &node) in (1..).zip(list.numbers(lists).iter().rev()) {
            // The node is complete, so its status is final. (A graph that feeds outcomes leaves no node
            // unmarked, see `Topology::asks`.)
            absent.extend(frame.absent(node).map(|why| (left, why)));
        }
        Self { slots: list.slots(lists).iter(), base: frame.slots.base(), absent, values: PhantomData }
    }
}

impl<'a, T> Iterator for Outcomes<'a, T> {
    type Item = Result<&'a T, NoResult>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.slots.len();
        let slot = *self.slots.next()?;
        if self.absent.last().is_some_and(|(at, _)| *at == left) {
            return self.absent.pop().map(|(_, why)| Err(why));
        }
        // SAFETY: by the contract of `new`; its node has a value.
        Some(Ok(unsafe { value(self.base, slot) }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl<T> ExactSizeIterator for Outcomes<'_, T> {}
impl<T> FusedIterator for Outcomes<'_, T> {}

impl<T> Clone for Outcomes<'_, T> {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), base: self.base, absent: self.absent.clone(), values: PhantomData }
    }
}

impl<T: fmt::Debug> fmt::Debug for Outcomes<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
