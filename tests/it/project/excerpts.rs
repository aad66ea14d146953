//! What README shows of the examples is in them, line by line.

use std::fs;
use std::path::Path;

const LEFT_OUT: &str = "// …";

#[test]
fn excerpts_in_readme_are_those_of_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let excerpts = excerpts(&fs::read_to_string(root.join("README.md")).expect("a README"));
    assert_eq!(excerpts.len(), 5, "one for each of the five programs: {excerpts:?}");
    for (file, excerpt) in excerpts {
        let program = fs::read_to_string(root.join(&file)).expect("an example");
        if let Err(line) = is_in(&excerpt, &program) {
            panic!("README shows what isn't in {file}, or not there: {line}");
        }
    }
}

#[test]
fn what_is_not_there_is_named() {
    let program = "one\n  two(\n three\nfour";
    assert_eq!(is_in("two(\nthree", program), Ok(()));
    assert_eq!(is_in("one\n// …\nfour", program), Ok(()));
    assert_eq!(is_in("one\nthree", program), Err("one".to_owned()), "lines that don't follow each other");
    assert_eq!(is_in("four\n// …\none", program), Err("one".to_owned()), "the other way round");
    let readme = "## A\nFrom [a](a.rs) and [b](b.rs):\n\n```rust,ignore\nlet x;\n```\n```rust\nlet y;\n```\n";
    assert_eq!(excerpts(readme), [("b.rs".to_owned(), "let x;".to_owned())]);
}

/// Each block that isn't compiled, and the file that the last link before it leads to.
fn excerpts(readme: &str) -> Vec<(String, String)> {
    let mut parts = readme.split("```");
    let mut found = Vec::new();
    while let (Some(text), Some(block)) = (parts.next(), parts.next()) {
        if let Some(excerpt) = block.strip_prefix("rust,ignore\n") {
            let (_, link) = text.rsplit_once("](").expect("a link before an excerpt");
            let file = link.split(')').next().expect("the end of the link");
            found.push((file.to_owned(), excerpt.trim_end().to_owned()));
        }
    }
    found
}

/// Whether the pieces of the excerpt follow each other in the program, however they are indented there.
/// Otherwise the first line of the first piece that doesn't.
fn is_in(excerpt: &str, program: &str) -> Result<(), String> {
    let trimmed = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let mut rest = &trimmed(program)[..];
    for piece in trimmed(excerpt).split(|line| line == LEFT_OUT).filter(|piece| !piece.is_empty()) {
        let at =
            rest.windows(piece.len()).position(|lines| lines == piece).ok_or_else(|| piece[0].clone())?;
        rest = &rest[at + piece.len()..];
    }
    Ok(())
}
