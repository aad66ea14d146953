//! Futures that one thread is to poll, in a row: those that were woken, and those that want another turn.
//!
//! They are linked through their slots, as the list of those woken is, so a run needs no memory for them. That is
//! possible since each is somebody's (see [`cell`](super::cell)): no waker of this run puts it onto the list.
//! One of an earlier run may be about to; such a future isn't put into the line, but waits for that.

use super::wakes::{EMPTY, Wakes};
use crate::sync::Ordering;

/// Futures that are one thread's, first come, first served.
#[derive(Debug, Default)]
pub(crate) struct Line {
    length: u32,
    /// If there are any.
    first: u32,
    last: u32,
}

impl Line {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length as usize
    }

    /// Puts a future at the end, which is the calling thread's; or has it wait, if the list of those woken
    /// gives it back in any case.
    #[inline]
    pub(crate) fn push(&mut self, wakes: &Wakes, future: u32) {
        if wakes.wait_if_listed(future) {
            return;
        }
        let new = Self { length: 1, first: future, last: future };
        self.append(wakes, new);
    }

    #[inline]
    fn append(&mut self, wakes: &Wakes, behind: Self) {
        if self.length == 0 {
            *self = behind;
        } else if behind.length > 0 {
            // Relaxed, here and below: until it is polled, a future that isn't listed is its thread's, with
            // its link.
            wakes.next(self.last).store(behind.first, Ordering::Relaxed);
            (self.last, self.length) = (behind.last, self.length + behind.length);
        }
    }

    /// Takes the first one.
    #[inline]
    pub(crate) fn pop(&mut self, wakes: &Wakes) -> Option<u32> {
        let first = self.first;
        self.length = self.length.checked_sub(1)?;
        self.first = wakes.next(first).load(Ordering::Relaxed);
        Some(first)
    }

    /// Puts the futures at the end that were woken and are this thread's now, first woken first. True if the
    /// run itself was woken.
    pub(crate) fn take_woken(&mut self, wakes: &Wakes) -> bool {
        let mut woken = Self { length: 0, first: EMPTY, last: EMPTY };
        // They come last woken first.
        let run = wakes.take(|future| {
            wakes.next(future).store(woken.first, Ordering::Relaxed);
            (woken.first, woken.length) = (future, woken.length + 1);
            if woken.length == 1 {
                woken.last = future;
            }
        });
        self.append(wakes, woken);
        run
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Line;
    use crate::wake::{Pending, Wakes};

    fn all(line: &mut Line, wakes: &Wakes) -> Vec<u32> {
        std::iter::from_fn(|| line.pop(wakes)).collect()
    }

    /// A waker that was about to push when the run ended comes in the next one, when the future is in turn.
    #[test]
    fn a_late_push_of_an_earlier_run() {
        let wakes = Wakes::new(3);
        let mut line = Line::default();
        assert_eq!(wakes.pend(0), Pending::Waits);
        wakes.wake_without_push(0);
        wakes.end(0);
        // Nobody has to look after it as long as it isn't on the list.
        line.push(&wakes, 1);
        line.push(&wakes, 0);
        line.push(&wakes, 2);
        assert!(!line.take_woken(&wakes));
        assert_eq!(line.pop(&wakes), Some(1));
        wakes.push(0);
        assert_eq!(line.pop(&wakes), Some(2));
        assert!(!line.take_woken(&wakes));
        assert_eq!(all(&mut line, &wakes), [0]);
        line.push(&wakes, 0);
        assert_eq!(all(&mut line, &wakes), [0], "it isn't listed any more");
    }

    /// It was pushed, but nobody has taken it off before the future wants another turn.
    #[test]
    fn on_the_list_since_an_earlier_run() {
        let wakes = Wakes::new(3);
        let mut line = Line::default();
        [0, 1].into_iter().for_each(|future| assert_eq!(wakes.pend(future), Pending::Waits));
        [0, 1].into_iter().for_each(|future| wakes.wake(future));
        [0, 1].into_iter().for_each(|future| wakes.end(future));
        [0, 2, 1].into_iter().for_each(|future| line.push(&wakes, future));
        assert_eq!(line.pop(&wakes), Some(2));
        assert!(!line.take_woken(&wakes));
        assert_eq!(all(&mut line, &wakes), [0, 1]);
    }

    #[test]
    fn first_come_first_served() {
        let wakes = Wakes::new(5);
        let mut line = Line::default();
        assert!(all(&mut line, &wakes).is_empty());
        (0..4).for_each(|future| assert_eq!(wakes.pend(future), Pending::Waits));
        line.push(&wakes, 4);
        [2, 0].into_iter().for_each(|future| wakes.wake(future));
        assert!(!line.take_woken(&wakes));
        assert!(!line.take_woken(&wakes));
        wakes.wake(3);
        wakes.wake(wakes.index_of_run());
        assert!(line.take_woken(&wakes));
        assert_eq!(line.len(), 4);
        assert_eq!(line.pop(&wakes), Some(4));
        line.push(&wakes, 4);
        assert_eq!(all(&mut line, &wakes), [2, 0, 3, 4]);
        wakes.detach();
    }
}
