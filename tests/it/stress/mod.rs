//! Much of the same, with counters: what goes wrong once in a million runs. `cargo test` runs a little of
//! each; the example `stress`, which has this module too, as much as it is told (`.ci/stress`).
//!
//! Runs of tiny bodies are their caller's alone, so where threads are to have a part, nodes wait for each
//! other or work for some microseconds.

mod exactly_once;
mod lifetime;
mod placement;
mod starvation;

use dgraph_exec::{Dag, Executor};

/// What is counted; repeats itself `scale` times and says what it has counted, or panics.
type Case = fn(usize) -> String;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("random graphs, each node once", exactly_once::random_graphs),
    ("the same, from several threads", exactly_once::several_callers),
    ("a chain stays on one thread", placement::chain),
    ("k chains use k threads at most", placement::chains),
    ("many branches", starvation::branches),
    ("one pivot", starvation::pivot),
    ("skewed tree", starvation::skewed_tree),
    ("blocks after readying a child", starvation::blocks_after_readying_a_child),
    ("dropped while others submit", lifetime::dropped_by_the_last_of_many),
    ("dropped by a stranger's node", lifetime::dropped_by_a_node_of_another),
];

fn executor(threads: usize) -> Executor {
    Executor::builder().threads(threads).build().expect("no special demands")
}

fn graph(nodes: u32, edges: &[(u32, u32)]) -> Dag {
    Dag::from_edges(nodes as usize, edges).expect("no cycle")
}

/// A test of each case. All of them: the number of names is that of the cases.
#[cfg(test)]
mod tests {
    use super::CASES;

    macro_rules! a_little_of_each {
        ($($name:ident = $case:literal),* $(,)?) => {
            $(
                #[test]
                fn $name() {
                    let (_, case) = CASES.iter().find(|(name, _)| *name == $case).expect("a case of that name");
                    assert!(case(1).starts_with(|first: char| first.is_ascii_digit()), "nothing counted");
                }
            )*

            #[test]
            fn every_case_is_tested() {
                assert_eq!(CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [$($case),*]);
            }
        };
    }

    a_little_of_each! {
        random_graphs = "random graphs, each node once",
        several_callers = "the same, from several threads",
        chain = "a chain stays on one thread",
        chains = "k chains use k threads at most",
        branches = "many branches",
        pivot = "one pivot",
        skewed_tree = "skewed tree",
        blocks_after_readying_a_child = "blocks after readying a child",
        dropped_while_others_submit = "dropped while others submit",
        dropped_by_a_strangers_node = "dropped by a stranger's node",
    }
}
