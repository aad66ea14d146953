//! Workflows from where a user keeps them: a file, or standard input.

use crate::error::{LoadError, Reason};
use crate::workflow::{self, Workflow};
use dgraph_core::Dag;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A workflow and its graph, with the name to call them by.
#[derive(Debug)]
pub struct Input {
    /// The file's path, or `<stdin>`.
    pub file: String,
    /// What the file says.
    pub workflow: Workflow,
    /// The graph built from it.
    pub dag: Dag,
}

/// Loads a workflow from a file, or from standard input if the path is `-`.
///
/// # Errors
///
/// If it can't be read, isn't a workflow (see [`workflow::parse`]), or has a cycle.
pub fn load(path: &Path) -> Result<Input, LoadError> {
    let stdin = path == Path::new("-");
    let file = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = if stdin { read_all(io::stdin().lock()) } else { fs::read(path) };
    let bytes = bytes.map_err(|error| LoadError::new(&file, None, Reason::Unreadable(error.to_string())))?;
    let workflow = workflow::parse(&file, &bytes)?;
    let dag = workflow.build(&file)?;
    Ok(Input { file, workflow, dag })
}

fn read_all(mut source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    Ok(bytes)
}
