//! An error that is no failure: it ends a branch.

use std::error::Error;
use std::fmt;

/// What a fallible node gives as its error if it is done, and nothing is to be done behind it: a file that
/// hasn't changed, say. That is no failure, the run goes on and gives `Ok`; nodes that depend on it in the
/// usual way are [not chosen](crate::NoResult::NotChosen), and those that ask for its
/// [outcome](crate::Node::outcome) are told.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{EndBranch, GraphBuilder, NoResult};
///
/// let mut graph = GraphBuilder::new();
/// let text = graph.input::<String>("text");
/// let words = graph.try_node("words", text, |text: &String| match text.split_whitespace().count() {
///     0 => Err(EndBranch),
///     words => Ok(words),
/// });
/// let mean = graph.node("mean", (text, words), |text: &String, words: &usize| text.len() / words);
/// let mut graph = graph.build()?;
/// graph.set(text, String::from("a few words"));
/// assert_eq!(graph.run()?[mean], 3);
/// graph.set(text, String::new());
/// let results = graph.run()?; // nothing failed
/// assert_eq!(results.get(words), Err(NoResult::EndedBranch));
/// assert_eq!(results.get(mean).unwrap_err().to_string(), "was not chosen because of words");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A node that may fail as well:
///
/// ```
/// use dgraph_exec::{EndBranch, GraphBuilder};
/// use std::error::Error;
///
/// let mut graph = GraphBuilder::new();
/// let line = graph.input::<&str>("line");
/// let number = graph.try_node("number", line, |line: &&str| {
///     if line.starts_with('#') {
///         return Err(EndBranch.into()); // a comment
///     }
///     Ok::<i32, Box<dyn Error + Send + Sync>>(line.parse()?)
/// });
/// let mut graph = graph.build()?;
/// graph.set(line, "# a comment");
/// assert!(graph.run()?.get(number).is_err());
/// graph.set(line, "12x");
/// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: number");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndBranch;

impl fmt::Display for EndBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is to be done behind this node")
    }
}

impl Error for EndBranch {}
