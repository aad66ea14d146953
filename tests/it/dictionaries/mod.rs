//! Dictionaries: graphs over keys, and graphs of functions.

mod async_functions;
mod endings;
mod mismatched;
mod rejection;
mod tasks;
mod values;
