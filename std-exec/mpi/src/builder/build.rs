//! From the description of all ranks to the part of one.

use super::DistributedBuilder;
use crate::errors::{DistributedGraphError, Section};
use crate::graph::DistributedGraph;
use crate::link::{Link, block_on};
use crate::local::{Part, PartBuilder};
use crate::merge::Merge;
use crate::partition::Owners;
use crate::plan::Plan;
use crate::port::Port;
use serde::{Deserialize, Serialize};
use std::any::TypeId;
use std::sync::Arc;

impl<'env> DistributedBuilder<'env> {
    /// Compares what all ranks have described, and builds this rank's part. All ranks do it together.
    ///
    /// # Errors
    ///
    /// If the ranks have described different graphs, or what they have described is none. All ranks get an
    /// error then.
    pub fn build(
        self,
        link: &mut Link,
        owners: &Owners,
    ) -> Result<DistributedGraph<'env>, DistributedGraphError> {
        link.set_has_time(true);
        block_on(self.build_async(link, owners))
    }

    /// Builds this rank's part as [`build`](Self::build) does, for a thread that has something else to do
    /// meanwhile. The future looks for messages whenever it is polled, and wakes itself.
    ///
    /// # Errors
    ///
    /// If the ranks have described different graphs, or what they have described is none. All ranks get an
    /// error then.
    pub async fn build_async(
        self,
        link: &mut Link,
        owners: &Owners,
    ) -> Result<DistributedGraph<'env>, DistributedGraphError> {
        let (rank, ranks) = (link.rank(), link.size());
        let order = self.order();
        let owners = match &order {
            Ok(order) => owners.assign(ranks, &self.description, order),
            Err(_) => Vec::new(),
        };
        let graph = link.next_graph();
        let (id, link_id) = (self.id, link.id());
        let sections = self.description.sections(&owners);
        let mut report = Report { rank, sections, differs: None, refused_by: None };
        let types: Vec<TypeId> = self.kinds.iter().map(|kind| kind.id).collect();
        let part = match order {
            Ok(order) => self.part(rank, ranks, owners, &order, |plan| Port::new(graph, link_id, plan)),
            Err(error) => Err(error),
        };
        match &part {
            Ok((port, _)) => link.connect(port),
            Err(_) => {
                report.refused_by = Some(rank);
                link.connect(&Port::new(graph, link_id, Plan::default()));
            }
        }
        let mut operation = link.begin(graph)?;
        let verdict = operation.agree(report).await?;
        operation.end();
        if let Some((rank, other, section)) = verdict.differs {
            return Err(DistributedGraphError::Differs { rank, other, section });
        }
        let (port, part) = part?;
        match verdict.refused_by {
            Some(rank) => Err(DistributedGraphError::RefusedBy { rank }),
            None => Ok(DistributedGraph::new(id, port, part, types, link_id)),
        }
    }

    /// An order in which each node comes after its predecessors, if what was described is a graph.
    fn order(&self) -> Result<Vec<u32>, DistributedGraphError> {
        let label = |node| self.description.label(node);
        if let Some(node) = self.stranger {
            return Err(DistributedGraphError::ForeignHandle { node: label(node) });
        }
        if let Some(node) = self.description.nodes().iter().position(|node| !node.is_defined) {
            return Err(DistributedGraphError::Undefined { node: label(node) });
        }
        self.description.order().map_err(|cycle| DistributedGraphError::Cycle {
            nodes: cycle.into_iter().map(|node| label(node as usize)).collect(),
        })
    }

    /// This rank's part.
    #[allow(clippy::type_complexity, reason = "two things that belong together for a moment")]
    fn part(
        self,
        rank: usize,
        ranks: usize,
        owners: Vec<usize>,
        order: &[u32],
        port: impl FnOnce(Plan) -> Arc<Port>,
    ) -> Result<(Arc<Port>, Part<'env>), DistributedGraphError> {
        let Self { description, mut kinds, .. } = self;
        if let Some(node) = owners.iter().position(|&owner| owner >= ranks) {
            let (node, owner) = (description.label(node), owners[node]);
            return Err(DistributedGraphError::NoSuchRank { node, owner, ranks });
        }
        let owners = owners.into_iter().map(|owner| u32::try_from(owner).unwrap_or(u32::MAX)).collect();
        let port = port(Plan::new(rank, ranks, &description, owners));
        let mut part = PartBuilder::new(&port);
        for node in order.iter().map(|&node| node as usize) {
            let described = &description.nodes()[node];
            if !port.plan().is_own(node) {
                (kinds[node].receive)(&mut part, node, described.predecessors());
            } else if let Some(install) = kinds[node].install.take() {
                install(&mut part, node);
                part.after(node, described.only_after());
            }
        }
        let part = part.build().map_err(DistributedGraphError::Part)?;
        Ok((port, part))
    }
}

/// What a rank has described.
#[derive(Serialize, Deserialize)]
struct Report {
    rank: usize,
    sections: [u64; 5],
    /// Two ranks, and where they differ.
    differs: Option<(usize, usize, Section)>,
    refused_by: Option<usize>,
}

impl Merge for Report {
    fn merge(&mut self, other: Self) {
        const SECTIONS: [Section; 5] =
            [Section::Nodes, Section::Names, Section::Types, Section::Dependencies, Section::Owners];
        let pairs = self.sections.iter().zip(&other.sections);
        let here = pairs.zip(SECTIONS).find(|((own, other), _)| own != other);
        let here = here.map(|(_, section)| (self.rank, other.rank, section));
        self.differs = self.differs.or(here).or(other.differs);
        self.refused_by = self.refused_by.or(other.refused_by);
    }
}
