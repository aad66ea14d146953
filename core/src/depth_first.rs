//! An order that keeps few results alive: a node's dependents come soon after it.
//!
//! As long as nodes are ready, the one that became ready last is next (Kahn's algorithm with a stack). When
//! none is, some node that has got a result already waits for others: it is the next goal, and what it waits
//! for is gone down to, depth first, until there is a root. Without any such node a new root begins, in the
//! order of the numbers.
//!
//! Finding the order that keeps the fewest results alive is NP-complete (Sethi, "Complete register allocation
//! problems", SIAM J. Comput. 4, 1975), so this promises no optimum. Chains that are independent it takes one
//! after the other, and trees with one result alive a level.

use crate::{DagView, NodeId};
use alloc::vec;
use alloc::vec::Vec;

/// All nodes in this order, and behind them the roots in the same order. O(V + E).
pub(crate) fn order_and_roots(dag: DagView<'_>) -> Vec<NodeId> {
    let mut search = Search::new(dag);
    let mut next_root = 0;
    loop {
        if let Some(node) = search.ready.pop() {
            search.take(node);
        } else if !search.go_down() {
            // Nothing waits for anything.
            let is_new = |&node: &usize| search.predecessors_left[node] == 0 && !search.is_done[node];
            let Some(root) = (next_root..dag.node_count()).find(is_new) else { break };
            next_root = root + 1;
            search.ready.push(id(root));
        }
    }
    let mut order = search.order;
    debug_assert_eq!(order.len(), dag.node_count());
    for at in 0..order.len() {
        if dag.in_degree(order[at]) == 0 {
            order.push(order[at]);
        }
    }
    order
}

#[expect(clippy::cast_possible_truncation, reason = "of a node")]
fn id(index: usize) -> NodeId {
    NodeId::new(index as u32)
}

struct Search<'a> {
    dag: DagView<'a>,
    order: Vec<NodeId>,
    /// The last is the next.
    ready: Vec<NodeId>,
    is_done: Vec<bool>,
    predecessors_left: Vec<u32>,
    /// Of node `i`, those that may not be done yet are `predecessors[undone[i]..ends[i]]`.
    predecessors: Vec<NodeId>,
    undone: Vec<usize>,
    ends: Vec<usize>,
    /// Nodes that wait, each once. The last is the next to go down from, when `path` is empty.
    goals: Vec<NodeId>,
    is_goal: Vec<bool>,
    /// A goal, a predecessor of it, a predecessor of that, and so on.
    path: Vec<NodeId>,
}

impl<'a> Search<'a> {
    fn new(dag: DagView<'a>) -> Self {
        let nodes = dag.node_count();
        let mut undone = Vec::with_capacity(nodes);
        let mut end = 0;
        for &in_degree in dag.in_degrees() {
            undone.push(end);
            end += in_degree as usize;
        }
        let mut ends = undone.clone();
        let mut predecessors = vec![NodeId::default(); end];
        for node in (0..nodes).map(id) {
            for edge in dag.successors(node) {
                let end = &mut ends[edge.target().index()];
                predecessors[*end] = node;
                *end += 1;
            }
        }
        Self {
            dag,
            order: Vec::with_capacity(nodes),
            ready: Vec::new(),
            is_done: vec![false; nodes],
            predecessors_left: dag.in_degrees().to_vec(),
            predecessors,
            undone,
            ends,
            goals: Vec::new(),
            is_goal: vec![false; nodes],
            path: Vec::new(),
        }
    }

    /// `node` is next.
    fn take(&mut self, node: NodeId) {
        self.order.push(node);
        self.is_done[node.index()] = true;
        // From the back, so that the first successor is the next.
        for edge in self.dag.successors(node).iter().rev() {
            let target = edge.target();
            let left = &mut self.predecessors_left[target.index()];
            *left -= 1;
            if *left == 0 {
                self.ready.push(target);
            } else if !self.is_goal[target.index()] {
                self.is_goal[target.index()] = true;
                self.goals.push(target);
            }
        }
    }

    /// When no node is ready: goes down from a node that waits to a root, which is ready then. False if none
    /// waits.
    fn go_down(&mut self) -> bool {
        loop {
            let Some(&node) = self.path.last() else {
                let Some(goal) = self.goals.pop() else { return false };
                self.path.push(goal);
                continue;
            };
            if self.is_done[node.index()] {
                self.path.pop();
                continue;
            }
            let (undone, end) = (&mut self.undone[node.index()], self.ends[node.index()]);
            let rest = &self.predecessors[*undone..end];
            let done = rest.iter().take_while(|before| self.is_done[before.index()]).count();
            *undone += done;
            // It isn't done, and no node is ready, so it waits for one.
            let Some(&before) = rest.get(done) else { return false };
            if self.predecessors_left[before.index()] == 0 {
                self.ready.push(before);
                return true;
            }
            self.path.push(before);
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use crate::{AsDag, Dag, NodeId};
    use alloc::vec;
    use alloc::vec::Vec;

    fn depth_first(nodes: u32, edges: &[(u32, u32)]) -> Dag {
        Dag::from_edges(nodes as usize, edges).expect("a valid graph").depth_first()
    }

    fn order(dag: &Dag) -> Vec<u32> {
        dag.view().order().iter().map(|node| node.get()).collect()
    }

    /// How many results are alive at once, if each lasts until all of its successors have run.
    fn alive(dag: &Dag) -> usize {
        let mut users: Vec<usize> = (0..)
            .map(NodeId::new)
            .take(dag.view().node_count())
            .map(|node| dag.view().successors(node).len())
            .collect();
        let mut predecessors = vec![Vec::new(); users.len()];
        let (mut alive, mut most) = (0, 0);
        dag.run(|node| {
            alive += 1;
            most = most.max(alive);
            for &before in &predecessors[node.index()] {
                users[before] -= 1;
                alive -= usize::from(users[before] == 0);
            }
            alive -= usize::from(users[node.index()] == 0);
            for edge in dag.view().successors(node) {
                predecessors[edge.target().index()].push(node.index());
            }
        });
        assert_eq!(alive, 0);
        most
    }

    /// Each node once, each after its predecessors, and the roots in the same order.
    fn check(dag: &Dag) {
        let view = dag.view();
        let mut place = vec![usize::MAX; view.node_count()];
        view.order().iter().enumerate().for_each(|(at, node)| place[node.index()] = at);
        assert_eq!(view.order().len(), view.node_count());
        assert!(place.iter().all(|&at| at != usize::MAX));
        for node in (0..).map(NodeId::new).take(view.node_count()) {
            assert!(
                view.successors(node).iter().all(|edge| place[edge.target().index()] > place[node.index()])
            );
        }
        let roots = view.order().iter().filter(|&&node| view.in_degree(node) == 0);
        assert!(roots.eq(view.roots()));
        let kept = dag.supersteps_by(Some(&mut |dag| Some(dag.supersteps(2, 1, |_| 1))));
        assert!(kept.is_none() || !view.is_depth_first());
    }

    #[test]
    fn chains_one_after_the_other() {
        // Declared layer by layer.
        let edges: Vec<_> = (0..200).flat_map(|i| [(i, i + 200), (i + 200, i + 400)]).collect();
        let plain = Dag::from_edges(600, &edges).expect("a valid graph");
        let dag = plain.clone().depth_first();
        check(&dag);
        assert_eq!((alive(&plain), alive(&dag)), (201, 2));
        assert_eq!(order(&dag)[..6], [0, 200, 400, 1, 201, 401]);
        assert_eq!(order(&dag.clone()), order(&dag));
    }

    /// One result a level, and the one that is being made.
    #[test]
    fn a_tree() {
        let edges: Vec<_> = (0..1022).map(|node| (node, parent(node))).collect();
        let dag = depth_first(1023, &edges);
        check(&dag);
        assert_eq!(alive(&dag), 11);
    }

    /// Of a binary tree of 512 leaves.
    fn parent(node: u32) -> u32 {
        let (mut first, mut width) = (0, 512);
        while node >= first + width {
            first += width;
            width /= 2;
        }
        first + width + (node - first) / 2
    }

    /// What is used by two, each of which is wanted by a node at the end.
    #[test]
    fn two_users_and_two_ends() {
        let edges: Vec<_> =
            (0..100).flat_map(|i| [(i, 100 + i), (i, 200 + i), (100 + i, 300), (200 + i, 301)]).collect();
        let dag = depth_first(302, &edges);
        check(&dag);
        assert_eq!(order(&dag)[..6], [0, 100, 200, 1, 101, 201]);
    }

    /// Each node needs two roots whose numbers are far apart.
    #[test]
    fn roots_that_are_needed_together() {
        let edges: Vec<_> = (0..100).flat_map(|i| [(i, 200 + i), (100 + i, 200 + i)]).collect();
        let dag = depth_first(300, &edges);
        check(&dag);
        assert_eq!(alive(&dag), 3);
    }

    #[test]
    fn small_and_odd_ones() {
        for (nodes, edges) in [
            (0, &[][..]),
            (1, &[]),
            (3, &[]),
            (2, &[(1, 0)]),
            (2, &[(0, 1), (0, 1)]),
            (4, &[(3, 2), (2, 1), (1, 0)]),
            (5, &[(4, 0), (3, 0), (0, 1), (0, 2), (4, 2)]),
        ] {
            check(&depth_first(nodes, edges));
        }
    }

    #[test]
    fn random_ones() {
        let mut state = 1_u64;
        let mut random = move |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from((state >> 33) % u64::from(below)).expect("small")
        };
        for round in 0..300 {
            let nodes = 2 + random(60);
            let edges: Vec<_> = (0..random(3 * nodes))
                .map(|_| (random(nodes), random(nodes)))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (a.min(b), a.max(b)))
                // Upwards, downwards, or neither.
                .map(|(a, b)| match round % 3 {
                    0 => (a, b),
                    1 => (nodes - 1 - a, nodes - 1 - b),
                    _ => (a ^ 1, b ^ 1),
                })
                .collect();
            let nodes = nodes + 1; // the last one's partner
            check(&depth_first(nodes, &edges));
        }
    }

    /// Nothing recurses, and nothing takes quadratic time.
    #[test]
    fn large_ones() {
        let nodes = 300_000;
        let chain: Vec<_> = (1..nodes).map(|node| (node, node - 1)).collect();
        check(&depth_first(nodes, &chain));
        let join: Vec<_> = (1..nodes).map(|node| (node, 0)).collect();
        check(&depth_first(nodes, &join));
        let width = 500;
        let grid: Vec<_> = (0..width * width)
            .flat_map(|node| {
                let right = (node % width + 1 < width).then_some((node, node + 1));
                let below = (node / width + 1 < width).then_some((node, node + width));
                right.into_iter().chain(below)
            })
            .collect();
        check(&depth_first(width * width, &grid));
    }
}
