//! Runs the loom models, which need a build of their own, so that one command tests everything.

use std::path::Path;
use std::process::Command;

/// `cargo test --release --lib` of the two crates under `--cfg dgraph_loom`, in its own target folder.
#[test]
fn loom_models_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let run = Command::new(env!("CARGO"))
        .args([
            "test",
            "--release",
            "--lib",
            "-p",
            "dgraph-core",
            "-p",
            "dgraph-exec",
            "--target-dir",
            "target/loom",
        ])
        .env("RUSTFLAGS", "--cfg dgraph_loom")
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(root)
        .output()
        .expect("cargo starts");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    // Without the cfg there would be no models, and nothing to fail.
    for model in [
        "countdown_model::three_predecessors ... ok",
        "models::sleep::post_against_park ... ok",
        "wake::models::a_wake_against_falling_asleep ... ok",
    ] {
        assert!(out.contains(model), "{out}\n{err}");
    }
}
