//! Nodes that a rank owns: closures, fed what their dependencies give.

use super::part::PartBuilder;
use super::sources::Sources;
use crate::exec::Values;
use crate::gate::{AnyError, Gate};
use crate::handle::DistributedNode;
use crate::wire::Wire;
use dgraph_exec::Node;

/// A closure or function that can be fed what the dependencies `S` give: one parameter for each, in the
/// listed order. Parameter types of closures have to be written out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{S}`",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `DistributedNode<T>`; `Values<'_, T>` \
            alone for a list of `DistributedNode<T>`"
)]
pub trait RankFn<S: Sources>: Send {
    /// What a call gives.
    type Output;

    #[doc(hidden)]
    fn install<'env, T: Wire>(
        self,
        part: &mut PartBuilder<'env>,
        sources: &S,
        gate: Gate,
        settle: impl FnMut(Self::Output) -> Result<T, AnyError> + Send + 'env,
    ) -> Node<T>
    where
        Self: 'env;
}

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<Fun, Out, $($item: Wire),*> RankFn<($(DistributedNode<$item>,)*)> for Fun
        where
            Fun: FnMut($(&$item),*) -> Out + Send,
        {
            type Output = Out;

            fn install<'env, T: Wire>(
                mut self,
                part: &mut PartBuilder<'env>,
                sources: &($(DistributedNode<$item>,)*),
                gate: Gate,
                mut settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
            ) -> Node<T>
            where
                Self: 'env,
            {
                let &($($value,)*) = sources;
                let local = ($(part.handle($value),)*);
                part.graph.try_node(gate.name(), local, move |$($value: &$item),*| gate.call(|| settle(self($($value),*))))
            }
        }
    };
}

tuples!();
tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G g);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h);

#[diagnostic::do_not_recommend]
impl<Fun, Out, I: Wire> RankFn<DistributedNode<I>> for Fun
where
    Fun: FnMut(&I) -> Out + Send,
{
    type Output = Out;

    fn install<'env, T: Wire>(
        self,
        part: &mut PartBuilder<'env>,
        sources: &DistributedNode<I>,
        gate: Gate,
        settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
    ) -> Node<T>
    where
        Self: 'env,
    {
        <Self as RankFn<(DistributedNode<I>,)>>::install(self, part, &(*sources,), gate, settle)
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generics)*, Fun, Out> RankFn<$list> for Fun
        where
            Fun: for<'a> FnMut(Values<'a, I>) -> Out + Send,
        {
            type Output = Out;

            fn install<'env, T: Wire>(
                mut self,
                part: &mut PartBuilder<'env>,
                sources: &$list,
                gate: Gate,
                mut settle: impl FnMut(Out) -> Result<T, AnyError> + Send + 'env,
            ) -> Node<T>
            where
                Self: 'env,
            {
                let local: Vec<Node<I>> = sources.iter().map(|&source| part.handle(source)).collect();
                part.graph.try_node(gate.name(), local, move |values: Values<'_, I>| gate.call(|| settle(self(values))))
            }
        }
    )*};
}

lists!([I: Wire] Vec<DistributedNode<I>>, [I: Wire, const N: usize] [DistributedNode<I>; N]);

impl<'env> PartBuilder<'env> {
    /// Adds a node that this rank owns.
    pub(crate) fn node<S: Sources, F: RankFn<S> + 'env, T: Wire>(
        &mut self,
        node: usize,
        sources: &S,
        function: F,
        settle: impl FnMut(F::Output) -> Result<T, AnyError> + Send + 'env,
    ) {
        let gate = self.gate(node);
        let handle = function.install(self, sources, gate, settle);
        self.put(node, handle);
    }
}
