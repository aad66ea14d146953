//! Files that say what to make, and how: a line for each target, as in a makefile.

use std::error::Error;

/// A line such as `binary: main.o library ; cc -o binary main.o`.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) needs: Vec<String>,
    pub(crate) command: String,
}

/// The targets of a file, in its order.
pub(crate) fn parse(text: &str) -> Result<Vec<Target>, Box<dyn Error>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let (name, rest) = line.split_once(':').ok_or_else(|| format!("line {}: no colon", at + 1))?;
            let (needs, command) = rest.split_once(';').unwrap_or((rest, ""));
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            Ok(Target { name: name.trim().to_owned(), needs, command: command.trim().to_owned() })
        })
        .collect()
}
