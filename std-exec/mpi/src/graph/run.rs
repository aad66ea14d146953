//! A run from its beginning to its agreed end, on one rank.

use crate::errors::DistributedRunError;
use crate::fault::{Fault, FaultKind, Faults};
use crate::link::{Link, Operation, next_turn};
use crate::link_error::LinkError;
use crate::local::{Ended, PartRun};
use crate::options::RankOptions;
use crate::port::Port;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What a run was like on one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RankStatistics {
    /// How many nodes have ended on this rank.
    pub nodes: u64,
    /// How long the run took.
    pub took: Duration,
    /// How long this rank has waited for others, with nothing to do. Waits of less than some microseconds
    /// don't count.
    pub waited: Duration,
}

/// Begins a run, or something else that is done with the graph.
pub(super) fn begin<'l>(
    link: &'l mut Link,
    built_over: u64,
    port: &Port,
    options: &RankOptions,
) -> Result<Operation<'l>, DistributedRunError> {
    if link.id() != built_over {
        return Err(DistributedRunError::ForeignLink);
    }
    let mut operation = link.begin(port.graph())?;
    operation.core().watch(options);
    Ok(operation)
}

/// A run of this rank's part, and then what all ranks have come to.
pub(super) async fn drive(
    operation: &mut Operation<'_>,
    port: &Port,
    mut run: PartRun<'_, '_>,
) -> Result<Faults, LinkError> {
    loop {
        let mut busy = operation.core().look()?;
        let step = {
            let _entered = operation.link().enter();
            run.go_on()
        };
        match step {
            None => {}
            Some(Poll::Pending) => busy = true,
            Some(Poll::Ready(ended)) => {
                let fault = Fault::new(FaultKind::NotRun, port.plan().rank(), None);
                match ended {
                    Ended::Broken(error) => port.record(fault.with_error(Arc::from(error))),
                    // Nobody has told it to: what it has not run must not pass for done.
                    Ended::Stopped if !port.is_stopped() => {
                        port.record(fault.with_message("called off from outside".into()));
                    }
                    Ended::Stopped | Ended::Through => {}
                }
                break;
            }
        }
        let core = operation.core();
        if port.elsewhere() > 0 {
            core.stay();
        }
        core.rest(busy, &mut |_| port.waiting())?;
        next_turn().await;
    }
    drop(run);
    let own = port.faults();
    let mut verdict = operation.agree(own.clone()).await?;
    verdict.adopt(&own);
    Ok(verdict)
}

/// All ranks have come to the end of a run.
pub(super) fn finish(mut run: Operation<'_>, port: &Port) -> RankStatistics {
    let core = run.core();
    core.say_all_done(port.plan().nodes());
    let (took, waited) = core.times();
    let statistics = RankStatistics { nodes: port.done(), took, waited };
    run.end();
    statistics
}

/// The faults of all ranks as an error.
pub(super) fn settle(faults: Faults) -> Result<(), DistributedRunError> {
    let Some(first) = faults.first().first() else { return Ok(()) };
    if faults.first().iter().any(|fault| !fault.kind().calls_off()) {
        return Err(DistributedRunError::Faults(faults));
    }
    Err(match first.kind() {
        FaultKind::DeadlineExceeded => DistributedRunError::DeadlineExceeded { rank: first.rank() },
        _ => DistributedRunError::Cancelled { rank: first.rank() },
    })
}
