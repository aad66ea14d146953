//! What a run of a dictionary graph gave.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::ops::Index;
use std::sync::OnceLock;

/// The values of a finished run by key. They stay in the graph, and the next run drops them.
///
/// # Examples
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
pub struct KeyedResults<'g, K, T> {
    pub(crate) keys: &'g [K],
    pub(crate) index: &'g HashMap<K, u32>,
    pub(crate) values: &'g mut [OnceLock<Option<T>>],
}

impl<K, T> KeyedResults<'_, K, T>
where
    K: Eq + Hash + Clone,
{
    /// The value that the task `key` gave. `None` if it gave none, if its value was taken, or if there is no
    /// such task.
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
    pub fn get<Q>(&self, key: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.values[*self.index.get(key)? as usize].get()?.as_ref()
    }

    /// Moves the value of the task `key` out.
    ///
    /// # Examples
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
        self.values[*self.index.get(key)? as usize].take()?
    }

    /// Each key with its value, in the order in which the tasks were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, i32>::builder().task("a", [], |_| 1).task("b", ["a"], |_| None).build()?;
    /// let lines: Vec<_> = graph.run()?.iter().map(|(key, value)| format!("{key}: {value:?}")).collect();
    /// assert_eq!(lines, ["a: Some(1)", "b: None"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&K, Option<&T>)> {
        let values = self.values.iter().map(|value| value.get().and_then(Option::as_ref));
        self.keys.iter().zip(values)
    }
}

impl<K, T, Q> Index<&Q> for KeyedResults<'_, K, T>
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

impl<K: Eq + Hash + Clone + fmt::Debug, T: fmt::Debug> fmt::Debug for KeyedResults<'_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
