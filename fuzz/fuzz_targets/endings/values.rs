//! What nodes give, and what futures hold: both count themselves, and may do something when they are dropped.

use crate::demand;
use crate::nodes::throw;
use crate::plan::Destructor;
use crate::world::{Place, Within, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

/// Not what memory happens to hold.
const ALIVE: u64 = 0x616C_6976_6520_2121;
const DEAD: u64 = 0x6465_6164_2020_2121;

/// Which graph something belongs to.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) world: Arc<World>,
    pub(crate) scope: usize,
    pub(crate) place: Place,
    /// The last executor one of whose threads blocks until this is over, in a node.
    pub(crate) blocks: Option<usize>,
}

impl Home {
    /// What it is in the middle of, for what ends something.
    pub(crate) fn within(&self) -> Within {
        Within::new(self.place)
    }
}

pub(crate) struct Value {
    /// An atomic, so that what a destructor writes isn't left out because nobody could see it.
    state: AtomicU64,
    node: usize,
    /// Memory of its own, so that AddressSanitizer has something to look at. Not in rows, which are to be
    /// tiny.
    memory: Option<Box<usize>>,
    turn: u32,
    destructor: Destructor,
    home: Home,
}

impl Value {
    pub(crate) fn new(home: &Home, node: usize, destructor: Destructor) -> Self {
        let mut value = Self::tiny(home, node, destructor);
        value.memory = Some(Box::new(node));
        value
    }

    pub(crate) fn tiny(home: &Home, node: usize, destructor: Destructor) -> Self {
        let scope = &home.world.scopes[home.scope];
        scope.alive.fetch_add(1, SeqCst);
        let turn = scope.turn.load(SeqCst);
        Self { state: AtomicU64::new(ALIVE), node, memory: None, turn, destructor, home: home.clone() }
    }

    /// It is there, and is what a node has given.
    pub(crate) fn check(&self) -> usize {
        demand!(self.state.load(SeqCst) == ALIVE, "a value that is not there");
        self.node
    }

    /// It is what `node` has given in this turn.
    pub(crate) fn check_is_of(&self, node: usize) {
        demand!(self.check() == node, "the value of node {} as that of {node}", self.node);
        let scope = &self.home.world.scopes[self.home.scope];
        demand!(self.turn == scope.turn.load(SeqCst), "a value of node {node} of an earlier run");
        let stage = &self.home.world.stages[node];
        demand!(stage.gave.load(SeqCst), "a value of node {node}, which has given none");
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        demand!(self.state.swap(DEAD, SeqCst) == ALIVE, "dropped twice, or never made");
        self.home.world.scopes[self.home.scope].alive.fetch_sub(1, SeqCst);
        destroy(&self.home, self.destructor);
    }
}

/// What a destructor does.
pub(crate) fn destroy(home: &Home, destructor: Destructor) {
    match destructor {
        Destructor::Nothing => {}
        Destructor::Panics if home.world.is_armed() && !thread::panicking() => throw(home),
        Destructor::Panics => {}
        Destructor::Acts(act) => {
            let _within = home.within();
            home.world.act(act);
        }
    }
}
