//! What threads share with each other, one word or cell at a time: no user code, no other layer, each with
//! its models.

pub(crate) mod arrival_buffer;
pub(crate) mod backlog;
#[allow(unsafe_code)]
pub(crate) mod biased_lock;
pub(crate) mod bindings;
#[allow(unsafe_code)]
pub(crate) mod member;
pub(crate) mod membership;
pub(crate) mod own_permits;
pub(crate) mod ready_lane;
pub(crate) mod ready_queue;
pub(crate) mod ready_set;
pub(crate) mod semaphore;
#[allow(unsafe_code)]
pub(crate) mod stack;
pub(crate) mod steps;
pub(crate) mod turns;
pub(crate) mod walk;
pub(crate) mod wanted;
