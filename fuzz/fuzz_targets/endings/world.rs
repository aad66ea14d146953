//! What all runs of an input share, and how something is ended in it without that anybody waits for itself.
//!
//! Ordering: SeqCst throughout this target. What is noted about a run must be in the order in which it was
//! noted, so that a demand that isn't met says something about the library, not about the notes.

use crate::demand;
use crate::plan::{Act, Delay, How, Plan, Run, Threads};
use crate::timer::Gate;
use dgraph_exec::{CancelToken, Executor, Pinning, Spawned};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What was forgotten: leaked, but not in LeakSanitizer's eyes.
static FORGOTTEN: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());

/// Kept over all inputs: what a run leaves behind in an executor meets the next one.
static KEPT: LazyLock<[Executor; 3]> = LazyLock::new(|| [1, 2, 3].map(|number| make(number, false, None)));

pub(crate) fn kept(number: usize) -> &'static Executor {
    &KEPT[number - 1]
}

/// The workers of the one with this number among the input's executors know that.
fn make(number: usize, spins: bool, which: Option<usize>) -> Executor {
    let builder = Executor::builder().threads(number).pinning(Pinning::None);
    let builder = if spins { builder } else { builder.spin(Duration::ZERO) };
    let builder = match which {
        None => builder,
        Some(which) => {
            WORKERS.fetch_add(number, SeqCst);
            builder.around(move |_, life| {
                WORKER.set(Some(which));
                life();
                WORKERS.fetch_sub(1, SeqCst);
            })
        }
    };
    builder.build().expect("no special demands")
}

/// How many workers there are of executors that don't last.
static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// Waits for workers that nobody waits for, because one of them has dropped their executor. They come to an
/// end by themselves.
pub(crate) fn wait_for_workers() {
    while WORKERS.load(SeqCst) > 0 {
        thread::yield_now();
    }
}

pub(crate) fn forget(what: impl Send + 'static) {
    lock(&FORGOTTEN).push(Box::new(what));
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock, if nobody has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    mutex.try_lock().ok()
}

pub(crate) enum Host {
    Kept(&'static Executor),
    Anew(Mutex<Option<Arc<Executor>>>),
}

/// An executor to run something on. Who drops the last one ends it.
pub(crate) enum Lent {
    Kept(&'static Executor),
    Anew(Arc<Executor>),
}

impl std::ops::Deref for Lent {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        match self {
            Self::Kept(executor) => executor,
            Self::Anew(executor) => executor,
        }
    }
}

impl Host {
    pub(crate) fn new(threads: &Threads, which: usize) -> Self {
        if threads.anew {
            Self::Anew(Mutex::new(Some(Arc::new(make(threads.number, threads.spins, Some(which))))))
        } else {
            Self::Kept(kept(threads.number))
        }
    }

    /// `None` if it has been ended, or is about to be.
    pub(crate) fn lend(&self) -> Option<Lent> {
        match self {
            Self::Kept(executor) => Some(Lent::Kept(executor)),
            Self::Anew(slot) => lock(slot).clone().map(Lent::Anew),
        }
    }
}

/// A graph that is run by itself: at the top, or by a node.
pub(crate) struct Scope {
    /// In which of the input's runs it is.
    pub(crate) run: AtomicUsize,
    /// Its run has ended, so nothing of it may run.
    pub(crate) over: AtomicBool,
    /// Its run was forgotten, and what it holds with it.
    pub(crate) forgotten: AtomicBool,
    /// How many values there are.
    pub(crate) alive: AtomicIsize,
    /// Which of its runs this is.
    pub(crate) turn: AtomicU32,
}

/// How it stands with a node in this turn.
pub(crate) struct Stage {
    pub(crate) started: AtomicU8,
    /// It has given a value.
    pub(crate) gave: AtomicBool,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) hosts: Vec<Host>,
    pub(crate) spawned: Vec<Mutex<Option<Spawned>>>,
    pub(crate) tokens: [CancelToken; 2],
    pub(crate) scopes: Vec<Scope>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) gates: Mutex<Vec<Arc<Gate>>>,
    /// Gates that are opened only as long as nothing has stopped the run with this number.
    pub(crate) unless_stopped: Mutex<Vec<(usize, Arc<Gate>)>>,
    /// Of each run: something has stopped it, so it ends, whoever waits.
    pub(crate) stopped: Vec<AtomicBool>,
    /// Of each run: it has begun on the executor of the plan.
    pub(crate) on_its_own: Vec<AtomicBool>,
    /// Only then does anything go wrong.
    pub(crate) armed: AtomicBool,
    pub(crate) repetition: u64,
    /// How many acts have begun, and which have taken place: these say how a run may end.
    acts: AtomicUsize,
    pub(crate) any_panic: AtomicBool,
    pub(crate) any_failure: AtomicBool,
    pub(crate) cancelled: [AtomicBool; 2],
    pub(crate) any_shutdown: AtomicBool,
    /// The main thread waits for nothing any more.
    pub(crate) done: AtomicBool,
    /// Nothing is ended any more but by the main thread.
    closed: AtomicBool,
    /// Who is in the middle of ending something.
    busy: AtomicUsize,
}

/// Where something happens: in which run, on which executor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) run: usize,
    pub(crate) executor: usize,
}

/// How a thread may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nobody waits for it.
    Free,
    /// It calls wakers, for which futures wait.
    Waker,
    /// A worker, or a thread that was left behind by an earlier input.
    Other,
}

thread_local! {
    /// Which of the input's executors this thread is a worker of.
    static WORKER: Cell<Option<usize>> = const { Cell::new(None) };
    static ROLE: Cell<Role> = const { Cell::new(Role::Other) };
    /// What this thread is in the middle of.
    static WITHIN: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn take_role(role: Role) {
    ROLE.set(role);
}

/// As long as this lives, the thread is in the middle of something there.
pub(crate) struct Within;

impl Within {
    pub(crate) fn new(place: Place) -> Self {
        WITHIN.with_borrow_mut(|within| within.push(place));
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.with_borrow_mut(|within| _ = within.pop());
    }
}

impl World {
    pub(crate) fn new(plan: Plan, repetition: u64) -> Arc<Self> {
        let hosts =
            plan.executors.iter().enumerate().map(|(which, threads)| Host::new(threads, which)).collect();
        let scope = || Scope {
            run: AtomicUsize::new(usize::MAX),
            over: AtomicBool::new(true),
            forgotten: AtomicBool::new(false),
            alive: AtomicIsize::new(0),
            turn: AtomicU32::new(0),
        };
        let stage = || Stage { started: AtomicU8::new(0), gave: AtomicBool::new(false) };
        Arc::new(Self {
            hosts,
            spawned: plan.runs.iter().map(|_| Mutex::default()).collect(),
            tokens: Default::default(),
            scopes: std::iter::repeat_with(scope).take(plan.scopes).collect(),
            stages: std::iter::repeat_with(stage).take(plan.nodes).collect(),
            gates: Mutex::default(),
            unless_stopped: Mutex::default(),
            stopped: plan.runs.iter().map(|_| AtomicBool::new(false)).collect(),
            on_its_own: plan.runs.iter().map(|_| AtomicBool::new(false)).collect(),
            armed: AtomicBool::new(false),
            repetition,
            acts: AtomicUsize::new(0),
            any_panic: AtomicBool::new(false),
            any_failure: AtomicBool::new(false),
            cancelled: Default::default(),
            any_shutdown: AtomicBool::new(false),
            done: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            busy: AtomicUsize::new(0),
            plan,
        })
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(SeqCst)
    }

    /// A run of the graph begins.
    pub(crate) fn begin(&self, scope: usize, run: usize) {
        let scope = &self.scopes[scope];
        scope.run.store(run, SeqCst);
        demand!(scope.over.swap(false, SeqCst), "a scope begins twice");
        scope.turn.fetch_add(1, SeqCst);
    }

    /// No node of the run with this number, or of graphs within it, has started.
    pub(crate) fn reset(&self, run: usize) {
        let first = |run: usize| self.plan.runs.get(run).map_or(self.plan.nodes, |run| run.first);
        for stage in &self.stages[first(run)..first(run + 1)] {
            stage.started.store(0, SeqCst);
            stage.gave.store(false, SeqCst);
        }
    }

    /// From now on nothing of it may run, unless it was forgotten.
    pub(crate) fn end(&self, scope: usize) {
        let scope = &self.scopes[scope];
        scope.over.store(!scope.forgotten.load(SeqCst), SeqCst);
    }

    /// Whether some graph of the run with this number was forgotten: then it may go on for as long as its
    /// executor does.
    pub(crate) fn is_forgotten(&self, run: usize) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.any(|scope| scope.run.load(SeqCst) == run && scope.forgotten.load(SeqCst))
    }

    /// All values of runs that weren't forgotten have been dropped.
    pub(crate) fn check_all_dropped(&self) {
        let run = |scope: &Scope| scope.run.load(SeqCst);
        for (index, scope) in self.scopes.iter().enumerate() {
            let alive = scope.alive.load(SeqCst);
            demand!(alive == 0 || self.is_forgotten(run(scope)), "{alive} values of scope {index} are left");
        }
    }

    /// For a report.
    pub(crate) fn tell(&self) {
        for (index, scope) in self.scopes.iter().enumerate() {
            let Scope { run, over, forgotten, alive, turn } = scope;
            eprintln!(
                "scope {index}: run {run:?} over {over:?} forgotten {forgotten:?} alive {alive:?} turn {turn:?}"
            );
        }
        for (index, stage) in self.stages.iter().enumerate() {
            eprintln!("node {index}: started {:?}, gave {:?}", stage.started, stage.gave);
        }
        let Self { armed, done, closed, busy, acts, any_panic, any_failure, any_shutdown, cancelled, .. } =
            self;
        eprintln!("armed {armed:?} done {done:?} closed {closed:?} busy {busy:?} acts {acts:?}");
        eprintln!(
            "panic {any_panic:?} failure {any_failure:?} shutdown {any_shutdown:?} cancelled {cancelled:?}"
        );
    }

    /// Waits so long, but not much longer than that.
    pub(crate) fn wait(&self, delay: Delay) {
        let until = |micros: u16, is_reached: &dyn Fn() -> bool| {
            let end = Instant::now() + Duration::from_micros(micros.into());
            let mut looks = 0_u32;
            while Instant::now() < end && !is_reached() {
                looks += 1;
                if looks % 64 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
            }
        };
        match delay {
            Delay::None => {}
            Delay::Spin(micros) => until(micros, &|| false),
            Delay::UntilAct(micros) => until(micros, &|| self.acts.load(SeqCst) > 0),
            Delay::UntilStarted(node, micros) => {
                let stage = &self.stages[usize::from(node) % self.stages.len()];
                until(micros, &|| stage.started.load(SeqCst) > 0);
            }
        }
    }

    /// A small delay, which differs from repetition to repetition.
    pub(crate) fn jitter(&self, node: usize) {
        let mut mixed = self.plan.seed ^ self.repetition << 32 ^ (node as u64) << 16;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        if mixed & 3 == 0 {
            (0..mixed >> 8 & 1023).for_each(|_| std::hint::spin_loop());
        }
    }

    /// Ends something, unless that would wait for itself:
    ///
    /// - Who is in the middle of a node waits for nothing but runs that come later, and are on no earlier
    ///   executor, and for later executors. (A worker that drops its own executor waits for nobody.)
    /// - Nor for runs at all if some nodes are bound to workers: then a worker may be in the middle of one
    ///   node on top of another, whose run waits for it.
    /// - Wakers end no runs, which the documentation excludes.
    pub(crate) fn act(self: &Arc<Self>, act: Act) {
        if act == Act::Nothing || !self.is_armed() {
            return;
        }
        self.busy.fetch_add(1, SeqCst);
        let busy = Busy(self);
        if !self.closed.load(SeqCst) {
            self.act_anyhow(act);
        }
        drop(busy);
    }

    fn act_anyhow(self: &Arc<Self>, act: Act) {
        let role = ROLE.get();
        let worker = WORKER.get();
        let (mut run, mut executor, mut free) = (None, worker, role == Role::Free);
        WITHIN.with_borrow(|within| {
            for place in within {
                free = false;
                run = run.max(Some(place.run));
                executor = executor.max(Some(place.executor));
            }
        });
        let may_end = |which: usize| {
            role != Role::Waker
                && (free || worker == Some(which) || executor.is_none_or(|executor| which > executor))
        };
        let may_drop = |which: usize| {
            role != Role::Waker
                && (free || !self.plan.binds && run.is_some_and(|run| which > run))
                && executor.is_none_or(|executor| self.plan.runs[which].executor >= executor)
        };
        match act {
            Act::Nothing => {}
            Act::DropExecutor(which) | Act::Shutdown(which) => {
                if let Some(Host::Anew(slot)) = self.hosts.get(which).filter(|_| may_end(which)) {
                    let taken = lock(slot).take();
                    if let Some(executor) = taken {
                        self.any_shutdown.store(true, SeqCst);
                        self.acts.fetch_add(1, SeqCst);
                        let executor = Arc::into_inner(executor);
                        let ends = executor.is_some();
                        match act {
                            Act::Shutdown(_) => executor.into_iter().for_each(Executor::shutdown),
                            _ => drop(executor),
                        }
                        if ends {
                            self.stop(|run, index| {
                                run.executor == which
                                    && matches!(run.how, How::Spawn(_) | How::ParallelAsync(_))
                                    && self.on_its_own[index].load(SeqCst)
                            });
                        }
                    }
                }
            }
            Act::DropSpawned(which) => {
                if let Some(slot) = self.spawned.get(which).filter(|_| may_drop(which)) {
                    let taken = try_lock(slot).and_then(|mut slot| slot.take());
                    if let Some(spawned) = taken {
                        self.acts.fetch_add(1, SeqCst);
                        let over = Over(self, which);
                        drop(spawned);
                        drop(over);
                    }
                }
            }
            Act::Forget(which) => {
                // On an executor that lasts it would be in the way of everything to come.
                if let Some(slot) = self.spawned.get(which).filter(|_| self.may_forget(which)) {
                    let taken = try_lock(slot).and_then(|mut slot| slot.take());
                    if let Some(spawned) = taken {
                        self.acts.fetch_add(1, SeqCst);
                        self.scopes[which].forgotten.store(true, SeqCst);
                        forget(spawned);
                    }
                }
            }
            Act::Cancel(which) => {
                self.cancelled[which].store(true, SeqCst);
                self.acts.fetch_add(1, SeqCst);
                self.tokens[which].cancel();
                self.stop(|run, _| run.token == Some(which));
            }
            Act::Open => self.open(),
            Act::Ask(which) => {
                // It runs nodes that are bound to the caller, which may ask, too, or drop it.
                if let Some(Some(spawned)) = self.spawned.get(which).and_then(try_lock).as_deref() {
                    let _ = spawned.is_finished();
                }
            }
        }
    }

    /// Whether the run with this number is on an executor that is ended with the input.
    pub(crate) fn may_forget(&self, run: usize) -> bool {
        self.plan.executors[self.plan.runs[run].executor].anew
    }

    /// Lets all futures go on that wait for a gate.
    pub(crate) fn open(&self) {
        let gates = mem::take(&mut *lock(&self.gates));
        gates.iter().for_each(|gate| gate.open());
    }

    /// These runs come to an end by themselves.
    fn stop(&self, which: impl Fn(&Run, usize) -> bool) {
        for (index, run) in self.plan.runs.iter().enumerate() {
            if which(run, index) {
                self.stopped[index].store(true, SeqCst);
            }
        }
    }

    /// Lets those go on that would wait for ever if their run were stopped.
    pub(crate) fn open_unless_stopped(&self, over: bool) {
        let stays = |run: usize| !over && self.stopped[run].load(SeqCst);
        let (left, gates) = mem::take(&mut *lock(&self.unless_stopped))
            .into_iter()
            .partition::<Vec<_>, _>(|&(run, _)| stays(run));
        lock(&self.unless_stopped).extend(left);
        gates.iter().for_each(|(_, gate)| gate.open());
    }

    /// Waits until nobody is in the middle of ending something, and lets nobody begin to.
    pub(crate) fn close(&self) {
        self.closed.store(true, SeqCst);
        while self.busy.load(SeqCst) > 0 {
            thread::yield_now();
        }
    }
}

/// Also if something unwinds.
struct Busy<'w>(&'w World);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, SeqCst);
    }
}

/// The run with this number is over, also if that unwinds.
pub(crate) struct Over<'w>(pub(crate) &'w World, pub(crate) usize);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}
