//! The crates that are compiled.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a crate has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A graph without nodes: what cargo and the compiler take at least.
    Empty,
    /// Closures in a vector. They read and write places of a slice.
    Boxed,
    /// Closures as nodes of a typed graph: fed, and returning what those in a vector write.
    Typed,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Empty, Self::Boxed, Self::Typed];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boxed => "boxed",
            Self::Typed => "typed",
        }
    }

    /// Writes its source with so many closures, different in each turn.
    pub(super) fn write(self, folder: &Path, nodes: usize, turn: u16) -> io::Result<()> {
        let source = match self {
            Self::Empty => typed(0),
            Self::Boxed => boxed(nodes),
            Self::Typed => typed(nodes),
        };
        fs::write(folder.join(self.name()).join("src/lib.rs"), format!("// Turn {turn}.\n{source}"))
    }
}

/// Writes a workspace with a crate of each kind. They depend on dgraph with its default features, in the
/// versions of the project's own lock file.
pub(super) fn write_workspace(folder: &Path) -> io::Result<()> {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let exec = fs::canonicalize(project.join("std-exec"))?;
    let members = Kind::ALL.map(|kind| format!("{:?}", kind.name())).join(", ");
    fs::create_dir_all(folder)?;
    fs::write(folder.join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"))?;
    fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    for kind in Kind::ALL {
        fs::create_dir_all(folder.join(kind.name()).join("src"))?;
        let manifest = format!(
            "[package]\nname = {:?}\nedition = \"2024\"\n\n[dependencies]\ndgraph-exec = {{ path = {exec:?} }}\n",
            kind.name()
        );
        fs::write(folder.join(kind.name()).join("Cargo.toml"), manifest)?;
        kind.write(folder, 0, 0)?;
    }
    Ok(())
}

fn typed(nodes: usize) -> String {
    let binding = if nodes == 0 { "graph" } else { "mut graph" };
    let mut source = format!(
        "use dgraph_exec::{{Graph, GraphBuilder}};\n\npub fn graph() -> Option<Graph<'static>> {{\n    \
         let {binding} = GraphBuilder::new();\n"
    );
    for node in 0..nodes {
        let inputs = inputs(node);
        let fed: String = inputs.iter().map(|input| format!("n{input}, ")).collect();
        let parameters: Vec<String> =
            (0..inputs.len()).map(|number| format!("{}: &u64", name(number))).collect();
        let value = value(node, (0..inputs.len()).map(|number| name(number).to_string()));
        let (fed, parameters) = (fed.trim_end(), parameters.join(", "));
        writeln!(source, "    let n{node} = graph.node(\"n{node}\", ({fed}), |{parameters}| {value});")
            .expect("a string takes all");
    }
    if let Some(last) = nodes.checked_sub(1) {
        writeln!(source, "    let _ = n{last};").expect("a string takes all");
    }
    source + "    graph.build().ok()\n}\n"
}

fn boxed(nodes: usize) -> String {
    let mut source = String::from(
        "pub type Closure = Box<dyn Fn(&mut [u64]) + Send + Sync>;\n\npub fn closures() -> Vec<Closure> {\n    \
         let mut closures: Vec<Closure> = Vec::new();\n",
    );
    for node in 0..nodes {
        let value = value(node, inputs(node).iter().map(|input| format!("values[{input}]")));
        writeln!(source, "    closures.push(Box::new(|values| values[{node}] = {value}));")
            .expect("a string takes all");
    }
    source + "    closures\n}\n"
}

/// One to three nodes before it, if there are as many: each node but the last is used.
fn inputs(node: usize) -> Vec<usize> {
    [1, 2, 5].into_iter().take(1 + node % 3).filter_map(|back| node.checked_sub(back)).collect()
}

fn name(parameter: usize) -> char {
    ['a', 'b', 'c'][parameter]
}

/// An expression that no other node has.
fn value(node: usize, inputs: impl Iterator<Item = String>) -> String {
    let factor = 2 * node + 1;
    inputs.fold(format!("{node}_u64"), |value, input| {
        format!("{input}.wrapping_mul({factor}) ^ ({value}).rotate_left(7)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_compute_the_same() {
        let contains = |source: &str, line: &str| assert!(source.contains(line), "no {line:?} in\n{source}");
        contains(
            &typed(8),
            "    let n7 = graph.node(\"n7\", (n6, n5,), |a: &u64, b: &u64| \
             b.wrapping_mul(15) ^ (a.wrapping_mul(15) ^ (7_u64).rotate_left(7)).rotate_left(7));\n",
        );
        contains(
            &boxed(8),
            "    closures.push(Box::new(|values| values[7] = \
             values[5].wrapping_mul(15) ^ (values[6].wrapping_mul(15) ^ (7_u64).rotate_left(7)).rotate_left(7)));\n",
        );
    }
}
