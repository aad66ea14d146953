//! Workflows: graphs of named nodes with durations, as files describe them.

use crate::error::{LoadError, Reason};
use crate::{lockfile, tsv};
use dgraph_core::{Dag, DagError, NodeId};
use std::path::Path;

/// A dependency graph as a file describes it; not yet checked for cycles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    /// Each node's name: its id in a TSV file, its package in a lock file.
    pub names: Vec<String>,
    /// Each node's duration. Their sum fits a `u64`.
    pub durations: Vec<u64>,
    /// The line that declares each node, from 1 on.
    pub lines: Vec<usize>,
    /// The edges `(predecessor, node)`. A node's are together, in the order in which its line lists them.
    pub edges: Vec<(u32, u32)>,
}

impl Workflow {
    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.names.len()
    }

    /// The sum of the durations.
    #[must_use]
    pub fn total_work(&self) -> u64 {
        self.durations.iter().sum()
    }

    /// The duration of one node.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    #[must_use]
    pub fn duration(&self, node: NodeId) -> u64 {
        self.durations[node.index()]
    }

    /// Builds the graph. `file` is for the error message.
    ///
    /// # Errors
    ///
    /// [`Reason::Cycle`] by names, on the line of its first node; [`Reason::Unbuildable`] for what is too
    /// large.
    pub fn build(&self, file: &str) -> Result<Dag, LoadError> {
        Dag::from_edges(self.nodes(), &self.edges).map_err(|error| match error {
            DagError::Cycle(cycle) => {
                let line = cycle.nodes().first().map(|node| self.lines[node.index()]);
                let names = cycle.path().map(|node| self.names[node.index()].clone()).collect();
                LoadError::new(file, line, Reason::Cycle(names))
            }
            other => LoadError::new(file, None, Reason::Unbuildable(other.to_string())),
        })
    }
}

/// How a file describes a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tab-separated lines: see [`tsv`].
    Tsv,
    /// A `Cargo.lock`: see [`lockfile`].
    CargoLock,
}

impl Format {
    /// The format by the ending of the file's name, `.tsv` or `.lock`; if it has another, by the first line
    /// that is neither blank nor a comment: lock files have a TOML table or key there.
    #[must_use]
    pub fn detect(file: &str, bytes: &[u8]) -> Self {
        match Path::new(file).extension().and_then(|ending| ending.to_str()) {
            Some("tsv") => return Self::Tsv,
            Some("lock") => return Self::CargoLock,
            _ => {}
        }
        let mut lines = without_mark(bytes).split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.find(|line| !line.is_empty() && line[0] != b'#').unwrap_or_default();
        let toml = first.starts_with(b"[") || (first.contains(&b'=') && !first.contains(&b'\t'));
        if toml { Self::CargoLock } else { Self::Tsv }
    }
}

/// Reads a workflow of either format from the bytes of a file. Any bytes are allowed; none make it panic.
///
/// # Errors
///
/// What is wrong, in which line. `file` is for that message, and for [`Format::detect`].
pub fn parse(file: &str, bytes: &[u8]) -> Result<Workflow, LoadError> {
    match Format::detect(file, bytes) {
        Format::Tsv => tsv::parse(file, bytes),
        Format::CargoLock => lockfile::parse(file, bytes),
    }
}

/// What editors on Windows put in front of a text to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// The bytes as text, without a byte order mark, or an error that names the line where they stop being UTF-8.
pub(crate) fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, LoadError> {
    let bytes = without_mark(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        LoadError::new(file, line, Reason::NotUtf8)
    })
}
