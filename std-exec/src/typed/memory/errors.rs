//! What goes wrong in a run, from the moment on when a node gives an error until somebody asks.

use crate::sync::thrown::discard;
use crate::sync::{Mutex, PoisonError};
use crate::typed::error::failure::{Failure, Failures};
use crate::typed::handle::names::{NamedNode, Names};
use std::any::Any;
use std::error::Error;
use std::mem;

/// An error of a node, or of a node inside, if that is a graph.
type Raised = (u32, Option<NamedNode>, Box<dyn Error + Send + Sync>);

/// Which nodes have failed, and with what. If nobody wants to know, each error is dropped by itself:
/// destructors may panic.
#[derive(Default)]
pub(crate) struct Errors {
    raised: Vec<Raised>,
    /// What has panicked: in a box, since runs that go well pay for each word here.
    panics: Option<Box<Panics>>,
}

#[derive(Default)]
struct Panics {
    /// Nodes that are complete, and whose results have panicked as they were dropped.
    dropped_badly: Vec<u32>,
    /// What the first node has thrown whose panic was caught, and is to go on when the run is over. Behind a
    /// lock since it isn't `Sync`.
    thrown: Option<Mutex<Payload>>,
}

impl Errors {
    pub(crate) fn push(&mut self, node: u32, inside: Option<NamedNode>, error: Box<dyn Error + Send + Sync>) {
        self.raised.push((node, inside, error));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.raised.is_empty()
    }

    /// Keeps the first one. Any other one is given back: its destructor is the user's, and these are behind a
    /// lock.
    #[must_use]
    pub(crate) fn throw(&mut self, payload: Payload) -> Option<Payload> {
        let thrown = &mut self.panics.get_or_insert_default().thrown;
        if thrown.is_some() {
            return Some(payload);
        }
        *thrown = Some(Mutex::new(payload));
        None
    }

    /// The result of `node`, which is complete, has panicked as it was dropped.
    pub(crate) fn push_dropped_badly(&mut self, node: u32) {
        self.panics.get_or_insert_default().dropped_badly.push(node);
    }

    /// The nodes of which that was said.
    pub(crate) fn take_dropped_badly(&mut self) -> Vec<u32> {
        self.panics.as_mut().map(|panics| mem::take(&mut panics.dropped_badly)).unwrap_or_default()
    }

    pub(crate) fn take_thrown(&mut self) -> Option<Payload> {
        let thrown = self.panics.as_mut()?.thrown.take()?;
        Some(thrown.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// By the numbers of the nodes, with their names.
    pub(crate) fn named(mut self, names: &Names) -> Vec<Failure> {
        let mut errors = mem::take(&mut self.raised);
        errors.sort_by_key(|(node, ..)| *node);
        let named = |(node, inside, error): Raised| {
            let name = inside.map_or_else(|| names.named(node), |inner| names.inside(node, &inner));
            Failure::new(name, error)
        };
        errors.into_iter().map(named).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        self.raised.drain(..).for_each(discard);
        self.take_thrown().into_iter().for_each(discard);
    }
}

/// What went wrong in a run beside a panic that went on. If nobody asks, each error is dropped by itself:
/// destructors may panic.
#[derive(Default)]
pub(crate) struct Kept(Option<Box<Failures>>);

impl Kept {
    pub(crate) fn new(failures: Failures) -> Self {
        Self(Some(Box::new(failures)))
    }

    pub(crate) fn take(&mut self) -> Failures {
        self.0.take().map(|failures| *failures).unwrap_or_default()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.take().into_iter().for_each(discard);
        }
    }
}

/// What a node has thrown.
pub(crate) type Payload = Box<dyn Any + Send>;
