//! The C++ drivers in `bench/native`: graphs that call back into Rust for each node.

#![allow(unsafe_code, reason = "foreign functions")]

use crate::body::Body;
use crate::graph::Graph;
use crate::system::Runner;
use std::ffi::{c_int, c_void};
use std::fmt;

type Callback = unsafe extern "C" fn(*const c_void, u32);

/// The functions of a driver: see `native/driver.h`.
#[derive(Clone, Copy)]
pub struct Driver {
    new: unsafe extern "C" fn(c_int, u32, *const u32, usize, Callback, *const c_void) -> *mut c_void,
    run: unsafe extern "C" fn(*mut c_void),
    free: unsafe extern "C" fn(*mut c_void),
}

macro_rules! driver {
    ($(#[$attribute:meta])* $name:ident: $cfg:ident, $new:ident, $run:ident, $free:ident) => {
        $(#[$attribute])*
        #[must_use]
        pub fn $name() -> Option<Driver> {
            #[cfg($cfg)]
            {
                unsafe extern "C" {
                    fn $new(
                        threads: c_int,
                        nodes: u32,
                        edges: *const u32,
                        count: usize,
                        body: Callback,
                        context: *const c_void,
                    ) -> *mut c_void;
                    fn $run(graph: *mut c_void);
                    fn $free(graph: *mut c_void);
                }
                Some(Driver { new: $new, run: $run, free: $free })
            }
            #[cfg(not($cfg))]
            None
        }
    };
}

driver! {
    /// oneTBB's flow graph, if it was there when this was compiled.
    onetbb: has_onetbb, onetbb_new, onetbb_run, onetbb_free
}
driver! {
    /// OpenMP tasks, if the C++ compiler knew them when this was compiled.
    openmp: has_openmp, openmp_new, openmp_run, openmp_free
}

impl Driver {
    /// Builds a graph.
    ///
    /// # Panics
    ///
    /// If the driver can't, for want of memory.
    #[must_use]
    pub fn build<B: Body>(self, threads: usize, graph: &Graph, body: B) -> Box<dyn Runner> {
        let threads = c_int::try_from(threads).expect("a reasonable number of threads");
        let nodes = u32::try_from(graph.nodes).expect("node ids have 32 bits");
        let edges: Vec<u32> = graph.edges.iter().flat_map(|&(u, v)| [u, v]).collect();
        let body = Box::new(body);
        let context = std::ptr::from_ref::<B>(&body).cast();
        // SAFETY: `edges` holds two numbers below `nodes` for each of the edges; the driver doesn't keep the
        // pointer. `context` is what `execute::<B>` expects, and lives in the same value as the graph, freed
        // after it.
        let handle =
            unsafe { (self.new)(threads, nodes, edges.as_ptr(), graph.edges.len(), execute::<B>, context) };
        assert!(!handle.is_null(), "the driver could not build the graph");
        Box::new(Native { driver: self, handle, _body: body })
    }
}

/// A graph of a driver, with what its nodes call.
struct Native<B> {
    driver: Driver,
    handle: *mut c_void,
    _body: Box<B>,
}

/// # Safety
///
/// `context` points to a `B`.
unsafe extern "C" fn execute<B: Body>(context: *const c_void, node: u32) {
    // SAFETY: by contract; `B` is `Sync`, so any thread may read it.
    let body = unsafe { *context.cast::<B>() };
    body.execute(node);
}

impl<B: Body> Runner for Native<B> {
    fn run(&mut self) {
        // SAFETY: `new` has made the handle, and `free` comes last. `&mut self`: one run at a time.
        unsafe { (self.driver.run)(self.handle) }
    }
}

impl<B> Drop for Native<B> {
    fn drop(&mut self) {
        // SAFETY: `new` has made the handle, and nobody uses it from here on.
        unsafe { (self.driver.free)(self.handle) }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}
