//! Helpers of one team, without a graph: how they take places, and leave.

use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::sync::Pause;
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::team::CloseOnDrop;
use crate::team::Stay;
use crate::team::{Course, Job, Role, Team};
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
unsafe fn help(memory: *const (), team: &Team, role: Role, _: &Stay<'_>) {
    let Role::Member(place) = role else { unreachable!("nobody visits this team") };
    // SAFETY: by contract.
    let memory = unsafe { &*memory.cast::<Memory>() };
    // SAFETY: by contract.
    let mut own = unsafe { team.own(place) };
    memory.all.with(|_| ());
    memory.places[place].with_mut(|_| ());
    own.with(|_| ());
}

/// For a run that nobody may help.
///
/// # Safety
///
/// None is needed.
unsafe fn refuse(_: *const (), _: &Team, _: Role, _: &Stay<'_>) {
    unreachable!("this run is a stranger's");
}

/// A caller's part: opens the team, closes it, and takes the memory back.
fn lead(team: &Team, help: unsafe fn(*const (), &Team, Role, &Stay<'_>), parent: Option<&Team>) {
    let memory = Memory { all: UnsafeCell::new(()), places: [(); 3].map(UnsafeCell::new) };
    memory.all.with_mut(|_| ());
    assert!(team.take());
    let job = Job { run: ptr::from_ref(&memory).cast(), help, rest: None };
    // SAFETY: this thread has taken the team, and the memory lasts until all helpers have left.
    unsafe { team.open(job, 0, Course::Shared { roots: 0 }, parent) };
    drop(CloseOnDrop(team));
    memory.all.with_mut(|_| ());
    memory.places.iter().for_each(|place| place.with_mut(|_| ()));
    team.give_back();
}

/// The calling thread comes to help.
fn help_of_a_stranger(team: &Team, ancestor: Option<&Team>) -> bool {
    let shared = Shared::new(1, Placement::default());
    shared.try_help(team, ancestor, &Stay::to_the_end())
}

/// Two threads come to help a team with `places` for helpers.
fn two_helpers(places: usize) {
    explore(3, move || {
        let team = Arc::new(Team::new(places, Pause::Yields));
        let helper = |team: Arc<Team>| thread::spawn(move || help_of_a_stranger(&team, None));
        let helpers = [helper(Arc::clone(&team)), helper(Arc::clone(&team))];
        lead(&team, help, None);
        for helper in helpers {
            helper.join().expect("no panic");
        }
    });
}

/// Nobody leaves a caller behind that sleeps, or finds the run's memory gone: whoever leaves last. And a
/// place may be taken again before its last owner has left the team. Catches: `claim` or `give_up` with
/// Relaxed, an `is_empty` that takes two helpers for none.
#[test]
fn two_helpers_leave_in_any_order() {
    two_helpers(2);
}

/// One of the two finds no room, or comes when the other one has left. Catches: a place that isn't given up.
#[test]
fn two_helpers_for_one_place() {
    two_helpers(1);
}

/// Somebody comes to help a nested run while its team goes to a stranger. Catches: a helper that doesn't ask
/// whose run it is once it has joined.
#[test]
fn a_helper_of_a_nested_run_finds_a_stranger() {
    explore(3, || {
        let teams = Arc::new([Team::new(1, Pause::Yields), Team::new(1, Pause::Yields)]);
        let helper = {
            let teams = Arc::clone(&teams);
            thread::spawn(move || help_of_a_stranger(&teams[1], Some(&teams[0])))
        };
        lead(&teams[1], help, Some(&teams[0]));
        lead(&teams[1], refuse, None);
        helper.join().expect("no panic");
    });
}
