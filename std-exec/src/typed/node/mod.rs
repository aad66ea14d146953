//! What nodes can be: closures, plain and async, and graphs; how they are fed.

#[allow(unsafe_code)]
pub(super) mod args;
#[allow(unsafe_code)]
pub(super) mod async_fn;
#[allow(unsafe_code)]
pub(super) mod async_task;
#[allow(unsafe_code)]
pub(super) mod dependencies;
#[allow(unsafe_code)]
pub(super) mod dependency;
#[allow(unsafe_code)]
pub(super) mod graph_task;
#[allow(unsafe_code)]
pub(super) mod listed;
#[allow(unsafe_code)]
pub(super) mod local_async_fn;
#[allow(unsafe_code)]
pub(super) mod moment_access;
#[allow(unsafe_code)]
pub(super) mod moved_values;
#[allow(unsafe_code)]
pub(super) mod once;
#[allow(unsafe_code)]
pub(super) mod outcome_access;
#[allow(unsafe_code)]
pub(super) mod outcomes;
pub(super) mod resolver;
#[allow(unsafe_code)]
pub(super) mod shared_fn;
#[allow(unsafe_code)]
pub(super) mod state_access;
#[allow(unsafe_code)]
pub(super) mod task;
#[allow(unsafe_code)]
pub(super) mod threads_access;
#[allow(unsafe_code)]
pub(super) mod values;
