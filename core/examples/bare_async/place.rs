//! Static memory for a value whose type has no name, such as the future of an `async fn`.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};

/// How many bytes a [`Place`] needs for the future that this function makes, or none.
pub(crate) const fn bytes_of<F>(_: fn() -> F) -> usize {
    size_of::<Option<F>>()
}

const ALIGNMENT: usize = 16;

/// So many bytes, for one value, which stays there for ever.
#[repr(C, align(16))]
pub(crate) struct Place<const BYTES: usize> {
    memory: UnsafeCell<MaybeUninit<[u8; BYTES]>>,
    is_given: AtomicBool,
}

// SAFETY: `give` lets only one at the memory, and only once.
unsafe impl<const BYTES: usize> Sync for Place<BYTES> {}

impl<const BYTES: usize> Place<BYTES> {
    pub(crate) const fn new() -> Self {
        Self { memory: UnsafeCell::new(MaybeUninit::uninit()), is_given: AtomicBool::new(false) }
    }

    /// Puts `value` there. The only reference to it is the caller's. Panics the second time. A value that
    /// doesn't fit doesn't compile.
    #[allow(clippy::mut_from_ref, reason = "once")]
    pub(crate) fn give<T: 'static>(&'static self, value: T) -> &'static mut T {
        const { assert!(size_of::<T>() <= BYTES && align_of::<T>() <= ALIGNMENT) };
        // Relaxed: one of those that come at once sees `false`, and nothing was written before.
        assert!(!self.is_given.swap(true, Ordering::Relaxed), "the place has a value");
        let memory = self.memory.get().cast::<MaybeUninit<T>>();
        // SAFETY: the memory is the first field of what is aligned to 16 bytes, so it is aligned for T, and
        // large enough, as is checked above. It is static. Nobody else is given it, since the flag stays.
        unsafe { &mut *memory }.write(value)
    }
}
