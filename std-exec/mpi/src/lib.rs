#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod block;
mod builder;
mod current;
mod errors;
mod fault;
mod graph;
mod handle;
mod in_process;
mod link;
mod link_error;
mod local;
mod message;
#[cfg(feature = "mpi")]
#[allow(unsafe_code)]
mod mpi_transport;
mod options;
mod partition;
mod plan;
mod port;
mod predict;
mod runs;
mod sync;
mod transport;
mod wire;

pub use block::Block;
pub use builder::DistributedBuilder;
pub use errors::{DistributedGraphError, DistributedRunError, Section, Unavailable};
pub use fault::{Fault, FaultKind, Faults};
pub use graph::{DistributedGraph, DistributedResults, RankStatistics};
pub use handle::{DistributedInput, DistributedNode};
pub use in_process::{InProcess, Loss, Network};
pub use link::{Link, Traffic};
pub use link_error::{LinkError, Waiting};
pub use local::{
    CancelToken, Executor, FailurePolicy, GraphError, NoResult, RankFn, Sources, Values, ValuesIter,
};
pub use message::{Body, Head, Message};
#[cfg(feature = "mpi")]
pub use mpi_transport::MpiTransport;
pub use options::{Progress, RankOptions};
pub use partition::Owners;
pub use predict::{Cluster, Prediction};
pub use runs::WithRankOptions;
pub use transport::{Transport, TransportError};
pub use wire::{Plain, PlainPool, PlainVec, Wire, WireError};
