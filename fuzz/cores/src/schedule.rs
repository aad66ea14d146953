//! Who goes on before each atomic operation, by the bytes of the input; by a generator when they are used up.

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::sync::atomic::{AtomicU32, Ordering};

/// More contexts than there are.
const CONTEXTS: usize = 8;

/// What contexts tell the scheduler. It runs all of them on one thread, so these are no operations of the
/// model.
#[derive(Default)]
pub struct Signals {
    /// How many actions each context has ended.
    actions: [AtomicU32; CONTEXTS],
    /// How often contexts have found nothing to do, since one of them has had a node.
    idle: AtomicU32,
}

impl Signals {
    pub fn action_ends(&self, context: usize) {
        self.actions[context].fetch_add(1, Ordering::Relaxed);
    }

    pub fn idles(&self, context: usize) {
        self.idle.fetch_add(1, Ordering::Relaxed);
        self.action_ends(context);
    }

    pub fn gets_on(&self) {
        self.idle.store(0, Ordering::Relaxed);
    }
}

/// Two bytes are a turn: who, how it comes to it, and for how many operations. Contexts are the tasks 1, 2, …
/// (task 0 waits for them).
pub struct InputScheduler {
    turns: std::vec::IntoIter<u8>,
    signals: std::sync::Arc<Signals>,
    started: bool,
    /// The rest of this turn.
    left: u8,
    /// Interrupted contexts, each with the one that has interrupted it, and what that had ended then.
    interrupted: Vec<(usize, usize, u32)>,
    /// Stands still until nobody else has anything to do.
    frozen: Option<usize>,
    random: u64,
}

impl InputScheduler {
    pub fn new(turns: Vec<u8>, signals: std::sync::Arc<Signals>) -> Self {
        let random = turns.iter().fold(1, |sum: u64, &byte| sum.wrapping_mul(31) + u64::from(byte));
        let (turns, interrupted) = (turns.into_iter(), Vec::new());
        Self { turns, signals, started: false, left: 0, interrupted, frozen: None, random }
    }

    fn actions(&self, task: usize) -> u32 {
        task.checked_sub(1).map_or(0, |context| self.signals.actions[context].load(Ordering::Relaxed))
    }

    fn turn(&mut self) -> [u8; 2] {
        let next = self.turns.next().zip(self.turns.next());
        next.map_or_else(
            || self.next_u64().to_be_bytes()[..2].try_into().expect("two"),
            |(who, how)| [who, how],
        )
    }
}

impl Scheduler for InputScheduler {
    fn new_execution(&mut self) -> Option<Schedule> {
        (!std::mem::replace(&mut self.started, true)).then(|| Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, yields: bool) -> Option<TaskId> {
        let mut tasks: Vec<usize> = runnable.iter().map(|task| task.id().into()).collect();
        if self.signals.idle.load(Ordering::Relaxed) > 4 * CONTEXTS as u32 {
            self.frozen = None;
        }
        // An interrupt is over when its handler has ended an action, or itself.
        let mut interrupted = std::mem::take(&mut self.interrupted);
        interrupted.retain(|&(_, by, then)| tasks.contains(&by) && self.actions(by) == then);
        self.interrupted = interrupted;
        let stands = |task: &usize| {
            self.frozen == Some(*task) || self.interrupted.iter().any(|(below, ..)| below == task)
        };
        if !tasks.iter().all(stands) {
            tasks.retain(|task| !stands(task));
        }
        let current = current.map(usize::from);
        let here = current.filter(|current| tasks.contains(current));
        if let Some(here) = here.filter(|_| self.left > 0 && !yields) {
            self.left -= 1;
            return runnable.iter().map(|task| task.id()).find(|&task| usize::from(task) == here);
        }
        let [who, how] = self.turn();
        if yields && tasks.len() > 1 {
            tasks.retain(|&task| Some(task) != current);
        }
        let next = tasks[usize::from(who) % tasks.len()];
        // Mostly few: what goes wrong goes wrong between two operations.
        self.left = if how % 32 < 16 { how % 32 / 2 } else { (how % 32 - 15) * 4 };
        if let Some(here) = here.filter(|&here| here != next && here > 0 && next > 0) {
            match how / 32 {
                0 | 1 => self.interrupted.push((here, next, self.actions(next))),
                2 if self.frozen.is_none() => self.frozen = Some(here),
                _ => {}
            }
        }
        runnable.iter().map(|task| task.id()).find(|&task| usize::from(task) == next)
    }

    fn next_u64(&mut self) -> u64 {
        // As in Knuth's MMIX; the upper bits are the better ones.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random
    }
}
