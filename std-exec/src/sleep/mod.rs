//! How idle workers sleep and are woken. The protocol and why no wake-up is lost: `README.md` beside this
//! file.

mod beds;
mod lookers;
mod parker;

pub(crate) use beds::{Sleep, posted_fence};
pub(crate) use parker::Parker;
