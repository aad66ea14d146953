//! What runs: observers are told of each node; recorders, progress and the like are observers.
//!
//! A run without an observer pays nothing for them: what each node looks at anyway is one word, of which an
//! observer sets a bit. This folder knows nothing of closures and results; it is `typed/memory/watch.rs` that
//! tells observers.
//!
//! | files | idea |
//! |---|---|
//! | `observer.rs`, `observed.rs`, `run_info.rs`, `node_info.rs`, `outcome.rs` | who is told, and what |
//! | `recorder.rs`, `lanes.rs`, `ring.rs`, `kind.rs`, `registry.rs` | an observer that records: a ring per thread, without a lock; runs and graphs behind one |
//! | `trace.rs`, `traced_run.rs`, `span.rs`, `kept_trace.rs` | what was recorded, also by serde |
//! | `spans.rs` | an observer that makes spans of the `tracing` crate |
//! | `progress.rs` | an observer that knows how far runs have come |
//! | `durations.rs` | what nodes have taken, by name, for the next process |

mod durations;
#[cfg(feature = "serde")]
mod kept_trace;
mod kind;
mod lanes;
mod node_info;
mod observed;
mod observer;
mod outcome;
mod progress;
mod recorder;
mod registry;
mod ring;
mod run_info;
mod span;
#[cfg(feature = "tracing")]
mod spans;
mod trace;
mod traced_run;

pub use durations::{Durations, ParseDurationsError};
pub use node_info::NodeInfo;
pub(crate) use observed::{Observed, tell};
pub use observer::Observer;
pub use outcome::{NodeOutcome, RunOutcome, SkipReason};
pub use progress::{Progress, ProgressReport, RunningNode};
pub use recorder::Recorder;
pub use run_info::RunInfo;
pub(crate) use run_info::{NodeNames, Parent, Path};
pub use span::Span;
#[cfg(feature = "tracing")]
pub use spans::TracingSpans;
pub use trace::{Trace, TracedThread};
pub use traced_run::TracedRun;
