//! The `workflow` example as a user meets it: what it prints, and its exit code.

use super::root;
use crate::support::programs::build_examples;
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The compiled example.
pub(super) fn example() -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        build_examples("dgraph-examples", &["workflow"]).join(format!("workflow{}", env::consts::EXE_SUFFIX))
    })
}

/// Runs the example with `input` on its standard input.
pub(super) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(example())
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    // It may end without having read.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("the example ends")
}

/// The value in the row of the report that has this name.
fn value<'a>(report: &'a str, name: &str) -> &'a str {
    let row = report.lines().find_map(|line| line.strip_prefix(name));
    row.unwrap_or_else(|| panic!("no {name} in\n{report}")).trim()
}

pub(super) fn report(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "", "no progress bar without a terminal");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn own_lock_file_by_default() {
    let report = report(run(&["--seconds", "0.02"], b""));
    assert!(value(&report, "workflow").ends_with("Cargo.lock"), "{report}");
    assert!(value(&report, "checked").starts_with("same values"), "{report}");
}

#[test]
fn figures_of_a_small_workflow() {
    let input = b"0\t1000\t\n1\t3000\t0\n2\t500\t0\n3\t0\t1,2\n";
    let report = report(run(&["-", "--seconds", "0.02", "--threads", "2"], input));
    let values =
        ["workflow", "nodes", "edges", "levels", "total work", "workers"].map(|name| value(&report, name));
    assert_eq!(values, ["<stdin>", "4", "4", "3", "4,500 units", "2"]);
    assert!(value(&report, "critical path").starts_with("4,000 units = "), "{report}");
}

#[test]
fn no_work_at_all() {
    let report = report(run(&["-", "--seconds", "0.02"], b"0\t0\t\n1\t0\t0\n"));
    assert_eq!(value(&report, "makespan / lower bound"), "- (no work)");
}

#[test]
fn dot_file() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workflow.dot");
    report(run(&["-", "--seconds", "0", "--dot", path.to_str().expect("UTF-8")], b"0\t1\t\n1\t1\t0\n"));
    let dot = std::fs::read_to_string(&path).expect("written");
    assert_eq!(dot, "digraph {\n  0 [label=\"0\"];\n  1 [label=\"1\"];\n  0 -> 1;\n}\n");
}

/// Two threads suffice for a diamond; what takes longest is worth the trouble.
#[test]
fn what_if() {
    let input = b"0\t10\t\n1\t50\t0\n2\t30\t0\n3\t10\t1,2\n";
    let report = report(run(&["-", "--seconds", "0.01", "--threads", "2", "--what-if"], input));
    assert!(report.contains("parallelism 1.43"), "{report}");
    let rows = report.lines().filter(|line| line.trim_start().starts_with("1024 "));
    assert!(rows.count() == 1 && report.contains("twice as fast, "), "{report}");
}

/// What ran, in three formats.
#[test]
fn trace_report_and_picture() {
    let path = |name: &str| Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let files = ["workflow.json", "workflow.html", "workflow.svg"].map(path);
    let [trace, page, picture] = files.each_ref().map(|path| path.to_str().expect("UTF-8"));
    let arguments = ["-", "--seconds", "0.01", "--trace", trace, "--report", page, "--svg", picture];
    let report = report(run(&arguments, b"0\t1\t\n1\t1\t0\n2\t1\t0\n"));
    assert!(value(&report, "checked").starts_with("same values"), "{report}");
    let [trace, page, picture] = files.map(|path| std::fs::read_to_string(path).expect("written"));
    let trace: serde_json::Value = serde_json::from_str(&trace).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("a list");
    assert_eq!(events.iter().filter(|event| event["ph"] == "X").count(), 3, "one execution");
    assert!(page.contains("<title>dgraph report</title>") && picture.ends_with("</svg>\n"));
}

#[test]
fn what_is_read_is_not_overwritten() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("read.tsv");
    std::fs::write(&path, "0\t1\t\n").expect("a file");
    let path = path.to_str().expect("UTF-8");
    for option in ["--trace", "--report", "--svg", "--dot"] {
        let output = run(&[path, "--seconds", "0", option, path], b"");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("not written"), "{option}");
    }
    assert_eq!(std::fs::read_to_string(path).expect("there"), "0\t1\t\n");
}

#[test]
fn bad_input_is_one_line_and_a_failure() {
    let cases: [(&[u8], &str); 7] = [
        (b"0\t1\n", "<stdin>:1: malformed: "),
        (b"0\t1\t7\n", "<stdin>:1: unknown predecessor 7 of node 0: "),
        (b"0\t1\t\n0\t1\t\n", "<stdin>:2: node id 0 was declared before, on line 1"),
        (b"0\t1\t0\n", "<stdin>:1: dependency cycle: 0 -> 0"),
        (b"", "<stdin>:1: empty: "),
        (b"0\t1\t\n\xff", "<stdin>:2: not UTF-8"),
        (b"[[package]]\nname = 1\n", "<stdin>:2: not a Cargo.lock: "),
    ];
    for (input, expected) in cases {
        let output = run(&["-"], input);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), [].as_slice()));
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(errors.starts_with(&format!("error: {expected}")), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn bad_options_are_refused() {
    for arguments in [["--seconds", "-1"], ["--seconds", "NaN"], ["--threads", "0"]] {
        assert_eq!(run(&arguments, b"").status.code(), Some(2), "{arguments:?}");
    }
    let missing = run(&["no/such/file.tsv"], b"");
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&missing.stderr).starts_with("error: no/such/file.tsv: cannot be read: ")
    );
}

/// The second call begins with what the first one has measured; a file that isn't one is refused, and left
/// alone.
#[test]
fn durations_from_one_call_to_the_next() {
    let file = env::temp_dir().join(format!("dgraph-durations-{}.tsv", std::process::id()));
    let path = file.to_str().expect("UTF-8");
    let input = b"0\t1000\t\n1\t3000\t0\n2\t500\t0\n";
    let call = || run(&["-", "--seconds", "0.02", "--threads", "2", "--durations", path], input);
    let _ = std::fs::remove_file(&file);
    assert_eq!(value(&report(call()), "order"), "newest first");
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| Some(line.split_once('\t')?.1.to_owned())).collect()
    };
    assert_eq!(names(&std::fs::read_to_string(&file).expect("written")), ["0", "1", "2"]);
    assert_eq!(value(&report(call()), "order"), "critical path first");
    std::fs::write(&file, "1\t0\n2\n").expect("writable");
    let refused = call();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).ends_with("line 2 has no tab\n"));
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "1\t0\n2\n");
    std::fs::remove_file(&file).expect("there");
}
