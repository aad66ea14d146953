//! What surrounds the nodes of a rank: a gate around each that it owns, which sends the value and records
//! what goes wrong, and a future for each whose value comes from another rank.

use crate::fault::FaultKind;
use crate::link::with_current;
use crate::message::Message;
use crate::plan::Recipients;
use crate::port::{Port, Recorded};
use crate::slot::Arrived;
use crate::wire::Wire;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

/// An error of any type.
pub(crate) type AnyError = Box<dyn Error + Send + Sync>;

/// Makes what a future gives a value or an error.
pub(crate) type Settle<O, T> = fn(O) -> Result<T, AnyError>;

/// What is around each node of a rank: sends its value, and records what goes wrong.
#[doc(hidden)]
pub struct Gate {
    port: Arc<Port>,
    node: usize,
    /// The other ranks that hear of it.
    to: Recipients,
}

impl Gate {
    pub(crate) fn new(port: &Arc<Port>, node: usize) -> Self {
        Self { port: Arc::clone(port), node, to: port.plan().recipients(node) }
    }

    /// The node's name.
    pub(crate) fn name(&self) -> String {
        self.port.plan().name(self.node).to_owned()
    }

    /// Whether another rank hears of it.
    #[inline]
    pub(crate) fn leads_out(&self) -> bool {
        !self.to.fed.is_empty() || !self.to.told.is_empty()
    }

    /// Calls the node.
    pub(crate) fn call<T: Wire>(&self, node: impl FnOnce() -> Result<T, AnyError>) -> Result<T, Recorded> {
        let here = self.is_here();
        self.port.enter(here);
        let outcome = self.attempt(here, node);
        self.port.leave(here);
        self.ended(here);
        outcome
    }

    /// Polls the node's future until it is done. `made` is that, or what was thrown in its place.
    pub(crate) async fn run<O, T: Wire>(
        self: Arc<Self>,
        made: thread::Result<impl Future<Output = O>>,
        settle: Settle<O, T>,
    ) -> Result<T, Recorded> {
        let mut future = match made {
            Ok(future) => pin!(future),
            Err(payload) => return Err(self.panicked(&*payload)),
        };
        let waits = self.port.under_way(self.node);
        let (outcome, here) = poll_fn(|context| {
            let here = self.is_here();
            self.port.enter(here);
            let polled = match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(output)) => Poll::Ready((self.attempt(here, || settle(output)), here)),
                Err(payload) => Poll::Ready((Err(self.panicked(&*payload)), here)),
            };
            self.port.leave(here);
            polled
        })
        .await;
        drop(waits);
        self.ended(here);
        outcome
    }

    /// What comes of `node`: its value is sent, and what goes wrong is recorded.
    fn attempt<T: Wire>(
        &self,
        here: bool,
        node: impl FnOnce() -> Result<T, AnyError>,
    ) -> Result<T, Recorded> {
        let sent = || match node() {
            Ok(value) => Ok(self.sent(value, here)),
            Err(error) => Err(error),
        };
        match catch_unwind(AssertUnwindSafe(sent)) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                let fault = self.port.fault(FaultKind::Failed, self.node);
                self.port.record(fault.with_error(Arc::from(error)));
                Err(Recorded)
            }
            Err(payload) => Err(self.panicked(&*payload)),
        }
    }

    #[cold]
    fn panicked(&self, payload: &(dyn Any + Send)) -> Recorded {
        let fault = self.port.fault(FaultKind::Panicked, self.node);
        self.port.record(fault.with_message(words(payload).to_owned()));
        Recorded
    }

    /// The node is done with.
    #[inline]
    fn ended(&self, here: bool) {
        self.port.count_done();
        if here {
            with_current(self.port.link(), |core| core.tick());
        }
    }

    /// Whether this is the thread of the link.
    #[inline]
    fn is_here(&self) -> bool {
        with_current(self.port.link(), |_| ()).is_some()
    }

    /// Sends the value of an input.
    pub(crate) fn send<T: Wire>(&self, value: &T) -> Result<(), Recorded> {
        self.send_from(value, self.is_here())
    }

    /// Sends the node's value, and that it has one; `here` is the thread of the link.
    fn send_from<T: Wire>(&self, value: &T, here: bool) -> Result<(), Recorded> {
        let Self { port, node, to } = self;
        if !to.fed.is_empty() {
            // The link is not borrowed while the value is written: that calls the program's code.
            let mut take = |bytes| {
                let at_hand =
                    if here { with_current(port.link(), |core| core.take_block(bytes)) } else { None };
                at_hand.unwrap_or_else(|| port.take_block(bytes))
            };
            let message = port.message(*node, value, &mut take)?;
            self.send_or_leave(&to.fed, message, here);
        }
        if !to.told.is_empty() {
            self.send_or_leave(&to.told, port.message_done(*node), here);
        }
        Ok(())
    }

    /// Sends a message from the thread of the link, or leaves it to that.
    #[inline]
    fn send_or_leave(&self, to: &[usize], message: Message, here: bool) {
        if here {
            with_current(self.port.link(), |core| core.send_values(to, message));
        } else {
            self.port.send_later(to, &message);
        }
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
