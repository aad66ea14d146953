//! The bugs that schedulers are known for, one test for each class, named after it. Those that need a process
//! of their own (idle spinning, fork, thread creation failure, affinity of one core) are in `tests/process/`.
//! Which change of the source makes each test fail: the table in `tests/README.md`.

mod endings;
mod memory;
mod panics;
mod queues;
mod sleep;
mod teardown;
