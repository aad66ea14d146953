//! Collects what nodes gave, on one rank.

use super::run::settle;
use crate::block::Block;
use crate::errors::DistributedRunError;
use crate::fault::{Fault, FaultKind, Faults};
use crate::handle::DistributedNode;
use crate::link::Operation;
use crate::link_error::{LinkError, Waiting};
use crate::local::PartResults;
use crate::message::{Body, Kind};
use crate::plan::Plan;
use crate::wire::Wire;
use std::sync::Arc;

/// Sends what this rank has to rank `to`, or waits for what others have if that is this one.
pub(super) async fn gather<T: Wire>(
    mut operation: Operation<'_>,
    plan: &Plan,
    results: &PartResults<'_>,
    to: usize,
    nodes: &[DistributedNode<T>],
) -> Result<Option<Vec<T>>, DistributedRunError> {
    let is_here = to == plan.rank();
    let fault = |kind, node| Fault::new(kind, plan.rank(), Some((node, plan.name(node).to_owned())));
    let unpack = |node, body: Option<Body>| {
        T::unpack(body).map_err(|error| fault(FaultKind::NotReceived, node).with_error(Arc::new(error)))
    };
    let mut faults = Faults::default();
    let mut values: Vec<Option<T>> = nodes.iter().map(|_| None).collect();
    let mut missing = 0;
    for (at, node) in nodes.iter().map(|node| node.index()).enumerate() {
        if !plan.is_own(node) {
            missing += usize::from(is_here);
            continue;
        }
        let packed = match results.get::<T>(node) {
            Some(Ok(value)) => {
                let packed = value.pack(&mut |bytes| Arc::new(Block::new(bytes)));
                packed.map_err(|error| fault(FaultKind::NotSent, node).with_error(Arc::new(error)))
            }
            Some(Err(absent)) => Err(fault(FaultKind::Missing, node).with_error(Arc::new(absent))),
            None => Err(fault(FaultKind::Missing, node)),
        };
        if is_here {
            let unpacked = packed.and_then(|body| unpack(node, Some(body)));
            values[at] = unpacked.map_err(|fault| faults.push(fault)).ok();
        } else {
            let body = packed.map_err(|fault| faults.push(fault)).ok();
            operation.core().send_gathered(to, at as u64, body)?;
        }
    }
    while missing > 0 {
        let waiting = move |_: &_| Waiting::Gathered { values: missing };
        let (from, message) = operation.wait(|core| core.take_gathered(), waiting).await?;
        missing -= 1;
        let (head, body) = message.into_parts();
        if head.kind == Kind::Missing {
            continue; // its owner has a fault of it
        }
        let at = usize::try_from(head.node).unwrap_or(usize::MAX);
        let Some(place) = values.get_mut(at) else {
            return Err(operation.core().fail(LinkError::OutOfStep { rank: from }).into());
        };
        *place = unpack(nodes[at].index(), body).map_err(|fault| faults.push(fault)).ok();
    }
    let own = faults.clone();
    let mut verdict = operation.agree(faults).await?;
    operation.end();
    verdict.adopt(&own);
    settle(verdict)?;
    Ok(is_here.then(|| values.into_iter().flatten().collect()))
}
