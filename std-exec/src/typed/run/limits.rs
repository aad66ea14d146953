//! Permits of limits that graphs share: who has to wait for some, and who gives them back.

use super::execution::Execution;
use crate::typed::limits::limited::{Limited, Urgencies};
use crate::typed::memory::standing::LIMITED;
use crate::typed::memory::status::Outcome;

impl Execution<'_> {
    /// Takes the permits that `node` wants. If it can't have all of them now, it waits: then it is to be
    /// [started](Self::node) once more when it is woken.
    #[cold]
    pub(super) fn wait_for_permits(&self, node: u32, signal: usize) -> Option<Outcome> {
        let limited = self.limited().filter(|_| signal & LIMITED != 0)?;
        let (number, waker) = self.tasks.limited(node)?;
        let task = self.frame.wakes().waker(waker);
        let urgency = Urgencies::of(self.parts.urgencies, node);
        // A source of permits is the user's code.
        let polled = self.frame.prepare(node, || limited.poll(number, urgency, &task));
        polled.is_pending().then_some(Outcome::Pending(waker))
    }

    /// What `call` has made of `node`. If that is complete, it gives its permits back.
    #[inline]
    pub(super) fn within_limits(&self, node: u32, signal: usize, call: impl FnOnce() -> Outcome) -> Outcome {
        let outcome = call();
        if signal & LIMITED != 0 && matches!(outcome, Outcome::Value | Outcome::Nothing(_)) {
            self.release(node);
            self.is_over(node);
        }
        outcome
    }

    fn limited(&self) -> Option<&Limited> {
        self.parts.rare?.limited.as_ref()
    }

    /// Gives back the permits of `node`, which is complete.
    #[cold]
    fn release(&self, node: u32) {
        if let (Some(limited), Some((number, _))) = (self.limited(), self.tasks.limited(node)) {
            limited.release(number);
        }
    }
}
