//! What a run of a dictionary of functions gave.

use crate::dictionaries::fn_graph::FnGraph;
use crate::dictionaries::fn_key::FnKey;
use crate::dictionaries::function::{Function, Index, node_of};
use crate::typed::Results;

/// The results of a finished run by function. They stay in the graph, and the next run drops them.
///
/// # Examples
///
/// ```
/// use dgraph_exec::create_graph;
/// fn name() -> String { "dgraph".into() }
/// fn length(name: &String) -> usize { name.len() }
/// let mut graph = create_graph! { name: [], length: [name] }?;
/// let results = graph.run()?;
/// let name: &String = results.get(name).expect("it has run"); // borrowed from the graph, so it may be kept
/// assert_eq!((name.as_str(), results.get(length)), ("dgraph", Some(&6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FnResults<'g> {
    results: Results<'g>,
    index: &'g Index,
}

impl<'g> FnResults<'g> {
    pub(crate) fn new(results: Results<'g>, index: &'g Index) -> Self {
        Self { results, index }
    }

    /// What `function`, or its future, gave. `None` if it is no key of the graph, or its result was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn listed() -> i32 { 5 }
    /// fn other() -> i32 { 6 }
    /// let mut graph = create_graph! { listed: [] }?;
    /// let results = graph.run()?;
    /// assert_eq!((results.get(listed), results.get(other)), (Some(&5), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn get<F, M, K>(&self, function: F) -> Option<&'g F::Output>
    where
        F: Function<M, K>,
    {
        let key = FnKey::of(&function, "");
        self.results.get(node_of::<F::Output>(self.index, key.id())?).ok()
    }
}

impl FnGraph {
    /// The results of the last run, however it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn number() -> u32 { 7 }
    /// let mut graph = create_graph! { number: [] }?;
    /// graph.run()?;
    /// assert_eq!(graph.results().get(number), Some(&7)); // later, somewhere else
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn results(&self) -> FnResults<'_> {
        FnResults::new(self.graph.results(), &self.index)
    }

    /// Moves out what `function`, or its future, gave.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn pixels() -> Vec<u8> { vec![0; 1 << 20] }
    /// let mut graph = create_graph! { pixels: [] }?;
    /// graph.run()?;
    /// let image: Vec<u8> = graph.take(pixels).expect("it has run"); // no copy
    /// assert_eq!(image.len(), 1 << 20);
    /// assert_eq!(graph.take(pixels), None); // once a run
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn take<F, M, K>(&mut self, function: F) -> Option<F::Output>
    where
        F: Function<M, K>,
    {
        let key = FnKey::of(&function, "");
        self.graph.take(node_of::<F::Output>(&self.index, key.id())?).ok()
    }
}
