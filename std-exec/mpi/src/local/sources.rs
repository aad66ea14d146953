//! What nodes depend on, and which async closures fit that.

use super::part::PartBuilder;
use crate::gate::{Gate, Settle};
use crate::wire::Wire;
use dgraph_exec::Node;

/// What all that a node depends on is: a tuple of up to 8 handles, one handle, or an array or `Vec` of
/// handles of one type, which arrive together as [`Values`](dgraph_exec::Values).
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{DistributedBuilder, Values};
/// let mut graph = DistributedBuilder::new();
/// let parts: Vec<_> = (0..4).map(|part| graph.node("part", (), move || part * 10)).collect();
/// let sum = graph.node("sum", parts.clone(), |parts: Values<'_, u32>| parts.iter().sum::<u32>());
/// graph.node("report", (sum, parts[0]), |sum: &u32, first: &u32| format!("{first} of {sum}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of dependencies",
    note = "dependencies are a tuple of up to 8 handles, `(a, b)`; one handle, `a`; or a `Vec` or array of handles of one type"
)]
pub trait Sources: Clone + Send + 'static {
    /// What a node is fed.
    #[doc(hidden)]
    type Args<'a>;

    /// Calls `each` for the handles in their order, with the number of the builder and that of the node.
    #[doc(hidden)]
    fn each(&self, each: &mut dyn FnMut(u64, u32));

    #[doc(hidden)]
    fn install_async<'env, F, O: 'static, T: Wire>(
        &self,
        part: &mut PartBuilder<'env>,
        gate: Gate,
        function: F,
        settle: Settle<O, T>,
    ) -> Node<T>
    where
        F: for<'a> RankAsyncFn<'a, Self, Output = O> + 'env;
}

/// An async closure or function that can be fed what the dependencies `S` give, for as long as `'a`: one
/// parameter for each, in the listed order. Parameter types of closures have to be written out.
///
/// These are `async fn`s; async closures that own nothing (what they use of their surroundings, they borrow);
/// and ordinary closures that give a future which holds no references to what they own.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{DistributedBuilder, DistributedNode, RankAsyncFn, Sources};
///
/// /// Adds a node that awaits a text, and one that cuts it to what fits a line.
/// fn line<'env, S, F>(graph: &mut DistributedBuilder<'env>, sources: S, text: F) -> DistributedNode<String>
/// where
///     S: Sources,
///     F: for<'a> RankAsyncFn<'a, S, Output = String> + 'env,
/// {
///     let text = graph.async_node("text", sources, text);
///     graph.node("line", (text,), |text: &String| text.chars().take(80).collect::<String>())
/// }
///
/// let mut graph = DistributedBuilder::new();
/// let name = graph.node("name", (), || String::from("Ada"));
/// line(&mut graph, (name,), async |name: &String| format!("hello, {name}"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be fed the results of its dependencies, `{S}`, or gives no future that is `Send`",
    label = "its parameters don't fit its dependencies, or it gives no future that is `Send`",
    note = "a node takes one parameter for each dependency, in the listed order: `&T` for a `DistributedNode<T>`; `Values<'_, T>` \
            alone for a list of `DistributedNode<T>`",
    note = "an async closure must not own what it uses across calls: let it borrow that, or give its future a clone: \
            `move |x: &T| {{ let client = client.clone(); async move {{ ... }} }}`"
)]
pub trait RankAsyncFn<'a, S: Sources>: Send {
    /// What the future gives.
    type Output;
    /// What a call gives.
    type Future: Future<Output = Self::Output> + Send + 'a;

    #[doc(hidden)]
    fn call(&mut self, args: S::Args<'a>) -> Self::Future;
}
