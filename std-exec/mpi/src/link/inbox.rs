//! The operation that is under way, and what has come from other ranks for it, or for later ones.

use super::tree::Tree;
use crate::link_error::LinkError;
use crate::message::{Kind, Message};
use crate::port::Port;
use crate::wire::from_bytes;
use std::mem;
use std::sync::Arc;

pub(super) struct Inbox {
    tree: Tree,
    /// The last operation that has begun, from 1 on.
    operation: u64,
    /// Whose it is.
    graph: u32,
    under_way: bool,
    /// Values go to these, also those of the next operation.
    graphs: Vec<Arc<Port>>,
    /// What else belongs to later operations.
    early: Vec<(usize, Message)>,
    reports: [Option<Message>; 2],
    verdict: Option<Message>,
    gathered: Vec<(usize, Message)>,
    /// How many nodes each rank has done, if they say so.
    progress: Box<[u64]>,
    /// The last operation that each rank has ended that has left.
    left: Vec<(usize, u64)>,
    /// The operation and graph of the last value that came too early, and whose it was.
    ahead: (u64, u32, usize),
}

/// What became of a message.
#[must_use]
pub(super) enum Sorted {
    Kept,
    /// Nothing that is waited for.
    Aside,
    /// It is of no use any more.
    Late,
    /// It says that from this operation on, the ranks can't go on together.
    Breaks(u64, LinkError),
}

impl Inbox {
    pub(super) fn new(tree: Tree, size: usize) -> Self {
        Self {
            tree,
            operation: 0,
            graph: 0,
            under_way: false,
            graphs: Vec::new(),
            early: Vec::new(),
            reports: [None, None],
            verdict: None,
            gathered: Vec::new(),
            progress: vec![0; size].into(),
            left: Vec::new(),
            ahead: (0, 0, 0),
        }
    }

    pub(super) fn operation(&self) -> u64 {
        self.operation
    }

    pub(super) fn graph(&self) -> u32 {
        self.graph
    }

    /// The number that the next graph has.
    pub(super) fn next_graph(&self) -> u32 {
        u32::try_from(self.graphs.len()).expect("fewer than 2^32 graphs")
    }

    /// Where values of the graph go whose operation is under way.
    pub(super) fn port(&self) -> Option<&Port> {
        self.graphs.get(self.graph as usize).map(|port| &**port)
    }

    /// Delivers messages of the graph to `port` from now on.
    pub(super) fn connect(&mut self, port: &Arc<Port>) {
        // What graphs that are gone have received is of no use any more.
        for port in &mut self.graphs {
            if let Some(gone) = Arc::get_mut(port) {
                gone.forget();
            }
        }
        self.graphs.push(Arc::clone(port));
    }

    /// The next operation begins. What came too early is to be sorted again.
    pub(super) fn begin(&mut self, graph: u32) -> Vec<(usize, Message)> {
        self.operation += 1;
        self.graph = graph;
        self.under_way = true;
        self.reports = [None, None];
        self.verdict = None;
        self.progress.fill(0);
        if let Some(port) = self.port() {
            port.begin(self.operation);
        }
        mem::take(&mut self.early)
    }

    pub(super) fn end(&mut self) {
        self.under_way = false;
    }

    /// A rank that has sent a value of another graph, for the operation that has just begun.
    pub(super) fn out_of_step(&self) -> Option<usize> {
        let (operation, graph, rank) = self.ahead;
        (operation == self.operation && graph != self.graph).then_some(rank)
    }

    /// A rank that has left, and takes no part in the operation that is under way.
    pub(super) fn missed(&self) -> Option<usize> {
        self.left.iter().find(|&&(_, ended)| ended < self.operation).map(|&(rank, _)| rank)
    }

    /// Puts a message where it belongs.
    #[inline]
    pub(super) fn sort(&mut self, from: usize, message: Message) -> Sorted {
        let Message { head, .. } = message;
        let out_of_step = || Sorted::Breaks(head.operation, LinkError::OutOfStep { rank: from });
        match head.kind {
            Kind::Value | Kind::Done | Kind::Poison => {
                let other_graph = head.operation == self.operation && head.graph != self.graph;
                if head.operation > self.operation {
                    self.ahead = (head.operation, head.graph, from);
                }
                let port = self.graphs.get(head.graph as usize);
                let delivered = port.is_some_and(|port| port.deliver(message));
                return match (other_graph, delivered) {
                    (true, _) => out_of_step(),
                    (false, true) => Sorted::Kept,
                    (false, false) => Sorted::Late,
                };
            }
            Kind::Abort => {
                let reason = from_bytes(message.bytes()).unwrap_or_default();
                return Sorted::Breaks(head.operation, LinkError::Aborted { rank: from, reason });
            }
            Kind::Bye => {
                self.left.push((from, head.operation));
                return Sorted::Kept;
            }
            _ => {}
        }
        if head.operation > self.operation {
            self.early.push((from, message));
            return Sorted::Kept;
        }
        if head.operation < self.operation || !self.under_way {
            return Sorted::Late;
        }
        if head.graph != self.graph {
            return out_of_step();
        }
        match head.kind {
            Kind::Report => match self.tree.child_number(from) {
                Some(child) => self.reports[child] = Some(message),
                None => return out_of_step(),
            },
            Kind::Verdict => self.verdict = Some(message),
            Kind::Gathered | Kind::Missing => self.gathered.push((from, message)),
            Kind::Stop => {
                if let Some(port) = self.port() {
                    port.stop_for(from, head.node);
                }
            }
            Kind::Progress => {
                self.progress[from] = head.node;
                return Sorted::Aside;
            }
            Kind::Value | Kind::Done | Kind::Poison | Kind::Abort | Kind::Bye => {}
        }
        Sorted::Kept
    }

    pub(super) fn take_report(&mut self, child: usize) -> Option<Message> {
        self.reports[child].take()
    }

    pub(super) fn take_verdict(&mut self) -> Option<Message> {
        self.verdict.take()
    }

    pub(super) fn take_gathered(&mut self) -> Option<(usize, Message)> {
        self.gathered.pop()
    }

    /// How many nodes other ranks have done, as far as they have said so.
    pub(super) fn done_elsewhere(&self) -> u64 {
        self.progress.iter().sum()
    }
}
