//! What surrounds the nodes of a rank: a gate around each that it owns, which sends the value and records
//! what goes wrong, and a future for each whose value comes from another rank.

use crate::fault::FaultKind;
use crate::link::with_current;
use crate::port::{Port, Recorded};
use crate::slot::Arrived;
use crate::wire::Wire;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// An error of any type.
pub(crate) type AnyError = Box<dyn Error + Send + Sync>;

/// What is around each node of a rank: sends its value, and records what goes wrong.
#[doc(hidden)]
pub struct Gate {
    port: Arc<Port>,
    node: usize,
    /// The ranks that need the value.
    to: Box<[usize]>,
}

impl Gate {
    pub(crate) fn new(port: &Arc<Port>, node: usize) -> Self {
        Self { port: Arc::clone(port), node, to: port.plan().recipients(node).into() }
    }

    /// The node's name.
    pub(crate) fn name(&self) -> String {
        self.port.plan().name(self.node).to_owned()
    }

    /// Whether another rank needs the value.
    pub(crate) fn leads_out(&self) -> bool {
        !self.to.is_empty()
    }

    /// Calls the node.
    pub(crate) fn call<T: Wire>(&self, node: impl FnOnce() -> Result<T, AnyError>) -> Result<T, Recorded> {
        let here = self.is_here();
        self.port.node_begins(here);
        let sent = || match node() {
            Ok(value) => Ok(self.sent(value, here)),
            Err(error) => Err(error),
        };
        let outcome = match catch_unwind(AssertUnwindSafe(sent)) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                let fault = self.port.fault(FaultKind::Failed, self.node);
                self.port.record(fault.with_error(Arc::from(error)));
                Err(Recorded)
            }
            Err(payload) => {
                let fault = self.port.fault(FaultKind::Panicked, self.node);
                self.port.record(fault.with_message(words(&*payload).to_owned()));
                Err(Recorded)
            }
        };
        self.port.node_ends(here);
        if here {
            with_current(self.port.link(), |core| core.tick());
        }
        outcome
    }

    /// Whether this is the thread of the link.
    fn is_here(&self) -> bool {
        with_current(self.port.link(), |_| ()).is_some()
    }

    /// Sends the value of an input.
    pub(crate) fn send<T: Wire>(&self, value: &T) -> Result<(), Recorded> {
        self.send_from(value, self.is_here())
    }

    /// Sends the node's value; `here` is the thread of the link.
    fn send_from<T: Wire>(&self, value: &T, here: bool) -> Result<(), Recorded> {
        let Self { port, node, to } = self;
        if !here {
            let message = port.message(*node, value, &mut |bytes| port.take_block(bytes))?;
            port.send_later(to, &message);
            return Ok(());
        }
        // The link is not borrowed while the value is written: that calls the program's code.
        let mut take = |bytes| {
            with_current(port.link(), |core| core.take_block(bytes)).unwrap_or_else(|| port.take_block(bytes))
        };
        let message = port.message(*node, value, &mut take)?;
        with_current(port.link(), |core| core.send_values(to, message));
        Ok(())
    }

    fn sent<T: Wire>(&self, value: T, here: bool) -> Result<T, Recorded> {
        if self.leads_out() {
            self.send_from(&value, here)?;
        }
        Ok(value)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("node", &self.node).field("to", &self.to).finish_non_exhaustive()
    }
}

/// What was passed to `panic!`, if it is a text.
pub(crate) fn words(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// What a receiving node waits for.
pub(crate) struct Receive<T> {
    port: Arc<Port>,
    node: usize,
    slot: usize,
    value: PhantomData<fn() -> T>,
}

impl<T> Receive<T> {
    /// `slot` is that of `node`.
    pub(crate) fn new(port: &Arc<Port>, node: usize, slot: usize) -> Self {
        Self { port: Arc::clone(port), node, slot, value: PhantomData }
    }
}

impl<T: Wire> Future for Receive<T> {
    type Output = Result<T, Recorded>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { port, node, .. } = &*self;
        let mut arrived = port.take_if_there(self.slot);
        if arrived.is_none() {
            with_current(port.link(), |core| core.look_before_waiting());
            arrived = port.take_arrived(self.slot, context.waker());
        }
        let Some(arrived) = arrived else { return Poll::Pending };
        Poll::Ready(match arrived {
            Arrived::Value(body) => {
                let fault = || port.fault(FaultKind::NotReceived, *node);
                // What reads it may be the program's.
                let fault = match catch_unwind(AssertUnwindSafe(|| T::unpack(body))) {
                    Ok(Ok(value)) => return Poll::Ready(Ok(value)),
                    Ok(Err(error)) => fault().with_error(Arc::new(error)),
                    Err(payload) => fault().with_message(words(&*payload).to_owned()),
                };
                port.record(fault);
                Err(Recorded)
            }
            Arrived::Poison => {
                port.poison(*node);
                Err(Recorded)
            }
        })
    }
}
