//! Each public item of the two published crates shows in an example what it is for. Here those are named that
//! don't.
//!
//! Looked at are structs, enums, traits, types and macros that a `lib.rs` exports, their public methods, and
//! the methods of the traits. What is hidden from the documentation needs none, nor do implementations of
//! traits.

use proc_macro2::Ident;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta, TraitItem, Type, UseTree, Visibility};

#[test]
fn each_public_item_has_an_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for package in ["core", "std-exec"] {
        let sources = root.join(package).join("src");
        let exported = exports(&read(&sources.join("lib.rs")));
        let mut scan = Scan { exported, ..Scan::default() };
        for file in files(&sources) {
            scan.file = file.strip_prefix(&root).expect("it was found there").display().to_string();
            scan.items(&read(&file));
        }
        let Scan { exported, seen, missing, .. } = scan;
        let unseen: Vec<_> = exported.iter().filter(|&name| !seen.contains(name)).collect();
        assert!(unseen.is_empty(), "exported by {package}, but found nowhere: {unseen:?}");
        assert!(missing.is_empty(), "public, but without an example that runs:\n{}", missing.join("\n"));
    }
}

/// What is found in a file that has one of each.
#[test]
fn what_has_no_example_is_named() {
    let text = r#"
        /// No example.
        #[derive(Clone)]
        pub struct Plain;
        impl<T> Plain {
            /// ```
            /// let shown = true;
            /// ```
            pub fn shown(&self) {}
            /// ```text
            /// not a program
            /// ```
            #[must_use]
            pub const fn pictured(&self) {}
            /// ```rust,compile_fail
            /// only a bad example
            /// ```
            pub fn bad(&self) {}
            #[doc(hidden)]
            pub fn hidden(&self) {}
            pub(crate) fn internal(&self) {}
        }
        impl Clone for Plain {
            fn clone(&self) -> Self {}
        }
        /// ```
        /// let shown = true;
        /// ```
        pub trait Shown {
            fn method(&self);
        }
        #[macro_export]
        macro_rules! by_example { () => {}; }
        pub struct NotExported;
        pub(crate) struct Shadow;
    "#;
    let exported =
        exports(&parse("pub use inner::{Plain, deeper::Shown}; pub use dgraph_core::Other; use a::Private;"));
    assert_eq!(exported, HashSet::from(["Plain", "Shown"].map(String::from)));
    let mut scan = Scan { file: "a.rs".into(), exported, ..Scan::default() };
    scan.items(&parse(text));
    let missing = [
        "a.rs:4: Plain",
        "a.rs:14: Plain::pictured",
        "a.rs:18: Plain::bad",
        "a.rs:30: Shown::method",
        "a.rs:33: by_example",
    ];
    assert_eq!(scan.missing, missing);
}

#[derive(Default)]
struct Scan {
    file: String,
    /// What the crate exports of its own.
    exported: HashSet<String>,
    /// What of that was found.
    seen: HashSet<String>,
    missing: Vec<String>,
}

impl Scan {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Struct(item) => self.declared(&item.vis, &item.attrs, &item.ident),
                Item::Enum(item) => self.declared(&item.vis, &item.attrs, &item.ident),
                Item::Type(item) => self.declared(&item.vis, &item.attrs, &item.ident),
                Item::Fn(item) => self.declared(&item.vis, &item.attrs, &item.sig.ident),
                Item::Trait(item) => {
                    self.declared(&item.vis, &item.attrs, &item.ident);
                    if self.exported.contains(&item.ident.to_string()) {
                        for method in &item.items {
                            let TraitItem::Fn(method) = method else { continue };
                            self.check(&method.attrs, Some(&item.ident), &method.sig.ident);
                        }
                    }
                }
                Item::Impl(item) if item.trait_.is_none() => {
                    let Type::Path(of) = &*item.self_ty else { continue };
                    let Some(of) = of.path.segments.last().map(|segment| &segment.ident) else { continue };
                    if self.exported.contains(&of.to_string()) {
                        for method in &item.items {
                            let ImplItem::Fn(method) = method else { continue };
                            if matches!(method.vis, Visibility::Public(_)) {
                                self.check(&method.attrs, Some(of), &method.sig.ident);
                            }
                        }
                    }
                }
                Item::Macro(item)
                    if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) =>
                {
                    self.check(&item.attrs, None, item.ident.as_ref().expect("it is declared"));
                }
                _ => {}
            }
        }
    }

    fn declared(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &Ident) {
        if matches!(visibility, Visibility::Public(_)) && self.exported.contains(&name.to_string()) {
            self.seen.insert(name.to_string());
            self.check(attributes, None, name);
        }
    }

    fn check(&mut self, attributes: &[Attribute], of: Option<&Ident>, name: &Ident) {
        let hidden = |attribute: &Attribute| matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "hidden");
        if !attributes.iter().any(hidden) && !has_example(attributes) {
            let of = of.map_or(String::new(), |of| format!("{of}::"));
            self.missing.push(format!("{}:{}: {of}{name}", self.file, name.span().start().line));
        }
    }
}

/// Whether there is a block of code in the docs that is run.
fn has_example(attributes: &[Attribute]) -> bool {
    let text = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let lines: Vec<String> = attributes.iter().filter_map(text).collect();
    let fences = lines.iter().filter_map(|line| line.trim().strip_prefix("```"));
    let mut opened = fences.step_by(2);
    let not_run = |word: &str| ["text", "ignore", "no_run", "compile_fail"].contains(&word.trim());
    opened.any(|kind| !kind.split(',').any(not_run))
}

/// The names that `pub use` gives, but for those of the other crate.
fn exports(items: &[Item]) -> HashSet<String> {
    let mut names = HashSet::new();
    for item in items {
        let Item::Use(item) = item else { continue };
        if matches!(item.vis, Visibility::Public(_)) {
            collect(&item.tree, &mut names);
        }
    }
    names
}

fn collect(tree: &UseTree, names: &mut HashSet<String>) {
    match tree {
        UseTree::Path(path) if path.ident != "dgraph_core" => collect(&path.tree, names),
        UseTree::Path(_) => {}
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, names)),
        UseTree::Name(name) => {
            names.insert(name.ident.to_string());
        }
        _ => panic!("a glob, a rename: what that exports can't be seen here"),
    }
}

/// The source files below `folder`, but for models.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("its name").path();
        if path.is_dir() && !path.ends_with("models") {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> Vec<Item> {
    parse(&fs::read_to_string(file).expect("a source file"))
}

fn parse(text: &str) -> Vec<Item> {
    syn::parse_file(text).expect("it compiles").items
}
