//! Measuring several systems side by side: interleaved, warmed up, checked.

use crate::allocator::{Count, count};
use crate::statistics::{median, minimum};
use crate::system::{Runner, Started};
use crate::{body::Body, graph::Graph};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often each system runs.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Timed runs.
    pub runs: usize,
    /// The runs come in this many rounds; in each, every system has its turn.
    pub rounds: usize,
    /// Untimed runs before the first timed one. Later turns begin with one.
    pub warm_ups: usize,
    /// Runs shorter than this are timed several at once.
    pub shortest: Duration,
    /// How much time the timed runs of one system may take together, before there are fewer (but at least
    /// three).
    pub cap: Duration,
}

impl Plan {
    /// Three warm-ups, five rounds, and at least a millisecond for each measurement.
    #[must_use]
    pub fn new(runs: usize, cap: Duration) -> Self {
        Self { runs, rounds: 5, warm_ups: 3, shortest: Duration::from_millis(1), cap }
    }
}

/// The fewest timed runs, whatever they take.
const FEWEST: usize = 3;
/// How often a graph is built for the build time.
const BUILDS: usize = 5;

/// One system with one graph, to be measured beside others.
pub struct Contender {
    build_anew: Box<dyn Fn() -> Box<dyn Runner>>,
    runner: Box<dyn Runner>,
    rebuilt: bool,
    clear: Box<dyn Fn()>,
    check: Box<dyn Fn() -> Result<(), String>>,
    /// How many runs are timed at once.
    batch: u32,
    spent: Duration,
    /// The median time to build it, in nanoseconds.
    pub build: f64,
    /// The time of each run, in nanoseconds.
    pub runs: Vec<f64>,
}

impl Contender {
    /// Builds the graph and times that, five times if it is quick.
    #[must_use]
    pub fn new<B: Body>(
        started: &Rc<Started>,
        rebuilt: bool,
        graph: &Arc<Graph>,
        body: B,
        plan: &Plan,
    ) -> Self {
        let (started, graph) = (Rc::clone(started), Arc::clone(graph));
        let build_anew = move || started.build(&graph, body);
        let mut builds = Vec::new();
        let mut build = || {
            let start = Instant::now();
            let runner = build_anew();
            builds.push(nanoseconds(start.elapsed()));
            runner
        };
        let begin = Instant::now();
        let mut runner = build();
        for _ in 1..BUILDS {
            if begin.elapsed() >= plan.cap {
                break;
            }
            drop(runner);
            runner = build();
        }
        Self {
            build_anew: Box::new(build_anew),
            runner,
            rebuilt,
            clear: Box::new(move || body.clear()),
            check: Box::new(move || body.check()),
            batch: 1,
            spent: Duration::ZERO,
            build: median(&builds),
            runs: Vec::new(),
        }
    }

    /// The median time of a run, in nanoseconds.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.runs)
    }

    /// The shortest time of a run, in nanoseconds.
    #[must_use]
    pub fn minimum(&self) -> f64 {
        minimum(&self.runs)
    }

    /// Times a single run.
    pub fn time_one(&mut self) -> Duration {
        self.batch = 1;
        self.time()
    }

    /// Builds the graph anew and times its first runs, each alone: in nanoseconds.
    ///
    /// # Errors
    ///
    /// If it computed what is wrong.
    pub fn first_runs(&self, count: usize) -> Result<Vec<f64>, String> {
        (self.clear)();
        let mut runner = (self.build_anew)();
        let times = (0..count).map(|_| {
            let start = Instant::now();
            runner.run();
            let elapsed = start.elapsed();
            if self.rebuilt {
                runner.reset();
            }
            nanoseconds(elapsed)
        });
        let times = times.collect();
        (self.check)()?;
        Ok(times)
    }

    /// Times runs of the graph that is kept, each alone, after some untimed ones: `runs` of them, or fewer if
    /// they take longer than `cap` together, but at least three. In nanoseconds.
    ///
    /// # Errors
    ///
    /// If it computed what is wrong.
    pub fn single_runs(&mut self, warm_ups: usize, runs: usize, cap: Duration) -> Result<Vec<f64>, String> {
        (self.clear)();
        let mut times = Vec::with_capacity(runs);
        for _ in 0..warm_ups {
            self.time_one();
        }
        let start = Instant::now();
        while times.len() < runs && (times.len() < FEWEST || start.elapsed() < cap) {
            times.push(nanoseconds(self.time_one()));
        }
        (self.check)()?;
        Ok(times)
    }

    /// Counts what a single run allocates, on all threads.
    pub fn count_one(&mut self) -> Count {
        let ((), count) = count(|| self.runner.run());
        if self.rebuilt {
            self.runner.reset();
        }
        count
    }

    /// One run, or as many as are timed at once.
    fn time(&mut self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.batch {
            self.runner.run();
        }
        let elapsed = start.elapsed();
        if self.rebuilt {
            self.runner.reset();
        }
        elapsed
    }

    fn warm_up(&mut self, times: usize, plan: &Plan) {
        for _ in 0..times {
            let time = self.time() / self.batch;
            if !self.rebuilt {
                let fitting = plan.shortest.as_nanos() / time.as_nanos().max(1);
                self.batch = u32::try_from(fitting).unwrap_or(u32::MAX).clamp(1, 100_000);
            }
        }
    }

    /// A turn: clear, warm up, run until there are `runs` measurements, check.
    fn turn(&mut self, runs: usize, plan: &Plan) -> Result<(), String> {
        (self.clear)();
        self.warm_up(if self.runs.is_empty() { plan.warm_ups } else { 1 }, plan);
        while self.runs.len() < runs && !self.is_over(plan) {
            let time = self.time();
            self.spent += time;
            self.runs.push(nanoseconds(time) / f64::from(self.batch));
        }
        (self.check)()
    }

    fn is_over(&self, plan: &Plan) -> bool {
        self.runs.len() >= plan.runs || (self.runs.len() >= FEWEST && self.spent >= plan.cap)
    }
}

impl std::fmt::Debug for Contender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender")
            .field("build", &self.build)
            .field("runs", &self.runs)
            .finish_non_exhaustive()
    }
}

/// Measures all contenders, one after the other in each of several rounds, so that a disturbance hits all of
/// them.
///
/// # Errors
///
/// Which contender computed what is wrong, by its number, and what it is.
pub fn interleaved(contenders: &mut [Contender], plan: &Plan) -> Result<(), (usize, String)> {
    for round in 1..=plan.rounds {
        for (number, contender) in contenders.iter_mut().enumerate() {
            if !contender.is_over(plan) {
                contender
                    .turn((plan.runs * round).div_ceil(plan.rounds), plan)
                    .map_err(|error| (number, error))?;
            }
        }
    }
    Ok(())
}

/// As a number to compute with.
#[must_use]
pub fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
