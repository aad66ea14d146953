//! The files that documentation names are there: those in code font in the READMEs and in the comments of the
//! two crates, and in ARCHITECTURE.md and tests/README.md. So are the functions and variants that READMEs of
//! the executor's crate and ARCHITECTURE.md name as `Type::name`.

use std::fs;
use std::path::{Path, PathBuf};

/// The names of files in code font, with the lines that they are in. A name has an ending that says so, and
/// isn't a pattern.
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

/// What is named as `Type::name` in code font, with the lines that it is in. What follows the name doesn't
/// count.
fn items(text: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for code in line.split('`').skip(1).step_by(2) {
            let Some((of, name)) = code.split_once("::") else { continue };
            let name = &name[..name.find(|c| !is_in_name(c)).unwrap_or(name.len())];
            if of.starts_with(char::is_uppercase) && of.chars().all(is_in_name) && !name.is_empty() {
                found.push((number, of, name));
            }
        }
    }
    found
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether this source has a type or trait `of`, or implements something for it, and a `name` is declared in
/// that: a function, a constant, or what begins a line, as fields and variants do.
fn declares(source: &str, of: &str, name: &str) -> bool {
    if !source.contains(of) || !source.contains(name) {
        return false;
    }
    // How far the item is indented that the line is in.
    let mut inside = None;
    for line in source.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if inside == Some(indent) && text.starts_with('}') {
            inside = None;
        }
        let wanted = if inside.is_some() { name } else { of };
        if text.starts_with("//") || !text.contains(wanted) {
            continue;
        }
        let declared =
            text.trim_start_matches("pub").trim_start_matches("(crate)").trim_start_matches("(super)");
        let words: Vec<&str> = declared.trim_start().split(|c| !is_in_name(c)).collect();
        if inside.is_some() {
            let follows = |what: &str| words.windows(2).any(|pair| pair == [what, name]);
            if follows("fn") || follows("const") || words[0] == name {
                return true;
            }
        } else {
            let begins = ["struct", "enum", "trait", "impl", "unsafe"].contains(&words[0]);
            let ends = text.ends_with([';', '}']);
            inside = (begins && !ends && words.contains(&of)).then_some(indent);
        }
    }
    false
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

#[test]
fn each_function_that_is_named_exists() {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    files(root, root, &mut all);
    let read = |file: &PathBuf| fs::read_to_string(root.join(file)).expect("a readable file");
    let is_source = |file: &&PathBuf| {
        let is_rust = file.extension().is_some_and(|ending| ending == "rs");
        is_rust && (file.starts_with("core/src") || file.starts_with("std-exec/src"))
    };
    let sources: Vec<String> = all.iter().filter(is_source).map(read).collect();
    let (mut looked_at, mut missing) = (0, Vec::new());
    for file in &all {
        let readme = file.starts_with("std-exec/src") && file.ends_with("README.md");
        if !readme && file != Path::new("ARCHITECTURE.md") {
            continue;
        }
        for (line, of, name) in items(&read(file)) {
            looked_at += 1;
            if !sources.iter().any(|source| declares(source, of, name)) {
                missing.push(format!("{}:{line}: {of}::{name}", file.display()));
            }
        }
    }
    assert!(looked_at > 100, "hardly any name was found: {looked_at}");
    assert!(missing.is_empty(), "named, but not there:\n{}", missing.join("\n"));
}

#[test]
fn what_is_named_with_its_type_is_found() {
    let text =
        "`Walk::claim`, `Team::open(job)`, `Vec`, `dgraph_core::Dag`,\nno Walk::seize, but `Kind::Turn`.";
    assert_eq!(items(text), [(1, "Walk", "claim"), (1, "Team", "open"), (2, "Kind", "Turn")]);
    let source = "impl<'a> Walk<'a> {\n    pub(crate) fn claim<F>(&self) {}\n}\nenum Kind {\n    Turn,\n}";
    assert!(declares(source, "Walk", "claim") && declares(source, "Kind", "Turn"));
    assert!(!declares(source, "Walk", "claims") && !declares(source, "Walks", "claim"));
    assert!(!declares(source, "Walk", "Turn") && !declares(source, "Kind", "claim"));
    assert!(!declares("// impl Walk\nfn claim() {}", "Walk", "claim"));
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
