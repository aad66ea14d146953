//! What nodes leave to the thread of the link, to be sent.

use crate::message::Message;
use crate::sync::{Flag, lock};
use std::collections::VecDeque;
use std::sync::Mutex;

/// What the thread of the link is to send.
#[derive(Default)]
pub(crate) struct Outbox {
    messages: Mutex<VecDeque<(usize, Message)>>,
    /// There may be some: to look here costs less than the lock, and is done with each look for messages.
    any: Flag,
}

impl Outbox {
    pub(crate) fn extend(&self, messages: impl Iterator<Item = (usize, Message)>) {
        lock(&self.messages).extend(messages);
        self.any.raise();
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<(usize, Message)> {
        if !self.any.take() {
            return None;
        }
        let message = lock(&self.messages).pop_front();
        if message.is_some() {
            self.any.raise(); // there may be more
        }
        message
    }

    pub(crate) fn clear(&self) {
        lock(&self.messages).clear();
    }
}
