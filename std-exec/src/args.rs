//! What a task of a dictionary graph is given.

use std::fmt;
use std::ops::Index;
use std::sync::OnceLock;

/// The values of a task's dependencies, in the order in which they are listed; those that gave `None` are left out.
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
    pub fn iter(&self) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let values = self.values;
        self.dependencies.iter().filter_map(move |&dependency| values[dependency as usize].get()?.as_ref())
    }

    /// How many values there are: at most the number of dependencies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The `position`-th value.
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
