//! Without an operating system: the same graphs on a microcontroller, in a kernel, without an allocator.
//!
//! `dgraph-core` is `no_std`, has no `unsafe`, and allocates nothing unless asked to. A
//! [`StaticDag`](crate::StaticDag) lies in a `static`, and a cycle in it is a compile error:
//!
//! ```
//! use dgraph_core::{NodeId, StaticDag};
//!
//! const READ: u32 = 0;
//! const FILTER: u32 = 1;
//! const LOG: u32 = 2;
//! const STEER: u32 = 3;
//! static LOOP: StaticDag<4, 3> = StaticDag::new([(READ, FILTER), (FILTER, LOG), (FILTER, STEER)]);
//!
//! let mut order = [0; 4];
//! let mut at = 0;
//! LOOP.run(|node: NodeId| { // on one core, without atomics
//!     order[at] = node.get();
//!     at += 1;
//! });
//! assert_eq!(order, [READ, FILTER, LOG, STEER]);
//! ```
//!
//! ```compile_fail
//! # use dgraph_core::StaticDag;
//! static KNOT: StaticDag<2, 2> = StaticDag::new([(0, 1), (1, 0)]); // doesn't compile
//! ```
//!
//! # Several cores, and interrupts
//!
//! A `StaticRun` is a graph with the memory of its runs. Cores and interrupt handlers work for it together,
//! the most urgent node first. There is no lock, so a handler never waits for what it has interrupted. A node
//! may begin in the main program and be completed by a device's interrupt:
//!
//! ```
//! use dgraph_core::{StaticDag, StaticRun, WorkEnd, ready_words};
//! use core::sync::atomic::{AtomicU32, Ordering};
//!
//! static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
//! static RUN: StaticRun<4, { ready_words(4) }> = StaticRun::new(DAG.view());
//! static DONE: AtomicU32 = AtomicU32::new(0);
//!
//! fn each_core() {
//!     RUN.work_until_over(|_node| { DONE.fetch_add(1, Ordering::Relaxed); }, core::hint::spin_loop);
//! }
//!
//! RUN.start().unwrap();
//! std::thread::scope(|cores| (0..2).for_each(|_| { cores.spawn(each_core); }));
//! assert_eq!(DONE.load(Ordering::Relaxed), 4);
//! ```
//!
//! The documentation of `dgraph-core`, chapter "Without an operating system", says what a board must have,
//! how cores sleep, and what the stack takes (168 bytes for the deepest call on a Cortex-M3). Chips without
//! compare-and-swap: feature `portable-atomic`. Kernels that boot on x86-64, aarch64, riscv64 and Cortex-M
//! are in the repository, under `tests/bare/`; they have run in QEMU, not on boards.
//!
//! Next: [beyond one machine](super::machines).
