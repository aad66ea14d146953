//! How far an execution has come: a bar on a terminal, otherwise a line now and then.

use dgraph_exec::{Progress, ProgressReport};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a bar is drawn, and a line is written where there is no terminal.
const REDRAW: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(10);

/// Whether somebody sees a bar.
pub(crate) fn is_drawn() -> bool {
    io::stderr().is_terminal()
}

/// Calls `work`. Meanwhile shows how many of `nodes` have ended and, if there is a `report`, which one has
/// been running for longest, and when all will be over.
///
/// A thread of its own looks at the count, so that nodes never wait for the terminal.
pub(crate) fn watch<R>(
    name: &'static str,
    nodes: usize,
    ended: impl Fn() -> u64 + Sync,
    report: Option<&Progress>,
    work: impl FnOnce() -> R,
) -> R {
    let style = "{prefix:9}[{bar:30}] {human_pos} / {human_len} nodes, {elapsed} {wide_msg}";
    let style = ProgressStyle::with_template(style).ok().map(|style| style.progress_chars("=> "));
    let bar = is_drawn().then(|| ProgressBar::new(nodes as u64).with_prefix(name));
    let bar = bar.map(|bar| style.map_or(bar.clone(), |style| bar.with_style(style)));
    let describe = || report.map_or(String::new(), |report| describe(&report.now()));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut last = Instant::now();
            // Ordering: Relaxed, nothing but the flag itself is passed on.
            while !done.load(Ordering::Relaxed) {
                match &bar {
                    Some(bar) => {
                        bar.set_position(ended());
                        bar.set_message(describe());
                    }
                    None if last.elapsed() >= LINE => {
                        last = Instant::now();
                        eprintln!("{name}: {} of {nodes} nodes{}", ended(), describe());
                    }
                    None => {}
                }
                thread::park_timeout(REDRAW);
            }
            bar.iter().for_each(ProgressBar::finish_and_clear);
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}

/// What is under way, and when it will be over.
fn describe(now: &ProgressReport) -> String {
    let left = now.left.map_or(String::new(), |left| format!(", about {:.1} s left", left.as_secs_f64()));
    let longest = now.running.first().map_or(String::new(), |node| {
        let others = if now.running.len() > 1 {
            format!(" and {} more", now.running.len() - 1)
        } else {
            String::new()
        };
        format!(", {} for {:.1} s{others}", node.path, node.elapsed.as_secs_f64())
    });
    left + &longest
}
