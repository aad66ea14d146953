//! The examples of dgraph-exec: what they print. They check their results by themselves.

mod build;

use crate::support::programs::build_examples;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The program of an example, all of which are compiled by the first test that needs one.
fn program(name: &str) -> Command {
    const NAMES: [&str; 6] = ["audio", "build", "fetch_and_crunch", "frame", "service", "solve"];
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    assert!(NAMES.contains(&name));
    Command::new(FOLDER.get_or_init(|| build_examples("dgraph-exec", &NAMES)).join(name))
}

/// What an example prints that succeeds.
fn printed(name: &str, arguments: &[&str]) -> String {
    let output = program(name).args(arguments).output().expect("the example starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn audio_allocates_nothing_while_it_plays() {
    let printed = printed("audio", &[]);
    assert!(printed.contains("\n0 allocations while it played\n"), "{printed}");
    assert!(printed.ends_with("3 patches replaced\n"), "{printed}");
}

#[test]
fn fetch_and_crunch_keeps_to_its_limit() {
    let printed = printed("fetch_and_crunch", &["--pages", "20", "--connections", "3", "--delay", "1"]);
    assert!(printed.starts_with("run 0: 20 pages, ") && printed.lines().count() == 3, "{printed}");
}

#[test]
fn frames_are_those_of_a_serial_run() {
    let printed = printed("frame", &[]);
    assert!(printed.starts_with("300 frames of 20000 bodies: "), "{printed}");
    assert!(printed.contains("\non one thread the same;"), "{printed}");
}

#[test]
fn service_tells_what_became_of_each_request() {
    let outcomes =
        r#"{"cancelled": 200, "failed": 200, "late": 200, "with offers": 1200, "without offers": 200}"#;
    assert_eq!(printed("service", &[]), format!("2000 requests, 1000 at once at the most: {outcomes}\n"));
}

#[test]
fn solution_is_the_same_on_one_thread() {
    let printed = printed("solve", &[]);
    assert!(printed.starts_with("20000 rows, 39972 edges, 191 levels\n24 rounds; "), "{printed}");
    assert!(printed.ends_with("on one thread the same, to the last bit\n"), "{printed}");
}
