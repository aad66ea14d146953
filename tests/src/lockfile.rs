//! Workflows from a `Cargo.lock`: one node for each version of a package, which depends on that package's
//! dependencies, as a build would. Each takes one unit of time.
//!
//! A node is named like its package, with the version where several packages share the name. Development
//! dependencies count like others, so that a workspace whose members use each other in their tests can be
//! cyclic.

use crate::error::{LoadError, Reason};
use crate::workflow::{self, Workflow};
use serde::Deserialize;
use std::collections::HashMap;
use toml::Spanned;

/// Reads a workflow from the bytes of a `Cargo.lock`. Any bytes are allowed; none make it panic.
///
/// # Errors
///
/// The first thing that is wrong, with its line and package; `file` is for that message.
///
/// ```
/// use dgraph_tests::lockfile;
/// let text = r#"
/// [[package]]
/// name = "app"
/// version = "0.1.0"
/// dependencies = ["log"]
///
/// [[package]]
/// name = "log"
/// version = "0.4.20"
/// "#;
/// let workflow = lockfile::parse("Cargo.lock", text.as_bytes())?;
/// assert_eq!((workflow.names, workflow.edges), (vec!["app".into(), "log".into()], vec![(1, 0)]));
/// # Ok::<(), dgraph_tests::error::LoadError>(())
/// ```
pub fn parse(file: &str, bytes: &[u8]) -> Result<Workflow, LoadError> {
    let text = workflow::utf8(file, bytes)?;
    let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let line = |offset| 1 + breaks.partition_point(|&at| at < offset);
    let LockFile { root, mut package } = toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| line(span.start));
        LoadError::new(file, at, Reason::NotALockFile(error.message().to_owned()))
    })?;
    package.splice(0..0, root);
    if package.is_empty() {
        return Err(LoadError::new(file, text.lines().count().max(1), Reason::Empty));
    }
    let packages = Packages::new(&package);
    let mut workflow = Workflow { durations: vec![1; package.len()], ..Workflow::default() };
    let mut seen = HashMap::new();
    for (package, node) in package.iter().zip(0_u32..) {
        let declared = line(package.name.span().start);
        let key = (package.name.get_ref(), &package.version, &package.source);
        if let Some(first_line) = seen.insert(key, declared) {
            let reason = Reason::DuplicatePackage { package: package.name_and_version(), first_line };
            return Err(LoadError::new(file, declared, reason));
        }
        workflow.lines.push(declared);
        workflow.names.push(packages.shortest_name(package));
        for dependency in &package.dependencies {
            let predecessor = packages
                .find(package, dependency.get_ref())
                .map_err(|reason| LoadError::new(file, line(dependency.span().start), reason))?;
            workflow.edges.push((predecessor, node));
        }
    }
    Ok(workflow)
}

#[derive(Deserialize)]
struct LockFile {
    /// In files of version 1: the package that the file is for. It comes first there, and is no `package`.
    root: Option<Package>,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
}

impl Package {
    fn name_and_version(&self) -> String {
        format!("{} {}", self.name.get_ref(), self.version)
    }

    /// Whether a dependency's source means this package. Git sources carry the commit here, but not there.
    fn is_from(&self, source: &str) -> bool {
        self.source.as_ref().is_some_and(|own| own == source || own.split('#').next() == Some(source))
    }
}

/// The packages of a lock file by name.
struct Packages<'a> {
    by_name: HashMap<&'a str, Vec<(u32, &'a Package)>>,
}

impl<'a> Packages<'a> {
    fn new(packages: &'a [Package]) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for (package, node) in packages.iter().zip(0..) {
            by_name.entry(package.name.get_ref().as_str()).or_default().push((node, package));
        }
        Self { by_name }
    }

    fn named(&self, name: &str) -> &[(u32, &'a Package)] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// As much of name, version and source as tells the package from all others.
    fn shortest_name(&self, package: &Package) -> String {
        let named = self.named(package.name.get_ref());
        let same_version = named.iter().filter(|(_, other)| other.version == package.version).count();
        match (named.len(), same_version, &package.source) {
            (1, ..) => package.name.get_ref().clone(),
            (_, 1, _) | (_, _, None) => package.name_and_version(),
            (_, _, Some(source)) => format!("{} ({source})", package.name_and_version()),
        }
    }

    /// The package that `dependency` means: `name`, `name version` or `name version (source)`.
    fn find(&self, package: &Package, dependency: &str) -> Result<u32, Reason> {
        let mut parts = dependency.splitn(3, ' ');
        let named = self.named(parts.next().unwrap_or_default());
        let version = parts.next();
        let source = parts.next().map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        let fitting: Vec<_> = named
            .iter()
            .filter(|(_, found)| version.is_none_or(|version| version == found.version))
            .filter(|(_, found)| source.is_none_or(|source| found.is_from(source)))
            .collect();
        // Packages of the workspace have no source, so none can be written where several have name and
        // version alike.
        let mut local = fitting.iter().filter(|(_, found)| version.is_some() && found.source.is_none());
        let (package, dependency) = (package.name_and_version(), dependency.to_owned());
        match (fitting.as_slice(), local.next(), local.next()) {
            ([(node, _)], ..) | (_, Some((node, _)), None) => Ok(*node),
            ([], ..) => Err(Reason::UnknownDependency { package, dependency }),
            _ => Err(Reason::AmbiguousDependency { package, dependency, candidates: fitting.len() }),
        }
    }
}
