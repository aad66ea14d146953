//! Permits that tasks wait for, and those of a source.

use super::{Gate, Meeting};
use crate::protocol::semaphore::{Place, Semaphore, Urgency};
use crate::sync::model::{explore, thread};
use crate::sync::{Mutex, lock};
use crate::{PermitSource, SharedLimit};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.open();
    }
}

const USUAL: Urgency = Urgency { level: 0, priority: 0, path: 0 };

/// Sleeps until `poll`, which is given where it waits and a waker, is ready.
fn wait_for(mut poll: impl FnMut(&mut Place, &Waker) -> Poll<()>) {
    let mut place = None;
    loop {
        let gate = Arc::new(Gate::new());
        match poll(&mut place, &Waker::from(Arc::clone(&gate))) {
            Poll::Ready(()) => return,
            Poll::Pending => gate.pass(),
        }
    }
}

/// Waits for so many permits, and gives them back.
fn take_and_give_back(semaphore: &Semaphore, permits: usize) {
    wait_for(|place, task| semaphore.poll(place, permits, USUAL, task));
    semaphore.give_back(permits);
}

/// Asks once for so many permits, and goes away.
fn ask_and_leave(semaphore: &Semaphore, permits: usize) {
    let mut place = None;
    match semaphore.poll(&mut place, permits, USUAL, Waker::noop()) {
        Poll::Ready(()) => semaphore.give_back(permits),
        Poll::Pending => semaphore.leave(&mut place),
    }
}

/// Two threads that want so many of `count` permits, of which one is taken for a while.
fn beside_one_that_is_taken(count: usize, threads: [(fn(&Semaphore, usize), usize); 2], gives_back: bool) {
    explore(2, move || {
        let semaphore = Arc::new(Semaphore::new(count));
        assert!(semaphore.try_take());
        let threads = threads.map(|(what, permits)| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || what(&semaphore, permits))
        });
        if gives_back {
            semaphore.give_back(1);
        }
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let left = if gives_back { count } else { count - 1 };
        assert_eq!(semaphore.left_and_waiting(), (left, 0));
    });
}

/// A permit that is given back reaches who waits for it, also if the one that it was promised to goes away.
/// Catches: a promise that isn't passed on; a permit that comes back just before somebody begins to wait.
#[test]
fn a_promise_is_passed_on() {
    beside_one_that_is_taken(1, [(ask_and_leave, 1), (take_and_give_back, 1)], true);
}

/// Who wants one waits behind who wants all, and is served when that has gone.
#[test]
fn all_or_none_beside_a_small_one() {
    beside_one_that_is_taken(3, [(take_and_give_back, 3), (take_and_give_back, 1)], true);
}

/// There is enough for who wants one, but not for the one before it, who goes away.
/// Catches: somebody who leaves without a promise, and whose turn goes to nobody.
#[test]
fn a_turn_is_passed_on() {
    beside_one_that_is_taken(2, [(ask_and_leave, 2), (take_and_give_back, 1)], false);
}

/// Two have what they want as soon as enough for both comes back: they meet.
/// Catches: one promise where there is enough for two.
#[test]
fn two_are_served_at_once() {
    explore(2, || {
        let semaphore = Arc::new(Semaphore::new(2));
        assert!(semaphore.try_take() && semaphore.try_take());
        let meeting = Arc::new(Meeting::of(2));
        let threads = [(); 2].map(|()| {
            let (semaphore, meeting) = (Arc::clone(&semaphore), Arc::clone(&meeting));
            thread::spawn(move || {
                wait_for(|place, task| semaphore.poll(place, 1, USUAL, task));
                meeting.attend();
                semaphore.give_back(1);
            })
        });
        semaphore.give_back(2);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(semaphore.left_and_waiting(), (2, 0));
    });
}

/// Permits from outside, that somebody puts there.
struct Basket(Mutex<(usize, Option<Waker>)>);

impl Basket {
    fn put(&self) {
        let waker = {
            let mut basket = lock(&self.0);
            basket.0 += 1;
            basket.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl PermitSource for Basket {
    fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut basket = lock(&self.0);
        if let Some(left) = basket.0.checked_sub(1) {
            basket.0 = left;
            return Poll::Ready(());
        }
        basket.1 = Some(context.waker().clone());
        Poll::Pending
    }

    fn give_back(&self) {
        self.put();
    }
}

/// A permit that comes while one task asks for it, and another one goes away. Catches: a reason to ask again
/// that comes while somebody asks, and is forgotten; a permit that nobody wants any more, and that isn't
/// given back.
#[test]
fn a_permit_from_outside() {
    explore(2, || {
        let basket = Arc::new(Basket(Mutex::new((0, None))));
        let limit = SharedLimit::from_source(Arc::clone(&basket));
        let leaves = {
            let limit = limit.clone();
            thread::spawn(move || {
                let mut place = None;
                match limit.ask(&mut place, 1, USUAL, Waker::noop()).is_ready() && limit.take(&mut place) {
                    true => limit.give_back(1),
                    false => limit.leave(&mut place),
                }
            })
        };
        let puts = {
            let basket = Arc::clone(&basket);
            thread::spawn(move || basket.put())
        };
        wait_for(|place, task| limit.ask(place, 1, USUAL, task).map(|()| assert!(limit.take(place))));
        limit.give_back(1);
        leaves.join().expect("no panic");
        puts.join().expect("no panic");
        let mut basket = lock(&basket.0);
        assert_eq!(basket.0, 1, "it came back");
        let waker = basket.1.take();
        drop(basket);
        drop(waker); // a circle: the source is the limit's
    });
}
