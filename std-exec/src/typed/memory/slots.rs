//! Where the results of nodes lie.

use super::arena::{Base, Place};
use std::ptr::NonNull;

/// The slots of a graph.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'s> {
    places: &'s [Place<u8>],
    /// The places of slots that are fed as a list.
    lists: &'s [u32],
    base: Base,
}

impl<'s> Slots<'s> {
    /// # Safety
    ///
    /// The places are those of the arena that lies at `base`, which is alive and moves nothing as long as
    /// these are used.
    pub(crate) unsafe fn new(places: &'s [Place<u8>], lists: &'s [u32], base: Base) -> Self {
        Self { places, lists, base }
    }

    /// The slot for what `node` gives, which is a `T`.
    #[inline(always)]
    pub(crate) fn of<T>(self, node: u32) -> NonNull<T> {
        if size_of::<T>() == 0 {
            return NonNull::dangling(); // nothing is kept there, so there is no need to look where that is
        }
        // SAFETY: by the contract of `new`.
        unsafe { self.base.at(self.places[node as usize].typed()) }
    }

    /// Where slots lie.
    #[inline]
    pub(crate) fn base(self) -> Base {
        self.base
    }

    /// Places of slots that are fed as lists. They stay where they are as long as the graph.
    #[inline]
    pub(crate) fn lists(self) -> NonNull<[u32]> {
        NonNull::from(self.lists)
    }
}
