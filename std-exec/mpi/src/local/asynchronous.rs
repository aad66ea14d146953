//! Async nodes that a rank owns: closures that give futures, each of which runs within the node's gate.

use super::part::PartBuilder;
use super::sources::{RankAsyncFn, Sources};
use crate::exec::Values;
use crate::gate::{Gate, Settle};
use crate::handle::DistributedNode;
use crate::port::Recorded;
use crate::wire::Wire;
use dgraph_exec::Node;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

/// A future within a gate.
type Gated<'a, T> = Pin<Box<dyn Future<Output = Result<T, Recorded>> + Send + 'a>>;

/// The future that `call` gives, within the gate.
fn gated<'a, F, T>(gate: &Arc<Gate>, call: impl FnOnce() -> F, settle: Settle<F::Output, T>) -> Gated<'a, T>
where
    F: Future + Send + 'a,
    F::Output: 'a,
    T: Wire,
{
    let made = catch_unwind(AssertUnwindSafe(call));
    Box::pin(Arc::clone(gate).run(made, settle))
}

impl Sources for () {
    type Args<'a> = ();

    fn each(&self, _: &mut dyn FnMut(u64, u32)) {}

    fn install_async<'env, F, O: 'static, T: Wire>(
        &self,
        part: &mut PartBuilder<'env>,
        gate: Gate,
        mut function: F,
        settle: Settle<O, T>,
    ) -> Node<T>
    where
        F: for<'a> RankAsyncFn<'a, Self, Output = O> + 'env,
    {
        let (name, gate) = (gate.name(), Arc::new(gate));
        part.graph.try_async_node(name, (), move || gated(&gate, || function.call(()), settle))
    }
}

impl<'a, F, Fut> RankAsyncFn<'a, ()> for F
where
    F: FnMut() -> Fut + Send,
    Fut: Future + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&mut self, (): ()) -> Fut {
        self()
    }
}

/// Several parameters, or one in a tuple or alone. `lent` has the compiler see that a future may keep what
/// its node is fed.
macro_rules! nodes {
    ($sources:ty, $args:tt, $($item:ident $value:ident),*) => {
        impl<$($item: Wire),*> Sources for $sources {
            type Args<'a> = ($(&'a $item,)*);

            fn each(&self, each: &mut dyn FnMut(u64, u32)) {
                let $args = self;
                $(each($value.builder(), $value.number());)*
            }

            fn install_async<'env, Fun, O: 'static, T: Wire>(
                &self,
                part: &mut PartBuilder<'env>,
                gate: Gate,
                mut function: Fun,
                settle: Settle<O, T>,
            ) -> Node<T>
            where
                Fun: for<'a> RankAsyncFn<'a, Self, Output = O> + 'env,
            {
                fn lent<T, $($item,)* Fun: for<'a> FnMut($(&'a $item),*) -> Gated<'a, T>>(function: Fun) -> Fun {
                    function
                }
                let $args = self;
                let local = ($(part.handle(*$value),)*);
                let (name, gate) = (gate.name(), Arc::new(gate));
                let call = lent(move |$($value: &$item),*| gated(&gate, || function.call(($($value,)*)), settle));
                part.graph.try_async_node(name, local, call)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, Fun, Fut, $($item: Wire),*> RankAsyncFn<'a, $sources> for Fun
        where
            Fun: FnMut($(&'a $item),*) -> Fut + Send,
            Fut: Future + Send + 'a,
        {
            type Output = Fut::Output;
            type Future = Fut;

            fn call(&mut self, ($($value,)*): ($(&'a $item,)*)) -> Fut {
                self($($value),*)
            }
        }
    };
}

nodes!(DistributedNode<A>, a, A a);

macro_rules! tuples {
    ($($item:ident $value:ident),*) => {
        nodes!(($(DistributedNode<$item>,)*), ($($value,)*), $($item $value),*);
    };
}

tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G g);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h);

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<$($generics)*> Sources for $list {
            type Args<'a> = Values<'a, I>;

            fn each(&self, each: &mut dyn FnMut(u64, u32)) {
                self.iter().for_each(|source| each(source.builder(), source.number()));
            }

            fn install_async<'env, Fun, O: 'static, T: Wire>(
                &self,
                part: &mut PartBuilder<'env>,
                gate: Gate,
                mut function: Fun,
                settle: Settle<O, T>,
            ) -> Node<T>
            where
                Fun: for<'a> RankAsyncFn<'a, Self, Output = O> + 'env,
            {
                fn lent<T, I: 'static, Fun: for<'a> FnMut(Values<'a, I>) -> Gated<'a, T>>(function: Fun) -> Fun {
                    function
                }
                let local: Vec<Node<I>> = self.iter().map(|&source| part.handle(source)).collect();
                let (name, gate) = (gate.name(), Arc::new(gate));
                let call = lent(move |values: Values<'_, I>| gated(&gate, || function.call(values), settle));
                part.graph.try_async_node(name, local, call)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, Fun, Fut, $($generics)*> RankAsyncFn<'a, $list> for Fun
        where
            Fun: FnMut(Values<'a, I>) -> Fut + Send,
            Fut: Future + Send + 'a,
        {
            type Output = Fut::Output;
            type Future = Fut;

            fn call(&mut self, values: Values<'a, I>) -> Fut {
                self(values)
            }
        }
    )*};
}

lists!([I: Wire] Vec<DistributedNode<I>>, [I: Wire, const N: usize] [DistributedNode<I>; N]);

impl<'env> PartBuilder<'env> {
    /// Adds an async node that this rank owns.
    pub(crate) fn async_node<S, F, O, T>(
        &mut self,
        node: usize,
        sources: &S,
        function: F,
        settle: Settle<O, T>,
    ) where
        S: Sources,
        F: for<'a> RankAsyncFn<'a, S, Output = O> + 'env,
        O: 'static,
        T: Wire,
    {
        let gate = self.gate(node);
        let handle = sources.install_async(self, gate, function, settle);
        self.put(node, handle);
    }
}
