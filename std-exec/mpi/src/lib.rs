#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod block;
mod builder;
mod description;
mod errors;
mod exec;
mod fault;
mod gate;
mod graph;
mod handle;
mod hash;
mod in_process;
mod link;
mod link_error;
mod local;
mod merge;
mod message;
#[cfg(feature = "mpi")]
mod mpi_transport;
mod options;
mod outbox;
mod partition;
mod plan;
mod port;
mod predict;
mod slot;
mod sync;
mod transport;
mod wire;

pub use block::Block;
pub use builder::{DistributedBuilder, DistributedName};
pub use errors::{DistributedGraphError, DistributedRunError, Section, Unavailable};
pub use exec::{CancelToken, Executor, FailurePolicy, GraphError, NoResult, Values, ValuesIter};
pub use fault::{Fault, FaultKind, Faults};
pub use graph::{DistributedGraph, DistributedResults, RankStatistics, WithRankOptions};
pub use handle::{DistributedDeclared, DistributedInput, DistributedNode};
pub use in_process::{InProcess, Loss, Network};
pub use link::{Link, Traffic};
pub use link_error::{LinkError, Waiting};
pub use local::{RankAsyncFn, RankFn, Sources};
pub use message::{Body, Head, Message};
#[cfg(feature = "mpi")]
pub use mpi_transport::MpiTransport;
pub use options::{Progress, RankOptions};
pub use partition::Owners;
pub use predict::{Cluster, Prediction};
pub use transport::{Transport, TransportError};
pub use wire::{Plain, PlainPool, PlainVec, Wire, WireError};
