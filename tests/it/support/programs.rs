//! Examples, compiled as a user would.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles these examples, and gives the folder that they are in. Cargo builds them where it has built this
/// test: most often they are there and up to date already.
pub(crate) fn build_examples(package: &str, names: &[&str]) -> PathBuf {
    // This test is <target>/<profile>/deps/it-<hash>.
    let test = env::current_exe().expect("a path");
    let folder = test.ancestors().nth(2).expect("a profile's folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "test",
        Some(profile) => profile,
        None => panic!("{} is in no profile's folder", test.display()),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", package, "--profile", profile, "--target-dir"])
        .arg(folder.parent().expect("the target folder"))
        .args(names.iter().flat_map(|name| ["--example", name]))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace"))
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "{names:?} of {package} don't build");
    folder.join("examples")
}
