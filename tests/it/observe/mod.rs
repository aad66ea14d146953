//! What observers are told, and what is made of it.

mod exports;
mod log;
mod predicted;
mod random;
mod recorded;
mod schema;
mod told;
