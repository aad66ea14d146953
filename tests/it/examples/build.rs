//! The build tool.

use super::{printed, program};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs it with a file of this content.
fn with_file(name: &str, content: &str, arguments: &[&str]) -> Output {
    program("build").arg(file(name, content)).args(arguments).output().expect("it starts")
}

fn file(name: &str, content: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn what_fails_is_told_and_the_rest_is_made() {
    let output = program("build").output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let printed = text(output.stdout);
    assert!(printed.contains("[1/10] lexer\n") && printed.contains("[8/10] tests\n"), "{printed}");
    let failures = "\
pictures: exit status: 127: dot: not found
tests: exit status: 1: 1 of 40 tests failed
manual was skipped because of pictures
package was skipped because of pictures
2 nodes failed: pictures, tests
";
    assert!(printed.ends_with(failures), "{printed}");
}

#[test]
fn one_target_and_what_it_needs() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../std-exec/examples/build/demo.mk");
    let printed = printed("build", &[demo.to_str().expect("UTF-8"), "types", "--jobs", "1"]);
    assert_eq!(printed, "[1/3] lexer\n[2/3] parser\n[3/3] types\n");
}

/// As many as are allowed are under way at once: each waits for the other.
#[test]
fn jobs_at_once() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let meet = |me: &str, other: &str| {
        format!("{me}: ; cd '{folder}'; touch met-{me}; until [ -e met-{other} ]; do sleep 0.01; done\n")
    };
    for name in ["a", "b"] {
        let _ = fs::remove_file(Path::new(folder).join(format!("met-{name}")));
    }
    let content = meet("a", "b") + &meet("b", "a");
    let output = with_file("meet.mk", &content, &["--jobs", "2"]);
    assert!(output.status.success(), "{}", text(output.stdout));
}

#[test]
fn bad_files() {
    let refusal = |content: &str| {
        let output = with_file("bad.mk", content, &[]);
        assert_eq!(output.status.code(), Some(2));
        text(output.stderr)
    };
    assert_eq!(refusal("a: b ; true\nb: a ; true\n"), "error: dependency cycle: a -> b -> a\n");
    assert_eq!(refusal("a: b ; true\n"), "error: a needs b, which is no target\n");
    assert_eq!(refusal("a: ; true\n\na: ; false\n"), "error: there are two targets a\n");
    assert_eq!(refusal("# nothing\na\n"), "error: line 2: no colon\n");
}

/// Commands under way are killed, and what needs them isn't made.
#[cfg(unix)]
#[test]
fn ctrl_c() {
    let file = file("slow.mk", "slow: ; exec sleep 1000\nall: slow ; echo done\n");
    let mut tool = program("build").arg(file).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut printed =
        BufReader::new(tool.stdout.take().expect("piped")).lines().map(|line| line.expect("UTF-8"));
    assert_eq!(printed.next().as_deref(), Some("[1/2] slow"));
    let kill = Command::new("kill").args(["-INT", &tool.id().to_string()]).status();
    assert!(kill.expect("it can be started").success());
    let rest: Vec<_> = printed.collect();
    let summary = "cancelled, 1 node interrupted: slow; 1 node did not run: all";
    assert_eq!(rest, ["slow was interrupted", "all did not run", summary]);
    assert_eq!(tool.wait().expect("it ends").code(), Some(1));
}
