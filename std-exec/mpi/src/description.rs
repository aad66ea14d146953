//! What is known of a graph before it is built: the same on all ranks.

use crate::hash::Hash;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The nodes of a graph, and what each comes after.
#[derive(Debug, Default)]
pub(crate) struct Description {
    nodes: Vec<Described>,
}

/// A node of it.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    /// Of what it gives.
    pub(crate) type_name: &'static str,
    pub(crate) is_input: bool,
    /// False from its declaration until it is defined.
    pub(crate) is_defined: bool,
    pub(crate) load: u64,
    /// The rank that it was given to.
    pub(crate) placed: Option<usize>,
    /// What it comes after: first what it is fed, in the order of its parameters.
    predecessors: Vec<u32>,
    fed: u32,
}

impl Described {
    pub(crate) fn new(name: &str, type_name: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            type_name,
            is_input: false,
            is_defined: false,
            load: 1,
            placed: None,
            predecessors: Vec::new(),
            fed: 0,
        }
    }

    /// It is fed what these give.
    pub(crate) fn feed(&mut self, sources: Vec<u32>) {
        self.fed = number(sources.len());
        if self.predecessors.is_empty() {
            self.predecessors = sources;
        } else {
            self.predecessors.splice(0..0, sources);
        }
    }

    /// It comes after `node`, and is fed nothing of it.
    pub(crate) fn come_after(&mut self, node: u32) {
        self.predecessors.push(node);
    }

    /// What it comes after.
    pub(crate) fn predecessors(&self) -> &[u32] {
        &self.predecessors
    }

    /// What it is fed.
    pub(crate) fn sources(&self) -> &[u32] {
        &self.predecessors[..self.fed as usize]
    }

    /// What it comes after without being fed anything of that.
    pub(crate) fn only_after(&self) -> &[u32] {
        &self.predecessors[self.fed as usize..]
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 nodes")
}

impl Description {
    /// Adds a node, and gives its number.
    pub(crate) fn add(&mut self, node: Described) -> u32 {
        let added = number(self.nodes.len());
        self.nodes.push(node);
        added
    }

    pub(crate) fn nodes(&self) -> &[Described] {
        &self.nodes
    }

    pub(crate) fn node_mut(&mut self, node: u32) -> &mut Described {
        &mut self.nodes[node as usize]
    }

    /// The name of a node, or its number.
    pub(crate) fn label(&self, node: usize) -> String {
        match self.nodes[node].name.as_str() {
            "" => format!("#{node}"),
            name => name.to_owned(),
        }
    }

    /// All nodes, each after its predecessors; otherwise in the order of their numbers.
    ///
    /// # Errors
    ///
    /// A cycle: each node of it comes after the next, and the last one after the first.
    pub(crate) fn order(&self) -> Result<Vec<u32>, Vec<u32>> {
        let all = 0..number(self.nodes.len());
        let mut numbered = self.nodes.iter().zip(all.clone());
        if numbered.all(|(node, at)| node.predecessors.iter().all(|&before| before < at)) {
            return Ok(all.collect());
        }
        let mut successors = vec![Vec::new(); self.nodes.len()];
        let mut remaining: Vec<usize> = self.nodes.iter().map(|node| node.predecessors.len()).collect();
        for (node, at) in self.nodes.iter().zip(all.clone()) {
            node.predecessors.iter().for_each(|&before| successors[before as usize].push(at));
        }
        let roots = all.filter(|&node| remaining[node as usize] == 0);
        let mut ready: BinaryHeap<_> = roots.map(Reverse).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(Reverse(node)) = ready.pop() {
            order.push(node);
            for &after in &successors[node as usize] {
                remaining[after as usize] -= 1;
                if remaining[after as usize] == 0 {
                    ready.push(Reverse(after));
                }
            }
        }
        if order.len() == self.nodes.len() { Ok(order) } else { Err(self.cycle(&remaining)) }
    }

    /// A cycle among those nodes that have predecessors `remaining`: each has one among them.
    fn cycle(&self, remaining: &[usize]) -> Vec<u32> {
        let is_left = |&node: &u32| remaining[node as usize] > 0;
        let mut node = (0..number(self.nodes.len())).find(is_left).expect("some are left");
        let (mut path, mut place) = (Vec::new(), vec![None; self.nodes.len()]);
        loop {
            if let Some(start) = place[node as usize].replace(path.len()) {
                return path.split_off(start);
            }
            path.push(node);
            let mut before = self.nodes[node as usize].predecessors.iter().copied();
            node = before.find(is_left).expect("what is left waits for something that is left");
        }
    }

    /// A hash of each section: of the nodes, names, types, dependencies and owners.
    pub(crate) fn sections(&self, owners: &[usize]) -> [u64; 5] {
        let mut sections = [Hash::new(); 5];
        let [nodes, names, types, dependencies, owned] = &mut sections;
        nodes.number(self.nodes.len());
        for node in &self.nodes {
            names.text(&node.name);
            types.number(usize::from(node.is_input));
            types.text(node.type_name);
            dependencies.number(node.fed as usize);
            dependencies.number(node.predecessors.len());
            node.predecessors.iter().for_each(|&before| dependencies.number(before as usize));
        }
        owners.iter().for_each(|&owner| owned.number(owner));
        sections.map(Hash::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(predecessors: &[&[u32]]) -> Description {
        let mut description = Description::default();
        for before in predecessors {
            let mut node = Described::new("", "()");
            node.feed(before.to_vec());
            description.add(node);
        }
        description
    }

    #[test]
    fn nodes_come_after_their_predecessors_and_else_by_number() {
        assert_eq!(described(&[&[], &[0], &[0, 1]]).order(), Ok(vec![0, 1, 2]));
        assert_eq!(described(&[&[3], &[], &[0, 1], &[]]).order(), Ok(vec![1, 3, 0, 2]));
    }

    #[test]
    fn a_cycle_is_found_and_nothing_beside_it() {
        // 0 is after the cycle, 4 before it.
        let cycle = described(&[&[1], &[2, 4], &[3], &[1], &[]]).order().unwrap_err();
        assert_eq!(cycle, [1, 2, 3]);
        assert_eq!(described(&[&[0]]).order(), Err(vec![0]));
    }

    #[test]
    fn what_is_fed_comes_first() {
        let mut node = Described::new("", "()");
        node.come_after(7);
        node.feed(vec![1, 2]);
        node.come_after(8);
        assert_eq!((node.sources(), node.only_after()), (&[1, 2][..], &[7, 8][..]));
    }
}
