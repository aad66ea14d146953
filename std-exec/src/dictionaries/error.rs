//! Why a dictionary graph could not be built.

use crate::brief::{self, Shown};
use crate::typed::GraphError;
use std::fmt;

/// What is wrong with a dictionary of dependencies, by key.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DictionaryError, KeyedGraph};
///
/// let tasks = |first: &'static str, needs: &'static str| {
///     KeyedGraph::<_, ()>::builder().task(first, [needs], |_| ()).task("b", ["a"], |_| ()).build()
/// };
/// assert_eq!(tasks("a", "b").unwrap_err(), DictionaryError::Cycle(vec!["a", "b", "a"]));
/// assert_eq!(tasks("b", "a").unwrap_err(), DictionaryError::DuplicateKeys(vec!["b"]));
/// let error = tasks("a", "x").unwrap_err();
/// assert_eq!(error.to_string(), r#"missing keys: "x" (needed by "a")"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DictionaryError<K> {
    /// Keys that are declared more than once; one entry for each repetition.
    DuplicateKeys(Vec<K>),
    /// All dependencies that are no keys.
    MissingKeys(Vec<MissingKey<K>>),
    /// A dependency cycle: each key depends on the next, and the last is the first again.
    Cycle(Vec<K>),
    /// Functions of a [dictionary](crate::FnGraphBuilder) whose dependencies aren't what they take. That is
    /// so if types which the compiler finds out were written out, and make a function a plain one here and an
    /// async one there; or if a [`Functions`](crate::Functions) of one's own gives other keys than its types
    /// say.
    Mismatched(Vec<K>),
    /// What else a typed graph may have against it: more tasks or dependencies than it can hold, or what was
    /// wrong about calls of the [typed builder](crate::DictionaryBuilder::graph).
    Graph(GraphError),
}

/// A dependency that is no key.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DictionaryError, KeyedGraph, MissingKey};
///
/// let built = KeyedGraph::<_, ()>::builder().task("test", ["build"], |_| ()).build();
/// let Err(DictionaryError::MissingKeys(missing)) = built else { panic!("`build` is missing") };
/// assert_eq!(missing, [MissingKey { key: "build", needed_by: "test" }]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey<K> {
    /// The dependency.
    pub key: K,
    /// The task that lists it.
    pub needed_by: K,
}

impl<K: fmt::Debug> fmt::Display for MissingKey<K> {
    /// `"x" (needed by "a")`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, needed_by } = self;
        write!(f, "{} (needed by {})", Shown(key), Shown(needed_by))
    }
}

impl<K: fmt::Debug> fmt::Display for DictionaryError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKeys(keys) => {
                f.write_str("declared more than once: ")?;
                brief::list(f, keys.iter().map(Shown))
            }
            Self::MissingKeys(missing) => {
                f.write_str("missing keys: ")?;
                brief::list(f, missing.iter())
            }
            Self::Cycle(path) => {
                f.write_str("dependency cycle: ")?;
                brief::cycle(f, path.iter().map(Shown))
            }
            Self::Mismatched(keys) => {
                f.write_str("dependencies that are not what is taken: ")?;
                brief::list(f, keys.iter().map(Shown))
            }
            Self::Graph(error) => error.fmt(f),
        }
    }
}

impl<K: fmt::Debug> fmt::Debug for DictionaryError<K> {
    /// The message, and those of its sources: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::debug(f, self)
    }
}

impl<K: fmt::Debug> std::error::Error for DictionaryError<K> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Graph(error) => error.source(),
            _ => None,
        }
    }
}
