//! What was measured for one system, and what that says.

use crate::statistics::{median, percentile};
use crate::system::SystemId;

/// The times of all runs of one system with one body on one graph.
pub(super) struct Reading {
    pub(super) system: SystemId,
    pub(super) threads: usize,
    pub(super) rounds: Vec<Round>,
}

/// The times of a round, in nanoseconds a run.
pub(super) struct Round {
    /// The first runs of each new graph.
    pub(super) first: Vec<Vec<f64>>,
    /// Runs of the graph that is kept from round to round.
    pub(super) steady: Vec<f64>,
}

/// A run that takes so many times the median is a slow one.
pub(super) const SLOW: f64 = 1.3;
/// Below this number of steady runs, it says nothing how many of them are slow.
pub(super) const FEW: usize = 100;

impl Reading {
    pub(super) fn new(system: SystemId, threads: usize) -> Self {
        Self { system, threads, rounds: Vec::new() }
    }

    /// All steady runs.
    fn steady(&self) -> Vec<f64> {
        self.rounds.iter().flat_map(|round| round.steady.iter().copied()).collect()
    }

    /// The median of the steady runs.
    pub(super) fn median(&self) -> f64 {
        median(&self.steady())
    }

    /// How many steady runs there are.
    pub(super) fn runs(&self) -> usize {
        self.steady().len()
    }

    /// How many new graphs there were.
    pub(super) fn graphs(&self) -> usize {
        self.rounds.iter().map(|round| round.first.len()).sum()
    }

    /// The time of the first run of a new graph as a multiple of its steady time.
    pub(super) fn first_run(&self) -> f64 {
        self.first(1)
    }

    /// The mean time of the first runs of a new graph as a multiple of its steady time.
    pub(super) fn first_runs(&self) -> f64 {
        self.first(usize::MAX)
    }

    /// The mean time of at most `count` first runs over the median of the steady runs in the same round: the
    /// median over the new graphs.
    fn first(&self, count: usize) -> f64 {
        let ratios = self.rounds.iter().flat_map(|round| {
            let steady = median(&round.steady);
            round.first.iter().map(move |times| {
                let times = &times[..count.min(times.len())];
                times.iter().sum::<f64>() / times.len() as f64 / steady
            })
        });
        median(&ratios.collect::<Vec<_>>())
    }

    /// Its steady runs' times as a multiple of another one's: the median over the rounds, since the machine
    /// may be faster in one than in another.
    pub(super) fn ratio(&self, other: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        let ratios = pairs.map(|(own, other)| median(&own.steady) / median(&other.steady));
        median(&ratios.collect::<Vec<_>>())
    }

    /// The part of the steady runs that are slow.
    pub(super) fn slow(&self) -> f64 {
        let (steady, most) = (self.steady(), SLOW * self.median());
        steady.iter().filter(|&&time| time > most).count() as f64 / steady.len() as f64
    }

    /// Slow runs in a hundred steady ones; NaN if there are too few to tell.
    pub(super) fn slow_percent(&self) -> f64 {
        if self.runs() < FEW { f64::NAN } else { 100.0 * self.slow() }
    }

    /// The time that `percent` in 100 of the steady runs don't exceed.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        percentile(&self.steady(), percent)
    }
}

/// The reading of `system` that one on so many threads is compared with: on as many, if there is one.
pub(super) fn reference(readings: &[Reading], system: SystemId, threads: usize) -> Option<&Reading> {
    let candidates = readings.iter().filter(|other| other.system == system);
    candidates.max_by_key(|other| (other.threads == threads, other.threads))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(rounds: [(Vec<Vec<f64>>, Vec<f64>); 2]) -> Reading {
        let rounds = rounds.map(|(first, steady)| Round { first, steady });
        Reading { system: SystemId::Dgraph, threads: 2, rounds: rounds.into() }
    }

    #[test]
    fn each_round_is_compared_with_itself() {
        // The machine takes twice as long in the second round.
        let ours = reading([
            (vec![vec![4.0, 2.0]], vec![2.0, 2.0, 2.0]),
            (vec![vec![8.0, 4.0], vec![8.0, 4.0]], vec![4.0, 4.0]),
        ]);
        let theirs = reading([(Vec::new(), vec![1.0]), (Vec::new(), vec![2.0])]);
        assert_eq!((ours.first_run(), ours.first_runs(), ours.ratio(&theirs)), (2.0, 1.5, 2.0));
        assert_eq!((ours.graphs(), ours.runs(), ours.median()), (3, 5, 2.0));
    }

    #[test]
    fn slow_runs() {
        let reading = reading([(Vec::new(), vec![10.0, 10.0, 13.0]), (Vec::new(), vec![10.0, 14.0])]);
        assert_eq!((reading.slow(), reading.percentile(99)), (0.2, 14.0));
        assert!(reading.slow_percent().is_nan(), "five runs are too few");
    }

    #[test]
    fn references_have_as_many_threads_if_possible() {
        let on = |threads| Reading::new(SystemId::CrossbeamKeepOne, threads);
        let readings = [on(2), on(1), on(4), Reading::new(SystemId::SerialTopo, 1)];
        let found = |threads| reference(&readings, SystemId::CrossbeamKeepOne, threads).map(|it| it.threads);
        assert_eq!([1, 2, 3].map(found), [Some(1), Some(2), Some(4)]);
        assert!(reference(&readings, SystemId::Dgraph, 1).is_none());
    }
}
