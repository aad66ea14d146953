//! What holds for the project: its documentation, its models, what must not compile.

mod compile_fail;
mod documentation;
mod imports;
mod models;
