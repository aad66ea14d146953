//! Sparse triangular solve: forward substitution L·x = b, a node for each row.

use crate::body::Body;
use crate::graph::Graph;
use crate::slots::Slots;
use dgraph_tests::splitmix::SplitMix64;

/// Row i computes x[i] from the x of the columns in which it has entries, which it therefore depends on. A
/// row has a handful of operations: work so fine that solvers go level by level, or not parallel at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solve {
    matrix: &'static Matrix,
    /// The bits of x.
    x: Slots,
}

#[derive(Debug)]
struct Matrix {
    /// The entries left of the diagonal: row i has `entries[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
    diagonal: Vec<f64>,
    right: Vec<f64>,
    /// What a serial solve gives.
    solution: Vec<f64>,
}

/// The lower triangle of a 7-point stencil on a cube of about `nodes` points, with random values.
pub(super) fn generated(nodes: usize) -> (Graph, Solve) {
    let side = (1..).take_while(|side| side * side * side <= nodes).last().unwrap_or(1);
    let mut random = SplitMix64::new(42);
    let mut value = move || f64::from(random.below(1_000)) / 1e3;
    let (mut starts, mut entries, mut edges) = (vec![0], Vec::new(), Vec::new());
    let rows = side * side * side;
    for row in 0..rows {
        let neighbours = [
            (row / (side * side) > 0).then(|| row - side * side),
            (row / side % side > 0).then(|| row - side),
            (row % side > 0).then(|| row - 1),
        ];
        for column in neighbours.into_iter().flatten() {
            let (from, to) = (small(column), small(row));
            entries.push((from, value() - 1.0));
            edges.push((from, to));
        }
        starts.push(entries.len());
    }
    let diagonal = (0..rows).map(|_| 4.0 + value()).collect();
    let right = (0..rows).map(|_| value()).collect();
    let mut matrix = Matrix { starts, entries, diagonal, right, solution: Vec::with_capacity(rows) };
    for row in 0..rows {
        let x = matrix.solve(row, |column| matrix.solution[column as usize]);
        matrix.solution.push(x);
    }
    let solve = Solve { matrix: Box::leak(Box::new(matrix)), x: Slots::new(rows) };
    (Graph::new("trisolve", rows, edges), solve)
}

impl Matrix {
    fn solve(&self, row: usize, x: impl Fn(u32) -> f64) -> f64 {
        let entries = &self.entries[self.starts[row]..self.starts[row + 1]];
        let sum: f64 = entries.iter().map(|&(column, value)| value * x(column)).sum();
        (self.right[row] - sum) / self.diagonal[row]
    }
}

impl Body for Solve {
    #[inline]
    fn execute(self, node: u32) {
        let x = self.matrix.solve(node as usize, |column| f64::from_bits(self.x.get(column)));
        self.x.set(node, x.to_bits());
    }

    fn clear(self) {
        self.x.clear();
    }

    fn check(self) -> Result<(), String> {
        // Each row adds up in the same order, so the results are equal to the last bit.
        let expected = self.matrix.solution.iter().map(|x| x.to_bits());
        match (0_u32..).zip(expected).find(|&(row, bits)| self.x.get(row) != bits) {
            Some((row, _)) => Err(format!("row {row} of the solution is wrong")),
            None => Ok(()),
        }
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("node ids have 32 bits")
}
