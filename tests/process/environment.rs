//! What the environment says about executors.

use dgraph_exec::Executor;
use std::env;

const NUMBER: &str = "DGRAPH_NUM_THREADS";

fn set(value: &str) {
    // SAFETY: the process has one thread: earlier executors are gone, with all their threads.
    unsafe { env::set_var(NUMBER, value) };
}

fn threads() -> usize {
    let threads = Executor::new().expect("no special demands").threads();
    let by_default = Executor::builder().build().expect("no special demands").threads();
    assert_eq!(threads, by_default);
    threads
}

/// A number is taken, unless the builder is told another; everything else is ignored.
pub(crate) fn number_of_threads() -> String {
    // SAFETY: as above.
    unsafe { env::remove_var(NUMBER) };
    let cores = threads();
    for (value, expected) in [("3", 3), (" 5\n", 5), ("1", 1)] {
        set(value);
        assert_eq!(threads(), expected, "{value:?}");
        let told = Executor::builder().threads(2).build().expect("no special demands");
        assert_eq!(told.threads(), 2, "{value:?}");
    }
    for value in ["", "0", "-1", "many", "2.0", "4097", "99999999999999999999999"] {
        set(value);
        assert_eq!(threads(), cores, "{value:?}");
    }
    set("3");
    assert_eq!(Executor::global().threads(), 3);
    format!("{cores} cores")
}
