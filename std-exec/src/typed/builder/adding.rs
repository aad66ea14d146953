//! What the verbs of all builders come to: a node, new or declared, gets its closure.

use super::collected::Collected;
use super::node_name::NodeName;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::node::Node;
use crate::typed::memory::entry::Task;
use crate::typed::memory::frame::Frame;
use crate::typed::memory::tasks::FutureOf;
use crate::typed::node::async_task::{AsyncTask, Settle, async_call_of, drop_future_of};
use crate::typed::node::dependencies::{Dependencies, NodeFn};
use crate::typed::node::task::{call_of, try_call_of};

impl Collected {
    /// Enters a node, and what it is fed, if that is right. (What doesn't depend on the type of the closure.)
    ///
    /// # Safety
    ///
    /// As for [`plain`](Self::plain), of a `T`.
    unsafe fn enter_fed<D: Dependencies, T, P>(
        &mut self,
        name: impl NodeName<T, P>,
        dependencies: D,
    ) -> (Node<T, P>, Option<D::Pointers>) {
        // SAFETY: by contract.
        let node = unsafe { name.enter(self) };
        (node, self.feed(node.any(), dependencies))
    }

    /// Adds a node whose closure gives its result.
    ///
    /// # Safety
    ///
    /// What the closure and a `T` borrow outlives the builder, and the graph that it builds. The closure is
    /// `Send`, and so is `T`, and it is `Sync`, or `P` is [`Unshared`](crate::Unshared); or `P` is
    /// [`Local`](crate::Local), and the node is bound to the thread of its graph before that is built.
    pub(crate) unsafe fn plain<D, F, T, P>(
        &mut self,
        name: impl NodeName<T, P>,
        dependencies: D,
        function: F,
    ) -> Node<T, P>
    where
        D: Dependencies,
        F: NodeFn<D, Output = T>,
    {
        // SAFETY: by contract.
        let (node, pointers) = unsafe { self.enter_fed(name, dependencies) };
        if let Some(pointers) = pointers {
            let task = Task { function, pointers };
            // SAFETY: `call_of` makes the call for this task; the rest by contract.
            unsafe { self.define(node.any(), call_of::<F, D, T>(&task), task, None) };
        }
        node
    }

    /// Adds a node whose closure gives its result or fails.
    ///
    /// # Safety
    ///
    /// As for [`plain`](Self::plain).
    pub(crate) unsafe fn fallible<D, F, T, E, P>(
        &mut self,
        name: impl NodeName<T, P>,
        dependencies: D,
        function: F,
    ) -> Node<T, P>
    where
        D: Dependencies,
        F: NodeFn<D, Output = Result<T, E>>,
        E: NodeError,
    {
        // SAFETY: by contract.
        let (node, pointers) = unsafe { self.enter_fed(name, dependencies) };
        if let Some(pointers) = pointers {
            let task = Task { function, pointers };
            // SAFETY: `try_call_of` makes the call for this task; the rest by contract.
            unsafe { self.define(node.any(), try_call_of::<F, D, T, E>(&task), task, None) };
        }
        node
    }

    /// Adds a node of which `start` makes the future, of the closure and what it is fed from. What it gives
    /// is the result, or may be an error, as `R` says.
    ///
    /// # Safety
    ///
    /// As for [`plain`](Self::plain), and what is said of the closure holds for the future as well. `start`
    /// may be called with pointers that are good until the future is gone.
    pub(crate) unsafe fn asynchronous<R, D, F, T, P, S, Fut>(
        &mut self,
        name: impl NodeName<T, P>,
        dependencies: D,
        function: F,
        start: S,
    ) -> Node<T, P>
    where
        R: Settle<Fut::Output, Value = T>,
        D: Dependencies,
        S: Fn(*mut F, *const D::Pointers, &Frame<'_>, u32) -> Fut,
        Fut: Future,
    {
        // SAFETY: by contract.
        let (node, pointers) = unsafe { self.enter_fed(name, dependencies) };
        let Some(pointers) = pointers else { return node };
        let Some((index, future)) = self.next_future() else { return node };
        let task = AsyncTask { function, pointers, index, future, start };
        let (call, drop) = (async_call_of::<_, _, _, _, R>(&task), drop_future_of(&task));
        let task = Task { function: task, pointers: () };
        let future = FutureOf::new(node.any().index, future, drop);
        // SAFETY: `call` and `drop` were made for this task and its futures; the rest by contract.
        unsafe { self.define(node.any(), call, task, Some(future)) };
        node
    }
}
