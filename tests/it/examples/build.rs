//! The build tool.

use super::{printed, program};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
#[cfg(unix)]
use std::process::Child;
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

/// The tool with this file, and the lines that it prints.
#[cfg(unix)]
fn begun(name: &str, content: &str) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut tool =
        program("build").arg(file(name, content)).stdout(Stdio::piped()).spawn().expect("it starts");
    let printed = BufReader::new(tool.stdout.take().expect("piped")).lines();
    (tool, printed.map(|line| line.expect("UTF-8")))
}

#[cfg(unix)]
fn press_ctrl_c(tool: &Child) {
    let kill = Command::new("kill").args(["-INT", &tool.id().to_string()]).status();
    assert!(kill.expect("it can be started").success());
}

#[cfg(unix)]
const DRAINS: &str = "no more is begun; Ctrl-C again kills what is under way";

/// Commands under way end, and what needs them isn't made.
#[cfg(unix)]
#[test]
fn ctrl_c() {
    let go = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let _ = fs::remove_file(&go);
    let wait = format!("until [ -e '{}' ]; do sleep 0.01; done", go.display());
    let (mut tool, mut printed) = begun("drains.mk", &format!("slow: ; {wait}\nall: slow ; echo done\n"));
    assert_eq!(printed.next().as_deref(), Some("[1/2] slow"));
    press_ctrl_c(&tool);
    assert_eq!(printed.next().as_deref(), Some(DRAINS));
    fs::write(go, "").expect("written");
    assert_eq!(printed.collect::<Vec<_>>(), ["all did not run", "cancelled, 1 node did not run: all"]);
    assert_eq!(tool.wait().expect("it ends").code(), Some(1));
}

/// Commands under way are killed.
#[cfg(unix)]
#[test]
fn ctrl_c_twice() {
    let (mut tool, mut printed) = begun("slow.mk", "slow: ; exec sleep 1000\nall: slow ; echo done\n");
    assert_eq!(printed.next().as_deref(), Some("[1/2] slow"));
    press_ctrl_c(&tool);
    assert_eq!(printed.next().as_deref(), Some(DRAINS));
    press_ctrl_c(&tool);
    assert_eq!(printed.collect::<Vec<_>>(), ["slow was interrupted", "all did not run", "killed"]);
    assert_eq!(tool.wait().expect("it ends").code(), Some(1));
}
