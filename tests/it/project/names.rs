//! The files that documentation names are there: those in code font in the READMEs and in the comments of the two
//! crates, and in ARCHITECTURE.md and tests/README.md.

use std::fs;
use std::path::{Path, PathBuf};

/// The names of files in code font, with the lines that they are in. A name has an ending that says so, and isn't a
/// pattern.
fn named(text: &str, is_rust: bool) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        if is_rust && !line.starts_with("//") {
            continue;
        }
        // Every second piece is between two of them.
        for code in line.split('`').skip(1).step_by(2) {
            let ends = ["rs", "md", "js", "toml"].iter().any(|ending| {
                code.strip_suffix(ending).is_some_and(|name| name.ends_with('.') && name.len() > 1)
            });
            if ends && !code.contains([' ', '*', '{', '<', '(']) {
                found.push((number, code));
            }
        }
    }
    found
}

/// Whether a file is there that `file` may call so: from its own folder, or by the last parts of its path.
fn exists(root: &Path, all: &[PathBuf], file: &Path, name: &str) -> bool {
    if name.starts_with("..") {
        return file.parent().is_some_and(|folder| root.join(folder).join(name).exists());
    }
    all.iter().any(|path| path.ends_with(name.trim_start_matches("./")))
}

/// All files below `folder`, which is `root` or in it, by their paths from there; but for what builds leave.
fn files(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("its name").path();
        let hidden = path.file_name().is_some_and(|name| name == "target" || name == ".git");
        if hidden {
            continue;
        }
        if path.is_dir() {
            files(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).expect("it was found there").to_owned());
        }
    }
}

#[test]
fn each_file_that_is_named_exists() {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    files(root, root, &mut all);
    let mut looked_at = 0;
    let mut missing = Vec::new();
    for file in &all {
        let is_rust = file.extension().is_some_and(|ending| ending == "rs");
        let sources = file.starts_with("core/src") || file.starts_with("std-exec/src");
        let others = file == Path::new("ARCHITECTURE.md") || file == Path::new("tests/README.md");
        if !(others || sources && (is_rust || file.ends_with("README.md"))) {
            continue;
        }
        let text = fs::read_to_string(root.join(file)).expect("a readable file");
        for (line, name) in named(&text, is_rust) {
            looked_at += 1;
            if !exists(root, &all, file, name) {
                missing.push(format!("{}:{line}: {name}", file.display()));
            }
        }
    }
    assert!(looked_at > 300, "hardly any name was found: {looked_at}");
    assert!(missing.is_empty(), "named, but not there:\n{}", missing.join("\n"));
}

/// What is found in a text that has one of each.
#[test]
fn what_is_named_is_found() {
    let text = "//! See `run/rows.rs`, `typed_*.rs` and `Vec`.\nlet name = \"`no.rs`\";\n/// `../README.md`";
    assert_eq!(named(text, true), [(1, "run/rows.rs"), (3, "../README.md")]);
    let all = [PathBuf::from("std-exec/src/typed/run/rows.rs")];
    let exists = |name| exists(Path::new("."), &all, Path::new("std-exec/src/lib.rs"), name);
    assert!(exists("run/rows.rs") && exists("rows.rs"));
    assert!(!exists("ows.rs") && !exists("data/rows.rs"));
}
