//! What reports of several ranks are together.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A report of which two can be made one, on their way up the tree of ranks.
pub(crate) trait Merge: Serialize + DeserializeOwned {
    fn merge(&mut self, other: Self);
}
