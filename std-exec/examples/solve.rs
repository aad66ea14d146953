//! Solves sparse systems of linear equations by the method of Gauss and Seidel: in each round a triangular
//! system, whose rows are a graph given by the matrix, until the solution no longer changes.
//!
//! Run it: `cargo run --release -p dgraph-exec --example solve`

#![forbid(unsafe_code)]

use dgraph_exec::{Dag, Executor, Graph, GraphBuilder, Threads, threads};
use std::error::Error;
use std::ops::ControlFlow;

const SIZE: usize = 20_000;
const TOLERANCE: f64 = 1e-10;

/// A matrix by rows: what is left of the diagonal, and what is right of it. On the diagonal are ones.
struct Matrix {
    left: Vec<Vec<(u32, f64)>>,
    right: Vec<Vec<(u32, f64)>>,
    /// A row comes after those that are columns of what is left of it. (These ascend, as what is before a
    /// node does.)
    dag: Dag,
}

impl Matrix {
    /// Four numbers in each row, within 500 columns from the diagonal.
    fn random() -> Result<Self, Box<dyn Error>> {
        let (mut left, mut right) = (vec![Vec::new(); SIZE], vec![Vec::new(); SIZE]);
        let mut edges = Vec::new();
        let mut seed = 1_u64;
        for row in 0..u32::try_from(SIZE)? {
            for _ in 0..4 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let column = (row + u32::try_from((seed >> 33) % 1_001)?).saturating_sub(500);
                if column < row {
                    left[row as usize].push((column, 0.2));
                    edges.push((column, row));
                } else if column > row && (column as usize) < SIZE {
                    right[row as usize].push((column, -0.2));
                }
            }
            left[row as usize].sort_unstable_by_key(|entry| entry.0);
        }
        Ok(Self { left, right, dag: Dag::from_edges(SIZE, &edges)? })
    }
}

/// The sum of what is in a row, times `x`.
fn times(row: &[(u32, f64)], x: &[f64]) -> f64 {
    row.iter().map(|&(column, factor)| factor * x[column as usize]).sum()
}

/// An entry of the right-hand side of the triangular system, and how far it is from what it was a round
/// ago.
#[derive(Clone, Default)]
struct Entry {
    value: f64,
    change: f64,
}

/// The solution for the right-hand side `b`, and after how many rounds it was found.
fn solve(matrix: &Matrix, b: &[f64], executor: Option<&Executor>) -> Result<(Vec<f64>, u32), Box<dyn Error>> {
    let mut round = GraphBuilder::new();
    let x = round.state("x", vec![0.0; SIZE]);
    let y = round.state("y", vec![Entry::default(); SIZE]);
    let change = round.try_node(
        "what is right of the diagonal",
        (x.read(), y.write(), threads()),
        |x: &Vec<f64>, y: &mut Vec<Entry>, threads: Threads<'_>| {
            threads.for_each(y, |row, entry| {
                let value = b[row] - times(&matrix.right[row], x);
                *entry = Entry { value, change: (value - entry.value).abs() };
            })?;
            threads.fold(y, 1_000, || 0.0, |most, entry| entry.change.max(most), f64::max)
        },
    );
    round.try_node(
        "triangular solve",
        (x.write(), y.read(), threads()),
        |x: &mut Vec<f64>, y: &Vec<Entry>, threads: Threads<'_>| {
            threads.run_each(&matrix.dag, x, |row, own, before| {
                let row = row.index();
                let left = matrix.left[row].iter().zip(before.iter());
                *own = y[row].value - left.map(|((_, factor), x)| factor * x).sum::<f64>();
            })
        },
    );
    let round = round.build()?;

    let mut graph = GraphBuilder::new();
    let mut rounds = 0;
    let solution = graph.repeat(
        "until nothing changes",
        (),
        round,
        |_: &mut Graph<'_>| (),
        move |round| {
            rounds += 1;
            if round.results()[change] > TOLERANCE {
                return ControlFlow::Continue(());
            }
            ControlFlow::Break((round.state(x).clone(), rounds))
        },
    );
    let mut graph = graph.build()?;
    match executor {
        Some(executor) => graph.run_parallel(executor)?,
        None => graph.run()?,
    };
    Ok(graph.take(solution)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let matrix = Matrix::random()?;
    let dag = matrix.dag.view();
    println!("{SIZE} rows, {} edges, {} levels", dag.edge_count(), dag.levels().len());

    let b: Vec<_> = (0..SIZE).map(|row| 1.0 + (row % 7) as f64).collect();
    let (x, rounds) = solve(&matrix, &b, Some(Executor::global()))?;
    let errors = (0..SIZE).map(|row| {
        let sides = times(&matrix.left[row], &x) + times(&matrix.right[row], &x);
        (x[row] + sides - b[row]).abs()
    });
    println!("{rounds} rounds; the largest error is {:.0e}", errors.fold(0.0, f64::max));

    assert!(solve(&matrix, &b, None)? == (x, rounds));
    println!("on one thread the same, to the last bit");
    Ok(())
}
