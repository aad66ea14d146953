//! Permits that tasks wait for.

use super::Gate;
use crate::protocol::permits::Permits;
use crate::sync::model::{explore, thread};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

impl Wake for Gate {
    fn wake(self: Arc<Self>) {
        self.open();
    }
}

/// Waits for a permit, and gives it back.
fn take_and_give_back(permits: &Permits) {
    let mut place = None;
    loop {
        let gate = Arc::new(Gate::new());
        match permits.poll(&mut place, &Waker::from(Arc::clone(&gate))) {
            Poll::Ready(()) => return permits.give_back(),
            Poll::Pending => gate.pass(),
        }
    }
}

/// Asks once for a permit, and goes away.
fn ask_and_leave(permits: &Permits) {
    let mut place = None;
    match permits.poll(&mut place, Waker::noop()) {
        Poll::Ready(()) => permits.give_back(),
        Poll::Pending => permits.leave(&mut place),
    }
}

/// A permit that is given back reaches who waits for it, also if the one that it was promised to goes away.
/// Catches: a promise that isn't passed on.
#[test]
fn a_promise_is_passed_on() {
    explore(2, || {
        let permits = Arc::new(Permits::new(1));
        assert!(permits.try_take());
        let [leaves, waits] = [ask_and_leave, take_and_give_back].map(|what| {
            let permits = Arc::clone(&permits);
            thread::spawn(move || what(&permits))
        });
        permits.give_back();
        leaves.join().expect("no panic");
        waits.join().expect("no panic");
        assert!(permits.try_take(), "it came back");
    });
}
