//! Where things run that nodes start: on which cores, and how many.

use crate::linux;
use dgraph_exec::{Dag, Executor, ExecutorError, GraphBuilder, Pinning, unpinned};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, available_parallelism};

/// How many cores there are to use for: a child process, a thread, a pool that counts them, and an executor
/// made by a thread.
#[derive(Debug, PartialEq, Eq)]
struct Started {
    child: usize,
    thread: usize,
    pool: usize,
}

impl Started {
    /// What is started here.
    fn here() -> Self {
        let status = Command::new("cat").arg("/proc/self/status").output().expect("a child").stdout;
        Self {
            child: cores_in(&String::from_utf8(status).expect("text")),
            thread: thread::spawn(|| linux::cores().len()).join().expect("no panic"),
            pool: available_parallelism().expect("known").get(),
        }
    }

    fn all(cores: usize) -> Self {
        Self { child: cores, thread: cores, pool: parallelism(cores) }
    }
}

/// How many of so many cores a quota leaves.
fn parallelism(cores: usize) -> usize {
    // The caller of this may be confined; the quota isn't.
    let quota = unpinned(|| available_parallelism().expect("known").get());
    cores.min(quota.max(1))
}

/// The cores that a thread may use, from its `status`: `Cpus_allowed_list:\t0-2,5`.
fn cores_in(status: &str) -> usize {
    let list =
        status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("this is Linux");
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        last.parse::<usize>().expect("a number") - first.parse::<usize>().expect("a number") + 1
    };
    list.trim().split(',').map(range).sum()
}

/// Calls `ask` in a node that is bound to worker 0.
fn on_a_worker<T: Send + Sync>(executor: &Executor, ask: impl Fn() -> T + Send + Sync) -> T {
    let answer = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    let node = graph.node("asks", (), || *answer.lock().expect("no panic") = Some(ask()));
    graph.on_worker(node, 0);
    graph.build().expect("a valid graph").run_parallel(executor).expect("no failure");
    answer.into_inner().expect("no panic").expect("it has run")
}

/// What a node starts on a pinned worker has one core; within `unpinned`, all; afterwards one again.
pub(crate) fn started() -> String {
    let cores = linux::cores();
    let all = Started::all(cores.len());
    // Pinned, whatever quota there is.
    let executor = Executor::builder().threads(cores.len()).pinning(Pinning::PerCore).build();
    let executor = executor.expect("no special demands");
    let seat = on_a_worker(&executor, linux::cores);
    assert_eq!(seat.len(), 1);
    assert_eq!(on_a_worker(&executor, Started::here), Started { child: 1, thread: 1, pool: 1 });
    assert_eq!(on_a_worker(&executor, || unpinned(Started::here)), all);
    assert_eq!(on_a_worker(&executor, linux::cores), seat, "back again");
    // Within one another, also with a panic.
    on_a_worker(&executor, || {
        unpinned(|| {
            assert_eq!(unpinned(Started::here), all);
            assert_eq!(Started::here(), all, "still within one");
            let caught = catch_unwind(AssertUnwindSafe(|| unpinned(|| panic!("on purpose"))));
            assert!(caught.is_err());
            assert_eq!(linux::cores(), cores, "still within one");
        });
        assert_eq!(linux::cores(), seat);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            unpinned(|| {
                assert_eq!(linux::cores(), cores);
                panic!("on purpose");
            });
        }));
        assert!(caught.is_err());
        assert_eq!(linux::cores(), seat, "back again after a panic");
        // A thread that was started outside of it can be let go later.
        thread::spawn({
            let cores = cores.clone();
            move || {
                assert_eq!(linux::cores().len(), 1);
                assert_eq!(unpinned(linux::cores), cores);
                assert_eq!(linux::cores().len(), 1);
            }
        })
        .join()
        .expect("no panic");
    });
    // Cores that were demanded are not different.
    let demanded = Executor::builder().threads(1).pinning(Pinning::Cores(vec![cores[0]])).build();
    let demanded = demanded.expect("the core can be had");
    assert_eq!(
        on_a_worker(&demanded, || (linux::cores(), unpinned(linux::cores))),
        (vec![cores[0]], cores.clone())
    );
    format!("1, {} of {} cores", all.thread, cores.len())
}

/// Where nobody is pinned, it is a plain call: on the caller, on free workers, on a thread that its owner has
/// confined.
pub(crate) fn plain() -> String {
    let cores = linux::cores();
    assert_eq!(unpinned(linux::cores), cores);
    let free = Executor::builder().threads(2).pinning(Pinning::None).build().expect("no special demands");
    assert_eq!(
        on_a_worker(&free, || (linux::cores(), unpinned(linux::cores))),
        (cores.clone(), cores.clone())
    );
    let confined = |to: Vec<usize>| {
        thread::spawn(move || {
            linux::confine_to_all(&to);
            let executor =
                Executor::builder().threads(2).pinning(Pinning::None).build().expect("no special demands");
            assert_eq!(unpinned(linux::cores), to);
            assert_eq!(
                on_a_worker(&executor, || unpinned(linux::cores)),
                to,
                "what its maker may use, and no more"
            );
        })
    };
    for to in [cores[..1].to_vec(), cores[cores.len() / 2..].to_vec()] {
        confined(to).join().expect("no panic");
    }
    format!("{} cores", cores.len())
}

/// An executor that is made on a pinned worker, or by a thread that a node has started there, has all cores.
pub(crate) fn executors() -> String {
    let cores = linux::cores();
    let threads = available_parallelism().expect("known").get();
    let outer = Executor::builder().threads(cores.len()).build().expect("no special demands");
    let new = || {
        let seats = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&seats);
        let executor = Executor::builder().around(move |_, life| {
            note.lock().expect("no panic").push(linux::cores());
            life();
        });
        let executor = executor.build().expect("no special demands");
        let mut seats = seats.lock().expect("no panic").clone();
        seats.sort();
        if threads == cores.len() {
            assert_eq!(seats, cores.iter().map(|&core| vec![core]).collect::<Vec<_>>());
        }
        executor.threads()
    };
    assert_eq!(on_a_worker(&outer, new), threads);
    assert_eq!(
        on_a_worker(&outer, || thread::scope(|scope| scope.spawn(new).join().expect("no panic"))),
        threads
    );
    assert_eq!(
        on_a_worker(&outer, || unpinned(|| thread::scope(|scope| scope
            .spawn(new)
            .join()
            .expect("no panic")))),
        threads
    );
    format!("{threads} threads")
}

/// The global executor, asked for by `ask`, has one worker for each of the process's cores, none of them
/// pinned.
fn assert_global_has(cores: &[usize], threads: usize) -> String {
    let executor = Executor::global();
    assert_eq!(executor.threads(), threads);
    let dag = Dag::from_edges(200, &[]).expect("a valid graph");
    let seen = Mutex::new(Vec::new());
    executor.run(&dag, |_| {
        if thread::current().name().is_some_and(|name| name.starts_with("dgraph-")) {
            seen.lock().expect("no panic").push(linux::cores());
        }
        thread::yield_now();
    });
    for worker in 0..executor.threads() {
        let mut graph = GraphBuilder::new();
        let node = graph.node("asks", (), linux::cores);
        graph.on_worker(node, worker);
        let mut graph = graph.build().expect("a valid graph");
        assert_eq!(graph.run_parallel(executor).expect("no failure")[node], cores);
    }
    assert!(seen.into_inner().expect("no panic").iter().all(|seen| seen == cores));
    format!("{} threads, free", executor.threads())
}

pub(crate) fn global_of_the_main_thread() -> String {
    let cores = linux::cores();
    assert_global_has(&cores, parallelism(cores.len()))
}

pub(crate) fn global_of_a_worker() -> String {
    let cores = linux::cores();
    let outer = Executor::builder().threads(cores.len()).build().expect("no special demands");
    let threads = on_a_worker(&outer, || Executor::global().threads());
    assert_eq!(threads, parallelism(cores.len()));
    assert_eq!(on_a_worker(&outer, linux::cores).len(), 1, "the asking worker stays where it is");
    assert_global_has(&cores, parallelism(cores.len()))
}

pub(crate) fn global_of_a_thread_of_a_worker() -> String {
    let cores = linux::cores();
    let outer = Executor::builder().threads(cores.len()).build().expect("no special demands");
    on_a_worker(&outer, || thread::spawn(|| _ = Executor::global()).join().expect("no panic"));
    assert_global_has(&cores, parallelism(cores.len()))
}

pub(crate) fn global_of_a_confined_thread() -> String {
    let cores = linux::cores();
    let one = cores[0];
    thread::spawn(move || {
        linux::confine_to(one);
        _ = Executor::global();
        assert_eq!(linux::cores(), [one], "the asking thread stays where it is");
    })
    .join()
    .expect("no panic");
    assert_global_has(&cores, parallelism(cores.len()))
}

/// The main thread has confined itself; but others haven't been.
pub(crate) fn global_of_a_confined_main_thread() -> String {
    let cores = linux::cores();
    let threads = parallelism(cores.len());
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || _ = ended.recv());
    linux::confine_to(cores[0]);
    let said = assert_global_has(&cores, threads);
    drop(end);
    other.join().expect("no panic");
    said
}

/// The whole process has one core, as under `taskset`.
pub(crate) fn global_of_a_confined_process() -> String {
    let cores = linux::cores();
    linux::confine_to(cores[0]);
    assert_global_has(&cores[..1], 1)
}

/// The system doesn't say which cores there are, as it doesn't if they are too many for its answer. A core
/// that was demanded is tried, and had or not.
pub(crate) fn unknown() -> String {
    let cores = linux::cores();
    linux::forbid(libc::SYS_sched_getaffinity, libc::EINVAL);
    let build = |core| Executor::builder().threads(2).pinning(Pinning::Cores(vec![core])).build();
    let allowed = |executor: &Executor| {
        on_a_worker(executor, || {
            cores_in(&fs::read_to_string("/proc/thread-self/status").expect("this is Linux"))
        })
    };
    for &core in &cores {
        let executor = build(core).expect("the core can be had");
        assert_eq!((executor.threads(), allowed(&executor)), (2, 1));
        // Nothing to go back to is known, so it stays.
        assert_eq!(on_a_worker(&executor, || unpinned(|| 5)), 5);
    }
    for core in [100_000, 1_023] {
        let error = build(core).expect_err("no such core");
        assert_eq!(error, ExecutorError::CoreRefused { core, usable: vec![] });
        assert_eq!(error.to_string(), format!("core {core} can't be had"));
    }
    let executor = Executor::new().expect("no special demands");
    let threads = on_a_worker(&executor, || Executor::global().threads());
    format!("{} cores, {} and {threads} threads", cores.len(), executor.threads())
}
