//! Cells as the standard library's wakers.

use super::polled;
use super::wakes::{Slot, Wakes};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;
use std::sync::{Arc, Weak};
use std::task::{RawWaker, RawWakerVTable, Waker};

impl Wakes {
    /// Calls `poll` with the waker of the future `index`, which the calling thread polls. Whether that woke
    /// itself meanwhile: then it is the calling thread's still, to be polled again, and [`pend`](Self::pend)
    /// isn't to be called.
    #[inline]
    pub(crate) fn poll<R>(&self, index: u32, poll: impl FnOnce(&Waker) -> R) -> (R, bool) {
        let slot = &self.slots[index as usize];
        let waker = WakerRef::new(slot);
        polled::within(slot, || poll(&waker))
    }

    /// The waker with the number `index`.
    pub(crate) fn waker(&self, index: u32) -> WakerRef<'_> {
        WakerRef::new(&self.slots[index as usize])
    }
}

/// A waker that is lent for a poll: nobody counts it. Clones of it are counted.
#[derive(Debug)]
pub(crate) struct WakerRef<'a> {
    waker: ManuallyDrop<Waker>,
    slot: PhantomData<&'a Slot>,
}

impl<'a> WakerRef<'a> {
    #[inline]
    pub(super) fn new(slot: &'a Slot) -> Self {
        let data = ptr::from_ref(slot).cast();
        // SAFETY: the functions of the table are right for a pointer to a slot whose block is alive, as it is
        // for `'a`. This waker is never dropped, and for as long as it is lent, `'a`, so none of the counts
        // that it doesn't have is given back.
        let waker = ManuallyDrop::new(unsafe { Waker::new(data, &TABLE) });
        Self { waker, slot: PhantomData }
    }
}

impl Deref for WakerRef<'_> {
    type Target = Waker;

    #[inline]
    fn deref(&self) -> &Waker {
        &self.waker
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop);

/// # Safety
///
/// As for all functions of the table: `data` points to a slot whose block is alive.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: by contract.
    let wakes = unsafe { block(data) };
    // SAFETY: the block is alive, and its pointer is that of its `Arc`.
    unsafe { Arc::increment_strong_count(wakes) };
    RawWaker::new(data, &TABLE)
}

/// # Safety
///
/// As for `clone`. One count of the block is the waker's, and is given back.
unsafe fn wake(data: *const ()) {
    // SAFETY: by contract.
    unsafe { wake_by_ref(data) };
    // SAFETY: by contract.
    unsafe { drop(data) };
}

/// # Safety
///
/// As for `clone`.
#[inline]
unsafe fn wake_by_ref(data: *const ()) {
    if polled::wake(data) {
        return;
    }
    // SAFETY: by contract.
    let wakes = unsafe { block(data) };
    // SAFETY: by contract, the block is alive.
    let wakes = unsafe { &*wakes };
    let place = (data.addr() - wakes.slots.as_ptr().addr()) / size_of::<Slot>();
    wakes.wake(u32::try_from(place).expect("a place in the block"));
}

/// # Safety
///
/// As for `wake`.
unsafe fn drop(data: *const ()) {
    // SAFETY: by contract.
    let wakes = unsafe { block(data) };
    // SAFETY: by contract. The pointer is that of the block's `Arc`.
    unsafe { Arc::decrement_strong_count(wakes) };
}

/// The block that the slot lies in.
///
/// # Safety
///
/// As for `clone`.
#[inline]
unsafe fn block(data: *const ()) -> *const Wakes {
    // SAFETY: by contract.
    let slot = unsafe { &*data.cast::<Slot>() };
    Weak::as_ptr(&slot.wakes)
}
