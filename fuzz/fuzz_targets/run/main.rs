//! Arbitrary graphs with failures, panics, cancels, branches, states, nested and repeated runs, futures,
//! demands of order and threads, and results that are moved or dropped early, run in arbitrary ways, some
//! of them at once: every runner agrees with a naive serial oracle on what it gave, who failed, who was
//! skipped and who was not chosen; where a cancel, a panic or a run that is dropped leaves that open, with
//! what the contract says in any case. Each node starts at most once a run, after all that it depends on
//! has ended, where it may and with no more others than it may, and each value is dropped exactly once.
#![no_main]

mod keyed;
mod oracle;
mod plan;
mod raw;
mod stamps;
mod typed;
mod wakes;

use dgraph_exec::Executor;
use libfuzzer_sys::fuzz_target;
use plan::{Layer, Plan};
use std::sync::LazyLock;
use std::time::Duration;

/// Kept over all inputs: what a run leaves behind in an executor meets the next one. The workers of the
/// larger ones don't spin: there are more of them than cores, and falling asleep is what they are here for.
static EXECUTORS: LazyLock<[Executor; 4]> = LazyLock::new(|| {
    [1, 2, 3, 5].map(|threads| {
        let builder = Executor::builder().threads(threads);
        let builder = if threads > 2 { builder.spin(Duration::ZERO) } else { builder };
        builder.build().expect("no special demands")
    })
});

/// What planned panics carry. They are resumed, not raised: libFuzzer's panic hook would end the process.
const PLANNED: &str = "planned";

fuzz_target!(|plan: Plan| match plan.layer {
    Layer::Typed => typed::check(plan),
    Layer::Instances => typed::instances::check(plan),
    Layer::Keyed => keyed::check(&plan),
    Layer::Raw => raw::check(&plan),
});

/// Whether `ended` is `Ok`, or an unwinding that was planned; any other is passed on.
fn is_ok<T>(ended: &std::thread::Result<T>) -> bool {
    ended.as_ref().map_or_else(
        |payload| {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&PLANNED), "an unplanned panic");
            false
        },
        |_| true,
    )
}

/// Runs its node for some microseconds, so that a run is shared.
fn work() {
    for _ in 0..100 {
        std::hint::spin_loop();
    }
}
