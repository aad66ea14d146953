//! loom models of the wakers. Each names the mutations that it must catch; `.ci/mutants` applies them to a
//! copy and expects a failure. A wake that is lost leaves its runner asleep for ever, which loom reports as a
//! deadlock.
//!
//! The count of the block is the standard library's, which loom doesn't see.

use super::{Line, Pending, Wakes};
use crate::sleep::Parker;
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{AtomicUsize, Mutex, Ordering, lock};
use crate::{CancelToken, GraphBuilder, RunError, RunOptions};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

/// A thread that runs something, as its waker sees it.
struct Sleeper(Parker);

impl Wake for Sleeper {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn sleeper() -> (std::sync::Arc<Sleeper>, Waker) {
    let sleeper = std::sync::Arc::new(Sleeper(Parker::new()));
    (std::sync::Arc::clone(&sleeper), Waker::from(sleeper))
}

/// As a run: calls `poll` for what was woken, until it says that all is done, and sleeps in between.
fn run_until(wakes: &Wakes, mut poll: impl FnMut(u32) -> bool) {
    let (sleeper, waker) = sleeper();
    let again = |future: &u32| wakes.pend(*future) == Pending::Again;
    let mut woken: Vec<u32> = (0..wakes.index_of_run()).filter(again).collect();
    loop {
        wakes.take(|future| woken.push(future));
        let done = woken.iter().fold(false, |done, future| poll(*future) || done);
        woken.retain(again);
        if done {
            break;
        }
        if woken.is_empty() && wakes.fall_asleep(&waker) {
            sleeper.0.park();
        }
    }
    wakes.detach();
}

/// Catches: `push` that tells nobody, `fall_asleep` that sleeps whatever is on the list.
#[test]
fn a_wake_against_falling_asleep() {
    explore(3, || {
        let wakes = Wakes::new(1);
        let data = Arc::new(UnsafeCell::new(0));
        let (waker, written) = ((*wakes.waker(0)).clone(), Arc::clone(&data));
        let other = thread::spawn(move || {
            // SAFETY: loom reports it if somebody else has access at the same time, here and below.
            written.with_mut(|data| unsafe { *data = 5 });
            waker.wake();
        });
        // SAFETY: as above.
        run_until(&wakes, |future| future == 0 && data.with(|data| unsafe { *data }) == 5);
        other.join().expect("no panic");
        assert_eq!(std::sync::Arc::strong_count(&wakes), 1);
    });
}

/// The second one may find the future listed, and go: the poll that comes sees also what came before its
/// wake.
///
/// Catches: the cell's Release, the Acquire of `claim` or `pend`, a wake of a future that doesn't wait that
/// leaves no mark.
#[test]
fn two_wakers_of_one_future() {
    explore(2, || {
        let wakes = Wakes::new(1);
        let count = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let others = [0, 1].map(|thread| {
            let (waker, count) = ((*wakes.waker(0)).clone(), Arc::clone(&count));
            thread::spawn(move || {
                count[thread].store(1, Ordering::Relaxed);
                waker.wake_by_ref();
            })
        });
        // Nobody wakes it any more: the last poll has to see both.
        run_until(&wakes, |_| count.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        others.into_iter().for_each(|other| other.join().expect("no panic"));
    });
}

/// A future that wakes itself while it is polled, and that another thread wakes at the same time, or later.
/// Catches: a self-wake that swallows the other one, another thread's wake that is taken for a self-wake.
#[test]
fn a_future_that_wakes_itself_against_another_waker() {
    explore(3, || {
        let wakes = Wakes::new(1);
        let data = Arc::new(AtomicUsize::new(0));
        let (waker, written) = ((*wakes.waker(0)).clone(), Arc::clone(&data));
        let other = thread::spawn(move || {
            written.store(1, Ordering::Relaxed);
            waker.wake();
        });
        let (sleeper, runner) = sleeper();
        let mut yields = 1;
        'run: loop {
            // It is this thread's, until it waits.
            loop {
                let (seen, again) = wakes.poll(0, |waker| {
                    if yields > 0 {
                        yields -= 1;
                        waker.wake_by_ref();
                    }
                    data.load(Ordering::Relaxed)
                });
                if seen == 1 && yields == 0 {
                    break 'run;
                }
                if !again && wakes.pend(0) == Pending::Waits {
                    break;
                }
            }
            let mut woken = false;
            while !woken {
                wakes.take(|_| woken = true);
                if !woken && wakes.fall_asleep(&runner) {
                    sleeper.0.park();
                }
            }
        }
        wakes.detach();
        other.join().expect("no panic");
    });
}

/// Both are on the list, whoever comes first.
///
/// Catches: the Release of `push`, the Acquire of `take`.
#[test]
fn two_futures_at_once() {
    explore(3, || {
        let wakes = Wakes::new(2);
        let others = [0, 1].map(|future| {
            let waker = (*wakes.waker(future)).clone();
            thread::spawn(move || waker.wake())
        });
        let mut seen = [0, 0];
        run_until(&wakes, |future| {
            seen[future as usize] += 1;
            seen == [1, 1]
        });
        others.into_iter().for_each(|other| other.join().expect("no panic"));
    });
}

/// The task that has polled last is told. The waker of the one before is given back.
///
/// Catches: the runner that is registered once and for all.
#[test]
fn a_wake_against_another_runner() {
    explore(3, || {
        let wakes = Wakes::new(1);
        let (first, first_waker) = sleeper();
        let asleep = wakes.fall_asleep(&first_waker);
        assert!(asleep, "nobody has woken it");
        drop(first_waker);
        let waker = (*wakes.waker(0)).clone();
        let other = thread::spawn(move || waker.wake());
        run_until(&wakes, |future| future == 0);
        other.join().expect("no panic");
        assert_eq!(std::sync::Arc::strong_count(&first), 1);
    });
}

/// What waits until it is opened.
#[derive(Default)]
pub(crate) struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.0 {
            return Poll::Ready(());
        }
        state.1 = Some(context.waker().clone());
        Poll::Pending
    }

    /// What the last poll has left.
    fn waker(&self) -> Option<Waker> {
        lock(&self.0).1.take()
    }

    pub(crate) fn open(&self) {
        lock(&self.0).0 = true;
        if let Some(waker) = self.waker() {
            waker.wake();
        }
    }
}

/// Polls `future` to its end, asleep in between. Nobody keeps the waker.
pub(crate) fn block_on<F: Future + Unpin>(future: &mut F) -> F::Output {
    let (sleeper, waker) = sleeper();
    loop {
        match Pin::new(&mut *future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => return ended,
            Poll::Pending => sleeper.0.park(),
        }
    }
}

/// A waker of the run before comes at any moment: also before its node has begun in this run, which then
/// isn't polled.
///
/// Catches: polling whoever is on the list.
#[test]
fn a_waker_of_an_earlier_run() {
    explore(3, || {
        let gates = Arc::new([Gate::default(), Gate::default()]);
        let (first, second) = (Arc::clone(&gates), Arc::clone(&gates));
        let mut graph = GraphBuilder::new();
        let mut runs = 0;
        let before = graph.async_node("before", (), move || {
            let gates = Arc::clone(&first);
            runs += 1;
            poll_fn(move |context| gates[0].poll(context).map(|()| runs))
        });
        let node = graph.async_node("node", (before,), move |&before: &i32| {
            let gates = Arc::clone(&second);
            poll_fn(move |context| gates[1].poll(context).map(|()| before))
        });
        let mut graph = graph.build().expect("a valid graph");
        // The first run is given up while the second node waits.
        lock(&gates[0].0).0 = true;
        let mut run = graph.run_async();
        assert!(Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(run);
        lock(&gates[0].0).0 = false;
        let (old, gates) = (gates[1].waker().expect("it was polled"), Arc::clone(&gates));
        let other = thread::spawn(move || {
            old.wake();
            gates[0].open();
            gates[1].open();
        });
        let mut run = graph.run_async();
        assert!(block_on(&mut run).is_ok());
        drop(run);
        assert_eq!(graph.results().get(node), Ok(&2), "fed by this run");
        other.join().expect("no panic");
    });
}

/// The same, of a run on one thread, which links futures that want another turn: the waker may still push
/// when the future is one of these, or was before. Each has its turn, and nobody else.
///
/// Catches: a line that takes a future that is listed.
#[test]
fn a_late_push_of_an_earlier_run() {
    explore(3, || {
        let wakes = Wakes::new(2);
        let waits = wakes.pend(0);
        assert_eq!(waits, Pending::Waits);
        let old = (*wakes.waker(0)).clone();
        let other = thread::spawn(move || old.wake());
        (0..2).for_each(|future| wakes.end(future));
        // The next run, in which both want another turn.
        let mut line = Line::default();
        let _ = line.take_woken(&wakes);
        (0..2).for_each(|future| line.push(&wakes, future));
        let (sleeper, runner) = sleeper();
        let mut turns = [0, 0];
        while turns != [1, 1] {
            match line.pop(&wakes) {
                Some(future) => turns[future as usize] += 1,
                None if wakes.fall_asleep(&runner) => sleeper.0.park(),
                None => _ = line.take_woken(&wakes),
            }
        }
        assert!(line.pop(&wakes).is_none());
        wakes.detach();
        other.join().expect("no panic");
    });
}

/// A node never completes; the run ends all the same, whenever the cancel comes.
///
/// Catches: a cancel that wakes nobody, a run that doesn't look when it is woken for that.
#[test]
fn a_cancel_against_falling_asleep() {
    explore(3, || {
        let mut graph = GraphBuilder::new();
        graph.async_node("never", (), std::future::pending::<()>);
        let mut graph = graph.build().expect("a valid graph");
        let token = CancelToken::new();
        let same = token.clone();
        let other = thread::spawn(move || same.cancel());
        let mut run = graph.with(&RunOptions::new().cancel_token(&token)).run_async();
        let undone = match block_on(&mut run) {
            Err(RunError::Cancelled { not_run, interrupted, .. }) => not_run.len() + interrupted.len(),
            _ => 0,
        };
        assert_eq!(undone, 1, "it has begun, or not");
        drop(run);
        other.join().expect("no panic");
    });
}

/// Graph and run go away while another thread wakes: whoever lets go of the block last frees it, and with it
/// everything.
///
/// Catches: a waker that keeps its count.
#[test]
fn the_last_waker_on_another_thread() {
    explore(3, || {
        let gate = Arc::new(Gate::default());
        let inside = Arc::clone(&gate);
        let mut graph = GraphBuilder::new();
        graph.async_node("node", (), move || {
            let gate = Arc::clone(&inside);
            poll_fn(move |context| gate.poll(context))
        });
        let mut graph = graph.build().expect("a valid graph");
        let (sleeper, waker) = sleeper();
        let mut run = graph.run_async();
        assert!(Pin::new(&mut run).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        let old = gate.waker().expect("it was polled");
        let kept = old.clone();
        let other = thread::spawn(move || old.wake());
        drop(run);
        other.join().expect("no panic");
        assert_eq!(std::sync::Arc::strong_count(&sleeper), 1, "given back with the run");
        drop(graph);
        let block = kept.data();
        // SAFETY: `kept` keeps the block alive.
        let slot = unsafe { &*block.cast::<super::wakes::Slot>() };
        assert_eq!(slot.wakes.strong_count(), 1, "that is `kept`");
    });
}
