//! Arbitrary untrusted arrays, and right ones that were tampered with: accepted exactly if a naive check
//! accepts them. Never a panic, never an access out of bounds.
#![no_main]

use arbitrary::Arbitrary;
use dgraph_core::{Dag, DagView, Edge, NodeId, Parts};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input {
    /// Entries of any kind.
    Any { offsets: Vec<u32>, edges: Vec<u32>, in_degrees: Vec<u32>, order: Vec<u16> },
    /// Small ones, which fit together more often.
    Small { offsets: Vec<u8>, edges: Vec<(u8, bool)>, in_degrees: Vec<u8>, order: Vec<u8> },
    /// A graph, whose edges go upwards, with entries that are replaced.
    Tampered { nodes: u8, edges: Vec<(u8, u8)>, writes: Vec<(Array, u8, u8)> },
}

#[derive(Arbitrary, Debug)]
enum Array {
    Offsets,
    Edges,
    Marks,
    InDegrees,
    Order,
    SwapInOrder,
}

/// The four arrays, owned.
#[derive(Default)]
struct Arrays {
    offsets: Vec<u32>,
    edges: Vec<Edge>,
    in_degrees: Vec<u32>,
    order: Vec<NodeId>,
}

fuzz_target!(|input: (Input, u8)| {
    let (input, spare) = input;
    let arrays = Arrays::new(input);
    let Arrays { offsets, edges, in_degrees, order } = &arrays;
    let parts = Parts { offsets, edges, in_degrees, order };
    // Too short every now and then, too long otherwise.
    let mut scratch = vec![7; (order.len() + usize::from(spare)).saturating_sub(3)];
    let right = scratch.len() >= order.len() && arrays.are_right();
    match DagView::from_parts(parts, &mut scratch) {
        Ok(dag) => {
            assert!(right, "wrong arrays were accepted");
            assert_eq!((dag.order(), dag.in_degrees()), (&order[..], &in_degrees[..]));
            let rows = (0..).map(NodeId::new).take(dag.node_count()).flat_map(|node| dag.successors(node));
            assert!(rows.eq(edges));
        }
        Err(error) => assert!(!right, "right arrays were refused: {error}"),
    }
});

impl Arrays {
    fn new(input: Input) -> Self {
        let node = |number: u8| NodeId::new(number.into());
        match input {
            Input::Any { offsets, edges, in_degrees, order } => Self {
                offsets,
                edges: edges.into_iter().map(Edge::from_bits).collect(),
                in_degrees,
                order: order.into_iter().map(|number| NodeId::new(u32::from(number) << 15)).collect(),
            },
            Input::Small { offsets, edges, in_degrees, order } => Self {
                offsets: offsets.into_iter().map(u32::from).collect(),
                edges: edges.into_iter().map(|(target, sole)| edge(node(target), sole)).collect(),
                in_degrees: in_degrees.into_iter().map(u32::from).collect(),
                order: order.into_iter().map(node).collect(),
            },
            Input::Tampered { nodes, edges, writes } => {
                let nodes = nodes % 32 + 2;
                let edges = edges.into_iter().map(|(u, v)| (u % nodes, v % nodes)).filter(|(u, v)| u != v);
                let edges: Vec<_> = edges.map(|(u, v)| (u.min(v).into(), u.max(v).into())).collect();
                let mut arrays = Self::of(&Dag::from_edges(nodes.into(), &edges).expect("no cycle"));
                for (array, at, value) in writes {
                    // Most within the array, and with a number that could stand there.
                    let (at, value) =
                        if at < 224 { (at % (nodes + 1), value % (nodes + 2)) } else { (at, value) };
                    arrays.write(&array, at.into(), value);
                }
                arrays
            }
        }
    }

    fn of(dag: &Dag) -> Self {
        let dag = dag.view();
        let mut arrays = Self { offsets: vec![0], ..Self::default() };
        for node in (0..).map(NodeId::new).take(dag.node_count()) {
            arrays.edges.extend_from_slice(dag.successors(node));
            arrays.offsets.push(u32::try_from(arrays.edges.len()).expect("few edges"));
        }
        arrays.in_degrees = dag.in_degrees().to_vec();
        arrays.order = dag.order().to_vec();
        arrays
    }

    /// Replaces one entry; does nothing if there is none.
    fn write(&mut self, array: &Array, at: usize, value: u8) {
        let number = u32::from(value);
        match array {
            Array::Offsets => self.offsets.get_mut(at).map(|entry| *entry = number),
            Array::Edges => {
                self.edges.get_mut(at).map(|entry| *entry = edge(NodeId::new(number), entry.is_sole()))
            }
            Array::Marks => {
                self.edges.get_mut(at).map(|entry| *entry = edge(entry.target(), !entry.is_sole()))
            }
            Array::InDegrees => self.in_degrees.get_mut(at).map(|entry| *entry = number),
            Array::Order => self.order.get_mut(at).map(|entry| *entry = NodeId::new(number)),
            Array::SwapInOrder => {
                let other = usize::from(value);
                (at.max(other) < self.order.len()).then(|| self.order.swap(at, other))
            }
        };
    }

    /// The contract, word by word.
    fn are_right(&self) -> bool {
        let nodes = self.order.len();
        let ends = || (self.offsets.first(), self.offsets.last().map(|&last| last as usize));
        let rows = self.offsets.len() == nodes + 1
            && ends() == (Some(&0), Some(self.edges.len()))
            && self.offsets.is_sorted();
        if !rows
            || self.in_degrees.len() != nodes
            || self.edges.iter().any(|edge| edge.target().index() >= nodes)
        {
            return false;
        }
        let (mut into, mut place) = (vec![0; nodes], vec![None; nodes]);
        self.edges.iter().for_each(|edge| into[edge.target().index()] += 1);
        for (at, node) in self.order.iter().enumerate() {
            place.get_mut(node.index()).map(|place| *place = Some(at));
        }
        let marks = self.edges.iter().all(|edge| edge.is_sole() == (into[edge.target().index()] == 1));
        let permutation = place.iter().all(Option::is_some);
        let forwards = (0..nodes).all(|node| {
            let row = &self.edges[self.offsets[node] as usize..self.offsets[node + 1] as usize];
            row.iter().all(|edge| place[node] < place[edge.target().index()])
        });
        let root = |node: &NodeId| self.in_degrees.get(node.index()) == Some(&0);
        let roots_first = self.order.iter().skip_while(|node| root(node)).all(|node| !root(node));
        self.in_degrees == into && marks && permutation && forwards && roots_first
    }
}

fn edge(target: NodeId, sole: bool) -> Edge {
    if sole { Edge::to(target).marked_sole() } else { Edge::to(target) }
}
