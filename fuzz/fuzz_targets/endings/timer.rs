//! Another thread, which opens gates and calls wakers, after a while or much later.

use crate::world::{Role, lock, take_role};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Who waits for it goes on when it is open.
#[derive(Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.open.store(true, SeqCst);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn pass(&self, context: &Context<'_>) -> Poll<()> {
        let old = lock(&self.waker).replace(context.waker().clone());
        drop(old);
        // Looked at after the waker is there: who opens the gate from now on wakes it.
        if self.open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

enum Order {
    Open(Instant, Arc<Gate>),
    /// Called when dozens of others have come after it.
    Late(Waker),
}

static TIMER: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = channel();
    thread::spawn(move || {
        take_role(Role::Waker);
        let mut late = VecDeque::<Waker>::new();
        let mut gates = Vec::<(Instant, Arc<Gate>)>::new();
        loop {
            let now = Instant::now();
            let (due, left) = gates.into_iter().partition(|&(at, _)| at <= now);
            gates = left;
            due.into_iter().for_each(|(_, gate)| gate.open());
            let next = gates.iter().map(|&(at, _)| at).min();
            let patience =
                next.map_or(Duration::from_secs(1), |at| at.saturating_duration_since(Instant::now()));
            match orders.recv_timeout(patience) {
                Ok(Order::Open(at, gate)) => gates.push((at, gate)),
                Ok(Order::Late(waker)) => late.push_back(waker),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if late.len() > 40 {
                late.pop_front().into_iter().for_each(Waker::wake);
            }
        }
    });
    sender
});

/// Opens the gate after so many microseconds.
pub(crate) fn open_after(micros: u64, gate: &Arc<Gate>) {
    let at = Instant::now() + Duration::from_micros(micros);
    TIMER.send(Order::Open(at, Arc::clone(gate))).expect("it lasts");
}

pub(crate) fn wake_late(waker: Waker) {
    TIMER.send(Order::Late(waker)).expect("it lasts");
}
