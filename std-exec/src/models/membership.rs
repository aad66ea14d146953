//! Joining and leaving a team.

use crate::protocol::membership::{Left, Membership};
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

/// Two members of a run without a caller: the one that leaves last has all to itself, and sees what the other
/// one has done. Catches: a `leave` of such a run without Release, or without Acquire; two last ones, or
/// none.
#[test]
fn the_last_member_sees_what_others_did() {
    explore_all(|| {
        let shared = Arc::new((Membership::new(), [UnsafeCell::new(()), UnsafeCell::new(())]));
        shared.0.open_detached();
        assert!(shared.0.try_join(3));
        let member = |which: usize| {
            let shared = Arc::clone(&shared);
            move || {
                shared.1[which].with_mut(|_| ());
                let is_last = shared.0.leave() == Left::Last;
                if is_last {
                    shared.1.iter().for_each(|cell| cell.with_mut(|_| ()));
                }
                is_last
            }
        };
        let other = thread::spawn(member(1));
        assert_ne!(member(0)(), other.join().expect("no panic"));
        assert!(!shared.0.try_join(3), "it is closed");
    });
}
