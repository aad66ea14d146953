//! What a trace amounts to, and what it looks like: for Chrome's trace viewer and its like, as a page, as a
//! picture.
//!
//! | files | idea |
//! |---|---|
//! | `summary.rs`, `waiting.rs` | what a trace amounts to: critical paths, the nodes that matter; what threads and nodes waited for |
//! | `what_if.rs` | what else a run could have taken (core's `what_if/`) |
//! | `chrome.rs`, `json.rs` | the JSON that trace viewers read |
//! | `html.rs`, `page/` | a page with all that it needs in one file |
//! | `svg.rs` | a picture for documents |
//!
//! All are written by hand. What takes care is to escape names, some lines each; a library would be compiled
//! by everybody, whoever looks at a trace.

mod chrome;
mod html;
mod json;
mod summary;
mod svg;
mod waiting;
mod what_if;
