//! The least that it costs to wake a thread: `Thread::unpark`, which is one futex call on Linux.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Wakes a parked thread `runs` times, each after a pause. Returns the times in nanoseconds from the call of `unpark`
/// to the thread's next step. Without a pause it still gets 100 µs to fall asleep.
pub(super) fn measure(runs: usize, pause: Option<Duration>) -> Vec<f64> {
    let clock = Instant::now();
    let now = move || u64::try_from(clock.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let (woken, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let sleeper = {
        let (woken, stop) = (Arc::clone(&woken), Arc::clone(&stop));
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                thread::park();
                woken.store(now(), Ordering::Relaxed);
            }
        })
    };
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
