//! A result that is compared with the one before it, with its type taken away.

use super::arena::Place;
use super::entry::{DropInPlace, drop_of};
use super::slots::Slots;
use crate::sync::thrown::Quiet;
use crate::typed::handle::node::Node;
use std::ptr::NonNull;

/// A node whose results are compared, and where the last one lies *aside* while there may be a new one.
#[derive(Clone, Copy)]
pub(crate) struct Compared {
    node: u32,
    aside: Place<u8>,
    size: usize,
    equal: unsafe fn(NonNull<u8>, NonNull<u8>) -> bool,
    settle: unsafe fn(NonNull<u8>, NonNull<u8>) -> bool,
    drop: Option<DropInPlace>,
}

impl Compared {
    /// The place is for one more result of the node.
    pub(crate) fn new<T: PartialEq>(node: Node<T>, aside: Place<T>) -> Self {
        Self {
            node: node.any().index,
            aside: aside.untyped(),
            size: size_of::<T>(),
            equal: |one, other| {
                // SAFETY: it is such a value, by the contract of `is_equal`.
                let one = unsafe { one.cast::<T>().as_ref() };
                // SAFETY: as above.
                one == unsafe { other.cast::<T>().as_ref() }
            },
            // SAFETY: both are such values, by the contract of `settle`.
            settle: |new, old| unsafe { settle::<T>(new.cast(), old.cast()) },
            drop: drop_of::<T>(),
        }
    }

    pub(crate) fn node(&self) -> u32 {
        self.node
    }

    /// Whether the values are equal.
    ///
    /// # Safety
    ///
    /// Both are what the node may give, and nobody changes them.
    pub(crate) unsafe fn is_equal<T>(&self, one: &T, other: &T) -> bool {
        // SAFETY: by contract.
        unsafe { (self.equal)(NonNull::from(one).cast(), NonNull::from(other).cast()) }
    }

    /// Puts the node's result aside.
    ///
    /// # Safety
    ///
    /// Slots and place were given by one arena. The node's slot holds a value, which nobody uses, and nothing
    /// lies aside. From now on it is the other way round.
    pub(super) unsafe fn put_aside(&self, slots: Slots<'_>) {
        let (slot, aside) = self.places(slots);
        // SAFETY: both are space for such a value, apart from each other; it isn't used where it was.
        unsafe { aside.copy_from_nonoverlapping(slot, self.size) };
    }

    /// Leaves the old result in the node's slot if the new one, which lies there, is equal, and else the new
    /// one; the other is dropped. Whether they are equal. If comparing them panics, or a destructor, both
    /// are gone.
    ///
    /// # Safety
    ///
    /// Slots and place were given by one arena. The node's slot holds a value, which nobody else uses, and
    /// another one lies aside, which does not afterwards.
    pub(super) unsafe fn settle(&self, slots: Slots<'_>) -> bool {
        let (slot, aside) = self.places(slots);
        // SAFETY: by contract.
        unsafe { (self.settle)(slot, aside) }
    }

    /// Drops what lies aside.
    ///
    /// # Safety
    ///
    /// Slots and place were given by one arena. A value lies aside, which does not afterwards.
    pub(super) unsafe fn drop_aside(&self, slots: Slots<'_>) {
        let (_, aside) = self.places(slots);
        if let Some(drop) = self.drop {
            // SAFETY: by contract; `drop` was made for such a value.
            unsafe { drop(aside) };
        }
    }

    /// The node's slot, and the place aside.
    fn places(&self, slots: Slots<'_>) -> (NonNull<u8>, NonNull<u8>) {
        // SAFETY: the arena of the slots has given the place, as all callers promise.
        let aside = unsafe { slots.base().at(self.aside) };
        (slots.of(self.node), aside)
    }
}

/// # Safety
///
/// As for [`Compared::settle`].
unsafe fn settle<T: PartialEq>(slot: NonNull<T>, aside: NonNull<T>) -> bool {
    // SAFETY: a value lies there, and is used here only from now on.
    let new = Quiet::new(unsafe { slot.read() });
    // SAFETY: as above.
    let old = Quiet::new(unsafe { aside.read() });
    let is_equal = *new == *old;
    let (stays, goes) = if is_equal { (old, new) } else { (new, old) };
    drop(goes);
    // SAFETY: the slot is for a `T`, and empty since the value was read.
    unsafe { slot.write(stays.into_inner()) };
    is_equal
}
