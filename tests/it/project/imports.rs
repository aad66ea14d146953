//! The source is laid out in layers: imports go one way, between folders and between files. (Tests and models
//! may look at everything.)

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Item, ItemUse, UseTree, Visibility};

/// The folders of the executor's crate, from below. A folder imports from those before it. What lies beside
/// them in `src` is for all.
const LAYERS: [&str; 13] = [
    "sync",
    "protocol",
    "tuner",
    "sleep",
    "team",
    "wake",
    "pool",
    "run",
    "executor",
    "observe",
    "report",
    "typed",
    "dictionaries",
];

type Module = Vec<String>;

/// A crate's modules that have a file, with what these import.
struct Source {
    files: BTreeMap<Module, PathBuf>,
    /// Whether the file is a `mod.rs`, or the root: what it hands on counts as the file's that has it.
    faces: BTreeSet<Module>,
    imports: BTreeMap<Module, Vec<Module>>,
    handed_on: BTreeMap<(Module, String), Module>,
}

impl Source {
    fn of(src: &Path) -> Self {
        let mut source = Self {
            files: BTreeMap::new(),
            faces: BTreeSet::new(),
            imports: BTreeMap::new(),
            handed_on: BTreeMap::new(),
        };
        source.find(src, &[]);
        for (module, file) in source.files.clone() {
            let text = fs::read_to_string(&file).expect("a readable file");
            let items = syn::parse_file(&text).expect("valid Rust").items;
            for item in items {
                if let Item::Use(item) = item {
                    source.take_note(&module, &item);
                }
            }
        }
        source
    }

    fn find(&mut self, folder: &Path, module: &[String]) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_string();
            if name.contains("model") || name == "bin" {
                continue;
            }
            let is_face = ["mod", "lib", "main"].contains(&name.as_str());
            let inner = [module, if is_face { &[] } else { std::slice::from_ref(&name) }].concat();
            if path.is_dir() {
                self.find(&path, &inner);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                if is_face {
                    self.faces.insert(inner.clone());
                }
                self.files.insert(inner, path);
            }
        }
    }

    fn take_note(&mut self, module: &Module, item: &ItemUse) {
        let for_tests = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
        };
        if item.attrs.iter().any(for_tests) {
            return;
        }
        let is_face = self.faces.contains(module);
        let mut paths = Vec::new();
        flatten(&item.tree, &[], &mut paths);
        for (path, name) in paths {
            let absolute = match path.first().map(String::as_str) {
                Some("crate") => path[1..].to_vec(),
                Some("self") => [module, &path[1..]].concat(),
                Some("super") => {
                    let ups = path.iter().take_while(|step| *step == "super").count();
                    [&module[..module.len().saturating_sub(ups)], &path[ups..]].concat()
                }
                Some(first)
                    if is_face && self.files.contains_key(&[&module[..], &[first.to_string()]].concat()) =>
                {
                    [&module[..], &path[..]].concat()
                }
                _ => continue,
            };
            if is_face && !matches!(item.vis, Visibility::Inherited) {
                self.handed_on.insert((module.clone(), name), absolute);
            } else {
                self.imports.entry(module.clone()).or_default().push(absolute);
            }
        }
    }

    /// The file in which this lies.
    fn file_of(&self, path: &[String]) -> Option<Module> {
        let mut length = path.len();
        while !self.files.contains_key(&path[..length]) {
            length = length.checked_sub(1)?;
        }
        let (module, rest) = path.split_at(length);
        if let Some(name) = rest.first() {
            if let Some(there) = self.handed_on.get(&(module.to_vec(), name.clone())) {
                return self.file_of(&[&there[..], &rest[1..]].concat());
            }
        }
        Some(module.to_vec())
    }

    /// Each file with those that it imports from.
    fn edges(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let of = |(module, imports): (&Module, &Vec<Module>)| {
            let files = imports.iter().filter_map(|path| self.file_of(path)).filter(|file| file != module);
            (module.clone(), files.collect())
        };
        self.imports.iter().map(of).collect()
    }
}

/// The paths of a tree, and under which name each is known.
fn flatten(tree: &UseTree, path: &[String], paths: &mut Vec<(Vec<String>, String)>) {
    let extended = |step: &syn::Ident| [path, &[step.to_string()]].concat();
    match tree {
        UseTree::Path(inner) => flatten(&inner.tree, &extended(&inner.ident), paths),
        UseTree::Name(name) if name.ident == "self" => {
            paths.push((path.to_vec(), path.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => paths.push((extended(&name.ident), name.ident.to_string())),
        UseTree::Rename(rename) => paths.push((extended(&rename.ident), rename.rename.to_string())),
        UseTree::Glob(_) => paths.push((path.to_vec(), "*".to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, paths)),
    }
}

/// Some circle, if there is one.
fn circle(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    fn visit(
        at: &Module,
        edges: &BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = way.iter().position(|before| before == at) {
            return Some(way[start..].to_vec());
        }
        if done.contains(at) {
            return None;
        }
        way.push(at.clone());
        let found = edges.get(at).into_iter().flatten().find_map(|next| visit(next, edges, way, done));
        way.pop();
        done.insert(at.clone());
        found
    }
    let mut done = BTreeSet::new();
    let found = edges.keys().find_map(|at| visit(at, edges, &mut Vec::new(), &mut done));
    found.map(|circle| circle.iter().map(|module| module.join("::")).collect())
}

fn source(path: &str) -> Source {
    Source::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
}

#[test]
fn no_circle_of_files() {
    for path in ["core/src", "std-exec/src", "std-exec/mpi/src", "bench/src"] {
        let edges = source(path).edges();
        assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 5, "{path} is not read");
        assert_eq!(circle(&edges), None, "files of {path} that import from each other");
    }
}

/// What lies in a folder, taken together.
#[test]
fn no_circle_of_folders() {
    for path in ["std-exec/src", "std-exec/mpi/src", "bench/src"] {
        let first = |module: &Module| module.iter().take(1).cloned().collect::<Module>();
        let mut edges = BTreeMap::<Module, BTreeSet<Module>>::new();
        for (file, imports) in source(path).edges() {
            let folder = first(&file);
            let others: Vec<_> = imports.iter().map(first).filter(|other| *other != folder).collect();
            edges.entry(folder).or_default().extend(others);
        }
        assert_eq!(circle(&edges), None, "folders of {path} that import from each other");
    }
}

#[test]
fn folders_import_from_those_below() {
    let height =
        |module: &Module| LAYERS.iter().position(|layer| module.first().is_some_and(|first| first == layer));
    let upwards: Vec<_> = source("std-exec/src")
        .edges()
        .iter()
        .flat_map(|(file, imports)| imports.iter().map(move |import| (file.clone(), import.clone())))
        .filter(|(file, import)| height(file).is_some() && height(import) > height(file))
        .map(|(file, import)| format!("{} imports {}", file.join("::"), import.join("::")))
        .collect();
    assert_eq!(upwards, [""; 0]);
}
