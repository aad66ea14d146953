//! Rayon: a scope knows no dependencies, so whoever comes last starts what depends on both.

use super::{clean, dark, mean, peaks, raw};
use rayon::Scope;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
struct Job {
    raw: OnceLock<Vec<u32>>,
    dark: OnceLock<u32>,
    mean: OnceLock<u32>,
    clean: OnceLock<Vec<u32>>,
    peaks: OnceLock<usize>,
    clean_has: AtomicUsize,
    peaks_has: AtomicUsize,
}

impl Job {
    fn clean<'s>(&'s self, scope: &Scope<'s>) {
        if self.clean_has.fetch_add(1, Ordering::AcqRel) == 1 {
            scope.spawn(|scope| {
                let _ = self.clean.set(clean(self.raw.get().unwrap(), self.dark.get().unwrap()));
                self.peaks(scope);
            });
        }
    }

    fn peaks<'s>(&'s self, scope: &Scope<'s>) {
        if self.peaks_has.fetch_add(1, Ordering::AcqRel) == 1 {
            scope.spawn(|_| {
                let _ = self.peaks.set(peaks(self.clean.get().unwrap(), self.mean.get().unwrap()));
            });
        }
    }
}

pub(super) fn count() -> usize {
    let job = Job::default();
    rayon::scope(|scope| {
        scope.spawn(|scope| {
            let _ = job.raw.set(raw());
            job.clean(scope);
            let _ = job.mean.set(mean(job.raw.get().unwrap()));
            job.peaks(scope);
        });
        scope.spawn(|scope| {
            let _ = job.dark.set(dark());
            job.clean(scope);
        });
    });
    job.peaks.into_inner().unwrap()
}
