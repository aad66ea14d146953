//! A build: the packages of this project's own `Cargo.lock`, each after its dependencies.

use crate::body::Grain;
use crate::graph::{Graph, Source};
use crate::slots::Slots;
use std::path::PathBuf;

/// About a microsecond for each package: the shape of a build, not its duration.
const GRAIN: u64 = 1_000;

/// The graph of the lock file in the project's folder.
pub(super) fn own() -> Result<(Graph, Grain), String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let graph = Source::File(path).graph(None)?;
    let body = Grain::new(Slots::new(graph.nodes), GRAIN);
    Ok((graph, body))
}
