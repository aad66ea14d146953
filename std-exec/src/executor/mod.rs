//! What a user sees of an executor.

mod builder;
mod each;
mod environment;
mod error;
mod handle;
mod pinning;
mod usual;

pub use builder::ExecutorBuilder;
pub use error::ExecutorError;
pub use handle::Executor;
pub(crate) use handle::Handle;
pub use pinning::Pinning;
