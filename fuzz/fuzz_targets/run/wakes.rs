//! What futures wait for: gates, most of which another thread opens.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Who waits for it goes on when it is open.
#[derive(Default)]
pub(crate) struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    pub(crate) fn open(&self) {
        // Relaxed: the lock orders it. Whoever leaves a waker after this one has looked sees the gate open.
        self.open.store(true, Relaxed);
        let waker = self.waker.lock().expect("no panic").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn pass(&self, context: &Context<'_>) -> Poll<()> {
        *self.waker.lock().expect("no panic") = Some(context.waker().clone());
        // Looked at after the waker is there: who opens the gate from now on wakes it.
        if self.open.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    }
}

enum Order {
    Open(Arc<Gate>),
    /// Called when dozens of others have come after it.
    Late(Waker),
}

/// The other thread, which lasts as long as the process.
static ELSEWHERE: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = channel();
    thread::spawn(move || {
        let mut late = VecDeque::new();
        for order in orders {
            match order {
                Order::Open(gate) => gate.open(),
                Order::Late(waker) => late.push_back(waker),
            }
            if late.len() > 40 {
                late.pop_front().into_iter().for_each(Waker::wake);
            }
        }
    });
    sender
});

/// Lets others go on, `times` times.
pub(crate) async fn yields(times: u8) {
    for _ in 0..times {
        let mut before = true;
        poll_fn(|context| {
            if !std::mem::replace(&mut before, false) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Waits for another thread. `announce` is told of the gate before.
pub(crate) async fn elsewhere(announce: impl FnOnce(&Arc<Gate>)) {
    let gate = Arc::new(Gate::default());
    announce(&gate);
    let mut order = Some(Arc::clone(&gate));
    poll_fn(|context| {
        let passed = gate.pass(context);
        if let Some(gate) = order.take() {
            ELSEWHERE.send(Order::Open(gate)).expect("it lasts");
        }
        passed
    })
    .await;
}

/// Leaves a waker with the other thread, for much later.
pub(crate) async fn linger() {
    poll_fn(|context| {
        ELSEWHERE.send(Order::Late(context.waker().clone())).expect("it lasts");
        Poll::Ready(())
    })
    .await;
}
