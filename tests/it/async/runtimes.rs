//! Runs as futures under runtimes of others: their timers, sockets, threads and timeouts wake the nodes.

use async_io::Timer;
use dgraph_exec::{Executor, Graph, GraphBuilder, Input, NoResult, Node, RunError, RunOptions, Values};
use dgraph_tests::body::busy;
use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, JoinSet, spawn_blocking, yield_now};
use tokio::time::{sleep, timeout};

const TICK: Duration = Duration::from_millis(1);

/// tokio on one thread, and on three.
fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.enable_all().worker_threads(3).build().expect("a runtime"))
}

#[test]
fn timers_of_tokio() {
    let mut graph = GraphBuilder::new();
    let ticks: Vec<_> = (0..20_u32)
        .map(|number| {
            graph.async_node("tick", (), move || async move {
                sleep(TICK * (20 - number)).await;
                number
            })
        })
        .collect();
    let sum = graph.async_node("sum", &ticks, async |ticks: Values<'_, u32>| {
        sleep(TICK).await;
        ticks.iter().sum::<u32>()
    });
    let mut graph = graph.build().expect("a valid graph");
    for runtime in runtimes() {
        for _ in 0..3 {
            assert_eq!(runtime.block_on(graph.run_async()).expect("no failure")[sum], 190);
        }
    }
}

/// The run is a task of its own, on whichever thread.
#[test]
fn a_run_is_spawned() {
    for runtime in runtimes() {
        let tasks: Vec<_> = (0..10_u32)
            .map(|number| {
                let mut graph = GraphBuilder::new();
                let slow = graph.async_node("slow", (), move || async move {
                    sleep(TICK).await;
                    yield_now().await;
                    number
                });
                let next = graph.node("next", (slow,), |slow: &u32| slow + 1);
                let mut graph = graph.build().expect("a valid graph");
                runtime.spawn(async move { graph.run_async().await.expect("no failure")[next] })
            })
            .collect();
        for (number, task) in (1..).zip(tasks) {
            assert_eq!(runtime.block_on(task).expect("no panic"), number);
        }
    }
}

#[test]
fn a_timeout_drops_the_run() {
    for runtime in runtimes() {
        let forever = AtomicUsize::new(1);
        let mut graph = GraphBuilder::new();
        let done = graph.async_node("done", (), || sleep(Duration::ZERO));
        let never = graph.async_node("never", (done,), |(): &()| {
            let forever = forever.load(SeqCst) == 1;
            async move {
                if forever {
                    pending::<()>().await;
                }
            }
        });
        let mut graph = graph.build().expect("a valid graph");
        let late = runtime.block_on(async { timeout(TICK * 20, graph.run_async()).await.map(|_| ()) });
        assert!(late.is_err());
        assert_eq!(graph.results().get(never), Err(NoResult::Interrupted));
        forever.store(0, SeqCst);
        assert_eq!(runtime.block_on(graph.run_async()).expect("no failure").get(never), Ok(&()));
    }
}

/// What blocks goes to tokio's threads for that, and the run goes on meanwhile: the two sides wait for each
/// other.
#[test]
fn blocking_work_in_a_node() {
    for runtime in runtimes() {
        let (to_talker, from_blocker) = tokio::sync::mpsc::channel(1);
        let from_blocker = tokio::sync::Mutex::new(from_blocker);
        let (to_blocker, from_talker) = mpsc::channel();
        let from_talker = Arc::new(Mutex::new(from_talker));
        let mut graph = GraphBuilder::new();
        let blocks = graph.try_async_node("blocks", (), move || {
            let (to_talker, from_talker) = (to_talker.clone(), Arc::clone(&from_talker));
            spawn_blocking(move || {
                to_talker.blocking_send(1).expect("the other one waits");
                from_talker.lock().expect("no panic").recv().expect("the other one answers")
            })
        });
        let talks = graph.async_node("talks", (), async || {
            let got: u32 = from_blocker.lock().await.recv().await.expect("the other one sends");
            to_blocker.send(got + 1).expect("the other one waits");
            got
        });
        let sum = graph.node("sum", (blocks, talks), |a: &u32, b: &u32| a * 10 + b);
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..10 {
            assert_eq!(runtime.block_on(graph.run_async()).expect("no failure")[sum], 21);
        }
    }
}

/// What a connection needs for each request: the line comes in, is worked on, and goes out.
struct Request {
    graph: Graph<'static>,
    reader: Input<BufReader<OwnedReadHalf>>,
    writer: Input<OwnedWriteHalf>,
    line: Node<(BufReader<OwnedReadHalf>, String)>,
    reply: Node<OwnedWriteHalf>,
}

impl Request {
    fn new() -> Self {
        async fn read(
            mut reader: BufReader<OwnedReadHalf>,
        ) -> io::Result<(BufReader<OwnedReadHalf>, String)> {
            let mut line = String::new();
            match reader.read_line(&mut line).await? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok((reader, line)),
            }
        }
        async fn write(mut writer: OwnedWriteHalf, answer: &String) -> io::Result<OwnedWriteHalf> {
            writer.write_all(answer.as_bytes()).await?;
            Ok(writer)
        }
        let mut graph = GraphBuilder::new();
        let (reader, writer) = (graph.input("reader"), graph.input("writer"));
        let line = graph.try_async_node("line", (reader.moved(),), read);
        let answer = graph.node("answer", (line,), |(_, line): &(_, String)| {
            line.trim_end().chars().rev().chain(['\n']).collect::<String>()
        });
        let reply = graph.try_async_node("reply", (writer.moved(), answer), write);
        Self { graph: graph.build().expect("a valid graph"), reader, writer, line, reply }
    }

    /// Answers until the client hangs up. How many requests there were.
    async fn serve(mut self, socket: TcpStream) -> usize {
        let (reader, mut writer) = socket.into_split();
        let mut reader = BufReader::new(reader);
        for count in 0.. {
            self.graph.set(self.reader, reader);
            self.graph.set(self.writer, writer);
            match self.graph.run_async().await {
                Ok(_) => {
                    (reader, _) = self.graph.take(self.line).expect("it has run");
                    writer = self.graph.take(self.reply).expect("it has run");
                }
                Err(RunError::Failed(failures)) => {
                    assert_eq!(failures[0].node().name(), "line");
                    return count;
                }
                Err(other) => panic!("{other}"),
            }
        }
        unreachable!("it counts for ever")
    }
}

#[test]
fn a_server_with_a_graph_for_each_connection() {
    const CLIENTS: usize = 8;
    for runtime in runtimes() {
        let served: usize = runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let address = listener.local_addr().expect("bound");
            let server = tokio::spawn(async move {
                let mut connections = Vec::new();
                for _ in 0..CLIENTS {
                    let (socket, _) = listener.accept().await.expect("a client");
                    connections.push(tokio::spawn(Request::new().serve(socket)));
                }
                let mut served = 0;
                for connection in connections {
                    served += connection.await.expect("no panic");
                }
                served
            });
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    tokio::spawn(async move {
                        let mut socket = TcpStream::connect(address).await.expect("a server");
                        for request in 0..=client {
                            let line = format!("{client}-{request}-abc\n");
                            socket.write_all(line.as_bytes()).await.expect("sent");
                            let mut answer = vec![0; line.len()];
                            socket.read_exact(&mut answer).await.expect("answered");
                            assert!(answer.iter().rev().skip(1).eq(line.trim_end().as_bytes()));
                        }
                    })
                })
                .collect();
            for client in clients {
                client.await.expect("no panic");
            }
            server.await.expect("no panic")
        });
        assert_eq!(served, (1..=CLIENTS).sum::<usize>());
    }
}

/// Another runtime's timers, under that runtime's loop and without any.
#[test]
fn timers_of_async_io() {
    let mut graph = GraphBuilder::new();
    let ticks: Vec<_> = (0..10_u32)
        .map(|number| {
            graph.async_node("tick", (), move || async move {
                Timer::after(TICK * (10 - number)).await;
                number
            })
        })
        .collect();
    let sum = graph.node("sum", &ticks, |ticks: Values<'_, u32>| ticks.iter().sum::<u32>());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        assert_eq!(async_io::block_on(graph.run_async()).expect("no failure")[sum], 45);
        assert_eq!(pollster::block_on(graph.run_async()).expect("no failure")[sum], 45);
        assert_eq!(graph.run().expect("no failure")[sum], 45);
    }
}

/// Tokio's timers on the workers of an executor that have entered the runtime; and what they say if they
/// haven't.
#[test]
fn timers_on_workers_that_know_the_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut graph = GraphBuilder::new();
    let slept = graph.async_node("slept", (), async || {
        sleep(TICK).await;
        7
    });
    let mut graph = graph.build().expect("a valid graph");
    let knowing = knowing(&runtime);
    assert_eq!(pollster::block_on(graph.run_parallel_async(&knowing)).expect("no node fails")[slept], 7);
    let options = RunOptions::new().catch_panics();
    let unknowing = crate::support::runner::executor(2);
    let error =
        pollster::block_on(graph.with(&options).run_parallel_async(&unknowing)).map(drop).unwrap_err();
    assert!(error.to_string().contains("slept"), "{error}");
}

/// An executor of two that has entered the runtime on each worker.
fn knowing(runtime: &Runtime) -> Executor {
    let handle = runtime.handle().clone();
    let builder = Executor::builder().threads(2).around(move |_worker, life| {
        let _context = handle.enter();
        life();
    });
    builder.build().expect("an executor")
}

/// Of several nodes that sleep, some are polled first by a worker, others by the caller, as it happens: in
/// many runs both. With the runtime's context on all of them none ever panics, whichever way a run goes on an
/// executor; and the context ends with the executor.
#[test]
fn sleeping_nodes_find_the_runtime_wherever_they_are_polled() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let runtime = runtime.expect("a runtime");
    let knowing = knowing(&runtime);
    let _context = runtime.enter();
    let mut graph = GraphBuilder::new();
    let worker = graph.async_node("on a worker", (), async || sleep(TICK).await);
    graph.on_worker(worker, 0); // so that there is no run in which the caller polls all
    for _ in 0..10 {
        graph.async_node("anywhere", (), async || sleep(TICK).await);
        graph.node("plain", (), || busy(1, 20_000));
    }
    let mut graph = graph.build().expect("a valid graph");
    let mut two = GraphBuilder::new();
    for _ in 0..2 {
        two.async_node("anywhere", (), async || sleep(TICK).await);
    }
    let mut two = two.build().expect("a valid graph");
    for _ in 0..100 {
        graph.run_parallel(&knowing).expect("no node fails");
        two.run_parallel(&knowing).expect("no node fails");
        pollster::block_on(two.run_parallel_async(&knowing)).expect("no node fails");
        let spawned = two.spawn(&knowing);
        let (back, outcome) = spawned.join();
        outcome.expect("no node fails");
        two = back;
    }
    // Without it, the bound node, at least, is polled where no runtime is; or another one before.
    let unknowing = crate::support::runner::executor(2);
    let options = RunOptions::new().catch_panics();
    let error = graph.with(&options).run_parallel(&unknowing).map(drop).unwrap_err();
    assert!(error.to_string().contains("no reactor running"), "{error}");
}

/// Counts a task that is alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Awaits `task` as a task of the runtime, which is aborted if nobody awaits it any more.
async fn as_a_task<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let mut tasks = JoinSet::new();
    tasks.spawn(task);
    tasks.join_next().await.expect("one was spawned")
}

/// Nodes that spawn what they do, and await it.
#[test]
fn nodes_that_are_tasks_of_the_runtime() {
    for runtime in runtimes() {
        let alive = Arc::new(AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        let ends = graph.input::<bool>("ends");
        let parts: Vec<_> = (0..10_u32)
            .map(|number| {
                let alive = Arc::clone(&alive);
                graph.try_async_node("part", ends, move |&ends: &bool| {
                    let alive = Alive::new(&alive);
                    as_a_task(async move {
                        yield_now().await;
                        sleep(TICK).await;
                        assert!(number < 100, "never");
                        if !ends {
                            pending::<()>().await;
                        }
                        drop(alive);
                        number
                    })
                })
            })
            .collect();
        let sum = graph.node("sum", &parts, |parts: Values<'_, u32>| parts.iter().sum::<u32>());
        let mut graph = graph.build().expect("a valid graph");
        graph.set(ends, true);
        assert_eq!(runtime.block_on(graph.run_async()).expect("no failure")[sum], 45);
        // A run that is dropped aborts them, and the runtime drops them when it comes to it.
        graph.set(ends, false);
        runtime.block_on(async {
            assert!(timeout(TICK, graph.run_async()).await.is_err());
            while alive.load(SeqCst) > 0 {
                yield_now().await;
            }
        });
        graph.set(ends, true);
        assert_eq!(runtime.block_on(graph.run_async()).expect("no failure")[sum], 45);
        assert_eq!(alive.load(SeqCst), 0);
    }
}

/// A runtime that is gone drops what it is given without polling it: the node fails, and the run ends.
#[test]
fn a_task_that_is_dropped_unpolled() {
    let [runtime, gone] = runtimes();
    let gone = {
        let handle = gone.handle().clone();
        gone.shutdown_background();
        handle
    };
    let alive = Arc::new(AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let count = Arc::clone(&alive);
    let lost = graph.try_async_node("lost", (), move || {
        let (alive, gone) = (Alive::new(&count), gone.clone());
        async move {
            let mut tasks = JoinSet::new();
            tasks.spawn_on(async move { drop(alive) }, &gone);
            tasks.join_next().await.expect("one was spawned")
        }
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let error = runtime.block_on(graph.run_async()).map(drop).expect_err("it is never polled");
        assert_eq!(error.to_string(), "1 node failed: lost");
        assert_eq!(graph.result(lost), Err(NoResult::Failed));
        assert_eq!(alive.load(SeqCst), 0);
    }
}
