//! Permits from outside: a source that gives them when it likes, and make's jobserver.

use super::one_node;
use crate::support::gate::{Gate, Hand};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{GraphBuilder, PermitSource, RunError, RunOptions, SharedLimit};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

over_typed_runners!(
    as_many_as_the_source_gives,
    a_source_that_panics,
    a_source_that_has_panicked_is_asked_again
);

/// Permits that somebody has put there.
#[derive(Default)]
struct Basket(Mutex<State>, AtomicBool);

#[derive(Default)]
struct State {
    permits: usize,
    waker: Option<Waker>,
    asked: usize,
}

impl Basket {
    fn put(&self, permits: usize) {
        let waker = {
            let mut state = self.0.lock().expect("no panic");
            state.permits += permits;
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn permits(&self) -> usize {
        self.0.lock().expect("no panic").permits
    }

    fn asked(&self) -> usize {
        self.0.lock().expect("no panic").asked
    }
}

impl PermitSource for Basket {
    fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
        assert!(!self.1.swap(true, SeqCst), "one at a time");
        let mut state = self.0.lock().expect("no panic");
        state.asked += 1;
        let taken = state.permits.checked_sub(1);
        match taken {
            Some(left) => state.permits = left,
            None => state.waker = Some(context.waker().clone()),
        }
        self.1.store(false, SeqCst);
        taken.map_or(Poll::Pending, |_| Poll::Ready(()))
    }

    fn give_back(&self) {
        self.put(1);
    }
}

/// It gives one after the other, from another thread.
fn as_many_as_the_source_gives(runner: &Runner) {
    let basket = Arc::new(Basket::default());
    let limit = SharedLimit::from_source(Arc::clone(&basket));
    let (inside, most) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    for _ in 0..40 {
        let node = graph.node("", (), || {
            most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::yield_now();
            inside.fetch_sub(1, SeqCst);
        });
        graph.limited(node, &limit);
    }
    let mut graph = graph.build().expect("a valid graph");
    thread::scope(|scope| {
        scope.spawn(|| {
            while basket.asked() == 0 {
                thread::yield_now();
            }
            (0..3).for_each(|_| basket.put(1));
        });
        runner.typed(&mut graph);
    });
    assert_eq!(basket.permits(), 3);
    assert!((1..=3).contains(&most.load(SeqCst)));
}

/// A source that gives one permit, and then panics once.
#[derive(Default)]
struct Faulty(AtomicUsize);

impl PermitSource for Faulty {
    fn poll_take(&self, _: &mut Context<'_>) -> Poll<()> {
        let asked = self.0.fetch_add(1, SeqCst);
        if asked == 1 {
            panic_any(Payload(1));
        }
        if asked == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn give_back(&self) {
        self.0.store(1, SeqCst);
        panic_any(Payload(2));
    }
}

/// The run panics, or fails, and everybody who waits comes to an end.
fn a_source_that_panics(runner: &Runner) {
    let gate = &Gate::default();
    let run = |options: &RunOptions| {
        let limit = SharedLimit::from_source(Faulty::default());
        let mut graph = GraphBuilder::new();
        let nodes = [(); 4].map(|()| graph.node("", (), || ()));
        nodes.into_iter().for_each(|node| graph.limited(node, &limit));
        let waits = graph.async_node("waits", (), || gate.wait());
        graph.limited(waits, &limit);
        runner.typed_with(&mut graph.build().expect("a valid graph"), options).map(drop)
    };
    for _ in 0..5 {
        assert_eq!(payload_of::<Payload>(|| _ = run(&RunOptions::new())), Payload(1));
        let error = run(&RunOptions::new().panics_are_failures()).expect_err("a node fails");
        assert!(matches!(error, RunError::Failed(_)), "{error}");
    }
}

/// A source that panics when it is first asked, and then gives as many permits as are wanted.
#[derive(Default)]
struct Startled(AtomicUsize);

impl PermitSource for Startled {
    fn poll_take(&self, _: &mut Context<'_>) -> Poll<()> {
        if self.0.fetch_add(1, SeqCst) == 0 {
            panic_any(Payload(1));
        }
        Poll::Ready(())
    }

    fn give_back(&self) {}
}

fn a_source_that_has_panicked_is_asked_again(runner: &Runner) {
    let limit = SharedLimit::from_source(Startled::default());
    let mut graph = one_node(&limit);
    assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(1));
    runner.typed(&mut graph);
}

/// Who has gone before its permit came doesn't keep it. To want two is refused.
#[test]
fn a_permit_that_comes_too_late_goes_back() {
    let basket = Arc::new(Basket::default());
    let limit = SharedLimit::from_source(Arc::clone(&basket));
    let (mut graph, hand) = (one_node(&limit), Hand::new());
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    drop(run);
    basket.put(1);
    assert_eq!((basket.permits(), hand.wakes()), (1, 0));
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_ready());
    drop(run);

    // A promise that nobody has taken yet, too.
    basket.0.lock().expect("no panic").permits = 0;
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    basket.put(1);
    assert_eq!((basket.permits(), hand.wakes()), (0, 1));
    drop(run);
    assert_eq!(basket.permits(), 1);

    let mut graph = GraphBuilder::new();
    let node = graph.node("greedy", (), || ());
    graph.limited(node, limit.all());
    let error = graph.build().expect_err("one is all that a node can have");
    assert_eq!(error.to_string(), "want more permits than a limit has: greedy");
}

/// A named pipe with a byte for each permit, as `make --jobserver-style=fifo` has; each client has one more,
/// without a byte.
#[cfg(target_os = "linux")]
mod jobserver {
    use super::*;
    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::mpsc::{Sender, channel};

    struct Client {
        state: Arc<Mutex<Tokens>>,
        pipe: File,
        /// Has a thread read a byte: there is no other way to wait for one with the standard library alone.
        ask: Mutex<Sender<()>>,
    }

    #[derive(Default)]
    struct Tokens {
        /// The one without a byte is in use.
        own_is_taken: bool,
        read: Vec<u8>,
        taken: Vec<u8>,
        is_asked: bool,
        waker: Option<Waker>,
    }

    impl Client {
        fn open(path: &Path) -> Self {
            let open = || File::options().read(true).write(true).open(path).expect("a pipe");
            let (state, mut pipe) = (Arc::new(Mutex::new(Tokens::default())), open());
            let (ask, asked) = channel();
            let tokens = Arc::clone(&state);
            thread::spawn(move || {
                for () in asked {
                    let mut byte = [0];
                    pipe.read_exact(&mut byte).expect("it is open");
                    let mut state = tokens.lock().expect("no panic");
                    state.read.push(byte[0]);
                    state.is_asked = false;
                    let waker = state.waker.take();
                    drop(state);
                    waker.into_iter().for_each(Waker::wake);
                }
            });
            Self { state, pipe: open(), ask: Mutex::new(ask) }
        }
    }

    impl PermitSource for Client {
        fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
            let mut state = self.state.lock().expect("no panic");
            // First what was read, perhaps for somebody who has gone: it comes back at once, and others can
            // read it.
            if let Some(byte) = state.read.pop() {
                state.taken.push(byte);
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut state.own_is_taken, true) {
                return Poll::Ready(());
            }
            state.waker = Some(context.waker().clone());
            if !std::mem::replace(&mut state.is_asked, true) {
                self.ask.lock().expect("no panic").send(()).expect("the thread is there");
            }
            Poll::Pending
        }

        fn give_back(&self) {
            let mut state = self.state.lock().expect("no panic");
            match state.taken.pop() {
                Some(byte) => (&self.pipe).write_all(&[byte]).expect("it is open"),
                None => state.own_is_taken = false,
            }
        }
    }

    /// A pipe, and a file that keeps it open.
    struct Pipe(PathBuf, File);

    impl Pipe {
        fn with(tokens: &[u8]) -> Self {
            static LAST: AtomicUsize = AtomicUsize::new(0);
            let number = LAST.fetch_add(1, SeqCst);
            let path = std::env::temp_dir().join(format!("dgraph-jobs-{}-{number}", std::process::id()));
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo can be started");
            assert!(made.success(), "no pipe at {}", path.display());
            let mut pipe = File::options().read(true).write(true).open(&path).expect("a pipe");
            pipe.write_all(tokens).expect("it is open");
            Self(path, pipe)
        }

        fn take(&mut self) -> u8 {
            let mut byte = [0];
            self.1.read_exact(&mut byte).expect("it is open");
            byte[0]
        }
    }

    impl Drop for Pipe {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    /// Two clients, as two processes are, each with two runs at once: never more nodes than bytes and
    /// clients. At the end, all bytes are there.
    #[test]
    fn two_clients_of_one_pipe() {
        let mut pipe = Pipe::with(b"+-");
        let limits = [(); 2].map(|()| SharedLimit::from_source(Client::open(&pipe.0)));
        let (inside, most) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
        let executors = [executor(3), executor(3)];
        for _ in 0..10 {
            thread::scope(|scope| {
                for (limit, executor) in limits.iter().zip(&executors).cycle().take(4) {
                    scope.spawn(move || {
                        let mut graph = GraphBuilder::new();
                        for _ in 0..20 {
                            let node = graph.node("job", (), || {
                                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                                thread::yield_now();
                                inside.fetch_sub(1, SeqCst);
                            });
                            graph.limited(node, limit);
                        }
                        graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
                    });
                }
            });
        }
        assert!((1..=4).contains(&most.load(SeqCst)));
        let mut bytes = [pipe.take(), pipe.take()]; // blocks forever if one is lost
        bytes.sort_unstable();
        assert_eq!(bytes, *b"+-");
    }

    /// While others have all bytes, one node runs at a time; and two when a byte has come back.
    #[test]
    fn others_have_the_bytes() {
        let mut pipe = Pipe::with(b"+");
        let limit = SharedLimit::from_source(Client::open(&pipe.0));
        let byte = pipe.take();
        let meeting = std::sync::Barrier::new(2);
        let (pipe, given_back) = (Mutex::new(pipe), AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        for _ in 0..2 {
            let node = graph.node("job", (), || {
                if given_back.fetch_add(1, SeqCst) == 0 {
                    pipe.lock().expect("no panic").1.write_all(&[byte]).expect("it is open");
                }
                meeting.wait();
            });
            graph.limited(node, &limit);
        }
        let mut graph = graph.build().expect("a valid graph");
        graph.run_parallel(&executor(2)).expect("no node fails");
        assert_eq!(pipe.lock().expect("no panic").take(), byte);
    }
}
