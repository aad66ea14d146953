//! What a task of a dictionary graph is given.

use std::fmt;
use std::ops::Index;
use std::sync::OnceLock;

/// The values of a task's dependencies, in the order in which they are listed; those that gave `None` are
/// left out.
///
/// # Examples
///
/// ```
/// use dgraph_exec::KeyedGraph;
/// let mut graph = KeyedGraph::<_, i32>::builder()
///     .task("sum", ["nothing", "two", "two"], |args| args.iter().sum::<i32>())
///     .task("two", [], |_| 2)
///     .task("nothing", [], |_| None)
///     .build()?;
/// assert_eq!(graph.run()?["sum"], 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Args<'a, T> {
    dependencies: &'a [u32],
    values: &'a [OnceLock<Option<T>>],
}

impl<'a, T> Args<'a, T> {
    pub(crate) fn new(dependencies: &'a [u32], values: &'a [OnceLock<Option<T>>]) -> Self {
        Self { dependencies, values }
    }

    /// The values.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder()
    ///     .task("most", ["few", "many"], |args| args.iter().copied().max())
    ///     .task("few", [], |_| 3)
    ///     .task("many", [], |_| 80)
    ///     .build()?;
    /// assert_eq!(graph.run()?["most"], 80);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let values = self.values;
        self.dependencies.iter().filter_map(move |&dependency| values[dependency as usize].get()?.as_ref())
    }

    /// How many values there are: at most the number of dependencies.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, usize>::builder()
    ///     .task("count", ["here", "gone"], |args| args.len())
    ///     .task("here", [], |_| 1)
    ///     .task("gone", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["count"], 1); // of two dependencies one gave something
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, &str>::builder()
    ///     .task("report", ["errors"], |args| if args.is_empty() { "all is well" } else { args[0] })
    ///     .task("errors", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["report"], "all is well");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The `position`-th value.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, u16>::builder()
    ///     .task("port", ["configured"], |args| args.get(0).copied().unwrap_or(8080))
    ///     .task("configured", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["port"], 8080);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&'a T> {
        self.iter().nth(position)
    }
}

impl<T> Clone for Args<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Args<'_, T> {}

impl<T> Index<usize> for Args<'_, T> {
    type Output = T;

    /// The `position`-th value.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[track_caller]
    fn index(&self, position: usize) -> &T {
        match self.get(position) {
            Some(value) => value,
            None => panic!("argument {position} of a task that is given {}", self.len()),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Args<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
