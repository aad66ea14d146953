//! A set of workers that takes no memory of its own, as long as their numbers are below 128: a run without a
//! caller needs one whenever nobody can go on with it but certain workers.

/// A set of workers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Workers {
    /// One bit for each of the first.
    first: u128,
    /// Others, each perhaps several times.
    more: Vec<usize>,
}

impl Workers {
    pub(crate) const NONE: Self = Self { first: 0, more: Vec::new() };

    pub(crate) fn insert(&mut self, worker: usize) {
        match u32::try_from(worker).ok().and_then(|bit| 1_u128.checked_shl(bit)) {
            Some(bit) => self.first |= bit,
            None => self.more.push(worker),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first == 0 && self.more.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let first = (0..128).filter(|bit| self.first >> bit & 1 != 0);
        first.chain(self.more.iter().copied())
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Workers;

    #[test]
    fn few_and_many() {
        let mut set = Workers::NONE;
        assert!(set.is_empty());
        for worker in [127, 0, 128, 4_095, 64, 0] {
            set.insert(worker);
            assert!(!set.is_empty());
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 64, 127, 128, 4_095]);
        assert_eq!(std::mem::take(&mut set).more.len(), 2);
        assert_eq!(set, Workers::NONE);
    }
}
