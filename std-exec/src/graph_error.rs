//! Why a dictionary graph could not be built.

use dgraph_core::{BuildError, CycleBuf};
use std::fmt;

/// What is wrong with a dictionary of dependencies, by key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError<K> {
    /// Keys that are declared more than once; one entry for each repetition.
    DuplicateKeys(Vec<K>),
    /// All dependencies that are no keys.
    MissingKeys(Vec<MissingKey<K>>),
    /// A dependency cycle: each key depends on the next, and the last is the first again.
    Cycle(Vec<K>),
    /// More tasks or dependencies than a graph can hold.
    TooLarge(BuildError<CycleBuf>),
}

/// A dependency that is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey<K> {
    /// The dependency.
    pub key: K,
    /// The task that lists it.
    pub needed_by: K,
}

impl<K: fmt::Debug> fmt::Display for GraphError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKeys(keys) => {
                f.write_str("declared more than once: ")?;
                separated(f, ", ", keys, |f, key| write!(f, "{key:?}"))
            }
            Self::MissingKeys(missing) => {
                f.write_str("missing keys: ")?;
                separated(f, ", ", missing, |f, MissingKey { key, needed_by }| {
                    write!(f, "{key:?} (needed by {needed_by:?})")
                })
            }
            Self::Cycle(path) => {
                f.write_str("dependency cycle: ")?;
                separated(f, " -> ", path, |f, key| write!(f, "{key:?}"))
            }
            Self::TooLarge(_) => f.write_str("the graph is too large"),
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write(f, item)?;
    }
    Ok(())
}

impl<K: fmt::Debug> std::error::Error for GraphError<K> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge(error) => Some(error),
            _ => None,
        }
    }
}
