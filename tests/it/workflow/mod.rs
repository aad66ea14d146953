//! Workflows from files: what is refused and in which words, and the lock file of this workspace.

mod command;
mod forms;
mod real;

use dgraph_core::{Dag, NodeId};
use dgraph_tests::error::{LoadError, Reason};
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::workflow::{Format, Workflow, parse};
use dgraph_tests::{input, oracle};
use std::path::{Path, PathBuf};

/// The message for a bad TSV file.
fn refusal(bytes: impl AsRef<[u8]>) -> String {
    load("jobs.tsv", bytes.as_ref()).expect_err("a bad file").to_string()
}

fn load(file: &str, bytes: &[u8]) -> Result<(Workflow, Dag), LoadError> {
    let workflow = parse(file, bytes)?;
    let dag = workflow.build(file)?;
    Ok((workflow, dag))
}

#[test]
fn lines_in_any_order_with_comments_and_windows_line_ends() {
    let text = "# made by hand\r\n2\t5\t0, 1,0\r\n\r\n  # more\r\n0 \t 0\t\r\n1\t7\t0 # the last\r\n";
    let (workflow, dag) = load("jobs.tsv", text.as_bytes()).expect("a good file");
    assert_eq!(workflow.names, ["0", "1", "2"]);
    assert_eq!(workflow.durations, [0, 7, 5]);
    assert_eq!(workflow.lines, [5, 6, 2]);
    assert_eq!(workflow.edges, [(0, 2), (1, 2), (0, 2), (0, 1)]);
    assert_eq!((dag.view().in_degree(NodeId::new(2)), workflow.total_work()), (3, 12));
}

#[test]
fn malformed_line() {
    let needed = "malformed: 3 tab-separated fields are needed (id, duration, predecessors), found";
    assert_eq!(refusal("0\t1\t\n1\t1"), format!("jobs.tsv:2: {needed} 2"));
    assert_eq!(refusal("# ok\n0 1 2\n"), format!("jobs.tsv:2: {needed} 1"));
    assert_eq!(refusal("0\t1\t\t\n"), format!("jobs.tsv:1: {needed} 4"));
}

#[test]
fn bad_number() {
    assert_eq!(refusal("0\t1\t\nx\t1\t\n"), r#"jobs.tsv:2: node id "x" is not a number in 0..=4294967295"#);
    assert_eq!(
        refusal("4294967296\t1\t\n"),
        r#"jobs.tsv:1: node id "4294967296" is not a number in 0..=4294967295"#
    );
    let durations = ["-1", "+1", "1.5", "", "18446744073709551616"];
    for text in durations {
        let expected = format!("jobs.tsv:1: duration {text:?} is not a number in 0..=18446744073709551615");
        assert_eq!(refusal(format!("0\t{text}\t\n")), expected);
    }
    assert_eq!(refusal("0\t1\t0,,0\n"), r#"jobs.tsv:1: predecessor "" is not a number in 0..=4294967295"#);
    let long = refusal(format!("{}\t1\t\n", "z\n".repeat(500).replace('\n', "\u{7}")));
    assert!(long.len() < 400 && long.contains(r"z\u{7}z"), "cut and escaped: {long}");
}

#[test]
fn unknown_predecessor() {
    let expected = "jobs.tsv:2: unknown predecessor 2 of node 1: the ids of 2 nodes are 0..2";
    assert_eq!(refusal("0\t1\t\n1\t1\t0,2\n"), expected);
}

#[test]
fn duplicate_id() {
    let expected = "jobs.tsv:4: node id 0 was declared before, on line 2";
    assert_eq!(refusal("# two\n0\t1\t\n1\t1\t\n0\t1\t\n"), expected);
}

#[test]
fn id_out_of_range() {
    let expected = "jobs.tsv:2: node id 4294967295 is out of range: the ids of 2 nodes are 0..2";
    assert_eq!(refusal("0\t1\t\n4294967295\t1\t\n"), expected);
}

#[test]
fn empty_file() {
    assert_eq!(refusal(""), "jobs.tsv:1: empty: there is no node in it");
    assert_eq!(refusal("# nothing\n\n# here\n"), "jobs.tsv:3: empty: there is no node in it");
    let lock = parse("Cargo.lock", b"version = 4\n").unwrap_err().to_string();
    assert_eq!(lock, "Cargo.lock:1: empty: there is no node in it");
}

#[test]
fn not_utf8() {
    assert_eq!(refusal(b"0\t1\t\n1\t1\t\xff\n"), "jobs.tsv:2: not UTF-8");
    assert_eq!(parse("Cargo.lock", b"\n\n\xc3").unwrap_err().to_string(), "Cargo.lock:3: not UTF-8");
}

#[test]
fn durations_overflow_only_together() {
    let max = u64::MAX;
    let expected = format!("jobs.tsv:2: the durations add up to more than {max}");
    assert_eq!(refusal(format!("0\t{max}\t\n1\t1\t\n2\t1\t\n")), expected);
    let (workflow, _) = load("jobs.tsv", format!("0\t{max}\t\n1\t0\t\n").as_bytes()).expect("it just fits");
    assert_eq!(workflow.total_work(), max);
}

#[test]
fn cycle_by_names() {
    let message = refusal("0\t1\t\n1\t1\t2\n2\t1\t0,1\n");
    assert!(
        ["jobs.tsv:2: dependency cycle: 1 -> 2 -> 1", "jobs.tsv:3: dependency cycle: 2 -> 1 -> 2"]
            .contains(&message.as_str()),
        "{message}"
    );
    assert_eq!(refusal("0\t1\t0\n"), "jobs.tsv:1: dependency cycle: 0 -> 0");
}

#[test]
fn long_cycle_keeps_start_and_end() {
    let path = |nodes: usize| (0..nodes).chain([0]).map(|node| format!("n{node}")).collect();
    let shown = |nodes| Reason::Cycle(path(nodes)).to_string();
    assert_eq!(shown(20), "dependency cycle: n0 -> n1 -> n2 -> … (15 more) … -> n18 -> n19 -> n0");
    assert_eq!(shown(6).matches(" -> ").count(), 6, "short enough to be shown in full");
    let long = Reason::Cycle(vec!["x".repeat(1_000_000); 1000]).to_string();
    assert!(long.len() < 500, "{long}");
    assert!(Reason::NotALockFile("x".repeat(1_000_000)).to_string().len() < 300);
}

#[test]
fn any_bytes_are_answered() {
    let mut random = SplitMix64::new(5);
    let tsv = b"# jobs\n0\t10\t\n1\t20\t0\n2\t0\t0,1,1\n3\t7\t2\n".to_vec();
    let lock = lock_file(&[
        ("a", "1.0.0", None, &["b 2.0.0 (r)", "c"]),
        ("b", "2.0.0", Some("r"), &[]),
        ("c", "1.0.0", None, &[]),
    ]);
    let alphabet = b"0123456789\t\n\r,#[]=\"ab \xff\0";
    let (mut good, mut bad) = (0, 0);
    for (file, original) in [("jobs.tsv", tsv), ("Cargo.lock", lock.into_bytes())] {
        for _ in 0..5_000 {
            let mut bytes = original.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(u32::try_from(bytes.len()).expect("short")) as usize;
                let byte = alphabet[random.below(u32::try_from(alphabet.len()).expect("short")) as usize];
                match random.below(3) {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            match load(file, &bytes) {
                Ok(_) => good += 1,
                Err(error) => {
                    bad += 1;
                    assert_eq!(error.to_string().lines().count(), 1, "{error}");
                    assert!(error.line.is_some(), "{error}");
                }
            }
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} good, {bad} bad");
}

#[test]
fn unreadable_file() {
    let error = input::load(Path::new("no/such/file.tsv")).unwrap_err();
    assert!(error.to_string().starts_with("no/such/file.tsv: cannot be read: "), "{error}");
}

#[test]
fn format_by_name_then_by_content() {
    let lock = b"# generated\n\nversion = 4\n".as_slice();
    let tsv = b"# a = b\n0\t1\t\n".as_slice();
    assert_eq!(Format::detect("<stdin>", lock), Format::CargoLock);
    assert_eq!(Format::detect("<stdin>", b"[[package]]"), Format::CargoLock);
    assert_eq!(Format::detect("<stdin>", tsv), Format::Tsv);
    assert_eq!(Format::detect("<stdin>", b""), Format::Tsv);
    assert_eq!(Format::detect("dir/jobs.tsv", lock), Format::Tsv);
    assert_eq!(Format::detect("dir/Cargo.lock", tsv), Format::CargoLock);
}

/// A package of a lock file: name, version, source, dependencies.
type Package<'a> = (&'a str, &'a str, Option<&'a str>, &'a [&'a str]);

/// A lock file with these packages. Each takes six lines.
fn lock_file(packages: &[Package<'_>]) -> String {
    let mut text = String::new();
    for (name, version, source, dependencies) in packages {
        let source = source.map_or_else(String::new, |source| format!("source = {source:?}"));
        text += &format!(
            "[[package]]\nname = {name:?}\nversion = {version:?}\n{source}\ndependencies = {dependencies:?}\n\n"
        );
    }
    text
}

#[test]
fn lock_file_dependencies_in_every_form() {
    const GIT: &str = "git+https://example.org/a?branch=main";
    let text = lock_file(&[
        (
            "app",
            "0.1.0",
            None,
            &["a 1.0.0", "a 2.0.0 (registry+r)", &format!("a 2.0.0 ({GIT})"), "b", "c 1.0.0"],
        ),
        ("a", "1.0.0", Some("registry+r"), &[]),
        ("a", "2.0.0", Some("registry+r"), &["b"]),
        ("a", "2.0.0", Some(&format!("{GIT}#0123abc")), &[]),
        ("b", "1.0.0", Some("registry+r"), &[]),
        ("c", "1.0.0", None, &[]),
        ("c", "1.0.0", Some("registry+r"), &[]),
    ]);
    let (workflow, _) = load("Cargo.lock", text.as_bytes()).expect("a good file");
    assert_eq!(workflow.edges, [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (4, 2)]);
    let names = [
        "app",
        "a 1.0.0",
        "a 2.0.0 (registry+r)",
        "a 2.0.0 (git+https://example.org/a?branch=main#0123abc)",
        "b",
        "c 1.0.0",
        "c 1.0.0 (registry+r)",
    ];
    assert_eq!(workflow.names, names);
    assert_eq!((workflow.durations, workflow.lines), (vec![1; 7], vec![2, 8, 14, 20, 26, 32, 38]));
}

#[test]
fn bad_lock_files() {
    let refusal = |text: &str| load("Cargo.lock", text.as_bytes()).expect_err("a bad file").to_string();
    fn app<'a>(dependencies: &'a [&'a str]) -> Package<'a> {
        ("app", "0.1.0", None, dependencies)
    }
    assert_eq!(
        refusal(&lock_file(&[("log", "0.4.0", None, &[]), app(&["log 1.0.0"])])),
        r#"Cargo.lock:11: package "app 0.1.0" depends on "log 1.0.0", which is not in the file"#
    );
    let [one, two] = ["1.0.0", "2.0.0"].map(|version| ("log", version, Some("registry+r"), [].as_slice()));
    assert_eq!(
        refusal(&lock_file(&[one, two, app(&["log"])])),
        r#"Cargo.lock:17: package "app 0.1.0" depends on "log", which could be any of 2 packages"#
    );
    assert_eq!(
        refusal(&lock_file(&[one, app(&[]), one])),
        r#"Cargo.lock:14: package "log 1.0.0" was declared before, on line 2"#
    );
    assert_eq!(
        refusal(&lock_file(&[("a", "1.0.0", None, &["a"])])),
        "Cargo.lock:2: dependency cycle: a -> a"
    );
    assert!(refusal("version = 4\n[[package]\n").starts_with("Cargo.lock:2: not a Cargo.lock: "));
    let nameless = refusal("version = 4\n\n[[package]]\nversion = \"1.0.0\"\n");
    assert_eq!(nameless, "Cargo.lock:3: not a Cargo.lock: missing field `name`");
}

#[test]
fn own_lock_file() {
    let path = root().join("Cargo.lock");
    let loaded = input::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let node = |name: &str| {
        let at = loaded.workflow.names.iter().position(|own| own == name);
        u32::try_from(at.unwrap_or_else(|| panic!("{name} is not in the file"))).expect("few packages")
    };
    assert!(loaded.workflow.edges.contains(&(node("dgraph-core"), node("dgraph-tests"))));
    let mut order = Vec::new();
    loaded.dag.run(|node| order.push(node.get()));
    assert_eq!(oracle::check_order(loaded.workflow.nodes(), &loaded.workflow.edges, &order), Ok(()));
}

/// The top folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}
