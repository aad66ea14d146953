//! The guide: short chapters, each with programs that are compiled and run with this documentation.
//!
//! | chapter | what it is about |
//! |---|---|
//! | [first graph](first_graph) | nodes, handles, inputs, what is refused; values that move; only what has changed |
//! | [which layer](layers) | closures, functions, keys from data, numbers |
//! | [state] | data that stays in the graph, and that nodes change without a lock |
//! | [failure] | errors, panics, clean-up, cancelling, deadlines, draining |
//! | [branches and loops](branches) | conditions, graphs as nodes, repetition, loops on all threads |
//! | [async](futures) | nodes that wait; five ways to run; tokio |
//! | [many runs](many_runs) | one definition for a thousand requests at once; limits over all of them |
//! | [order, limits, threads](order) | priorities, how many at once, which thread |
//! | [seeing what runs](seeing) | traces, reports, progress, predictions |
//! | [testing] | other orders, forgotten dependencies |
//! | [performance] | what a node costs, when threads pay, how the executor chooses |
//! | [without an operating system](bare_metal) | microcontrollers, kernels, interrupts |
//! | [beyond one machine](machines) | MPI |
//! | [coming from](coming_from) | rayon, tokio, bevy, Taskflow, oneTBB, dask |
//!
//! Programs of 100 to 220 lines, in `examples/` of this crate: `frame` (a game), `build` (a build tool),
//! `audio` (sound), `service` (requests under tokio), `solve` (linear equations), `fetch_and_crunch` (waiting
//! beside computing).
//!
//! # I want to …
//!
//! In what follows `builder` is a [`GraphBuilder`](crate::GraphBuilder), `graph` what it has built, and
//! options are those of [`RunOptions`](crate::RunOptions): `graph.with(&RunOptions::new().update()).run()`,
//! or any other verb.
//!
//! | wish | how |
//! |---|---|
//! | go on after a failure with whatever doesn't depend on it | `.policy(FailurePolicy::KeepGoing)` |
//! | clean up in any case; fall back | `node.outcome()` in the list of dependencies, fed as `Result<&T, NoResult>`; for order alone `builder.always_after(node, other)` |
//! | branch | `builder.only_if(node, condition)`, `builder.unless(…)`; or a fallible node gives `EndBranch` |
//! | stop early | `.cancel_token(&token)`, `.deadline(instant)`: the error lists what did not run |
//! | stop, but let what is under way end | `.drain([StopReason::Cancel])`, or `StopReason::ALL` |
//! | see in a node that the run is to stop | `threads()` in the list of dependencies: `threads.check()?`, `threads.stop_reason()` |
//! | have a panic fail its node alone | `.panics_are_failures()`, with `FailurePolicy::KeepGoing` |
//! | have panics as errors | `.catch_panics()`. If one is resumed instead, `graph.take_failures()` has the failures besides |
//! | run only a part | `.only([a.any(), b.any()])`: these and what they depend on |
//! | run only what has changed | `.update()`; with what an earlier process has left: `graph.set_result(node, value)` |
//! | stop there where a result is the same as before | `builder.cutoff(node)` |
//! | know why there is no result | `graph.result(node)`; of a key, `graph.results().why_absent(key)` |
//! | have limits, priorities or further edges in a graph over keys | `builder.graph()`, the typed builder beneath |
//! | keep a graph in a struct | `Graph<'static>`, and [its handles](crate::guide::first_graph#in-a-struct) |
//! | hand a result over instead of lending it | `node.moved()`; to the caller, `graph.take(node)` |
//! | pass many results as one argument | a slice of handles: fed as `Values`; of `node.moved()` as `MovedValues`, of `node.outcome()` as `Outcomes` |
//! | give away what a closure owns | `builder.node(name, dependencies, once(move \|x: &T\| …))`, in a graph that runs once |
//! | have results that are `Send` but not `Sync` | `builder.unshared().node(…)`: they are moved, and never lent |
//! | have closures and results that aren't `Send` | `GraphBuilder::new_local()`, and `builder.local().node(…)` |
//! | depend on a node that is defined later | `let total = builder.declare("total")`, at last `builder.node(total, dependencies, closure)` |
//! | have few large results alive at once | `node.moved()`, or `builder.drop_early(node)`; and `builder.depth_first()` |
//! | keep data in the graph | `builder.state("world", value)`, and `.read()`, `.write()`, `.commute()` |
//! | order two nodes without a value | `builder.after(node, other)` |
//! | begin when another node has begun, or has got so far | `builder.start_of(other)` and `builder.moment("ready")` give nodes to come after |
//! | let at most k run at once | `builder.limit(k)`, `builder.limited(node, limit)`, heavier ones `limit.permits(2)`; over all runs a `SharedLimit`; from outside a `PermitSource` |
//! | let urgent nodes go first | `builder.priority(node, 7)`, `graph.prioritize_by(\|node\| duration)`, `graph.prioritize_by_measured()` |
//! | keep durations from one process to the next | `graph.durations()`, a text; `graph.prioritize_by_durations(&text.parse()?)` |
//! | run a node on a certain thread | `builder.on_caller(node)`, `builder.on_worker(node, 2)` |
//! | give what a node starts all cores | `unpinned(\|\| …)` in the node, or `Executor::global()` |
//! | put something around each worker's life | `Executor::builder().around(\|worker, life\| { …; life(); … })` |
//! | have a runtime poll a node's future | spawn it in the node, and [await it there](crate::guide::futures#futures-as-tasks-of-a-runtime) |
//! | wait in a node | `builder.async_node(name, dependencies, async \|x: &i32\| …)` |
//! | use many threads in one node | `threads()`, and `for_each(&mut items, …)`, `for_each_chunk_mut`, `fold`, `run_each`, `run_graph` |
//! | serve many requests with one graph | `DefinitionBuilder` |
//! | have a graph as a node; repeat it | `builder.graph(…)`; `builder.repeat(…)`, until `Break(result)` |
//! | have an item for each node in a slice | `executor.run_each(&dag, &mut items, …)` |
//! | see what ran when | `.observer(recorder.clone())`, and `recorder.trace()` |
//! | see what the graph looks like | `graph.dot()`, for Graphviz |
//! | know how far it has come | `.observer(progress.clone())`, and `progress.now()` |
//! | know what more threads would bring | `recorder.trace().what_if(0)` |
//! | find a forgotten dependency | `.shuffle(seed)`, `find_missing_edge(0..200, check)` |
//! | have spans of `tracing` | feature `tracing`, `.observer(Arc::new(TracingSpans::new()))` |

pub mod bare_metal;
pub mod branches;
pub mod coming_from;
pub mod failure;
pub mod first_graph;
pub mod futures;
pub mod layers;
pub mod machines;
pub mod many_runs;
pub mod order;
pub mod performance;
pub mod seeing;
pub mod state;
pub mod testing;
