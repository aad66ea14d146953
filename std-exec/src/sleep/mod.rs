//! How idle workers sleep and are woken. The protocol and why no wake-up is lost: `README.md` beside this file.

mod beds;
mod parker;

pub(crate) use beds::{Sleep, posted};
pub(crate) use parker::Parker;
