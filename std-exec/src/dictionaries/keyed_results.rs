//! What a run of a dictionary of tasks gave.

use crate::dictionaries::dictionary::DictionaryResults;
use crate::typed::{NoResult, Node, Results};
use dgraph_core::NodeId;
use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::iter::{FusedIterator, Zip};
use std::ops::Index;
use std::slice;

/// The values of a finished run by key. They stay in the graph, and the next run drops them.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{KeyedGraph, KeyedResults};
/// let mut graph = KeyedGraph::<u32, String>::builder().task(7, [], |_| "seven".to_string()).build()?;
/// let results: KeyedResults<'_, u32, String> = graph.run()?;
/// assert_eq!(results[&7], "seven");
/// assert_eq!(results.get(&8), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type KeyedResults<'g, K, T> = DictionaryResults<'g, K, Node<Option<T>>>;

impl<'g, K, T> KeyedResults<'g, K, T> {
    /// The value that the task `key` gave. `None` if it gave none, or has no result, as
    /// [`why_absent`](Self::why_absent) says; or if there is no such task.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1).task("b", [], |_| None).build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results.get("a"), results.get("b"), results.get("c")), (Some(&1), None, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<&'g T>
    where
        K: Borrow<Q> + Eq + Hash,
        Q: Eq + Hash + ?Sized,
    {
        given(self.results, *self.keys.node(key)?)
    }

    /// Why the task `key` has no result. `None` if it has one, which may be that it gave nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, NoResult};
    /// let mut graph = KeyedGraph::<_, i32>::builder()
    ///     .try_task("a", [], |_| Err::<i32, _>("no"))
    ///     .task("b", [], |_| None)
    ///     .build()?;
    /// graph.run().unwrap_err(); // at once, without `b`
    /// let results = graph.results();
    /// assert_eq!(results.why_absent("a"), Some(NoResult::Failed));
    /// assert_eq!(results.why_absent("b"), Some(NoResult::NotRun));
    /// assert_eq!(results.why_absent("c"), Some(NoResult::ForeignHandle)); // no such task
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why_absent<Q>(&self, key: &Q) -> Option<NoResult>
    where
        K: Borrow<Q> + Eq + Hash,
        Q: Eq + Hash + ?Sized,
    {
        let node = self.keys.node(key);
        node.map_or(Some(NoResult::ForeignHandle), |node| self.results.why_absent(*node))
    }

    /// Each key with its value, in the order in which the tasks were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let builder = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1);
    /// let mut graph = builder.task("b", ["a"], |_| None).build()?;
    /// let lines: Vec<_> = graph.run()?.iter().map(|(key, value)| format!("{key}: {value:?}")).collect();
    /// assert_eq!(lines, ["a: Some(1)", "b: None"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> KeyedResultsIter<'g, K, T> {
        KeyedResultsIter { results: self.results, left: self.keys.keys.iter().zip(&self.keys.nodes) }
    }
}

fn given<T>(results: Results<'_>, node: Node<Option<T>>) -> Option<&T> {
    results.get(node).ok()?.as_ref()
}

impl<K, T, Q> Index<&Q> for KeyedResults<'_, K, T>
where
    K: Eq + Hash + Borrow<Q>,
    Q: Eq + Hash + ?Sized,
{
    type Output = T;

    /// The value that the task `key` gave.
    ///
    /// # Panics
    ///
    /// If there is none; see [`get`](KeyedResults::get).
    #[track_caller]
    fn index(&self, key: &Q) -> &T {
        self.get(key).expect("no value under this key")
    }
}

/// Each key of [`KeyedResults`] with its value.
///
/// # Examples
///
/// ```
/// use dgraph_exec::KeyedGraph;
/// let mut graph = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1).task("b", [], |_| None).build()?;
/// for (key, value) in graph.run()? {
///     assert_eq!(value.is_some(), *key == "a");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyedResultsIter<'g, K, T> {
    results: Results<'g>,
    left: Zip<slice::Iter<'g, K>, slice::Iter<'g, (NodeId, Node<Option<T>>)>>,
}

impl<'g, K, T> Iterator for KeyedResultsIter<'g, K, T> {
    type Item = (&'g K, Option<&'g T>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, (_, node)) = self.left.next()?;
        Some((key, given(self.results, *node)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<K, T> ExactSizeIterator for KeyedResultsIter<'_, K, T> {}
impl<K, T> FusedIterator for KeyedResultsIter<'_, K, T> {}

impl<K, T> fmt::Debug for KeyedResultsIter<'_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedResultsIter").field("left", &self.len()).finish_non_exhaustive()
    }
}

impl<'g, K, T> IntoIterator for KeyedResults<'g, K, T> {
    type Item = (&'g K, Option<&'g T>);
    type IntoIter = KeyedResultsIter<'g, K, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'g, K, T> IntoIterator for &KeyedResults<'g, K, T> {
    type Item = (&'g K, Option<&'g T>);
    type IntoIter = KeyedResultsIter<'g, K, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
