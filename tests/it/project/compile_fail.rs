//! What must not compile, and how the compiler says so.

/// The messages are compared word by word, so only with the compiler that they were recorded with
/// (`TRYBUILD=overwrite` records them anew).
#[rustversion::attr(not(stable(1.95)), ignore = "the messages were recorded with Rust 1.95")]
#[test]
fn bad_graphs_do_not_compile() {
    trybuild::TestCases::new().compile_fail("compile_fail/*.rs");
}
