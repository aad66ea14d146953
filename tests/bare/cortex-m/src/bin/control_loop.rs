//! A small program, to see how small: a control loop of eight steps on two levels. The converter's steps are
//! begun by the main program and end in an interrupt; the watchdog's step is taken by SysTick, if nobody else
//! has come to it.

#![no_std]
#![no_main]

use bare_cortex_m::{enable, exit, trigger, wait_for_event};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};
use dgraph_core::{NodeId, RunStatus, StaticDag, StaticRun, StaticUrgency, ready_words};

const STEPS: usize = 8;
const CURRENT: u32 = 0;
const VOLTAGE: u32 = 1;
const FILTER: u32 = 2;
const OBSERVER: u32 = 3;
const REGULATOR: u32 = 4;
const MODULATOR: u32 = 5;
const LOG: u32 = 6;
const WATCHDOG: u32 = 7;

static LOOP: StaticDag<STEPS, 8> = StaticDag::new([
    (CURRENT, FILTER),
    (VOLTAGE, OBSERVER),
    (FILTER, OBSERVER),
    (FILTER, REGULATOR),
    (OBSERVER, REGULATOR),
    (REGULATOR, MODULATOR),
    (OBSERVER, LOG),
    (MODULATOR, WATCHDOG),
]);
/// What the modulator waits for comes first, the log last.
static URGENCY: StaticUrgency<STEPS> = StaticUrgency::by_critical_path(&LOOP, &[20, 20, 5, 8, 8, 2, 30, 1]);
static RUN: StaticRun<STEPS, { ready_words(STEPS) }> = StaticRun::new(LOOP.view()).by_urgency(URGENCY.view());

static SIGNAL: [AtomicU32; STEPS] = [const { AtomicU32::new(0) }; STEPS];
static CONVERTING: AtomicU32 = AtomicU32::new(u32::MAX);

fn step(node: NodeId) {
    let of = |step: u32| SIGNAL[step as usize].load(Ordering::Relaxed);
    let signal = match node.get() {
        FILTER => of(CURRENT) / 2,
        OBSERVER => of(VOLTAGE) + of(FILTER),
        REGULATOR => of(OBSERVER).wrapping_sub(of(FILTER)),
        MODULATOR => of(REGULATOR) * 3,
        LOG => of(LOG) + of(OBSERVER),
        _ => of(node.get()) + 1,
    };
    SIGNAL[node.index()].store(signal, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    enable(4_000, 0x40, 0x80);
    for _ in 0..100 {
        if RUN.start().is_err() {
            exit(1);
        }
        while !matches!(RUN.status(), RunStatus::AtRest { .. }) {
            match RUN.take() {
                Some(node) if node.get() <= VOLTAGE => {
                    CONVERTING.store(node.get(), Ordering::Release);
                    trigger();
                }
                Some(node) => {
                    step(node);
                    RUN.complete(node);
                }
                None => wait_for_event(),
            }
        }
    }
    exit(u32::from(SIGNAL[WATCHDOG as usize].load(Ordering::Relaxed) != 100 || !RUN.is_at_rest()))
}

/// The converter is done.
#[unsafe(no_mangle)]
extern "C" fn interrupt() {
    let node = NodeId::new(CONVERTING.load(Ordering::Acquire));
    step(node);
    RUN.complete(node);
}

#[unsafe(no_mangle)]
extern "C" fn systick() {
    if let Some(node) = RUN.take() {
        step(node);
        RUN.complete(node);
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(1)
}
