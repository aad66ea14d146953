//! Runs the loom models, which need a build of their own, so that one command tests everything.

use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

fn output_of(command: &mut Command) -> String {
    let run = command.output().expect("it starts");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{command:?}\n{out}\n{err}");
    format!("{out}{err}")
}

/// The unit tests of the two crates under `--cfg dgraph_loom` and with the feature `loom`, in their own
/// target folder. Each has a process of its own: loom maps memory all the time, for which the threads of one
/// process wait for each other.
#[test]
fn loom_models_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let build = output_of(
        Command::new(env!("CARGO"))
            .args(["test", "--no-run", "--release", "--lib", "-p", "dgraph-core", "-p", "dgraph-exec"])
            .args(["--features", "loom", "--target-dir", "target/loom"])
            .env("RUSTFLAGS", "--cfg dgraph_loom")
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(&root),
    );
    let binaries =
        build.lines().filter_map(|line| line.split_once("Executable unittests ")?.1.split_once('('));
    let models: Vec<_> = binaries
        .flat_map(|(_, binary)| {
            let binary = root.join(binary.trim_end_matches(')'));
            let list = output_of(Command::new(&binary).arg("--list"));
            let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
            names.map(|name| (binary.clone(), name.to_owned())).collect::<Vec<_>>()
        })
        .collect();
    // Without the cfg there would be no models, and nothing to fail.
    for model in [
        "countdown_model::three_predecessors",
        "models::sleep::post_against_park",
        "wake::models::a_wake_against_falling_asleep",
    ] {
        assert!(models.iter().any(|(_, name)| name == model), "{model} is missing: {build}\n{models:?}");
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((binary, model)) = models.get(next.fetch_add(1, Relaxed)) {
                    let report = output_of(Command::new(binary).args(["--exact", model]));
                    let done =
                        ["ok", "ignored"].iter().any(|end| report.contains(&format!("{model} ... {end}")));
                    assert!(done, "{model}: {report}");
                }
            });
        }
    });
}
