//! The permits of the limits of one graph, in one run: how many are left, and for whom they are kept.
//!
//! A node may want several permits of a limit. As long as the most urgent ready node that wants some of a
//! limit wants more than is left, what is left is *kept* for it: less urgent nodes don't take any, or a large
//! wish would wait until all small ones are done. Whoever has some gives them back when it is complete, so
//! some node always goes on. Where all want one permit, nothing is ever kept: whoever lacks one finds none
//! left.

/// How many permits a node wants of which limit, by its number; each limit once, and at least one of it.
pub(crate) type Wish = (u32, usize);

/// The permits of all limits.
#[derive(Clone, Debug)]
pub(crate) struct OwnPermits {
    limits: Box<[Left]>,
    /// Some node wants several of one limit.
    weighted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    count: usize,
    left: usize,
    /// The rank of the node that what is left is kept for, or [`NOBODY`].
    kept_for: u32,
}

const NOBODY: u32 = u32::MAX;

impl OwnPermits {
    /// Of limits of so many, for nodes with these wishes, none of which wants more than there are.
    pub(crate) fn new<'w>(counts: &[usize], wishes: impl IntoIterator<Item = &'w [Wish]>) -> Self {
        let limits = counts.iter().map(|&count| Left { count, left: count, kept_for: NOBODY });
        let weighted = wishes.into_iter().flatten().any(|&(_, permits)| permits > 1);
        Self { limits: limits.collect(), weighted }
    }

    /// How many a limit has.
    pub(crate) fn count(&self, limit: u32) -> usize {
        self.limits[limit as usize].count
    }

    /// None is taken.
    pub(crate) fn reset(&mut self) {
        self.limits
            .iter_mut()
            .for_each(|limit| *limit = Left { left: limit.count, kept_for: NOBODY, ..*limit });
    }

    /// Whether a node of this rank may take what it wishes.
    pub(crate) fn permit(&self, wishes: &[Wish], rank: u32) -> bool {
        wishes.iter().all(|&(limit, permits)| {
            let Left { left, kept_for, .. } = self.limits[limit as usize];
            left >= permits && rank <= kept_for
        })
    }

    /// They are taken. There are enough.
    pub(crate) fn take(&mut self, wishes: &[Wish]) {
        wishes.iter().for_each(|&(limit, permits)| self.limits[limit as usize].left -= permits);
    }

    /// They are back.
    pub(crate) fn give_back(&mut self, wishes: &[Wish]) {
        wishes.iter().for_each(|&(limit, permits)| self.limits[limit as usize].left += permits);
    }

    /// Whether permits are ever kept for anybody.
    #[inline]
    pub(crate) fn are_kept(&self) -> bool {
        self.weighted
    }

    /// Finds out for whom to keep what is left: `ready` gives the wishes and the rank of the first ready node
    /// of each kind.
    pub(crate) fn keep<'w>(&mut self, ready: impl IntoIterator<Item = (&'w [Wish], u32)>) {
        self.limits.iter_mut().for_each(|limit| limit.kept_for = NOBODY);
        for (wishes, rank) in ready {
            for &(limit, permits) in wishes {
                let limit = &mut self.limits[limit as usize];
                if limit.left < permits {
                    limit.kept_for = limit.kept_for.min(rank);
                }
            }
        }
    }
}
