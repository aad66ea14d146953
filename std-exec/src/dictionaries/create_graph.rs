//! The dictionary as a macro.

/// Builds a graph from a dictionary of functions: each key with the functions that it depends on, in any
/// order.
///
/// Each function is given shared references to the results of its dependencies, in the listed order; the
/// compiler checks the types. The reference is to the very type that the dependency gives: what gives a
/// `String` is taken as `&String`. A dependency listed twice is run once and passed twice. Gives a
/// `Result<FnGraph, DictionaryError<FnKey>>`.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, create_graph};
///
/// fn a() -> i32 { 5 }
/// fn b(x: &i32) -> i32 { x + 10 }
/// fn c(x: &i32, y: &i32) -> String { format!("{}", x + y + 20) }
///
/// let mut graph = create_graph! { c: [a, b], b: [a], a: [] }?;
/// assert_eq!(graph.run()?.get(c), Some(&"40".to_string()));
/// assert_eq!(graph.run_parallel(&Executor::new()?)?.get(b), Some(&15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Among them may be `async fn`s, which need no mark: what such a one gives is what its future gives. Runs
/// that are futures themselves, [`run_async`](crate::FnGraph::run_async) and
/// [`run_parallel_async`](crate::FnGraph::run_parallel_async), go on with others while one waits; so do `run`
/// and `run_parallel`, which block their thread when all wait.
///
/// ```
/// use dgraph_exec::create_graph;
///
/// async fn user() -> String { "me".into() }
/// async fn mail(user: &String) -> Vec<String> { vec![format!("to {user}")] }
/// fn count(mail: &Vec<String>) -> usize { mail.len() }
///
/// let mut graph = create_graph! { count: [mail], mail: [user], user: [] }?;
/// pollster::block_on(async {
///     assert_eq!(graph.run_async().await?.get(count), Some(&1));
///     assert_eq!(graph.take(mail), Some(vec!["to me".to_string()]));
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Their futures have to be `Send`. A function that gives a future without being called `async` is taken for
/// an async one if the future borrows its arguments, or isn't `Unpin` or `Sync`; see
/// [`Function`](crate::Function) for those that are refused.
///
/// A cycle and a dependency that is no key are errors that name the functions:
///
/// ```
/// # use dgraph_exec::create_graph;
/// fn egg(_: &u8) -> u8 { 1 }
/// fn hen(_: &u8) -> u8 { 2 }
/// assert_eq!(create_graph! { hen: [egg], egg: [hen] }.unwrap_err().to_string(), "dependency cycle: hen -> egg -> hen");
/// assert_eq!(create_graph! { hen: [egg] }.unwrap_err().to_string(), "missing keys: egg (needed by hen)");
/// ```
///
/// A parameter of another type than the dependency's result doesn't compile:
///
/// ```compile_fail
/// # use dgraph_exec::create_graph;
/// fn number() -> i32 { 5 }
/// fn shout(text: &String) -> String { text.to_uppercase() }
/// let graph = create_graph! { shout: [number], number: [] };
/// ```
///
/// The same behind an `async fn`, where the parameter is a reference to what its future gives:
///
/// ```compile_fail
/// # use dgraph_exec::create_graph;
/// async fn number() -> i32 { 5 }
/// fn shout(text: &String) -> String { text.to_uppercase() }
/// let graph = create_graph! { shout: [number], number: [] };
/// ```
///
/// Nor does a pointer to a function, which would share its key with others:
///
/// ```compile_fail
/// # use dgraph_exec::create_graph;
/// fn one() -> i32 { 1 }
/// let pointer: fn() -> i32 = one;
/// let graph = create_graph! { pointer: [] };
/// ```
#[macro_export]
macro_rules! create_graph {
    ($($key:path : [$($dependency:path),* $(,)?]),* $(,)?) => {
        $crate::FnGraph::builder()
            $(.function(
                ::core::stringify!($key),
                $key,
                &[$(::core::stringify!($dependency)),*],
                ($($dependency,)*),
            ))*
            .build()
    };
}
