//! What a program and its messages call nodes by.

pub(super) mod bounds;
pub(super) mod declared;
pub(super) mod markers;
pub(super) mod moment;
pub(super) mod names;
pub(super) mod node;
pub(super) mod outcome;
pub(super) mod state;
