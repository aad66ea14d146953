//! How a run may begin, and when a walk takes too long.

/// In ticks, some ten microseconds: no walk is broken into before.
pub(super) const LEAST_BUDGET: usize = 20_000;

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// With counters and queues.
    Share,
    /// On the calling thread alone.
    Alone { budget: Budget, timed: Timed },
    /// On all threads, through supersteps. They give up if that takes too long.
    InStep { budget: Budget },
    /// On the calling thread alone, for as long as it takes to see what that takes, which is a few
    /// microseconds; then on alone or, if that is expected to be faster, shared.
    Probe,
}

/// When a walk takes too long. The rest is shared then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// After so many ticks.
    Ticks(usize),
    /// As soon as it looks as if it will take more than so many. For walks that are likely to be slower than
    /// sharing: there is little to lose.
    Expected(usize),
}

/// Whether a walk is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    Yes,
    No,
}

impl Budget {
    pub(crate) const NONE: Self = Self::Ticks(usize::MAX);

    /// Whether a walk that has come to `position` of so many `nodes` in `elapsed` ticks takes too long.
    pub(crate) fn is_over(self, elapsed: usize, position: usize, nodes: usize) -> bool {
        match self {
            Self::Ticks(ticks) => elapsed > ticks,
            Self::Expected(ticks) => {
                elapsed > LEAST_BUDGET && elapsed as u128 * nodes as u128 > ticks as u128 * position as u128
            }
        }
    }
}

/// What the samples of a run say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    /// The ticks of all bodies together.
    pub(crate) work: usize,
    pub(crate) nodes: usize,
    pub(crate) threads: usize,
}
