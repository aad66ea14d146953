//! What a run of a dictionary graph gave.

use crate::keyed::KeyedGraph;
use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::ops::Index;

/// The values of a finished run by key. They stay in the graph, and the next run drops them.
///
/// ```
/// use dgraph_exec::KeyedGraph;
/// let mut graph = KeyedGraph::<u32, String>::builder().task(7, [], |_| "seven".to_string()).build()?;
/// let mut results = graph.run()?;
/// assert_eq!(results[&7], "seven");
/// assert_eq!(results.get(&8), None);
/// assert_eq!(results.take(&7).as_deref(), Some("seven"));
/// assert_eq!(results.get(&7), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyedResults<'g, 'f, K, T> {
    graph: &'g mut KeyedGraph<'f, K, T>,
}

impl<'g, 'f, K, T> KeyedResults<'g, 'f, K, T>
where
    K: Eq + Hash + Clone,
{
    pub(crate) fn new(graph: &'g mut KeyedGraph<'f, K, T>) -> Self {
        Self { graph }
    }

    /// The value that the task `key` gave. `None` if it gave none, if its value was taken, or if there is no such
    /// task.
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1).task("b", [], |_| None).build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results.get("a"), results.get("b"), results.get("c")), (Some(&1), None, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.graph.values[self.graph.node(key)?.index()].get()?.as_ref()
    }

    /// Moves the value of the task `key` out.
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder().task("log", [], |_| vec!["started", "ended"]).build()?;
    /// let mut results = graph.run()?;
    /// let log: Option<Vec<_>> = results.take("log"); // no copy
    /// assert_eq!(log.map(|log| log.len()), Some(2));
    /// assert_eq!(results.take("log"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take<Q>(&mut self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let node = self.graph.node(key)?;
        self.graph.values[node.index()].take()?
    }

    /// Each key with its value, in the order in which the tasks were declared.
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1).task("b", ["a"], |_| None).build()?;
    /// let lines: Vec<_> = graph.run()?.iter().map(|(key, value)| format!("{key}: {value:?}")).collect();
    /// assert_eq!(lines, ["a: Some(1)", "b: None"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&K, Option<&T>)> {
        let values = self.graph.values.iter().map(|value| value.get().and_then(Option::as_ref));
        self.graph.keys.iter().zip(values)
    }
}

impl<K, T, Q> Index<&Q> for KeyedResults<'_, '_, K, T>
where
    K: Eq + Hash + Clone + Borrow<Q>,
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

impl<K: Eq + Hash + Clone + fmt::Debug, T: fmt::Debug> fmt::Debug for KeyedResults<'_, '_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
