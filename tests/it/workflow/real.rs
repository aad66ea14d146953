//! Real graphs, from the folder beside the workspace where it is present: sizes, work and critical paths as
//! published.

use super::root;
use dgraph_core::{Dag, DagError, NodeId};
use dgraph_tests::error::Reason;
use dgraph_tests::input::{self, Input};
use dgraph_tests::workflow::parse;
use dgraph_tests::{oracle, schedule};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of real graphs beside the workspace, if there is one.
fn data() -> Option<PathBuf> {
    let folder = root().join("../shared/data");
    if !folder.is_dir() {
        eprintln!("skipped: no folder {}", folder.display());
        return None;
    }
    Some(folder)
}

fn open(path: &Path) -> Input {
    input::load(path).unwrap_or_else(|error| panic!("{error}"))
}

fn tsv_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("readable").path());
    let is_graph =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "tsv") && !path.ends_with("optimal.tsv");
    let mut files: Vec<_> = paths.filter(is_graph).collect();
    files.sort();
    files
}

#[test]
fn real_graphs_load_and_run_in_order() {
    let Some(data) = data() else { return };
    let expected = [("wf", 6), ("stg", 40), ("pkg", 2), ("trisolve", 1)];
    for (folder, count) in expected {
        let mut files = tsv_files(&data.join(folder));
        assert_eq!(files.len(), count, "{folder}");
        files.retain(|file| !file.ends_with("debian12_depends_cyclic.tsv"));
        for file in files {
            let Input { file, workflow, dag } = input::load(&file).unwrap_or_else(|error| panic!("{error}"));
            let mut order = Vec::new();
            dag.run(|node| order.push(node.get()));
            assert_eq!(oracle::check_order(workflow.nodes(), &workflow.edges, &order), Ok(()), "{file}");
            let length = dag.view().critical_path(|node| workflow.duration(node)).length;
            assert_eq!(length, oracle::critical_path(&workflow.edges, &workflow.durations), "{file}");
        }
    }
}

#[test]
fn workflow_sizes_as_published() {
    let Some(data) = data() else { return };
    let sizes: Vec<_> = tsv_files(&data.join("wf"))
        .iter()
        .map(|file| {
            let loaded = open(file);
            (loaded.dag.view().node_count(), loaded.dag.view().edge_count())
        })
        .collect();
    // 1000genome, airrflow, blast, epigenomics, montage, soykb.
    assert_eq!(sizes, [(902, 1_166), (212, 327), (303, 900), (1_695, 2_108), (1_738, 4_698), (676, 1_674)]);
}

#[test]
fn standard_task_graphs_as_published() {
    let Some(data) = data() else { return };
    let table = fs::read_to_string(data.join("stg/optimal.tsv")).expect("readable");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), 40);
    for row in rows {
        let (file, numbers) = row.split_once('\t').expect("a file and numbers");
        let numbers: Vec<u64> = numbers.split('\t').map(|number| number.parse().expect("a number")).collect();
        let [nodes, edges, work, critical_path, optima @ ..] = numbers.as_slice() else { panic!("{row}") };
        let Input { workflow, dag, .. } = open(&data.join(file));
        let length = dag.view().critical_path(|node| workflow.duration(node)).length;
        let found =
            (dag.view().node_count() as u64, dag.view().edge_count() as u64, workflow.total_work(), length);
        assert_eq!(found, (*nodes, *edges, *work, *critical_path), "{file}");
        for (&optimum, workers) in optima.iter().zip([2, 4, 8, 16]) {
            assert!(schedule::lower_bound(length, *work, workers) <= optimum, "{file} on {workers} workers");
        }
    }
}

#[test]
fn debian_packages_are_refused_with_a_real_cycle() {
    let Some(data) = data() else { return };
    let file = data.join("pkg/debian12_depends_cyclic.tsv");
    let name = file.display().to_string();
    let workflow = parse(&name, &fs::read(&file).expect("readable")).expect("well-formed");
    let Err(DagError::Cycle(cycle)) = Dag::from_edges(workflow.nodes(), &workflow.edges) else {
        panic!("the cycle went unnoticed")
    };
    let path: Vec<u32> = cycle.path().map(NodeId::get).collect();
    assert!(oracle::is_real_cycle(&workflow.edges, &path), "{cycle}");

    let error = workflow.build(&name).unwrap_err();
    let line = workflow.lines[path[0] as usize];
    assert_eq!(error.line, Some(line));
    assert_eq!(error.reason, Reason::Cycle(path.iter().map(u32::to_string).collect()));
    assert!(error.to_string().starts_with(&format!("{name}:{line}: dependency cycle: {} -> ", path[0])));
}
