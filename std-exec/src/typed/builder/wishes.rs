//! What nodes demand of their order and their thread, as it is collected: priorities, limits, places.

use crate::protocol::ready_queue::Place;
use crate::typed::data::schedule::Demands;
use crate::typed::error::graph_error::GraphError;
use crate::typed::handle::names::Names;

/// As collected while nodes are declared.
#[derive(Default)]
pub(crate) struct Wishes {
    /// How many permits each limit has.
    permits: Vec<usize>,
    priorities: Vec<(u32, i32)>,
    limits: Vec<(u32, u32)>,
    places: Vec<(u32, Place)>,
    pub(crate) depth_first: bool,
}

impl Wishes {
    pub(crate) fn prioritize(&mut self, node: u32, priority: i32) {
        self.priorities.push((node, priority));
    }

    /// A limit on how many nodes run at once; its number.
    pub(crate) fn limit(&mut self, at_once: usize) -> u32 {
        let index = u32::try_from(self.permits.len()).expect("limits take memory");
        self.permits.push(at_once);
        index
    }

    pub(crate) fn put_under(&mut self, node: u32, limit: u32) {
        self.limits.push((node, limit));
    }

    pub(crate) fn bind(&mut self, node: u32, place: Place) {
        self.places.push((node, place));
    }

    /// What each node demands. `None` if none does.
    pub(crate) fn collect(self, nodes: usize, names: &Names) -> Result<Option<Demands>, GraphError> {
        let Self { permits, priorities, mut limits, places, depth_first: _ } = self;
        if priorities.is_empty() && limits.is_empty() && places.is_empty() {
            return Ok(None);
        }
        let mut all = Demands::none(nodes);
        for (node, priority) in priorities {
            all.priorities[node as usize] = priority;
        }
        limits.sort_unstable();
        let twice = limits.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].0);
        let twice = names.all_named(twice);
        if !twice.is_empty() {
            return Err(GraphError::LimitedTwice(twice));
        }
        let empty = limits.iter().filter(|(_, limit)| permits[*limit as usize] == 0);
        let empty = names.all_named(empty.map(|(node, _)| *node));
        if !empty.is_empty() {
            return Err(GraphError::LimitOfZero(empty));
        }
        for (node, limit) in limits {
            all.demands[node as usize].1.push(limit);
        }
        let mut bound_twice = Vec::new();
        for (node, place) in places {
            let before = std::mem::replace(&mut all.demands[node as usize].0, place);
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
