//! How a run is to go.

pub(super) mod around;
pub(super) mod cancel;
pub(super) mod draining;
pub(super) mod reasons;
pub(super) mod run_options;
pub(super) mod shuffle;
