//! Graphviz, where it is installed.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

/// What Graphviz draws, which has nothing to complain about. `None`, and a line for whoever runs the tests,
/// if it isn't installed.
pub(crate) fn svg_of(dot: &str) -> Option<String> {
    let [input, output, errors] = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
    let command = Command::new("dot").arg("-Tsvg").stdin(input).stdout(output).stderr(errors).spawn();
    let Ok(mut command) = command else {
        // Not by `eprintln`, which shows nothing where a test passes.
        let test = thread::current().name().unwrap_or_default().to_owned();
        _ = writeln!(io::stderr(), "LEFT OUT: {test}, since Graphviz isn't installed");
        return None;
    };
    let mut input = command.stdin.take().expect("piped");
    let dot = dot.to_owned();
    let writer = thread::spawn(move || input.write_all(dot.as_bytes()));
    let output = command.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// The texts of all things of that class (`node`, `edge` or `cluster`) in a picture, a line for each.
pub(crate) fn texts(svg: &str, class: &str) -> Vec<Vec<String>> {
    let text = |line: &str| {
        Some(unescaped(line.strip_prefix("<text ")?.split_once('>')?.1.strip_suffix("</text>")?))
    };
    let of = |thing: &str| {
        let thing = thing.split("</g>").next().expect("the first");
        thing.lines().filter_map(text).collect()
    };
    svg.split(&format!("class=\"{class}\"")).skip(1).map(of).collect()
}

fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#45;", "-"),
        ("&#160;", "\u{a0}"),
        ("&#39;", "'"),
    ];
    let text = entities.iter().fold(text.to_owned(), |text, (entity, is)| text.replace(entity, is));
    text.replace("&amp;", "&")
}
