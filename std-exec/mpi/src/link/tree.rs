//! The binary tree of ranks, up which reports go, and down which verdicts go.

/// The place of one rank in the tree. Rank 0 is its root.
#[derive(Clone, Copy)]
pub(super) struct Tree {
    rank: usize,
    size: usize,
}

impl Tree {
    pub(super) fn new(rank: usize, size: usize) -> Self {
        Self { rank, size }
    }

    pub(super) fn parent(self) -> Option<usize> {
        self.rank.checked_sub(1).map(|below| below / 2)
    }

    pub(super) fn child(self, which: usize) -> Option<usize> {
        Some(2 * self.rank + 1 + which).filter(|&rank| rank < self.size)
    }

    pub(super) fn children(self) -> impl Iterator<Item = usize> {
        (0..2).filter_map(move |which| self.child(which))
    }

    /// Which child this rank is.
    pub(super) fn child_number(self, rank: usize) -> Option<usize> {
        (0..2).find(|&which| self.child(which) == Some(rank))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rank_but_the_first_is_one_child_of_one_parent() {
        for size in 1..20 {
            for rank in 0..size {
                let tree = Tree::new(rank, size);
                for child in tree.children() {
                    assert_eq!(Tree::new(child, size).parent(), Some(rank));
                    assert_eq!(tree.child_number(child).and_then(|which| tree.child(which)), Some(child));
                }
                match tree.parent() {
                    None => assert_eq!(rank, 0),
                    Some(parent) => assert!(Tree::new(parent, size).children().any(|child| child == rank)),
                }
            }
        }
    }
}
