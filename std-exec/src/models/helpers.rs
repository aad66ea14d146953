//! Helpers of one team, without a graph: how they take places, and leave.

use super::model;
use crate::run::CloseOnDrop;
use crate::team::{Job, Role, Team};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::ptr;

/// What a run has on its caller's stack: something for all members, and something for each place.
struct Memory {
    all: UnsafeCell<()>,
    places: [UnsafeCell<()>; 3],
}

/// Uses all memory that a helper may use.
///
/// # Safety
///
/// `memory` points to a [`Memory`], and the calling thread has joined `team` in this role.
unsafe fn help(memory: *const (), team: &Team, role: Role) {
    let Role::Member(place) = role else { unreachable!("nobody visits this team") };
    // SAFETY: by contract.
    let memory = unsafe { &*memory.cast::<Memory>() };
    // SAFETY: by contract.
    let mut own = unsafe { team.own(place) };
    memory.all.with(|_| ());
    memory.places[place].with_mut(|_| ());
    own.with(|_| ());
}

/// Two threads come to help a team with `places` for helpers while its caller opens and closes it.
fn two_helpers(places: usize) {
    model(3, move || {
        let team = Arc::new(Team::new(places));
        let helper = |team: Arc<Team>| thread::spawn(move || team.try_help(None));
        let helpers = [helper(Arc::clone(&team)), helper(Arc::clone(&team))];
        let memory = Memory { all: UnsafeCell::new(()), places: [(); 3].map(UnsafeCell::new) };
        memory.all.with_mut(|_| ());
        assert!(team.take());
        let job = Job { run: ptr::from_ref(&memory).cast(), help };
        // SAFETY: this thread has taken the team, and the memory lasts until all helpers have left.
        unsafe { team.open(job, 0, 0, 0, None) };
        drop(CloseOnDrop(&team));
        memory.all.with_mut(|_| ());
        memory.places.iter().for_each(|place| place.with_mut(|_| ()));
        team.give_back();
        for helper in helpers {
            helper.join().expect("no panic");
        }
    });
}

/// Nobody leaves a caller behind that sleeps, or finds the run's memory gone: whoever leaves last. And a place may be
/// taken again before its last owner has left the team. Catches: `claim` or `give_up` with Relaxed, an `is_empty` that
/// takes two helpers for none.
#[test]
fn two_helpers_leave_in_any_order() {
    two_helpers(2);
}

/// One of the two finds no room, or comes when the other one has left.
#[test]
fn two_helpers_for_one_place() {
    two_helpers(1);
}
