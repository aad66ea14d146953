//! Lists as a dependency: many handles of one kind and type, which arrive together as one argument.

use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::moved_values::MovedValues;
use super::outcomes::Outcomes;
use super::resolver::Resolver;
use super::values::{List, Values};
use crate::typed::data::uses::Kind;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::node::{Input, Moved, Node};
use crate::typed::handle::outcome::OutcomeOf;
use crate::typed::memory::frame::Frame;

macro_rules! listed {
    ($kind:expr, [$($generics:tt)*] $handle:ty, $node:expr, $arg:ty, $feed:expr) => {
        listed!($kind, ['s, $($generics)*] &'s [$handle], $handle, $node, $arg, $feed);
        listed!($kind, ['s, $($generics)*] &'s Vec<$handle>, $handle, $node, $arg, $feed);
        listed!($kind, [$($generics)*] Vec<$handle>, $handle, $node, $arg, $feed);
        listed!($kind, [$($generics)*, const N: usize] [$handle; N], $handle, $node, $arg, $feed);
    };
    ($kind:expr, [$($generics:tt)*] $list:ty, $handle:ty, $node:expr, $arg:ty, $feed:expr) => {
        impl<$($generics)*> Sealed for $list {}

        impl<$($generics)*> Dependency for $list {
            type Pointer = List;
            /// Not that of a slice, which is only looked at when the node is declared.
            type Scope = $handle;

            fn resolve(self, resolver: &mut Resolver<'_>) -> List {
                resolver.slots(self.iter().map($node), $kind)
            }
        }

        impl<'a, $($generics)*> Feed<'a> for $list {
            type Arg = $arg;

            #[inline]
            unsafe fn feed(list: &List, frame: &Frame<'_>, dependent: u32) -> $arg {
                // SAFETY: by contract.
                unsafe { $feed(*list, frame, dependent) }
            }
        }
    };
}

listed!(Kind::Lent, [T, P: Lendable] Node<T, P>, |node| node.plain(), Values<'a, T>, Values::new);
listed!(Kind::Lent, [T] Input<T>, |input| input.node(), Values<'a, T>, Values::new);
listed!(Kind::Moved, [T, P] Moved<T, P>, |moved| moved.node.plain(), MovedValues<'a, T>, MovedValues::new);
listed!(
    Kind::Outcome, [T, P: Lendable] OutcomeOf<T, P>, |outcome| outcome.node.plain(), Outcomes<'a, T>, Outcomes::new
);

/// Calls a macro for each dependency that may stand alone, with what its type is generic over. (One by one,
/// and not for all that is a [`Dependency`]: then the compiler says what doesn't fit.)
macro_rules! each_alone {
    ($call:ident) => {
        $call!([; T, P: Lendable] Node<T, P>);
        $call!([; T, P: Lendable] OutcomeOf<T, P>);
        $call!([; T] Input<T>);
        $call!([; T, P] Moved<T, P>);
        $call!([; T, P] StateRead<T, P>);
        $call!([; T, P] StateWrite<T, P>);
        $call!([; T, P] StateCommute<T, P>);
        each_alone!($call, [T, P: Lendable] Node<T, P>);
        each_alone!($call, [T, P: Lendable] OutcomeOf<T, P>);
        each_alone!($call, [T] Input<T>);
        each_alone!($call, [T, P] Moved<T, P>);
    };
    ($call:ident, [$($generics:tt)*] $handle:ty) => {
        $call!(['s; $($generics)*] &'s [$handle]);
        $call!(['s; $($generics)*] &'s Vec<$handle>);
        $call!([; $($generics)*] Vec<$handle>);
        $call!([; $($generics)*, const N: usize] [$handle; N]);
    };
}
pub(super) use each_alone;
