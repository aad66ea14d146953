//! Cases that need a process of their own, because they fork it, restrict it or measure it: each is run in a
//! child, which begins with one thread. Prints a table. Arguments choose cases whose names contain one of
//! them.
//!
//! ```text
//! cargo test --test process
//! cargo test --release --test process -- cpu
//! ```

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers, and libc's types"
)]

#[cfg(target_os = "linux")]
#[path = "../allocations/counting.rs"]
#[allow(unsafe_code, reason = "that is how an allocator is declared")]
mod counting;
#[cfg(target_os = "linux")]
mod cpu;
#[cfg(target_os = "linux")]
mod environment;
#[cfg(target_os = "linux")]
mod fences;
#[cfg(target_os = "linux")]
mod fork;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
mod real_time;

use std::env;
use std::panic;
use std::process::{self, Command, ExitCode, Stdio};

/// What a case has counted, for people. A case fails by panicking.
type Case = fn() -> String;

/// Says to a child which case it is.
const VARIABLE: &str = "DGRAPH_PROCESS_CASE";

#[cfg(target_os = "linux")]
const CASES: &[(&str, Case)] = &[
    ("fork_of_an_idle_process", fork::idle),
    ("fork_while_others_run_graphs", fork::busy),
    ("fork_by_a_node_of_the_caller", fork::by_a_node_of_the_caller),
    ("fork_by_a_node_of_a_worker", fork::by_a_node_of_a_worker),
    ("fork_and_the_global_executor", fork::global),
    ("environment_number_of_threads", environment::number_of_threads),
    ("fences_forbidden_before", fences::forbidden_before),
    ("fences_forbidden_later", fences::forbidden_later),
    ("fences_done_without", fences::done_without),
    ("fences_too_late", fences::too_late),
    ("real_time_without_system_calls", real_time::without_system_calls),
    ("real_time_in_another_team", real_time::in_another_team),
    ("real_time_comes_too_late", real_time::comes_too_late),
    ("limits_one_core", limits::one_core),
    ("limits_pinned_maker", limits::pinned_maker),
    ("limits_cores_in_turn", limits::cores_in_turn),
    ("limits_threads", limits::threads),
    ("places_of_what_nodes_start", places::started),
    ("places_where_nobody_is_pinned", places::plain),
    ("places_of_executors_of_nodes", places::executors),
    ("places_global_of_the_main_thread", places::global_of_the_main_thread),
    ("places_global_of_a_worker", places::global_of_a_worker),
    ("places_global_of_a_thread_of_a_worker", places::global_of_a_thread_of_a_worker),
    ("places_global_of_a_confined_thread", places::global_of_a_confined_thread),
    ("places_global_of_a_confined_main_thread", places::global_of_a_confined_main_thread),
    ("places_global_of_a_confined_process", places::global_of_a_confined_process),
    ("places_unknown", places::unknown),
    ("cpu_of_an_idle_executor", cpu::idle),
    ("cpu_of_workers_that_never_sleep", cpu::spinning),
    ("cpu_during_a_chain", cpu::chain),
    ("cpu_while_a_future_waits", cpu::waiting),
];

/// Elsewhere there would be nothing to count with.
#[cfg(not(target_os = "linux"))]
const CASES: &[(&str, Case)] = &[];

fn main() -> ExitCode {
    if let Ok(name) = env::var(VARIABLE) {
        // Hundreds of forked children panic on purpose: without backtraces, which take longer than everything
        // else.
        let (hook, parent) = (panic::take_hook(), process::id());
        panic::set_hook(Box::new(
            move |panic| if process::id() == parent { hook(panic) } else { eprintln!("{panic}") },
        ));
        let (_, case) = CASES.iter().find(|(case, _)| *case == name).expect("the name of a case");
        println!("{}", case());
        return ExitCode::SUCCESS;
    }
    // Options are meant for libtest, which this isn't.
    let chosen: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let listing = env::args().any(|argument| argument == "--list");
    let cases = CASES.iter().map(|(name, _)| *name);
    let cases = cases.filter(|name| chosen.is_empty() || chosen.iter().any(|part| name.contains(part)));
    let failed = if listing { 0 } else { cases.filter(|name| !passes(name)).count() };
    ExitCode::from(u8::from(failed > 0))
}

/// Runs one case in a child and prints a line about it.
fn passes(name: &str) -> bool {
    let mut child = Command::new(env::current_exe().expect("the path of this program"));
    child.env(VARIABLE, name).stdin(Stdio::null());
    let output = child.output().expect("this program starts");
    let counts = String::from_utf8_lossy(&output.stdout);
    let verdict = if output.status.success() { "ok" } else { "FAILED" };
    println!("{name:<40} {verdict:<6} {}", counts.trim_end());
    if !output.status.success() {
        println!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}
