//! Joining and leaving a team.

use crate::membership::{Left, Membership};
use crate::sync::model::{Arc, UnsafeCell, explore_all, thread};

/// Catches: `open` or `leave` with Relaxed, `try_join` or `is_empty` with Relaxed.
#[test]
fn a_helper_is_gone_before_the_run_is() {
    explore_all(|| {
        let shared = Arc::new((Membership::new(), UnsafeCell::new(())));
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if shared.0.try_join(2) {
                    shared.1.with_mut(|_| ());
                    let left = shared.0.leave();
                    assert_eq!(left, Left::Nothing, "the caller doesn't sleep here");
                }
            })
        };
        shared.1.with_mut(|_| ());
        shared.0.open();
        shared.0.close();
        while !shared.0.is_empty() {
            thread::yield_now();
        }
        shared.1.with_mut(|_| ());
        helper.join().expect("no panic");
    });
}

/// No more helpers than the limit, and none after closing.
#[test]
fn the_limit_holds() {
    explore_all(|| {
        let membership = Arc::new(Membership::new());
        membership.open();
        let joining = |membership: Arc<Membership>| thread::spawn(move || membership.try_join(2));
        let (a, b) = (joining(Arc::clone(&membership)), joining(Arc::clone(&membership)));
        let joined = [a, b].map(|thread| usize::from(thread.join().expect("no panic")));
        assert_eq!(joined[0] + joined[1], 1);
        membership.close();
        assert!(!membership.try_join(3));
        assert_eq!(membership.leave(), Left::Nothing);
        assert!(membership.is_empty());
    });
}
