//! Blocked Cholesky factorisation A = L·Lᵀ: the graph that dense task-parallel linear algebra is known for.

use super::tile::{SIDE, Tile};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_tests::splitmix::SplitMix64;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// Tiles of 32×32, updated in place. What a task writes nobody else touches at that time, so the locks never
/// wait.
#[derive(Clone, Copy)]
pub(super) struct Factorise {
    problem: &'static Problem,
}

struct Problem {
    tasks: Vec<Task>,
    /// The lower triangle of A, and of L once it is computed: tile (i, j) at i·(i+1)/2 + j.
    matrix: Vec<Tile>,
    factor: Vec<RwLock<Tile>>,
    /// Tiles in a row.
    count: usize,
}

/// What a node does, on tile rows and columns i ≥ j ≥ k.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// Copies tile (i, j) of A, so that a factorisation can be repeated.
    Load(usize, usize),
    /// Factorises the diagonal tile (k, k). LAPACK's `potrf`.
    Factor(usize),
    /// Divides tile (i, k) by the factor of (k, k). `trsm`.
    Solve(usize, usize),
    /// Subtracts the product of tiles (i, k) and (j, k) from (i, j). `gemm`, and `syrk` on the diagonal.
    Update(usize, usize, usize),
}

/// A random matrix of as many tiles as give about `nodes` tasks.
pub(super) fn generated(nodes: usize) -> (Graph, Factorise) {
    // About n³/6 updates, and as many other tasks as two times the n²/2 tiles.
    let tasks = |n: usize| n * (n + 1) * (n + 2) / 6 + n * (n + 1) / 2;
    let count = (1..).take_while(|&n| tasks(n) <= nodes).last().unwrap_or(1);
    let mut random = SplitMix64::new(42);
    let mut matrix = Vec::new();
    for row in 0..count {
        for column in 0..=row {
            // Symmetric where it is on the diagonal, and positive definite since the diagonal dominates.
            let mut tile = Tile::from_fn(|_, _| f64::from(random.below(1_000)) / 1e3);
            if row == column {
                let dominant = (count * SIDE) as f64;
                let half = tile.clone();
                tile =
                    Tile::from_fn(|i, j| half.at(i.max(j), i.min(j)) + if i == j { dominant } else { 0.0 });
            }
            matrix.push(tile);
        }
    }
    let (tasks, edges) = schedule(count);
    let factor = matrix.iter().map(|_| RwLock::new(Tile::zero())).collect();
    let nodes = tasks.len();
    let problem = Box::leak(Box::new(Problem { tasks, matrix, factor, count }));
    (Graph::new("cholesky", nodes, edges), Factorise { problem })
}

/// The tasks in the order of the serial algorithm. Each depends on the last one that wrote a tile it reads or
/// writes.
fn schedule(count: usize) -> (Vec<Task>, Vec<(u32, u32)>) {
    let (mut tasks, mut edges): (Vec<Task>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
    let mut writer = vec![None; index(count, 0)];
    let mut add = |task: Task, reads: &[(usize, usize)], (row, column): (usize, usize)| {
        let node = u32::try_from(tasks.len()).expect("node ids have 32 bits");
        let written = index(row, column);
        let mut inputs: Vec<u32> = reads
            .iter()
            .map(|&(i, j)| index(i, j))
            .chain([written])
            .filter_map(|tile| writer[tile])
            .collect();
        inputs.dedup();
        edges.extend(inputs.into_iter().map(|input| (input, node)));
        writer[written] = Some(node);
        tasks.push(task);
    };
    for i in 0..count {
        for j in 0..=i {
            add(Task::Load(i, j), &[], (i, j));
        }
    }
    for k in 0..count {
        add(Task::Factor(k), &[], (k, k));
        for i in k + 1..count {
            add(Task::Solve(i, k), &[(k, k)], (i, k));
        }
        for i in k + 1..count {
            for j in k + 1..=i {
                add(Task::Update(i, j, k), &[(i, k), (j, k)], (i, j));
            }
        }
    }
    (tasks, edges)
}

fn index(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

impl Problem {
    fn read<T>(&self, row: usize, column: usize, work: impl FnOnce(&Tile) -> T) -> T {
        work(&self.factor[index(row, column)].read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, row: usize, column: usize, work: impl FnOnce(&mut Tile)) {
        work(&mut self.factor[index(row, column)].write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Body for Factorise {
    fn execute(self, node: u32) {
        let problem = self.problem;
        match problem.tasks[node as usize] {
            Task::Load(i, j) => problem.write(i, j, |tile| tile.clone_from(&problem.matrix[index(i, j)])),
            Task::Factor(k) => problem.write(k, k, Tile::factor),
            Task::Solve(i, k) => {
                problem.read(k, k, |diagonal| problem.write(i, k, |tile| tile.solve(diagonal)));
            }
            Task::Update(i, j, k) => problem.read(i, k, |left| {
                problem.read(j, k, |right| problem.write(i, j, |tile| tile.update(left, right)));
            }),
        }
    }

    fn clear(self) {
        for tile in &self.problem.factor {
            *tile.write().unwrap_or_else(PoisonError::into_inner) = Tile::zero();
        }
    }

    /// Multiplies L by its transpose again, in some places.
    fn check(self) -> Result<(), String> {
        let size = self.problem.count * SIDE;
        let tile = |row: usize, column: usize| (row / SIDE, column / SIDE);
        let factor = |row: usize, column: usize| {
            let (i, j) = tile(row, column);
            if column > row { 0.0 } else { self.problem.read(i, j, |it| it.at(row % SIDE, column % SIDE)) }
        };
        let mut random = SplitMix64::new(1);
        let size32 = u32::try_from(size).expect("a matrix of a few thousand rows");
        for _ in 0..100 {
            let (a, b) = (random.below(size32) as usize, random.below(size32) as usize);
            let (row, column) = (a.max(b), a.min(b));
            let product: f64 = (0..=column).map(|k| factor(row, k) * factor(column, k)).sum();
            let (i, j) = tile(row, column);
            let expected = self.problem.matrix[index(i, j)].at(row % SIDE, column % SIDE);
            if (product - expected).abs() > 1e-9 * size as f64 || product.is_nan() {
                return Err(format!("L·Lᵀ is {product} at ({row}, {column}), A is {expected}"));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Factorise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factorise").field("tiles", &self.problem.count).finish_non_exhaustive()
    }
}
