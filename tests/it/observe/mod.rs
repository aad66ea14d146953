//! What observers are told, and what is made of it.

mod exports;
pub(crate) mod log;
mod predicted;
mod progress;
mod random;
mod recorded;
mod schema;
mod told;
