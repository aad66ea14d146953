//! The common wavefront on one core with three levels: the main program; an interrupt that it triggers, which
//! ends the device's nodes; and SysTick, which interrupts both anywhere. All of them take nodes and complete
//! them.

#![no_std]
#![no_main]

use bare_common::{ROUND, RUN, RUNS, check, execute};
use bare_cortex_m::{Console, enable, exit, stack_used, trigger};
use core::fmt::Write;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};
use dgraph_core::{NodeId, RunStatus};

/// Nodes by the level that ended them: main, interrupt, SysTick.
static ENDED: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];
/// SysTick has come so often.
static TICKS: AtomicU32 = AtomicU32::new(0);
/// The node that the device works on, and one more; 0 if none.
static DEVICE: AtomicU32 = AtomicU32::new(0);

/// The most that the three levels can take: 248 bytes of `main` and what it calls; twice 176 of a handler,
/// and 36 that the processor puts below it.
const STACK: usize = 672;

fn run(node: NodeId, level: usize) {
    execute(node);
    RUN.complete(node);
    ENDED[level].fetch_add(1, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    enable(400, 0x40, 0x80);
    for round in 1..=RUNS {
        ROUND.store(round, Ordering::Relaxed);
        assert!(RUN.start().is_ok());
        while !matches!(RUN.status(), RunStatus::AtRest { .. }) {
            match RUN.take() {
                Some(node) if node.get() % 16 == 5 => {
                    // The interrupt has come when `trigger` returns, so one place is enough.
                    assert!(DEVICE.swap(node.get() + 1, Ordering::Release) == 0);
                    trigger();
                }
                Some(node) => run(node, 0),
                None => {}
            }
        }
        if let Err(wrong) = check(round) {
            let _ = writeln!(Console, "{wrong}");
            exit(1);
        }
    }
    let stack = stack_used(); // before printing takes more
    let [main, interrupt, systick] = ENDED.each_ref().map(|count| count.load(Ordering::Relaxed));
    let ticks = TICKS.load(Ordering::Relaxed);
    let _ =
        writeln!(Console, "main: {main} nodes, interrupt: {interrupt}, SysTick: {systick} in {ticks} ticks");
    let _ = writeln!(Console, "stack of all three: {stack} bytes");
    let all = main + interrupt + systick == RUNS * RUN.dag().node_count() as u32;
    exit(u32::from(!all || stack > STACK || main == 0 || interrupt == 0 || systick == 0))
}

/// The device's node is done; and another one, since we are here.
#[unsafe(no_mangle)]
extern "C" fn interrupt() {
    if let Some(node) = DEVICE.swap(0, Ordering::Acquire).checked_sub(1) {
        run(NodeId::new(node), 1);
    }
    if let Some(node) = RUN.take() {
        run(node, 1);
    }
}

/// Comes between any two instructions of the others.
#[unsafe(no_mangle)]
extern "C" fn systick() {
    TICKS.fetch_add(1, Ordering::Relaxed);
    if let Some(node) = RUN.take() {
        run(node, 2);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Console, "{info}");
    exit(1)
}
