//! What nodes demand of their order and their thread, as it is collected: priorities, limits, places.

use crate::protocol::own_permits::Wish;
use crate::protocol::ready_queue::Place;
use crate::typed::data::schedule::Demands;
use crate::typed::error::graph_error::GraphError;
use crate::typed::handle::names::Names;
use crate::typed::limits::limited::Wanted;
use crate::typed::limits::shared_limit::SharedLimit;
use crate::typed::memory::starts::Start;
use std::mem;

/// As collected while nodes are declared.
#[derive(Default)]
pub(crate) struct Wishes {
    /// How many permits each limit has.
    permits: Vec<usize>,
    priorities: Vec<(u32, i32)>,
    /// Permits of limits of this graph.
    limits: Vec<(u32, Wish)>,
    places: Vec<(u32, Place)>,
    /// Permits of limits that graphs share.
    wanted: Vec<(u32, SharedLimit, usize)>,
    pub(crate) depth_first: bool,
}

impl Wishes {
    pub(crate) fn prioritize(&mut self, node: u32, priority: i32) {
        self.priorities.push((node, priority));
    }

    /// A limit on how many nodes run at once; its number.
    pub(crate) fn limit(&mut self, at_once: usize) -> u32 {
        let index = self.limits();
        self.permits.push(at_once);
        index
    }

    /// How many limits there are.
    pub(crate) fn limits(&self) -> u32 {
        u32::try_from(self.permits.len()).expect("limits take memory")
    }

    /// The node wants so many permits of a limit of this graph.
    pub(crate) fn put_under(&mut self, node: u32, limit: u32, permits: usize) {
        if permits > 0 {
            self.limits.push((node, (limit, permits)));
        }
    }

    /// The node wants so many permits of a limit that graphs share.
    pub(crate) fn want(&mut self, node: u32, limit: SharedLimit, permits: usize) {
        if permits > 0 {
            self.wanted.push((node, limit, permits));
        }
    }

    pub(crate) fn bind(&mut self, node: u32, place: Place) {
        self.places.push((node, place));
    }

    /// The nodes that may have to wait before they begin, ascending, and what permits of limits that graphs
    /// share they want. Starts are among them, which want none.
    pub(crate) fn collect_wanted(
        &mut self,
        names: &Names,
        starts: &[Start],
    ) -> Result<(Vec<u32>, Vec<Wanted>), GraphError> {
        let mut all = mem::take(&mut self.wanted);
        all.sort_unstable_by_key(|(node, limit, _)| (*node, limit.place()));
        let named = |nodes: &mut dyn Iterator<Item = u32>| names.all_named(nodes);
        let is_same = |pair: &&[(u32, SharedLimit, usize)]| {
            pair[0].0 == pair[1].0 && pair[0].1.place() == pair[1].1.place()
        };
        let twice = named(&mut all.windows(2).filter(is_same).map(|pair| pair[0].0));
        if !twice.is_empty() {
            return Err(GraphError::LimitedTwice(twice));
        }
        let empty = named(&mut all.iter().filter(|wish| wish.1.count() == Some(0)).map(|wish| wish.0));
        if !empty.is_empty() {
            return Err(GraphError::LimitOfZero(empty));
        }
        let too_many = |wish: &&(u32, SharedLimit, usize)| wish.2 > wish.1.count().unwrap_or(1);
        let too_many = named(&mut all.iter().filter(too_many).map(|wish| wish.0));
        if !too_many.is_empty() {
            return Err(GraphError::TooManyPermits(too_many));
        }
        let (mut nodes, mut wanted) = (Vec::new(), Vec::new());
        for wishes in all.chunk_by(|one, next| one.0 == next.0) {
            nodes.push(wishes[0].0);
            wanted.push(wishes.iter().map(|(_, limit, permits)| (limit.clone(), *permits)).collect());
        }
        for start in starts {
            match nodes.binary_search(&start.start) {
                Ok(at) => wanted[at] = Wanted::default(),
                Err(at) => {
                    nodes.insert(at, start.start);
                    wanted.insert(at, Wanted::default());
                }
            }
        }
        Ok((nodes, wanted))
    }

    /// What each node demands. `None` if none does. Starts take no permits: they would keep them while they
    /// wait for a node that may want the same ones.
    pub(crate) fn collect(
        self,
        nodes: usize,
        names: &Names,
        starts: &[Start],
    ) -> Result<Option<Demands>, GraphError> {
        let Self { permits, priorities, mut limits, places, wanted: _, depth_first: _ } = self;
        if priorities.is_empty() && limits.is_empty() && places.is_empty() {
            return Ok(None);
        }
        let mut all = Demands::none(nodes);
        for (node, priority) in priorities {
            all.priorities[node as usize] = priority;
        }
        limits.sort_unstable();
        let is_same = |pair: &&[(u32, Wish)]| (pair[0].0, pair[0].1.0) == (pair[1].0, pair[1].1.0);
        let twice = limits.windows(2).filter(is_same).map(|pair| pair[0].0);
        let twice = names.all_named(twice);
        if !twice.is_empty() {
            return Err(GraphError::LimitedTwice(twice));
        }
        let empty = limits.iter().filter(|(_, (limit, _))| permits[*limit as usize] == 0);
        let empty = names.all_named(empty.map(|(node, _)| *node));
        if !empty.is_empty() {
            return Err(GraphError::LimitOfZero(empty));
        }
        let too_many = limits.iter().filter(|(_, (limit, wanted))| *wanted > permits[*limit as usize]);
        let too_many = names.all_named(too_many.map(|(node, _)| *node));
        if !too_many.is_empty() {
            return Err(GraphError::TooManyPermits(too_many));
        }
        for (node, wish) in limits {
            all.demands[node as usize].1.push(wish);
        }
        starts.iter().for_each(|start| all.demands[start.start as usize].1.clear());
        let mut bound_twice = Vec::new();
        for (node, place) in places {
            let before = mem::replace(&mut all.demands[node as usize].0, place);
            if before != Place::Anywhere && before != place {
                bound_twice.push(node);
            }
        }
        if !bound_twice.is_empty() {
            return Err(GraphError::BoundTwice(names.all_named(bound_twice)));
        }
        Ok(Some(Demands { permits, ..all }))
    }
}
