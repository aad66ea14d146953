//! Where what has come for a receiving node lies until its future takes it.

use crate::message::Body;
use std::task::Waker;

/// What has come for a receiving node: of two runs at the most, since all agree at the end of one.
#[derive(Default)]
pub(crate) struct Slot {
    arrived: [Option<(u64, Arrived)>; 2],
    /// Of the future that waits, and in which run.
    waiting: Option<(u64, Waker)>,
}

/// What has come for a node.
pub(crate) enum Arrived {
    Value(Option<Body>),
    /// It will have no value.
    Poison,
}

impl Slot {
    /// Keeps what has come for run `of`, if there is room beside what has come for runs from `now` on. Gives
    /// who is to be woken.
    #[inline]
    pub(crate) fn put(&mut self, now: u64, of: u64, arrived: Arrived) -> Result<Option<Waker>, Arrived> {
        let is_free =
            |place: &&mut Option<(u64, Arrived)>| place.as_ref().is_none_or(|&(earlier, _)| earlier < now);
        let Some(place) = self.arrived.iter_mut().find(is_free) else { return Err(arrived) };
        *place = Some((of, arrived));
        Ok(self.waiting.take_if(|(waits_in, _)| *waits_in == of).map(|(_, waker)| waker))
    }

    /// Takes what has come for run `now`.
    #[inline]
    pub(crate) fn take(&mut self, now: u64) -> Option<Arrived> {
        let of_this = |place: &&mut Option<(u64, Arrived)>| place.as_ref().is_some_and(|&(of, _)| of == now);
        let arrived = self.arrived.iter_mut().find(of_this)?.take();
        self.waiting = None;
        arrived.map(|(_, arrived)| arrived)
    }

    /// `waker` is to be told when something comes for run `now`.
    #[inline]
    pub(crate) fn wait(&mut self, now: u64, waker: &Waker) {
        if !self.waiting.as_ref().is_some_and(|(of, own)| *of == now && own.will_wake(waker)) {
            self.waiting = Some((now, waker.clone()));
        }
    }

    /// Whether somebody waits in run `now`.
    pub(crate) fn is_waited_for(&self, now: u64) -> bool {
        self.waiting.as_ref().is_some_and(|&(of, _)| of == now)
    }
}
