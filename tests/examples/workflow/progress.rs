//! A progress bar that doesn't disturb what it watches.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Calls `work`. Meanwhile, if standard error is a terminal, shows how many of `nodes` have ended.
///
/// A thread of its own looks at the count ten times a second, so that nodes never wait for the terminal.
pub(crate) fn watch<R>(
    name: &'static str,
    nodes: usize,
    ended: impl Fn() -> u64 + Sync,
    work: impl FnOnce() -> R,
) -> R {
    if !io::stderr().is_terminal() {
        return work();
    }
    let style =
        ProgressStyle::with_template("{prefix:9}[{bar:50}] {human_pos} / {human_len} nodes, {elapsed}");
    let bar = ProgressBar::new(nodes as u64).with_prefix(name);
    let bar = style.map_or(bar.clone(), |style| bar.with_style(style.progress_chars("=> ")));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            // Ordering: Relaxed, nothing but the flag itself is passed on.
            while !done.load(Ordering::Relaxed) {
                bar.set_position(ended());
                thread::park_timeout(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}
