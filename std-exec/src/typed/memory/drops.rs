//! How to drop what nodes have: closures, results, inputs.
//!
//! Graphs are made in loops, so what follows each other is mostly of one type. Consecutive nodes whose things
//! are dropped by one function are one entry.

use super::entry::DropInPlace;

/// How to drop what some nodes have; what is trivial to drop isn't listed.
#[derive(Default)]
pub(super) struct Drops(Vec<Alike>);

/// Nodes with consecutive numbers.
#[derive(Clone, Copy)]
struct Alike {
    first: u32,
    /// The one behind the last.
    end: u32,
    drop: DropInPlace,
}

impl Drops {
    /// What `node` has is dropped like this. (Two functions may have one address only if their code is the
    /// same.)
    pub(super) fn push(&mut self, node: u32, drop: DropInPlace) {
        match self.0.last_mut() {
            Some(last) if last.end == node && last.drop as usize == drop as usize => last.end += 1,
            _ => self.0.push(Alike { first: node, end: node + 1, drop }),
        }
    }

    /// Gives back memory that isn't used: all nodes are there.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// How to drop what `node` has. For lists of nodes in ascending order.
    pub(super) fn of(&self, node: u32) -> Option<DropInPlace> {
        let behind = self.0.partition_point(|alike| alike.first <= node);
        let alike = self.0[..behind].last().filter(|alike| node < alike.end)?;
        Some(alike.drop)
    }

    /// All of them, in the order in which they came.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, DropInPlace)> {
        self.0.iter().flat_map(|alike| (alike.first..alike.end).map(|node| (node, alike.drop)))
    }

    /// Takes the last one off the list.
    pub(super) fn pop(&mut self) -> Option<(u32, DropInPlace)> {
        let last = self.0.last_mut()?;
        last.end -= 1;
        let taken = (last.end, last.drop);
        if last.first == last.end {
            self.0.pop();
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::drop_of;
    use super::Drops;

    #[test]
    fn alike_and_not() {
        let [text, list] =
            [drop_of::<String>(), drop_of::<Vec<String>>()].map(|drop| drop.expect("it has memory"));
        let all = [(0, text), (1, text), (2, list), (4, list), (5, list), (9, text)];
        let mut drops = Drops::default();
        all.iter().for_each(|&(node, drop)| drops.push(node, drop));
        assert_eq!(drops.0.len(), 4);
        let number = |(node, drop): (u32, super::DropInPlace)| (node, drop as usize);
        let expected = all.map(number);
        assert!(drops.iter().map(number).eq(expected));
        assert!(drops.iter().rev().map(number).eq(expected.into_iter().rev()));
        for node in 0..11 {
            let known = all.iter().find(|(other, _)| *other == node).map(|(_, drop)| *drop as usize);
            assert_eq!(drops.of(node).map(|drop| drop as usize), known);
        }
        let taken: Vec<_> = std::iter::from_fn(|| drops.pop()).map(number).collect();
        assert!(taken.into_iter().eq(expected.into_iter().rev()));
    }
}
