//! Two halves of a `SeqCst` fence, for a pair of threads of which one passes often and the other hardly ever.
//!
//! Two threads that each write one place and then read the other's need a full fence in between, or both may
//! miss the other's write. A fence per node would cost more than everything else that a walk does for it.
//! Where the system can make every running thread pass a fence on demand (Linux's `membarrier`, Windows's
//! `FlushProcessWriteBuffers`), the rare side pays for both: [`heavy`] there is a system call of about a
//! microsecond, and [`light`] only keeps the compiler from reordering. Elsewhere both are ordinary fences.
//!
//! For proofs and for loom the two are `fence(SeqCst)`: that is what `membarrier(2)` promises when one thread
//! calls it and the others have a compiler barrier. Windows interrupts each processor that runs a thread of
//! the process, and "guarantees the visibility of write operations"; those that don't run one have passed a
//! fence when they switched.
//!
//! macOS has no call for this. `thread_get_register_pointer_values` for each thread has the effect, and some
//! runtimes use it; but nothing that is documented says so, and we could not run it. So there both are
//! fences.

use crate::sync::{Ordering, before_fence, compiler_fence, fence};

/// Whether the side that passes often needs no fence, since the other one sees to it. Doesn't change while an
/// executor exists.
#[inline]
pub(crate) fn light_is_free() -> bool {
    system::expedited()
}

/// The side that passes often; `free` is what [`light_is_free`] says.
#[inline]
pub(crate) fn light(free: bool) {
    before_fence();
    if free {
        // Ordering: pairs with the `membarrier` in `heavy`, which is a full fence on every core that runs
        // this process.
        compiler_fence(Ordering::SeqCst);
    } else {
        // Ordering: pairs with the fence in `heavy`.
        fence(Ordering::SeqCst);
    }
}

/// The side that hardly ever passes.
pub(crate) fn heavy() {
    before_fence();
    // Ordering: pairs with `light`; also where the system call does the other threads' part, this thread
    // needs its own.
    fence(Ordering::SeqCst);
    if system::expedited() {
        system::interrupt_all();
    }
}

/// To be called before any thread relies on the pair. The first call in a process decides whether the system
/// call is used: if it `may` be, and the system has it. False if it mayn't be and is used already.
pub(crate) fn prepare(may: bool) -> bool {
    system::prepare(may);
    may || !system::expedited()
}

#[cfg(all(target_os = "linux", not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod system {
    use crate::sync::fork;
    use crate::sync::{AtomicBool, Ordering};
    use std::sync::Once;

    /// The process is registered for expedited membarriers. Set before the first executor's first thread
    /// starts, and never unset, so a relaxed read is enough.
    static EXPEDITED: AtomicBool = AtomicBool::new(false);

    const EXPEDITED_BARRIER: libc::c_int = libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED;
    const REGISTER: libc::c_int = libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call takes integers and touches no memory of ours; an unknown command is refused with
        // an error.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    pub(super) fn prepare(may: bool) {
        static ASKED: Once = Once::new();
        ASKED.call_once(|| {
            let works = may && membarrier(REGISTER) && membarrier(EXPEDITED_BARRIER);
            EXPEDITED.store(works, Ordering::Relaxed);
        });
    }

    #[inline]
    pub(super) fn expedited() -> bool {
        EXPEDITED.load(Ordering::Relaxed)
    }

    pub(super) fn interrupt_all() {
        // It has worked once in this process, and the registration lasts as long as the process. If it is
        // forbidden later on, by a filter of system calls, others rely on what doesn't happen: there is no
        // way on, nor back.
        if !membarrier(EXPEDITED_BARRIER) {
            fork::abort(
                b"dgraph: membarrier(2) was forbidden after this process's first executor was made, which relies on it; \
                see ExecutorBuilder::membarrier\n",
            );
        }
    }
}

#[cfg(all(windows, not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod system {
    use crate::sync::{AtomicBool, Ordering};
    use std::sync::Once;

    /// As for Linux: set before the first executor's first thread starts, and never unset.
    static EXPEDITED: AtomicBool = AtomicBool::new(false);

    #[link(name = "kernel32")]
    unsafe extern "system" {
        /// Of every Windows since Vista; it can't fail.
        safe fn FlushProcessWriteBuffers();
    }

    pub(super) fn prepare(may: bool) {
        static ASKED: Once = Once::new();
        ASKED.call_once(|| EXPEDITED.store(may, Ordering::Relaxed));
    }

    #[inline]
    pub(super) fn expedited() -> bool {
        EXPEDITED.load(Ordering::Relaxed)
    }

    pub(super) fn interrupt_all() {
        FlushProcessWriteBuffers();
    }
}

#[cfg(not(all(any(target_os = "linux", windows), not(any(miri, dgraph_loom, dgraph_shuttle)))))]
mod system {
    pub(super) fn prepare(_: bool) {}

    pub(super) const fn expedited() -> bool {
        false
    }

    pub(super) fn interrupt_all() {}
}

#[cfg(all(test, not(any(miri, dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::{heavy, light, light_is_free, prepare};
    use crate::sync::{AtomicBool, AtomicUsize, Ordering};
    use std::{hint, thread};

    /// Each thread writes its own flag and then reads the other's. Both going on as the first is what the
    /// pair of fences forbids. Shows nothing where threads take turns on one core.
    #[test]
    fn one_of_two_sees_the_other() {
        const ROUNDS: usize = 20_000;
        prepare(true);
        let free = light_is_free();
        assert!(free || !cfg!(windows), "there is no Windows without this call");
        let flags: Vec<_> = (0..ROUNDS).map(|_| [AtomicBool::new(false), AtomicBool::new(false)]).collect();
        let rounds = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let play = |own: usize, fence: &dyn Fn()| -> Vec<bool> {
            let other = 1 - own;
            let round = |(number, flags): (usize, &[AtomicBool; 2])| {
                rounds[own].store(number, Ordering::Relaxed);
                // Turning, so that both are let go within nanoseconds; but not for ever, if they share a
                // core.
                let mut turns = 0;
                while rounds[other].load(Ordering::Relaxed) < number {
                    turns += 1;
                    if turns % 10_000 == 0 { thread::yield_now() } else { hint::spin_loop() }
                }
                flags[own].store(true, Ordering::Relaxed);
                fence();
                flags[other].load(Ordering::Relaxed)
            };
            let seen = flags.iter().enumerate().map(round).collect();
            rounds[own].store(ROUNDS, Ordering::Relaxed);
            seen
        };
        let (often, rarely) = thread::scope(|threads| {
            let often = threads.spawn(|| play(0, &|| light(free)));
            let rarely = play(1, &heavy);
            (often.join().expect("no panic"), rarely)
        });
        let missed = often.iter().zip(&rarely).filter(|&(often, rarely)| !often && !rarely).count();
        assert_eq!(missed, 0, "rounds in which neither saw the other");
    }
}
