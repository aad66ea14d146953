//! Runs of nested graphs that are ended at any moment: their futures dropped or forgotten, their tokens
//! cancelled, their executors dropped or shut down, from the main thread, another one, nodes at any depth,
//! futures, destructors, wakers; with failures and panics everywhere. Whatever happens: no value is dropped
//! twice or never, results are those of nodes that have run, no node starts twice in a run, nothing runs when
//! its run is over, errors have a reason, a graph that is there still can be run again at once, and
//! everything comes to an end.
#![no_main]

mod nodes;
mod plan;
mod runs;
mod timer;
mod values;
mod world;

use self::nodes::{Built, Path, build_to_run};
use self::plan::{How, Plan};
use self::runs::{check_error, check_nodes, end_spawned, run_as_future, run_well};
use self::values::Home;
use self::world::{Host, Over, Place, Role, World, kept, lock, take_role, wait_for_workers};
use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What planned panics carry.
const PLANNED: &str = "planned";
/// How often each input is tried: most of what may go wrong depends on who comes first.
const REPETITIONS: u64 = 3;
/// Whoever takes longer waits for himself.
const PATIENCE: Duration = Duration::from_secs(15);

/// Not a panic: that would be caught, and taken for a node's.
#[macro_export]
macro_rules! demand {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            $crate::broken(format_args!($($message)+));
        }
    };
}

fn broken(message: std::fmt::Arguments<'_>) -> ! {
    eprintln!("\nbroken: {message}\n{}", std::backtrace::Backtrace::force_capture());
    if let Some((_, world)) = &*lock(&UNDER_WAY) {
        dump(world);
    }
    std::process::abort();
}

fuzz_target!(|bytes: &[u8]| {
    LazyLock::force(&WATCHDOG);
    for repetition in 0..REPETITIONS {
        if let Ok(plan) = Plan::arbitrary(&mut Unstructured::new(bytes)) {
            check(plan, repetition);
        }
    }
});

fn check(plan: Plan, repetition: u64) {
    take_role(Role::Free);
    let world = World::new(plan, repetition);
    *lock(&UNDER_WAY) = Some((Instant::now(), Arc::clone(&world)));
    let mut graphs: Vec<_> = (0..world.plan.runs.len()).map(|run| Some(make(&world, run))).collect();
    for (index, built) in graphs.iter_mut().enumerate() {
        for _ in 0..world.plan.runs[index].before {
            run_before(&world, index, built);
        }
    }
    world.armed.store(true, SeqCst);
    SCRIPT.0.send(Arc::clone(&world)).expect("it lasts");
    for (index, built) in graphs.iter_mut().enumerate() {
        start(&world, index, built);
    }
    for (index, slot) in world.spawned.iter().enumerate() {
        let taken = lock(slot).take();
        if let Some(spawned) = taken {
            let over = Over(&world, index);
            let ended = planned(&world, || end_spawned(&world, index, spawned)).flatten();
            drop(over);
            if let Some((graph, ended)) = ended {
                let built = graphs[index].as_mut().expect("its handles");
                built.graph = graph;
                settle(&world, built, ended.err());
            } else {
                graphs[index] = None;
            }
        } else if matches!(world.plan.runs[index].how, How::Spawn(_)) {
            graphs[index] = None;
        }
    }
    world.done.store(true, SeqCst);
    lock(&SCRIPT.1).recv().expect("it lasts");
    world.close();
    world.open_unless_stopped(true);
    world.armed.store(false, SeqCst);
    for (index, built) in graphs.iter_mut().enumerate() {
        if built.is_some() && !world.is_forgotten(index) {
            // Whatever has happened, it can be run again.
            again(&world, index, built, How::Serial);
            again(&world, index, built, world.plan.runs[index].how);
        }
    }
    drop(graphs);
    // Runs that were forgotten may be under way still.
    world.any_shutdown.store(true, SeqCst);
    for host in &world.hosts {
        if let Host::Anew(slot) = host {
            let taken = lock(slot).take();
            drop(taken);
        }
    }
    wait_for_workers();
    world.check_all_dropped();
    *lock(&UNDER_WAY) = None;
}

fn home(world: &Arc<World>, run: usize) -> Home {
    let executor = world.plan.runs[run].executor;
    Home { world: Arc::clone(world), scope: run, place: Place { run, executor }, blocks: None }
}

fn make(world: &Arc<World>, run: usize) -> Built {
    let home = home(world, run);
    let threads = world.plan.executors[home.place.executor].number;
    build_to_run(&Path::new(home, run), threads)
}

fn run_before(world: &Arc<World>, index: usize, built: &mut Option<Built>) {
    let run = &world.plan.runs[index];
    let executor = world.hosts[run.executor].lend().expect("not yet ended");
    world.reset(index);
    world.begin(index, index);
    run_well(built, run.how, &executor);
    world.end(index);
}

fn again(world: &Arc<World>, index: usize, built: &mut Option<Built>, how: How) {
    let run = &world.plan.runs[index];
    world.reset(index);
    world.begin(index, index);
    run_well(built, how, kept(world.plan.executors[run.executor].number));
    world.end(index);
}

/// Begins the run, and if it isn't spawned, ends it.
fn start(world: &Arc<World>, index: usize, built: &mut Option<Built>) {
    let run = &world.plan.runs[index];
    let executor = world.hosts[run.executor].lend();
    world.on_its_own[index].store(executor.is_some(), SeqCst);
    let home = home(world, index);
    let options = runs::options(world, run);
    world.reset(index);
    world.begin(index, index);
    let over = Over(world, index);
    let ended = match (run.how, executor) {
        (How::Spawn(_), executor) => {
            // If its own executor has been ended, on one that has not.
            let number = world.plan.executors[run.executor].number;
            let executor = executor.as_deref().unwrap_or_else(|| kept(number));
            let graph = built.as_mut().expect("a graph");
            let empty = dgraph_exec::GraphBuilder::new().build().expect("there is nothing in it");
            let graph = std::mem::replace(&mut graph.graph, empty);
            if let Some(spawned) = planned(world, || graph.into_with(&options).spawn(executor)) {
                *lock(&world.spawned[index]) = Some(spawned);
                std::mem::forget(over); // it has only begun
            }
            return;
        }
        (How::Parallel, Some(executor)) => {
            let graph = &mut built.as_mut().expect("a graph").graph;
            planned(world, || Some(graph.with(&options).run_parallel(&executor).map(drop)))
        }
        (How::Async(owner), _) => {
            planned(world, || run_as_future(&home, built, owner, None, options, run.token, run.wake))
        }
        (How::ParallelAsync(owner), Some(executor)) => planned(world, || {
            run_as_future(&home, built, owner, Some(executor), options, run.token, run.wake)
        }),
        (How::Serial | How::Parallel | How::ParallelAsync(_), _) => {
            let graph = &mut built.as_mut().expect("a graph").graph;
            planned(world, || Some(graph.with(&options).run().map(drop)))
        }
    };
    drop(over);
    if let Some(built) = built {
        settle(world, built, ended.flatten().and_then(Result::err));
    }
}

/// What a run has come to.
fn settle(world: &World, built: &mut Built, error: Option<dgraph_exec::RunError>) {
    if let Some(error) = error {
        check_error(world, &error);
    }
    check_nodes(world, built);
}

/// What `work` gives, unless it panics as planned.
fn planned<T>(world: &World, work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|payload| {
            let is_planned = payload.downcast_ref::<&str>() == Some(&PLANNED);
            demand!(is_planned && world.any_panic.load(SeqCst), "an unplanned panic");
        })
        .ok()
}

/// The thread that goes through scripts, and says when it has come to an end.
static SCRIPT: LazyLock<(Sender<Arc<World>>, Mutex<Receiver<()>>)> = LazyLock::new(|| {
    let (sender, worlds) = channel::<Arc<World>>();
    let (over, hear) = channel();
    thread::spawn(move || {
        take_role(Role::Free);
        for world in worlds {
            for &(delay, act) in &world.plan.script {
                world.wait(delay);
                planned(&world, || world.act(act));
            }
            while !world.done.load(SeqCst) {
                world.open();
                world.open_unless_stopped(false);
                thread::park_timeout(Duration::from_micros(500));
            }
            drop(world);
            over.send(()).expect("it is waited for");
        }
    });
    (sender, Mutex::new(hear))
});

static UNDER_WAY: Mutex<Option<(Instant, Arc<World>)>> = Mutex::new(None);

static WATCHDOG: LazyLock<()> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let under_way =
                lock(&UNDER_WAY).as_ref().map(|(since, world)| (since.elapsed(), Arc::clone(world)));
            if let Some((_, world)) = under_way.filter(|(elapsed, _)| *elapsed > PATIENCE) {
                eprintln!("\nbroken: it hangs");
                dump(&world);
                while std::env::var_os("ENDINGS_WAIT").is_some() {
                    thread::sleep(Duration::from_secs(1)); // for a debugger
                }
                std::process::abort();
            }
        }
    });
});

/// What was under way when something was broken.
fn dump(world: &World) {
    eprintln!("repetition {}, of {:?}", world.repetition, world.plan);
    world.tell();
}
