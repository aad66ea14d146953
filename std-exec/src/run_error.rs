//! Why a run didn't do everything that it was asked to.

use std::fmt;

/// Why a run of a graph didn't do everything that it was asked to.
///
/// Nothing can go wrong in a run as yet but a panic, which is passed on as one. The enum has no variants, and the
/// runs return it so that tasks that can fail will not change their signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {}

impl fmt::Display for RunError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for RunError {}
