//! Square blocks of a matrix, and what a blocked Cholesky factorisation does with them.

/// Rows and columns of a tile.
pub(super) const SIDE: usize = 32;

/// A tile by rows. Plain loops: fast enough to be real work, and no library to depend on.
#[derive(Clone, Debug)]
pub(super) struct Tile(Box<[[f64; SIDE]; SIDE]>);

impl Tile {
    pub(super) fn zero() -> Self {
        Self(Box::new([[0.0; SIDE]; SIDE]))
    }

    pub(super) fn from_fn(mut value: impl FnMut(usize, usize) -> f64) -> Self {
        let mut tile = Self::zero();
        for (i, row) in tile.0.iter_mut().enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry = value(i, j);
            }
        }
        tile
    }

    pub(super) fn at(&self, row: usize, column: usize) -> f64 {
        self.0[row][column]
    }

    /// This tile becomes its own lower Cholesky factor.
    pub(super) fn factor(&mut self) {
        for column in 0..SIDE {
            for row in column..SIDE {
                let product = dot(&self.0[row][..column], &self.0[column][..column]);
                let rest = self.0[row][column] - product;
                self.0[row][column] = if row == column { rest.sqrt() } else { rest / self.0[column][column] };
            }
            // What is above the diagonal counts as zero.
            self.0[column][column + 1..].fill(0.0);
        }
    }

    /// This tile becomes X with X·Lᵀ = this, for a lower triangular L.
    pub(super) fn solve(&mut self, lower: &Self) {
        for row in &mut *self.0 {
            for column in 0..SIDE {
                let product = dot(&row[..column], &lower.0[column][..column]);
                row[column] = (row[column] - product) / lower.0[column][column];
            }
        }
    }

    /// Subtracts left·rightᵀ.
    pub(super) fn update(&mut self, left: &Self, right: &Self) {
        for (row, left) in self.0.iter_mut().zip(left.0.iter()) {
            for (entry, right) in row.iter_mut().zip(right.0.iter()) {
                *entry -= dot(left, right);
            }
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}
