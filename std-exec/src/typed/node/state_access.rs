//! States as dependencies: what a node is fed that reads one, or changes it.

use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::resolver::Resolver;
use crate::typed::data::accesses::Mode;
use crate::typed::handle::state::{StateCommute, StateRead, StateWrite};
use crate::typed::memory::frame::Frame;
use crate::typed::memory::states::StatePlace;

macro_rules! access {
    ($handle:ident, $mode:expr, [$($reference:tt)+], $feed:ident) => {
        impl<T, P> Sealed for $handle<T, P> {}

        impl<T, P> Dependency for $handle<T, P> {
            type Pointer = StatePlace<T>;
            type Scope = Self;

            fn resolve(self, resolver: &mut Resolver<'_>) -> StatePlace<T> {
                resolver.state(self.state, $mode)
            }
        }

        impl<'a, T, P> Feed<'a> for $handle<T, P> {
            type Arg = $($reference)+ T;

            #[inline]
            unsafe fn feed(place: &StatePlace<T>, _: &Frame<'_>, _: u32) -> Self::Arg {
                // SAFETY: by contract; it is a state of the run's graph.
                unsafe { place.$feed() }
            }
        }
    };
}

access!(StateRead, Mode::Read, [&'a], read);
access!(StateWrite, Mode::Write, [&'a mut], write);
access!(StateCommute, Mode::Commute, [&'a mut], write);
