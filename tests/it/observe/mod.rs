//! What observers are told, and what is made of it.

mod log;
mod random;
mod recorded;
mod told;
