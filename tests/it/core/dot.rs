//! Graphs in DOT: Graphviz shows the labels as they are, whatever is in them.

use crate::support::graphviz::{svg_of, texts};
use dgraph_exec::Dag;
use proptest::prelude::*;

/// What a label is shown as: control characters but line breaks by pictures.
fn shown(label: &str) -> String {
    let picture = |c: char| match c {
        '\n' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).expect("a picture"),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c => c,
    };
    label.chars().map(picture).collect()
}

fn dot_of(labels: &[String]) -> String {
    let dag = Dag::from_edges(labels.len(), &[]).expect("a valid graph");
    dag.view().dot(|node| &labels[node.index()]).to_string()
}

/// Reads quoted strings as Graphviz does: pieces with `+` between them, backslashes, and then entities.
fn read(dot: &str) -> Vec<String> {
    let lines = dot.lines().filter_map(|line| line.split_once("[label=\"")?.1.strip_suffix("\"];"));
    let read = |text: &str| {
        assert!(text.split("\" + \"").all(|piece| piece.len() < 16_384), "too long a piece");
        let (mut label, mut chars) = (String::new(), text.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => label.push('\n'),
                    Some(c @ ('\\' | '"')) => label.push(c),
                    other => panic!("an escape that means something else: {other:?}"),
                },
                '"' => assert_eq!(chars.by_ref().take(4).collect::<String>(), " + \""),
                '&' => {
                    assert_eq!(chars.by_ref().take(4).collect::<String>(), "amp;");
                    label.push('&');
                }
                c => {
                    assert!(!c.is_control(), "{c:?}");
                    label.push(c);
                }
            }
        }
        label
    };
    lines.map(read).collect()
}

fn label() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "&lt;", "&amp;", "&#60;", "&", ";", "\\", "\\N", "\\G", "\"", "\" + \"", "\n", "\r", "\0", "\t",
        "<b>", "a", "\u{7f}", "\u{85}", "\u{ffff}", "漢", "]",
    ]);
    let part = prop_oneof![special.prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn labels_are_shown_as_they_are(labels in prop::collection::vec(label(), 1..8)) {
        let expected: Vec<_> = labels.iter().map(|label| shown(label)).collect();
        prop_assert_eq!(read(&dot_of(&labels)), expected);
    }
}

#[test]
fn a_long_label_is_in_pieces() {
    for letter in ["a", "&", "\\", "漢", "\"", "\n"] {
        let label = letter.repeat(20_000);
        assert_eq!(read(&dot_of(std::slice::from_ref(&label))), [label]);
    }
}

#[test]
fn each_edge_once() {
    let dag =
        Dag::from_edges(4, &[(0, 3), (0, 1), (0, 3), (0, 1), (0, 2), (2, 3), (2, 3)]).expect("a valid graph");
    let dot = dag.view().dot(|node| node).to_string();
    let edges: Vec<_> = dot.lines().filter(|line| line.contains("->")).map(str::trim).collect();
    assert_eq!(edges, ["0 -> 3;", "0 -> 1;", "0 -> 2;", "2 -> 3;"]);
}

/// Graphviz itself, where it is installed, shows labels as they are: each character up to U+02FF, alone and
/// after what it could be taken with.
#[test]
#[cfg_attr(miri, ignore = "another program")]
fn graphviz_shows_them() {
    let characters = (0..0x300).chain([0x2028, 0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff, 0x1_f980, 0x10_ffff]);
    let mut labels: Vec<String> =
        characters.filter_map(char::from_u32).map(|c| format!("<{c}>&{c};\\{c}\"{c}|")).collect();
    labels.extend(["&lt;", "&#60;", "\\N\\G\\l\\r", "-->", "", "a\\\nb"].map(str::to_owned));
    let Some(svg) = svg_of(&dot_of(&labels)) else { return };
    let nodes = texts(&svg, "node");
    assert_eq!(nodes.len(), labels.len());
    for (lines, label) in nodes.iter().zip(&labels) {
        assert_eq!(lines.join("\n"), shown(label), "{label:?}");
    }
}
