//! The least that it costs to wake a thread: `Thread::unpark`, which is one futex call on Linux.
//!
//! Where the sleeper may run on the waker's core, the system often lets it: it is there at once, since the
//! waker has to make way for it, and nothing runs at the same time. A second thread that is to help must run
//! on another core, and waking that one takes longer, most of all on a virtual machine. So both are measured.

use core_affinity::CoreId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Wakes a parked thread `runs` times, each after a pause. Returns the times in nanoseconds from the call of
/// `unpark` to the thread's next step. Without a pause it still gets 100 µs to fall asleep. With `apart` the
/// two threads are pinned to two cores; `None` if there aren't two to be had.
pub(super) fn measure(runs: usize, pause: Option<Duration>, apart: bool) -> Option<Vec<f64>> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let cores = match cores[..] {
        _ if !apart => None,
        [first, .., last] => Some((first, last)),
        _ => return None,
    };
    // A thread of its own, so that the calling one stays unpinned.
    thread::spawn(move || wake_and_time(runs, pause, cores)).join().ok()
}

fn wake_and_time(runs: usize, pause: Option<Duration>, cores: Option<(CoreId, CoreId)>) -> Vec<f64> {
    let clock = Instant::now();
    let now = move || u64::try_from(clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let (woken, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let sleeper = {
        let (woken, stop) = (Arc::clone(&woken), Arc::clone(&stop));
        thread::spawn(move || {
            cores.map(|(_, core)| core_affinity::set_for_current(core));
            while !stop.load(Ordering::Relaxed) {
                thread::park();
                woken.store(now(), Ordering::Relaxed);
            }
        })
    };
    cores.map(|(core, _)| core_affinity::set_for_current(core));
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        thread::sleep(pause.unwrap_or(Duration::from_micros(100)));
        woken.store(0, Ordering::Relaxed);
        let called = now();
        sleeper.thread().unpark();
        let began = loop {
            match woken.load(Ordering::Relaxed) {
                0 => std::hint::spin_loop(),
                began => break began,
            }
        };
        times.push(began.saturating_sub(called) as f64);
    }
    stop.store(true, Ordering::Relaxed);
    sleeper.thread().unpark();
    // It can't panic.
    drop(sleeper.join());
    times
}
