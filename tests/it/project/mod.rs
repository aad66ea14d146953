//! What holds for the project: its documentation, the names in it, its models, what must not compile.

mod compile_fail;
mod documentation;
mod excerpts;
mod imports;
mod models;
mod names;
