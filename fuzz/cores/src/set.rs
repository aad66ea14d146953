//! The ready set by itself, and its oracle. Each position has one owner: who takes it may insert it again. So
//! nothing is lost if all are found in the end, and a position that a call overlooks (it was inserted before,
//! and what the call returns is higher, or nothing) was taken by a call that had begun by then.

use crate::schedule::Signals;
use arbitrary::Arbitrary;
use dgraph_core::ReadySet;
use dgraph_core::sync::AtomicUsize;
use std::sync::{Mutex, MutexGuard};

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    Insert(u8),
    Take,
    First,
    IsEmpty,
}

pub struct Set<'a> {
    set: ReadySet<&'a mut [AtomicUsize]>,
    /// Never locked during a step of the model.
    oracle: Mutex<Oracle>,
}

struct Oracle {
    positions: Vec<Position>,
    /// How many calls have begun.
    begun: usize,
    /// How many positions somebody has.
    owned: usize,
}

#[derive(Clone, Copy, Default)]
struct Position {
    /// It is in the set, or was taken by a call that hasn't returned.
    inserted: bool,
    /// How often it was taken.
    times: usize,
    /// Whoever takes it is a call before this one.
    overlooked: Option<usize>,
}

impl<'a> Set<'a> {
    pub fn new(positions: usize, words: &'a mut [AtomicUsize]) -> Self {
        let set = ReadySet::in_memory(positions, words).expect("enough words");
        let positions = vec![Position::default(); positions];
        Self { set, oracle: Mutex::new(Oracle { owned: positions.len(), positions, begun: 0 }) }
    }

    fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.try_lock().expect("nobody is interrupted with it")
    }

    /// What one context does: first what the input says, then it takes, until all positions were found.
    pub fn live(&self, actions: &[Action], mut owned: Vec<u32>, signals: &Signals, number: usize) {
        for action in actions {
            match *action {
                Action::Insert(which) if !owned.is_empty() => {
                    let position = owned.swap_remove(usize::from(which) % owned.len());
                    self.insert(position);
                }
                Action::Insert(_) => {}
                Action::Take => owned.extend(self.take()),
                Action::First => _ = self.look(|| self.set.first()),
                Action::IsEmpty => _ = self.look(|| if self.set.is_empty() { None } else { Some(0) }),
            }
            signals.action_ends(number);
        }
        while !self.oracle().all_are_owned() {
            match self.take() {
                Some(position) => {
                    owned.push(position);
                    signals.gets_on();
                }
                None => {
                    signals.idles(number);
                    shuttle::thread::yield_now();
                }
            }
        }
    }

    fn insert(&self, position: u32) {
        let mut oracle = self.oracle();
        oracle.owned -= 1;
        let times = oracle.positions[position as usize].times;
        drop(oracle);
        self.set.insert(position);
        // Unless somebody has taken it already.
        let inserted = &mut self.oracle().positions[position as usize];
        inserted.inserted = inserted.times == times;
    }

    fn take(&self) -> Option<u32> {
        let (position, call) = self.look(|| self.set.take());
        let mut oracle = self.oracle();
        if let Some(position) = position {
            oracle.owned += 1;
            let taken = &mut oracle.positions[position as usize];
            let overlooked = taken.overlooked.is_some_and(|before| call >= before);
            assert!(!overlooked, "position {position} was overlooked, and nobody had it");
            *taken = Position { times: taken.times + 1, ..Position::default() };
        }
        position
    }

    /// What `call` returns, and which call this was.
    fn look(&self, call: impl FnOnce() -> Option<u32>) -> (Option<u32>, usize) {
        let mut oracle = self.oracle();
        let inserted = oracle.positions.iter().map(|position| position.inserted);
        let before: Vec<bool> = inserted.collect();
        let number = oracle.begun;
        oracle.begun += 1;
        drop(oracle);
        let found = call();
        let mut oracle = self.oracle();
        let begun = oracle.begun;
        let passed = found.map_or(before.len(), |found| found as usize);
        for (position, _) in
            oracle.positions.iter_mut().zip(before).take(passed).filter(|(_, before)| *before)
        {
            if position.inserted {
                position.overlooked.get_or_insert(begun);
            }
        }
        (found, number)
    }
}

impl Oracle {
    fn all_are_owned(&self) -> bool {
        self.owned == self.positions.len()
    }
}
