//! What a user sees of an executor.

mod builder;
mod each;
mod environment;
mod error;
mod handle;

pub use builder::{ExecutorBuilder, Pinning};
pub use error::ExecutorError;
pub use handle::Executor;
pub(crate) use handle::Handle;
