//! Why a file is no workflow: where, and what is wrong there.

use std::fmt;

/// A file that could not be loaded. Displayed on one line: `jobs.tsv:3: node id 7 was declared before, on
/// line 2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file, as the user named it; `<stdin>` for standard input.
    pub file: String,
    /// The line, from 1 on, where there is one to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: Reason,
}

impl LoadError {
    pub(crate) fn new(file: &str, line: impl Into<Option<usize>>, reason: Reason) -> Self {
        Self { file: file.to_owned(), line: line.into(), reason }
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The operating system refuses to read it, with its words.
    Unreadable(String),
    /// There is no node in it.
    Empty,
    /// The line holds bytes that are not UTF-8.
    NotUtf8,
    /// A line of a TSV file has another number of fields than three.
    Malformed {
        /// The number of fields.
        fields: usize,
    },
    /// A field is not a number, or too large.
    BadNumber {
        /// Which field.
        what: &'static str,
        /// What stands there.
        text: String,
        /// The largest number allowed.
        max: u64,
    },
    /// Two lines have the same node id.
    DuplicateId {
        /// The id.
        id: u32,
        /// The earlier line.
        first_line: usize,
    },
    /// A node id is not in `0..nodes`, so some id in that range has no line.
    IdOutOfRange {
        /// The id.
        id: u32,
        /// How many nodes the file has.
        nodes: usize,
    },
    /// A node depends on one that has no line.
    UnknownPredecessor {
        /// The node.
        id: u32,
        /// What it depends on.
        predecessor: u32,
        /// How many nodes the file has.
        nodes: usize,
    },
    /// The sum of the durations doesn't fit 64 bits.
    TooMuchWork,
    /// Not TOML, or not what a `Cargo.lock` looks like: the parser's words.
    NotALockFile(String),
    /// Two entries of a lock file have the same name, version and source.
    DuplicatePackage {
        /// Name and version.
        package: String,
        /// The line of the earlier entry.
        first_line: usize,
    },
    /// A package depends on one that the lock file doesn't hold.
    UnknownDependency {
        /// Name and version of the package.
        package: String,
        /// The dependency, as it is written.
        dependency: String,
    },
    /// A package's dependency could be any of several packages.
    AmbiguousDependency {
        /// Name and version of the package.
        package: String,
        /// The dependency, as it is written.
        dependency: String,
        /// How many packages fit.
        candidates: usize,
    },
    /// Nodes depend on each other in a circle: their names, each depends on the next, the first comes again
    /// at the end.
    Cycle(Vec<String>),
    /// The graph could not be built for another reason: that error's words.
    Unbuildable(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for LoadError {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(words) => write!(f, "cannot be read: {}", OneLine(words, WORDS)),
            Self::Empty => f.write_str("empty: there is no node in it"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::Malformed { fields } => {
                write!(
                    f,
                    "malformed: 3 tab-separated fields are needed (id, duration, predecessors), found {fields}"
                )
            }
            Self::BadNumber { what, text, max } => {
                write!(f, "{what} {} is not a number in 0..={max}", Quoted(text))
            }
            Self::DuplicateId { id, first_line } => {
                write!(f, "node id {id} was declared before, on line {first_line}")
            }
            Self::IdOutOfRange { id, nodes } => {
                write!(f, "node id {id} is out of range: the ids of {nodes} nodes are 0..{nodes}")
            }
            Self::UnknownPredecessor { id, predecessor, nodes } => {
                write!(
                    f,
                    "unknown predecessor {predecessor} of node {id}: the ids of {nodes} nodes are 0..{nodes}"
                )
            }
            Self::TooMuchWork => write!(f, "the durations add up to more than {}", u64::MAX),
            Self::NotALockFile(words) => write!(f, "not a Cargo.lock: {}", OneLine(words, WORDS)),
            Self::DuplicatePackage { package, first_line } => {
                write!(f, "package {} was declared before, on line {first_line}", Quoted(package))
            }
            Self::UnknownDependency { package, dependency } => {
                write!(
                    f,
                    "package {} depends on {}, which is not in the file",
                    Quoted(package),
                    Quoted(dependency)
                )
            }
            Self::AmbiguousDependency { package, dependency, candidates } => {
                let (package, dependency) = (Quoted(package), Quoted(dependency));
                write!(
                    f,
                    "package {package} depends on {dependency}, which could be any of {candidates} packages"
                )
            }
            Self::Cycle(path) => {
                f.write_str("dependency cycle: ")?;
                fmt_cycle(path, f)
            }
            Self::Unbuildable(words) => write!(f, "{}", OneLine(words, WORDS)),
        }
    }
}

/// The path with arrows; of a long one the start and the end, with the number of nodes left out.
fn fmt_cycle(path: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const ENDS: usize = 3;
    let omitted = if path.len() > 2 * ENDS + 1 { ENDS..path.len() - ENDS } else { 0..0 };
    for (at, name) in path.iter().enumerate() {
        if omitted.contains(&at) {
            if at == omitted.start {
                write!(f, " -> … ({} more) …", omitted.len())?;
            }
            continue;
        }
        let arrow = if at == 0 { "" } else { " -> " };
        write!(f, "{arrow}{}", OneLine(name, NAME))?;
    }
    Ok(())
}

/// Text on one line, cut where it is too long for an error message: line breaks and other control characters
/// are escaped.
struct OneLine<'a>(&'a str, usize);

/// So many characters of a name are shown, and so many of another program's words.
const NAME: usize = 60;
const WORDS: usize = 200;

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(self.1) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        if chars.next().is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// Text from a file: quoted, escaped, and cut where it is too long for an error message.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(NAME) {
            Some((cut, _)) => write!(f, "{:?}…", &self.0[..cut]),
            None => write!(f, "{:?}", self.0),
        }
    }
}
