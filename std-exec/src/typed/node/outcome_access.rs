//! What has become of a node, as a dependency: how a closure is fed that.

use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::resolver::Resolver;
use crate::typed::data::uses::Kind;
use crate::typed::error::no_result::NoResult;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::outcome::OutcomeOf;
use crate::typed::memory::arena::Place;
use crate::typed::memory::frame::Frame;

impl<T, P: Lendable> Sealed for OutcomeOf<T, P> {}

impl<T, P: Lendable> Dependency for OutcomeOf<T, P> {
    /// The slot, and whose it is.
    type Pointer = (Place<T>, u32);
    type Scope = Self;

    fn resolve(self, resolver: &mut Resolver<'_>) -> Self::Pointer {
        resolver.slot(self.node.plain(), Kind::Outcome)
    }
}

impl<'a, T, P: Lendable> Feed<'a> for OutcomeOf<T, P> {
    type Arg = Result<&'a T, NoResult>;

    #[inline]
    unsafe fn feed(&(slot, node): &Self::Pointer, frame: &Frame<'_>, _: u32) -> Self::Arg {
        if let Some(why) = frame.absent(node) {
            return Err(why);
        }
        // SAFETY: it is the place of a slot of the run's graph.
        let slot = unsafe { frame.slots.base().at(slot) };
        // SAFETY: the node is complete, so its status is final: the slot holds a value, which by contract
        // nobody changes. (A graph that feeds outcomes leaves no node unmarked, see `Topology::asks`.)
        Ok(unsafe { slot.as_ref() })
    }
}
