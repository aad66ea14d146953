//! The systems that are compared: one file each, all behind one trait.
//!
//! To add one, write a file with a type that implements [`System`], and a line in the list at the end of this
//! file.

#[cfg(feature = "peers")]
mod async_executor;
#[cfg(feature = "peers")]
mod bevy_ecs;
#[cfg(feature = "peers")]
mod chili;
#[cfg(feature = "native")]
mod cpp;
mod crossbeam_keep_one;
#[cfg(feature = "peers")]
mod dag_exec;
#[cfg(feature = "peers")]
mod dagrs;
#[cfg(feature = "peers")]
mod dagx;
#[cfg(feature = "peers")]
mod dgraph_async;
mod dgraph_demands;
mod dgraph_keyed;
mod dgraph_raw;
mod dgraph_typed;
#[cfg(feature = "peers")]
mod futures_unordered;
#[cfg(feature = "native")]
mod native;
mod rayon;
mod serial_kahn;
mod serial_topo;
#[cfg(feature = "peers")]
mod tokio;

use crate::body::Body;
use crate::graph::Graph;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A way to run a dependency graph. The value is what it keeps from graph to graph: its threads, its runtime.
pub trait System: Sized + 'static {
    /// What it is called in tables and on the command line.
    const NAME: &'static str;
    /// Whether it uses several threads. If not, it is measured once, on one.
    const PARALLEL: bool = true;
    /// Whether its nodes are futures, so that they wait for what a body [waits](Body::wait) for.
    const ASYNC: bool = false;
    /// Whether a graph can't run again, so that each run gets a new one, which is not timed.
    const REBUILT: bool = false;
    /// The largest graph that it gets; larger shapes are generated anew in this size.
    const MAX_NODES: usize = usize::MAX;

    /// Why it can't run this graph, if so.
    fn refusal(graph: &Graph) -> Option<String> {
        let _ = graph;
        None
    }

    /// Starts it with this many threads in all that execute nodes.
    ///
    /// # Errors
    ///
    /// Why it can't have as many.
    fn start(threads: usize) -> Result<Self, String>;

    /// Builds what it needs to run the graph: this is the build time in the tables.
    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner>;
}

/// A graph ready to run in some system.
pub trait Runner {
    /// Runs all nodes, and returns when they are done.
    fn run(&mut self);

    /// Prepares the next run, where a graph can't run again. Not timed.
    fn reset(&mut self) {}
}

macro_rules! systems {
    ($($(#[$attribute:meta])* $system:ident: $file:ident::$type:ident,)*) => {
        /// The name of a system.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum SystemId {
            $($(#[$attribute])* #[doc = concat!("See `system/", stringify!($file), ".rs`.")] $system,)*
        }

        /// A system that has been started.
        #[derive(Debug)]
        pub struct Started(Inner);

        enum Inner {
            $($(#[$attribute])* $system($file::$type),)*
        }

        impl SystemId {
            /// All systems that were compiled in, in the order of the tables.
            pub const ALL: &'static [Self] = &[$($(#[$attribute])* Self::$system,)*];

            /// What it is called in tables and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::NAME,)* }
            }

            /// Whether it uses several threads.
            #[must_use]
            pub const fn is_parallel(self) -> bool {
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::PARALLEL,)* }
            }

            /// Whether its nodes are futures.
            #[must_use]
            pub const fn is_async(self) -> bool {
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::ASYNC,)* }
            }

            /// Whether each run gets a new graph.
            #[must_use]
            pub const fn is_rebuilt(self) -> bool {
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::REBUILT,)* }
            }

            /// How many nodes the largest graph has that it gets.
            #[must_use]
            pub const fn max_nodes(self) -> usize {
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::MAX_NODES,)* }
            }

            /// Why it can't run this graph, if so: also since that is too large.
            #[must_use]
            pub fn refusal(self, graph: &Graph) -> Option<String> {
                if graph.nodes > self.max_nodes() {
                    return Some(format!("takes no more than {} nodes", self.max_nodes()));
                }
                match self { $($(#[$attribute])* Self::$system => <$file::$type>::refusal(graph),)* }
            }

            /// Starts it with this many threads in all that execute nodes.
            ///
            /// # Errors
            ///
            /// Why it can't.
            pub fn start(self, threads: usize) -> Result<Started, String> {
                Ok(Started(match self {
                    $($(#[$attribute])* Self::$system => Inner::$system(<$file::$type>::start(threads)?),)*
                }))
            }
        }

        impl Started {
            /// Builds what it needs to run the graph.
            #[must_use]
            pub fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
                match &self.0 { $($(#[$attribute])* Inner::$system(system) => system.build(graph, body),)* }
            }
        }

        impl fmt::Debug for Inner {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($(#[$attribute])* Self::$system(_) => <$file::$type>::NAME,)* })
            }
        }
    };
}

systems! {
    SerialTopo: serial_topo::SerialTopo,
    SerialKahn: serial_kahn::SerialKahn,
    Dgraph: dgraph_raw::DgraphRaw,
    DgraphKeyed: dgraph_keyed::DgraphKeyed,
    DgraphTyped: dgraph_typed::DgraphTyped,
    DgraphRanked: dgraph_demands::DgraphRanked,
    DgraphBound: dgraph_demands::DgraphBound,
    DgraphLimited: dgraph_demands::DgraphLimited,
    #[cfg(feature = "peers")]
    DgraphAsync: dgraph_async::DgraphAsync,
    #[cfg(feature = "peers")]
    DgraphParallelAsync: dgraph_async::DgraphParallelAsync,
    CrossbeamKeepOne: crossbeam_keep_one::CrossbeamKeepOne,
    Rayon: rayon::Rayon,
    #[cfg(feature = "peers")]
    Chili: chili::Chili,
    #[cfg(feature = "peers")]
    Tokio: tokio::TokioMulti,
    #[cfg(feature = "peers")]
    TokioCurrent: tokio::TokioCurrent,
    #[cfg(feature = "peers")]
    AsyncExecutor: async_executor::AsyncExecutor,
    #[cfg(feature = "peers")]
    FuturesUnordered: futures_unordered::FuturesUnordered,
    #[cfg(feature = "peers")]
    Dagx: dagx::Dagx,
    #[cfg(feature = "peers")]
    Dagrs: dagrs::Dagrs,
    #[cfg(feature = "peers")]
    DagExec: dag_exec::DagExec,
    #[cfg(feature = "peers")]
    BevyEcs: bevy_ecs::BevyEcs,
    #[cfg(feature = "native")]
    OneTbb: cpp::OneTbb,
    #[cfg(feature = "native")]
    OpenMp: cpp::OpenMp,
}

impl SystemId {
    /// Its name, with the number of threads if it can have several.
    #[must_use]
    pub fn label(self, threads: usize) -> String {
        if self.is_parallel() { format!("{self} T={threads}") } else { self.to_string() }
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SystemId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|system| system.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|system| system.name()).collect();
            format!("no such system in this build; it has {}", known.join(", "))
        })
    }
}
