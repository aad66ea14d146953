//! The recurrence of the longest common subsequence (Wagner and Fischer, 1974): of one tile, and of the
//! whole.

/// Computes a tile. `top` is the lower edge of the tile above, with the corner before it; `left` the right
/// edge of the tile to the left; zeros where there is none. Writes its own lower edge, with the corner before
/// it, and then its right edge.
pub(crate) fn compute(a: &[u8], b: &[u8], top: Option<&[u32]>, left: Option<&[u32]>, edges: &mut [u32]) {
    let (lower, right) = edges.split_at_mut(b.len() + 1);
    match top {
        Some(top) => lower.copy_from_slice(top),
        None => lower.fill(0),
    }
    // Corners of the first column and row of tiles are 0, as is what lies outside.
    for (row, (&letter, right)) in a.iter().zip(right).enumerate() {
        let before = left.map_or(0, |left| left[row]);
        *right = step(letter, b, lower, before);
    }
}

/// Goes on by one row: `row` has what was found for the letters before, from the column before the first on.
/// `before` is what was found up to this letter in the column before. Gives what is found in the last column.
fn step(letter: u8, b: &[u8], row: &mut [u32], before: u32) -> u32 {
    let mut diagonal = row[0];
    let mut left = before;
    row[0] = before;
    for (&other, above) in b.iter().zip(&mut row[1..]) {
        let found = if letter == other { diagonal + 1 } else { left.max(*above) };
        diagonal = *above;
        *above = found;
        left = found;
    }
    left
}

/// The length of the longest common subsequence.
pub(crate) fn serial(a: &[u8], b: &[u8]) -> u32 {
    let mut row = vec![0; b.len() + 1];
    for &letter in a {
        step(letter, b, &mut row, 0);
    }
    row[b.len()]
}
