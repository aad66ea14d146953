//! The graphs that are run: generated shapes, and workflows from files.

use crate::frame;
use dgraph_tests::input;
use dgraph_tests::shapes::{self, Shape};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A graph as plain data, which every system builds its own from. Edges are pairs `(u, v)`: v depends on u.
#[derive(Clone, Debug)]
pub struct Graph {
    /// What it is called in tables.
    pub name: String,
    /// The number of nodes.
    pub nodes: usize,
    /// The edges.
    pub edges: Vec<(u32, u32)>,
    /// How long each node takes, where a file says so. In any unit.
    pub durations: Option<Vec<u64>>,
}

impl Graph {
    /// A graph without durations.
    #[must_use]
    pub fn new(name: &str, nodes: usize, edges: Vec<(u32, u32)>) -> Self {
        Self { name: name.to_owned(), nodes, edges, durations: None }
    }

    /// A shape of about `nodes` nodes.
    #[must_use]
    pub fn of_shape(shape: Shape, nodes: usize) -> Self {
        let (nodes, edges) = shape.edges(nodes);
        Self::new(shape.name(), nodes, edges)
    }

    /// One source, `nodes - 2` nodes in the middle, one sink; below three nodes no edges but 0 → 1.
    #[must_use]
    pub fn fork(nodes: u32) -> Self {
        let sink = nodes.saturating_sub(1);
        let mut edges: Vec<_> = (1..sink).flat_map(|middle| [(0, middle), (middle, sink)]).collect();
        if nodes == 2 {
            edges.push((0, 1));
        }
        Self::new(&format!("fork-{nodes}"), nodes as usize, edges)
    }

    /// The largest number of edges into one node.
    #[must_use]
    pub fn max_in_degree(&self) -> usize {
        let mut in_degrees = vec![0_usize; self.nodes];
        for &(_, v) in &self.edges {
            in_degrees[v as usize] += 1;
        }
        in_degrees.into_iter().max().unwrap_or(0)
    }
}

/// Where a graph comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Generated.
    Shape(Shape),
    /// Generated: layers of this width, each node with up to four random predecessors in the layer before.
    Layers(u32),
    /// Generated: a frame of a game or an audio engine, always of the same size.
    Frame,
    /// A workflow in a file: tab-separated lines or a `Cargo.lock`.
    File(PathBuf),
}

const LAYERS: &str = "layers-";
const FRAME: &str = "frame";

impl Source {
    /// The number of nodes if nobody asks for another one. `None` if there is only one size.
    #[must_use]
    pub fn default_nodes(&self) -> Option<usize> {
        match self {
            Self::Shape(shape) => Some(shape.default_nodes()),
            Self::Layers(_) => Some(Shape::Layered.default_nodes()),
            Self::Frame | Self::File(_) => None,
        }
    }

    /// The graph. Where the size can be chosen, it has about `nodes` nodes, or its default number.
    ///
    /// # Errors
    ///
    /// One line that says why the file could not be loaded.
    pub fn graph(&self, nodes: Option<usize>) -> Result<Graph, String> {
        match self {
            Self::Shape(shape) => Ok(Graph::of_shape(*shape, nodes.unwrap_or(shape.default_nodes()))),
            &Self::Layers(width) => {
                let nodes = nodes.unwrap_or(Shape::Layered.default_nodes());
                let nodes = u32::try_from(nodes).map_err(|_| "node ids have 32 bits")?;
                let (nodes, edges) = shapes::layers((nodes / width).max(1), width);
                Ok(Graph::new(&self.to_string(), nodes as usize, edges))
            }
            Self::Frame => {
                let (nodes, edges) = frame::edges();
                Ok(Graph::new(&self.to_string(), nodes, edges))
            }
            Self::File(path) => {
                let workflow = input::load(path).map_err(|error| error.to_string())?.workflow;
                Ok(Graph {
                    name: self.to_string(),
                    nodes: workflow.nodes(),
                    edges: workflow.edges,
                    durations: Some(workflow.durations),
                })
            }
        }
    }
}

impl fmt::Display for Source {
    /// A generated graph's name; of a file the name up to the first dot or dash, which `Cargo.lock` keeps as
    /// a whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(shape) => write!(f, "{shape}"),
            Self::Layers(width) => write!(f, "{LAYERS}{width}"),
            Self::Frame => f.write_str(FRAME),
            Self::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let short = name.strip_suffix(".tsv").unwrap_or(&name);
                f.write_str(short.split_once('-').map_or(short, |(first, _)| first))
            }
        }
    }
}

impl FromStr for Source {
    type Err = String;

    /// A shape's name, `layers-` and a width, `frame`, or the path of a file, which has a dot or a slash in
    /// it.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == FRAME {
            return Ok(Self::Frame);
        }
        if let Some(width) = text.strip_prefix(LAYERS).and_then(|width| width.parse().ok()) {
            return match width {
                1..=1_000_000 => Ok(Self::Layers(width)),
                _ => Err("layers have widths in 1..=1000000".to_owned()),
            };
        }
        match text.parse() {
            Ok(shape) => Ok(Self::Shape(shape)),
            Err(_) if text.contains(['.', '/']) => Ok(Self::File(text.into())),
            Err(error) => Err(format!(
                "{error}, and {LAYERS}WIDTH and {FRAME}; or give the path of a .tsv or .lock file"
            )),
        }
    }
}

/// The folder of recorded graphs beside the project, where there is one.
#[must_use]
pub fn recorded() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    folder.join("wf").is_dir().then_some(folder)
}

/// The recorded workflows; without them the project's own `Cargo.lock`.
#[must_use]
pub fn workflows() -> Vec<Source> {
    let folder = recorded().map(|folder| folder.join("wf"));
    let mut files: Vec<PathBuf> = folder
        .and_then(|folder| folder.read_dir().ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "tsv"))
        .collect();
    files.sort();
    if files.is_empty() {
        files.push(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"));
    }
    files.into_iter().map(Source::File).collect()
}
