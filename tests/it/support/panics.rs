//! Panics on purpose, and what was thrown.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Debug, PartialEq)]
pub(crate) struct Payload(pub(crate) u32);

/// The payload that `run` panics with.
pub(crate) fn payload_of<P: 'static>(run: impl FnOnce()) -> P {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    *payload.downcast().unwrap_or_else(|_| panic!("another payload"))
}
