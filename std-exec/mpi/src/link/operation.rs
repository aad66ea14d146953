//! What all ranks do together, from its beginning to the agreement on how it has ended.

use super::Link;
use super::core::Core;
use super::turns::next_turn;
use crate::link_error::{LinkError, Waiting};
use crate::merge::Merge;
use crate::message::Kind;

impl Link {
    /// Begins an operation of `graph`.
    pub(crate) fn begin(&mut self, graph: u32) -> Result<Operation<'_>, LinkError> {
        self.core_mut().begin(graph)?;
        Ok(Operation { link: self, over: false })
    }
}

/// An operation that is under way. If it is dropped before its end, all ranks get to know.
pub(crate) struct Operation<'l> {
    link: &'l mut Link,
    over: bool,
}

impl Operation<'_> {
    pub(crate) fn link(&mut self) -> &mut Link {
        self.link
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.link.core_mut()
    }

    /// Waits until `ready` gives something.
    pub(crate) async fn wait<R>(
        &mut self,
        mut ready: impl FnMut(&mut Core) -> Option<R>,
        mut waiting: impl FnMut(&Core) -> Waiting,
    ) -> Result<R, LinkError> {
        loop {
            let core = self.core();
            let came = core.look()?;
            if let Some(got) = ready(core) {
                core.wake_up();
                return Ok(got);
            }
            core.rest(came, &mut waiting)?;
            next_turn().await;
        }
    }

    /// What all ranks have come to, once each has reported.
    pub(crate) async fn agree<T: Merge>(&mut self, mut own: T) -> Result<T, LinkError> {
        let tree = self.core().tree();
        for child in 0..2 {
            let Some(rank) = tree.child(child) else { continue };
            let waiting = move |_: &Core| Waiting::Report { rank };
            let report = self.wait(|core| core.inbox.take_report(child), waiting).await?;
            own.merge(self.core().read(&report)?);
        }
        if let Some(parent) = tree.parent() {
            self.core().tell(&[parent], Kind::Report, 0, &own)?;
            let waiting = move |_: &Core| Waiting::Verdict { rank: parent };
            let verdict = self.wait(|core| core.inbox.take_verdict(), waiting).await?;
            own = self.core().read(&verdict)?;
        }
        for child in tree.children() {
            self.core().tell(&[child], Kind::Verdict, 0, &own)?;
        }
        Ok(own)
    }

    /// The operation has come to its end, on all ranks.
    pub(crate) fn end(mut self) {
        self.over = true;
        self.core().end();
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        if !self.over {
            let core = self.link.core_mut();
            let rank = core.rank();
            core.give_up(LinkError::GivenUp { rank });
        }
    }
}
