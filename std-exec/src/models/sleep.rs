//! Sleeping and waking, without runs.

use super::Gate;
use crate::sleep::Parker;
use crate::sleep::{Sleep, posted_fence};
use crate::sync::model::{Arc, explore, explore_all, thread};
use crate::sync::{AtomicBool, Ordering};

/// Catches: the token not left under the lock, `notify_one` missing.
#[test]
fn a_token_left_early_is_not_lost() {
    explore_all(|| {
        let parker = Arc::new(Parker::new());
        let other = Arc::clone(&parker);
        let leaver = thread::spawn(move || other.unpark());
        parker.park();
        leaver.join().expect("no panic");
    });
}

/// Post against park: the sleeper sees the work, or the poster sees the sleeper. A lost wake-up is a
/// deadlock, which loom reports. Catches: either fence missing; the reason not looked at after lying down.
#[test]
fn post_against_park() {
    explore_all(|| {
        let shared = Arc::new((Sleep::new(1), AtomicBool::new(false)));
        let sleeper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.look_around(0, || {
                    while !shared.1.load(Ordering::Relaxed) {
                        shared.0.sleep(0, || shared.1.load(Ordering::Relaxed));
                    }
                });
            })
        };
        shared.1.store(true, Ordering::Relaxed);
        posted_fence();
        if shared.0.has_to_wake(1, || None) {
            let _ = shared.0.wake_one(None);
        }
        sleeper.join().expect("no panic");
    });
}

/// Two pieces of work, two posters, two sleepers: nobody sleeps on while a piece is left.
#[test]
fn two_posts_wake_two_sleepers() {
    explore(2, || {
        let shared = Arc::new((Sleep::new(2), [AtomicBool::new(false), AtomicBool::new(false)]));
        let sleeper = |worker: usize| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.look_around(worker, || {
                    while !shared.1[worker].load(Ordering::Relaxed) {
                        shared.0.sleep(worker, || shared.1[worker].load(Ordering::Relaxed));
                    }
                });
            })
        };
        let sleepers = [sleeper(0), sleeper(1)];
        for work in &shared.1 {
            work.store(true, Ordering::Relaxed);
            posted_fence();
        }
        let _ = (shared.0.wake_one(None), shared.0.wake_one(None));
        for sleeper in sleepers {
            sleeper.join().expect("no panic");
        }
    });
}

/// Work is posted while one worker looks around, who goes to something else and doesn't come back for it.
/// Then that one has to wake the other. Catches: a worker that goes elsewhere and still counts as one who
/// looks around; one who goes without looking back; the fence between.
#[test]
fn post_while_one_looks_around_who_goes_elsewhere() {
    explore(2, || {
        let shared = Arc::new((Sleep::new(2), AtomicBool::new(false), Gate::new()));
        let worker = |number: usize| {
            let shared = Arc::clone(&shared);
            let wanted = move |shared: &(Sleep, AtomicBool, Gate)| shared.1.load(Ordering::Relaxed);
            thread::spawn(move || {
                shared.0.look_around(number, || match number {
                    0 => shared.0.away(0, || {
                        posted_fence();
                        if wanted(&shared) && shared.0.has_to_wake(1, || None) {
                            let _ = shared.0.wake_one(None);
                        }
                        shared.2.pass();
                    }),
                    _ => {
                        while !wanted(&shared) {
                            shared.0.sleep(1, || wanted(&shared));
                        }
                        shared.2.open();
                    }
                });
            })
        };
        let workers = [worker(0), worker(1)];
        shared.1.store(true, Ordering::Relaxed);
        posted_fence();
        if shared.0.has_to_wake(1, || None) {
            let _ = shared.0.wake_one(None);
        }
        for worker in workers {
            worker.join().expect("no panic");
        }
    });
}
