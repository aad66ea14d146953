//! Which process this is: `fork(2)` copies the memory of an executor, but none of its threads.
//!
//! A handler that the system calls in every forked child counts up, so whether something was made in this
//! very process costs one load. A child that was made by a bare system call, behind the C library's back,
//! isn't noticed.

/// A process: this one, or one that it was forked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    forks: usize,
}

impl Process {
    /// The one that this thread is in.
    #[inline]
    pub(crate) fn current() -> Self {
        Self { forks: system::forks() }
    }

    /// Whether it is the one that this thread is in.
    #[inline]
    pub(crate) fn is_current(self) -> bool {
        self.forks == system::forks()
    }

    /// To be called by whoever is about to wait for another thread of this process. If that isn't in this
    /// one, it would wait for ever, and there may be nothing to unwind to: other threads were using what lies
    /// on the stack.
    pub(crate) fn or_abort(self) {
        if !self.is_current() {
            abort(b"dgraph: forked in the middle of a run, whose other threads are not in this process\n");
        }
    }
}

/// Says why, and ends the process: where there is no way on, and nothing to unwind to.
#[cold]
pub(crate) fn abort(message: &[u8]) -> ! {
    system::complain(message);
    std::process::abort();
}

/// To be called before anything relies on [`Process`].
pub(crate) fn prepare() {
    system::prepare();
}

#[cfg(all(any(target_os = "linux", target_os = "macos"), not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod system {
    use crate::sync::{AtomicUsize, Ordering, prepare_to_steal};
    use std::sync::Once;

    /// How many forks there are between the process that has registered the handler and this one. Written
    /// while the process has one thread only.
    static FORKS: AtomicUsize = AtomicUsize::new(0);

    #[inline]
    pub(super) fn forks() -> usize {
        FORKS.load(Ordering::Relaxed)
    }

    extern "C" fn in_the_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn prepare() {
        static REGISTERED: Once = Once::new();
        REGISTERED.call_once(|| {
            // The deques set up what they share at the first theft. A child that is forked in the middle of
            // that, by another thread, would wait for its end when it uses a deque of its own.
            prepare_to_steal();
            // SAFETY: the handler does nothing but an atomic addition, which is safe in a forked child. If
            // there is no memory for it, forks go unnoticed.
            unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
        });
    }

    /// To standard error without the standard library's lock, which a thread of the parent may hold for ever.
    pub(super) fn complain(message: &[u8]) {
        // SAFETY: the pointer and the length are those of `message`. Nothing can be done about an error.
        unsafe { libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len()) };
    }
}

#[cfg(not(all(any(target_os = "linux", target_os = "macos"), not(any(miri, dgraph_loom, dgraph_shuttle)))))]
mod system {
    pub(super) const fn forks() -> usize {
        0
    }

    pub(super) fn prepare() {}

    pub(super) fn complain(_: &[u8]) {}
}
