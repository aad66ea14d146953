//! Every command once, in small: it must end, and print what its columns promise. Times are never looked at.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Runs the benchmark and returns what it printed.
fn bench(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dgraph-bench"))
        .args(arguments.split_whitespace())
        .output()
        .expect("the binary is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments} failed: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs it with `--format tsv` and returns the rows, after checking that they have the columns of the first
/// line.
fn rows(arguments: &str, columns: &str) -> Vec<Vec<String>> {
    let text = bench(&format!("{arguments} --format tsv"));
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a first line");
    assert_eq!(header.join(" "), columns, "{arguments}");
    let rows: Vec<_> = lines.collect();
    assert!(!rows.is_empty(), "{arguments}: no rows");
    assert!(rows.iter().all(|row| row.len() == header.len()), "{arguments}: {rows:?}");
    rows
}

/// The file for a picture, and a check that there is one in it.
fn picture(name: &'static str) -> (PathBuf, impl FnOnce()) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    // One of an earlier run proves nothing.
    drop(fs::remove_file(&path));
    let file = path.clone();
    let check = move || {
        let text = fs::read_to_string(&file).expect("the picture was written");
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{name} is no SVG");
    };
    (path, check)
}

const TINY: &str = "--runs 3 --seconds 0.01";
const COMPARE: &str =
    "system shape threads grain nodes edges build_ns_per_node run_ns_per_node_median run_ns_per_node_min";

fn is_number(field: &str) -> bool {
    field.parse::<f64>().is_ok_and(f64::is_finite)
}

#[test]
fn compare_runs_every_system_on_every_shape() {
    let rows = rows(&format!("compare {TINY} --nodes 70 --threads 1,2"), COMPARE);
    let shapes = ["chain", "tree", "wave", "layered", "indep", "fan", "forkjoin", "diamond"];
    for shape in shapes {
        for system in ["serial-topo", "serial-kahn"] {
            let count = rows.iter().filter(|row| row[0] == system && row[1] == shape).count();
            assert_eq!(count, 1, "{system} on {shape}");
        }
        for system in ["dgraph", "dgraph-keyed", "crossbeam-keep-one", "rayon"] {
            let threads: Vec<_> = rows
                .iter()
                .filter(|row| row[0] == system && row[1] == shape)
                .map(|row| &row[2][..])
                .collect();
            assert_eq!(threads, ["1", "2"], "{system} on {shape}");
        }
        #[cfg(feature = "peers")]
        for system in
            ["tokio", "tokio-current", "async-executor", "futures-unordered", "dagrs", "dag_exec", "bevy_ecs"]
        {
            assert!(rows.iter().any(|row| row[0] == system && row[1] == shape), "{system} on {shape}");
        }
    }
    assert!(rows.iter().all(|row| row[2..].iter().all(|field| is_number(field))), "{rows:?}");
}

#[test]
fn compare_takes_grains_files_and_a_selection() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let (path, check) = picture("compare.svg");
    let arguments = format!("compare {TINY} --systems dgraph --threads 2 --grains 0,5 --nodes 50");
    let rows = rows(&format!("{arguments} --shapes wave,{lock} --svg {}", path.display()), COMPARE);
    // serial-kahn is always there.
    let expected: Vec<_> = ["wave", "Cargo.lock"]
        .iter()
        .flat_map(|shape| ["0", "5"].map(|grain| [("serial-kahn", *shape, grain), ("dgraph", *shape, grain)]))
        .flatten()
        .collect();
    let found: Vec<_> = rows.iter().map(|row| (&row[0][..], &row[1][..], &row[3][..])).collect();
    assert_eq!(found, expected);
    check();
}

#[test]
fn compare_prints_tables_for_people() {
    let text = bench(&format!(
        "compare {TINY} --systems dgraph,rayon --shapes chain,diamond --threads 1 --nodes 20"
    ));
    for expected in
        ["chain, grain 0: 20 nodes, 19 edges", "× serial-kahn", "Median ns a node", "other processes"]
    {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
}

#[test]
#[cfg(feature = "peers")]
fn async_nodes() {
    let (path, check) = picture("async.svg");
    let columns = "system shape futures threads nodes edges run_ns_per_node_median run_ns_per_node_min allocations_per_run";
    let arguments = format!("async {TINY} --shapes wave,indep --nodes 100 --threads 2 --timers 50");
    let rows = rows(&format!("{arguments} --svg {}", path.display()), columns);
    let found = |system: &str, shape: &str, futures: &str| {
        rows.iter().filter(|row| row[..3] == [system, shape, futures]).collect::<Vec<_>>()
    };
    for shape in ["wave", "indep"] {
        for futures in ["ready", "one yield"] {
            for system in ["dgraph-async", "tokio", "tokio-current", "async-executor", "futures-unordered"] {
                assert_eq!(found(system, shape, futures).len(), 1, "{system} on {shape}, {futures}");
            }
            assert_eq!(
                found("dgraph-async", shape, futures)[0][8],
                "0",
                "a repeated run allocates: {rows:?}"
            );
            let theirs = found("futures-unordered", shape, futures)[0][8].parse::<u64>().expect("a number");
            assert!(theirs >= 100, "one a node, so the counting must be broken: {rows:?}");
        }
    }
    for (system, threads) in
        [("dgraph-async", "1"), ("join_all", "1"), ("JoinSet, tokio-current", "1"), ("JoinSet, tokio", "2")]
    {
        let timers = found(system, "indep", "timer");
        assert!(timers.len() == 1 && timers[0][3..6] == [threads, "50", "0"], "{system}: {rows:?}");
    }
    assert!(rows.iter().all(|row| row[3..].iter().all(|field| is_number(field))), "{rows:?}");
    check();
}

#[test]
#[cfg(feature = "peers")]
fn async_prints_tables_for_people() {
    let text = bench(&format!(
        "async {TINY} --systems dgraph-async,tokio-current --shapes chain,diamond --nodes 20 --timers 10"
    ));
    for expected in [
        "Futures that are ready at once.",
        "Futures that yield once.",
        "Allocations a node in a repeated run",
        "10 timers of 10 ms",
        "other processes",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    let text = bench(&format!("async {TINY} --systems dgraph-async --shapes diamond --timers 0"));
    assert!(!text.contains("timers"), "none were asked for:\n{text}");
}

#[test]
fn graphs_of_chosen_widths_and_the_frame_are_shapes() {
    let arguments = format!("compare {TINY} --systems dgraph --threads 1 --nodes 30");
    let rows = rows(&format!("{arguments} --shapes layers-3,frame"), COMPARE);
    let found: Vec<_> = rows.iter().filter(|row| row[0] == "dgraph").map(|row| [&row[1], &row[4]]).collect();
    assert_eq!(found, [["layers-3", "30"], ["frame", "51"]]);
}

#[test]
#[cfg(feature = "peers")]
fn joins_run_what_they_can_express() {
    let rows = rows(&format!("compare {TINY} --systems chili --nodes 200 --threads 1,2"), COMPARE);
    let found: Vec<_> =
        rows.iter().filter(|row| row[0] == "chili").map(|row| (&row[1][..], &row[2][..])).collect();
    let shapes = ["chain", "tree", "indep", "fan", "forkjoin", "diamond"];
    assert_eq!(found, shapes.iter().flat_map(|shape| [(*shape, "1"), (*shape, "2")]).collect::<Vec<_>>());
}

const RUNS: &str = "system shape threads grain nodes edges run_ns_per_node_median times_crossbeam_keep_one \
                    times_serial_topo first_run first_runs slow_percent run_ns_p99 run_ns_max graphs runs";

#[test]
fn runs() {
    let (path, check) = picture("runs.svg");
    let arguments =
        "runs --first 3 --graphs 10 --stretch 20 --seconds 60 --nodes 40 --grains 0,10 --threads 2";
    let rows = rows(&format!("{arguments} --svg {}", path.display()), RUNS);
    let found: Vec<_> = rows.iter().map(|row| [&row[1], &row[3], &row[0]].map(String::as_str)).collect();
    let systems = ["serial-topo", "dgraph", "dgraph-typed", "crossbeam-keep-one"];
    let shapes = ["wave", "layers-40", "layers-4", "frame"];
    let cells = shapes.iter().flat_map(|shape| ["0", "10"].map(|grain| (*shape, grain)));
    let expected: Vec<_> = cells.flat_map(|(shape, grain)| systems.map(|it| [shape, grain, it])).collect();
    assert_eq!(found, expected);
    assert!(rows.iter().all(|row| row[2..].iter().all(|field| is_number(field))), "{rows:?}");
    assert!(
        rows.iter().all(|row| row[14..] == ["10", "20"]),
        "as many graphs and runs as were asked for: {rows:?}"
    );
    let alike = |system: &str, column: usize| {
        rows.iter().filter(|row| row[0] == system).all(|row| row[column] == "1.000")
    };
    assert!(alike("crossbeam-keep-one", 7) && alike("serial-topo", 8), "a ratio to itself: {rows:?}");
    check();
}

#[test]
fn runs_end_early_and_print_tables_for_people() {
    let arguments = "runs --seconds 0 --graphs 1000 --stretch 100000 --first 2 --systems dgraph-keyed";
    let text = bench(&format!("{arguments} --nodes 9 --grains 5 --shapes wave --threads 1,2"));
    for expected in [
        "wave, grain 5: 9 nodes, 12 edges",
        "Steady time, as a multiple of crossbeam-keep-one's",
        "Mean time of the first 2 runs",
        "Steady runs that take more than 1.3 times the median",
        "other processes",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    // One graph and three runs in each round.
    let counts = |line: &str| line.split_whitespace().rev().take(2).map(str::to_owned).collect::<Vec<_>>();
    let keyed: Vec<_> = text.lines().filter(|line| line.starts_with("dgraph-keyed")).map(counts).collect();
    assert_eq!(keyed, [["15", "5"]; 2], "{text}");
}

#[test]
fn demands() {
    let (path, check) = picture("demands.svg");
    let arguments = format!("demands {TINY} --nodes 25 --grains 0,5 --threads 1,2 --svg {}", path.display());
    let rows = rows(&arguments, &format!("{COMPARE} times_without times_one_thread"));
    let found: Vec<_> = rows.iter().map(|row| (&row[0][..], &row[2][..], &row[3][..])).collect();
    let systems = ["dgraph-typed", "dgraph-ranked", "dgraph-bound", "dgraph-limited"];
    let cells = ["0", "5"].iter().flat_map(|grain| systems.map(|system| (system, *grain)));
    let expected: Vec<_> =
        cells.flat_map(|(system, grain)| ["1", "2"].map(|threads| (system, threads, grain))).collect();
    assert_eq!(found, expected);
    assert!(rows.iter().all(|row| row[2..].iter().all(|field| is_number(field))), "{rows:?}");
    assert!(rows.iter().all(|row| row[0] != "dgraph-typed" || row[9] == "1.000"), "{rows:?}");
    assert!(rows.iter().all(|row| row[2] != "1" || row[10] == "1.000"), "{rows:?}");
    check();
    let text = bench(&format!("demands {TINY} --systems dgraph-bound --nodes 9 --grains 0 --threads 2"));
    for expected in ["Median ns a node", "graph without demands", "on one thread", "dgraph-typed"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
}

#[test]
fn compile() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compile");
    let arguments = format!("compile --nodes 8 --runs 1 --folder {}", folder.display());
    let rows = rows(&arguments, "crate nodes seconds_median seconds_min");
    let found: Vec<_> = rows.iter().map(|row| [&row[0], &row[1]].map(String::as_str)).collect();
    assert_eq!(found, ["empty", "boxed", "typed"].map(|kind| [kind, "8"]));
    assert!(rows.iter().all(|row| row[2..].iter().all(|field| is_number(field))), "{rows:?}");
}

#[test]
fn metg() {
    let (path, check) = picture("metg.svg");
    let arguments =
        "metg --runs 3 --seconds 0.001 --nodes 100 --threads 2 --longest 1 --systems dgraph,rayon";
    let arguments = format!("{arguments} --shapes wave,layered --svg {}", path.display());
    let rows = rows(&arguments, "system shape threads metg50_ns metg95_ns");
    assert_eq!(rows.len(), 4);
    // A figure, or the end of the sweep that it lies beyond.
    assert!(rows.iter().all(|row| is_number(row[3].trim_start_matches(['<', '>']))), "{rows:?}");
    check();
}

#[test]
fn latency() {
    let (path, check) = picture("latency.svg");
    let arguments = format!("latency {TINY} --pause 1 --systems serial-kahn,dgraph,rayon --threads 2");
    let rows = rows(
        &format!("{arguments} --svg {}", path.display()),
        "what system threads nodes median_ns p99_ns missed",
    );
    let count = |what: &str| rows.iter().filter(|row| row[0] == what).count();
    assert_eq!(["warm", "warm-single", "parked"].map(count), [12; 3]);
    // Two systems and a bare unpark; where there are two cores, also one to the other core.
    assert!(
        ["handover", "handover-parked"].map(count).iter().all(|count| (3..=4).contains(count)),
        "{rows:?}"
    );
    assert!(rows.iter().any(|row| row[1] == "bare unpark"));
    check();
}

#[test]
fn memory() {
    let (path, check) = picture("memory.svg");
    let arguments = format!(
        "memory --nodes 1000 --threads 2 --systems serial-topo,dgraph,rayon --svg {}",
        path.display()
    );
    let rows = rows(&arguments, "system threads nodes bytes_per_node bytes_per_edge allocations_per_run");
    assert_eq!(rows.len(), 3);
    let field = |row: usize, column: usize| rows[row][column].parse::<f64>().expect("a number");
    assert!((1.0..100.0).contains(&field(1, 3)) && (1.0..20.0).contains(&field(1, 4)), "{rows:?}");
    assert!(field(0, 5) < 1.0, "the serial loop allocates: {rows:?}");
    assert!(field(2, 5) > 100.0, "a spawn allocates, so the counting must be broken: {rows:?}");
    check();
}

#[test]
fn scale() {
    let (path, check) = picture("scale.svg");
    let arguments = format!("scale {TINY} --max 10000 --shape layered --threads 2 --svg {}", path.display());
    let columns = "system shape threads nodes edges build_ns_per_node run_ns_per_node_median run_ns_per_node_min \
                   bytes_per_node peak_bytes_per_node";
    let rows = rows(&arguments, columns);
    let sizes: Vec<_> = rows.iter().map(|row| (&row[0][..], &row[3][..])).collect();
    assert_eq!(
        sizes,
        [("serial-kahn", "1000"), ("dgraph", "1000"), ("serial-kahn", "10000"), ("dgraph", "10000")]
    );
    check();
}

#[test]
fn threads() {
    let (path, check) = picture("threads.svg");
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let arguments = format!("threads --mean 10 --shapes {lock} --threads 1,4 --svg {}", path.display());
    let columns = "system graph nodes workers makespan_ms predicted_ms lower_bound_ms optimum_ms";
    let rows = rows(&arguments, columns);
    let found: Vec<_> = rows.iter().map(|row| (&row[0][..], &row[3][..])).collect();
    let systems = |workers| ["dgraph", "dgraph-ranked", "rayon"].map(|system| (system, workers));
    assert_eq!(found, [systems("1"), systems("4")].concat());
    for row in &rows {
        let [makespan, bound] = [4, 6].map(|column| row[column].parse::<f64>().expect("a number"));
        assert!(makespan >= bound, "faster than any schedule can be: {row:?}");
        let predicted = row[5].parse().unwrap_or(bound);
        assert!(predicted >= bound && row[5].is_empty() == (row[0] == "rayon"), "a prediction: {row:?}");
    }
    check();
    let text = bench(&format!("threads --spin --mean 1 --shapes {lock} --threads 1,2 --systems dgraph"));
    for expected in ["makespan / predicted", "lower bound ms", "dgraph"] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
}

#[test]
fn timeline() {
    let (path, check) = picture("timeline.svg");
    let arguments = format!("timeline --nodes 25 --grain 10 --threads 2 --svg {}", path.display());
    let rows = rows(&arguments, "node thread began_ns ended_ns");
    let mut nodes: Vec<u32> = rows.iter().map(|row| row[0].parse().expect("a node")).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, (0..25).collect::<Vec<_>>());
    check();
}

#[test]
fn workloads() {
    let (path, check) = picture("workloads.svg");
    let arguments = format!("workloads {TINY} --nodes 200 --frames 5 --threads 2 --svg {}", path.display());
    let rows = rows(
        &format!(
            "{arguments} --systems serial-topo,serial-kahn,dgraph,dgraph-keyed,crossbeam-keep-one,rayon"
        ),
        "workload system threads nodes edges run_ns_median run_ns_p99 run_ns_max",
    );
    assert_eq!(rows.len(), 4 * 6);
    check();
}

#[test]
fn nonsense_is_refused_in_one_line() {
    for arguments in [
        "compare --systems nobody",
        "compare --shapes round",
        "compare --shapes missing.tsv",
        "compare --threads 0",
        "compare --nodes 0",
        "compare --shapes layers-0",
        "runs --first 0",
        "runs --seconds -1",
        "compile --nodes 0",
        "scale --max 0",
        #[cfg(feature = "peers")]
        "async --systems rayon",
        #[cfg(feature = "peers")]
        "async --timers -1",
        "workloads --only none",
        "timeline --shapes wave --svg /nowhere/at/all.svg",
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_dgraph-bench"))
            .args(arguments.split_whitespace())
            .output()
            .expect("the binary is there");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments} was accepted");
        assert!(errors.starts_with("error: ") && !errors.contains("panicked"), "{arguments}: {errors}");
    }
}

#[test]
fn bare_measures_both_ways() {
    let rows = rows(
        "bare --runs 2 --nodes 1024",
        "shape way threads grain nodes ns_per_node_median ns_per_node_min",
    );
    assert!(rows.iter().all(|row| is_number(&row[5]) && is_number(&row[6])));
    for (way, threads) in
        [("work", "1"), ("work", "2"), ("take and complete", "1"), ("complete_and_take", "1")]
    {
        assert!(rows.iter().any(|row| row[1] == way && row[2] == threads), "{way} on {threads}");
    }
}
