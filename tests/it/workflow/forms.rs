//! Files as other programs leave them: with a byte order mark, of the first version of lock files. And a file
//! that is written may not be the one that is read.

use super::command::{report, run};
use super::load;
use std::fs;
use std::path::Path;
use std::process::Command;

const MARK: &[u8] = b"\xef\xbb\xbf";

fn marked(text: &str) -> Vec<u8> {
    [MARK, text.as_bytes()].concat()
}

#[test]
fn a_byte_order_mark() {
    let tsv = "0\t1\t\n1\t1\t0\n";
    let lock = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
    for (file, text, nodes) in [
        ("jobs.tsv", tsv, 2),
        ("jobs", tsv, 2),
        ("Cargo.lock", lock, 1),
        ("lock", lock, 1),
        ("jobs", "# c\n0\t1\t", 1),
    ] {
        let (workflow, _) = load(file, &marked(text)).expect(file);
        assert_eq!(workflow, load(file, text.as_bytes()).expect(file).0, "{file}");
        assert_eq!(workflow.nodes(), nodes);
    }
    let refusal = |bytes: &[u8]| load("jobs.tsv", bytes).expect_err("a bad file").to_string();
    assert_eq!(refusal(MARK), "jobs.tsv:1: empty: there is no node in it");
    assert_eq!(refusal(&marked("0\t1\t\n\u{feff}1\t1\t0")), refusal("0\t1\t\n\u{feff}1\t1\t0".as_bytes()));
    assert_eq!(refusal(&[&marked("0\t1\t\n")[..], b"\xff"].concat()), "jobs.tsv:2: not UTF-8");
}

#[test]
fn the_root_of_a_lock_file_of_version_1() {
    let text = r#"
[root]
name = "app"
version = "0.1.0"
dependencies = [
 "log 0.4.1 (registry+https://github.com/rust-lang/crates.io-index)",
]

[[package]]
name = "log"
version = "0.4.1"
source = "registry+https://github.com/rust-lang/crates.io-index"

[metadata]
"checksum log 0.4.1 (registry+https://github.com/rust-lang/crates.io-index)" = "89f010e8"
"#;
    let (workflow, _) = load("Cargo.lock", text.as_bytes()).expect("a good file");
    assert_eq!((workflow.names, workflow.edges), (vec!["app".into(), "log".into()], vec![(1, 0)]));
    let alone = "[root]\nname = \"app\"\nversion = \"0.1.0\"\n";
    assert_eq!(load("Cargo.lock", alone.as_bytes()).expect("a good file").0.names, ["app"]);
    let twice = format!("{alone}[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    let error = load("Cargo.lock", twice.as_bytes()).map(drop).expect_err("a bad file");
    assert_eq!(error.to_string(), "Cargo.lock:5: package \"app 0.1.0\" was declared before, on line 2");
}

/// By its own name, by a way round, by links; and from standard input.
#[test]
fn dot_onto_what_is_read() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dot-onto-input");
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("within")).expect("a folder");
    let text = "0\t1\t\n1\t1\t0\n";
    let file = folder.join("jobs.tsv");
    fs::write(&file, text).expect("written");
    let mut names = vec![file.clone(), folder.join("within/../jobs.tsv")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&file, folder.join("link")).expect("a link");
        fs::hard_link(&file, folder.join("hard")).expect("a link");
        names.extend([folder.join("link"), folder.join("hard")]);
    }
    let path = file.to_str().expect("UTF-8");
    for name in &names {
        let output = run(&[path, "--seconds", "0", "--dot", name.to_str().expect("UTF-8")], b"");
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("not written, since the workflow was read from there"), "{errors}");
        assert_eq!(fs::read_to_string(&file).expect("still there"), text);
    }
    #[cfg(unix)]
    {
        let mut command = Command::new(super::command::example());
        command
            .args(["-", "--seconds", "0", "--dot", path])
            .stdin(fs::File::open(&file).expect("it is there"));
        assert_eq!(command.output().expect("it starts").status.code(), Some(1));
        assert_eq!(fs::read_to_string(&file).expect("still there"), text);
    }
    let other = folder.join("other.dot");
    for _ in 0..2 {
        report(run(&[path, "--seconds", "0", "--dot", other.to_str().expect("UTF-8")], b""));
    }
    assert!(fs::read_to_string(other).expect("written").starts_with("digraph"));
}

#[test]
fn help_says_what_ids_are() {
    let help = String::from_utf8(run(&["--help"], b"").stdout).expect("UTF-8");
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("the ids of n lines are 0..n, in any order"), "{help}");
}
