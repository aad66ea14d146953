//! What nodes have taken, in a file from one call of this program to the next.

use crate::record;
use dgraph_exec::{Durations, Graph, Progress};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file, and what it says.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    durations: Durations,
}

impl Kept {
    /// What the file says; nothing if there is none yet.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let durations = match fs::read_to_string(path) {
            Ok(text) => text.parse().map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Durations::new(),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        Ok(Self { path: path.to_owned(), durations })
    }

    /// Whether the file says anything.
    pub(crate) fn knows_any(&self) -> bool {
        !self.durations.is_empty()
    }

    /// Gives the nodes priorities, if the file says anything.
    pub(crate) fn prioritize(&self, graph: &mut Graph<'_>) {
        if self.knows_any() {
            graph.prioritize_by_durations(&self.durations);
        }
    }

    /// What says how far a run has come, and when it will be over by what the file says.
    pub(crate) fn progress(&self) -> Progress {
        Progress::with_durations(self.durations.clone())
    }

    /// The graph has run, and has measured what its nodes take.
    pub(crate) fn learn(&mut self, graph: &Graph<'_>) {
        self.durations.extend(graph.durations());
    }

    /// Writes it all back.
    pub(crate) fn write(&self) -> Result<(), String> {
        record::write(&self.path, &self.durations)
    }
}
