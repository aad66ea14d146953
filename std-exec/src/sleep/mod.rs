//! How idle workers sleep and are woken. The protocol and why no wake-up is lost: `README.md` beside this
//! file.

mod lookers;
mod parker;
mod slots;

pub(crate) use parker::Parker;
pub(crate) use slots::{Sleep, posted_fence};
