//! A hint to the processor that memory will be read soon.

/// Has the line that lies so many bytes behind `address` fetched into the cache, wherever that is: nothing
/// happens if there is no memory. Nothing at all where we don't know how.
#[inline(always)]
pub(crate) fn prefetch_behind<T>(address: *const T, bytes: usize) {
    let address = address.cast::<i8>().wrapping_add(bytes);
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and it neither fails nor changes anything,
        // whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    {
        // SAFETY: a hint that neither fails nor changes anything, whatever the address.
        unsafe {
            std::arch::asm!(
                "prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly)
            );
        };
    }
    #[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
    let _ = address;
}
