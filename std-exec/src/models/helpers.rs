//! Helpers of one team, without a graph: how they take places, and leave.

use crate::run::CloseOnDrop;
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{Condvar, Mutex, lock, wait};
use crate::team::{Course, End, Job, Role, Team};
use std::ptr;
use std::sync::Arc as StdArc;
use std::task::{Wake, Waker};

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

/// For a run that nobody may help.
///
/// # Safety
///
/// None is needed.
unsafe fn refuse(_: *const (), _: &Team, _: Role) {
    unreachable!("this run is a stranger's");
}

/// A caller's part: opens the team, closes it, and takes the memory back.
fn lead(team: &Team, help: unsafe fn(*const (), &Team, Role), parent: Option<&Team>) {
    let memory = Memory { all: UnsafeCell::new(()), places: [(); 3].map(UnsafeCell::new) };
    memory.all.with_mut(|_| ());
    assert!(team.take());
    let job = Job { run: ptr::from_ref(&memory).cast(), help };
    // SAFETY: this thread has taken the team, and the memory lasts until all helpers have left.
    unsafe { team.open(job, 0, Course::Shared { roots: 0 }, parent) };
    drop(CloseOnDrop(team));
    memory.all.with_mut(|_| ());
    memory.places.iter().for_each(|place| place.with_mut(|_| ()));
    team.give_back();
}

/// What a task's waker tells.
#[derive(Default)]
struct Told {
    told: Mutex<bool>,
    tells: Condvar,
}

impl Told {
    fn wait(&self) {
        let mut here = lock(&self.told);
        while !*here {
            here = wait(&self.tells, here);
        }
        *here = false;
    }
}

impl Wake for Told {
    fn wake(self: StdArc<Self>) {
        *lock(&self.told) = true;
        self.tells.notify_one();
    }
}

/// The owner of a run polls for its end, once or to the end, while a helper comes by; then the team is a caller's.
fn owner_and_helper(nodes: usize, gives_up: bool) {
    explore(4, move || {
        let team = Arc::new(Team::new(0));
        let helper = {
            let team = Arc::clone(&team);
            thread::spawn(move || team.try_help(None))
        };
        let memory = Memory { all: UnsafeCell::new(()), places: [(); 3].map(UnsafeCell::new) };
        memory.all.with_mut(|_| ());
        assert!(team.take());
        let job = Job { run: ptr::from_ref(&memory).cast(), help };
        // SAFETY: this thread has taken the team, and the memory lasts until all helpers have left.
        unsafe { team.open_detached(job, nodes, Course::Shared { roots: 0 }) };
        let told = StdArc::new(Told::default());
        let waker = Waker::from(StdArc::clone(&told));
        while team.poll_end(&waker, || false) != End::Here && !gives_up {
            told.wait();
        }
        team.forget_owner();
        drop(CloseOnDrop(&team));
        team.membership.attach_owner();
        memory.all.with_mut(|_| ());
        memory.places.iter().for_each(|place| place.with_mut(|_| ()));
        team.give_back();
        assert!(team.take());
        assert!(!team.membership.is_asleep());
        helper.join().expect("no panic");
        // Nobody owes this caller a wake-up, or has left it one.
        assert!(!team.has_token());
        team.give_back();
    });
}

/// A helper that is told to join finds a place, also if the owner gives up meanwhile. Catches: `close` that makes it a team with
/// a caller; `leave` that doesn't look whether an owner's team is closed.
#[test]
fn an_owner_gives_up_while_a_helper_takes_its_place() {
    owner_and_helper(1, true);
}

/// The owner is woken when the last helper leaves a run that is finished. Catches: `poll_end` that
/// doesn't look again after it has lain down.
#[test]
fn an_owner_waits_for_the_last_helper() {
    owner_and_helper(0, false);
}

/// Whoever wakes an owner that gives up meanwhile leaves nothing behind. Catches: `wake_caller` that claims without the lock.
#[test]
fn an_owner_gives_up_while_it_is_woken() {
    owner_and_helper(0, true);
}

/// A helper's part in a detached run of as many nodes as helpers: one node each.
///
/// # Safety
///
/// As for [`help`].
unsafe fn help_with_one(memory: *const (), team: &Team, role: Role) {
    // SAFETY: by contract.
    unsafe { help(memory, team, role) };
    team.finish(1);
}

/// Two helpers end a run whose owner falls asleep: whoever leaves last knows what the other one has finished. Catches:
/// `Leave` without its fence, `poll_end` without one.
#[test]
fn two_helpers_end_a_detached_run() {
    explore(3, || {
        let team = Arc::new(Team::new(1));
        let memory = Memory { all: UnsafeCell::new(()), places: [(); 3].map(UnsafeCell::new) };
        memory.all.with_mut(|_| ());
        assert!(team.take());
        let job = Job { run: ptr::from_ref(&memory).cast(), help: help_with_one };
        // SAFETY: this thread has taken the team, and the memory lasts until all helpers have left.
        unsafe { team.open_detached(job, 2, Course::Shared { roots: 0 }) };
        let helper = |team: Arc<Team>| thread::spawn(move || assert!(team.try_help(None)));
        let helpers = [helper(Arc::clone(&team)), helper(Arc::clone(&team))];
        let told = StdArc::new(Told::default());
        let waker = Waker::from(StdArc::clone(&told));
        while team.poll_end(&waker, || false) != End::Here {
            told.wait();
        }
        memory.all.with_mut(|_| ());
        memory.places.iter().for_each(|place| place.with_mut(|_| ()));
        team.membership.attach_owner();
        team.give_back();
        for helper in helpers {
            helper.join().expect("no panic");
        }
    });
}

/// Two threads come to help a team with `places` for helpers.
fn two_helpers(places: usize) {
    explore(3, move || {
        let team = Arc::new(Team::new(places));
        let helper = |team: Arc<Team>| thread::spawn(move || team.try_help(None));
        let helpers = [helper(Arc::clone(&team)), helper(Arc::clone(&team))];
        lead(&team, help, None);
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

/// One of the two finds no room, or comes when the other one has left. Catches: a place that isn't given up.
#[test]
fn two_helpers_for_one_place() {
    two_helpers(1);
}

/// Somebody comes to help a nested run while its team goes to a stranger. Catches: a helper that doesn't ask whose run it is
/// once it has joined.
#[test]
fn a_helper_of_a_nested_run_finds_a_stranger() {
    explore(3, || {
        let teams = Arc::new([Team::new(1), Team::new(1)]);
        let helper = {
            let teams = Arc::clone(&teams);
            thread::spawn(move || teams[1].try_help(Some(&teams[0])))
        };
        lead(&teams[1], help, Some(&teams[0]));
        lead(&teams[1], refuse, None);
        helper.join().expect("no panic");
    });
}
