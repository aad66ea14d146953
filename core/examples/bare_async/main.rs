//! Futures as nodes of a run, without a runtime and without an allocator: the run and a bit per node that is
//! woken lie in static memory, the futures on the stack of the core that polls them, and a waker is a number
//! and nothing else. The device here is a thread in the place of an interrupt handler; on a chip its driver
//! would be one of embassy's, whose futures are awaited in the same way.
//!
//! Run it: `cargo run --release --example bare_async`

use core::cell::Cell;
use core::future::{Future, poll_fn, ready};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use dgraph_core::{NodeId, ReadySet, RunStatus, StaticDag, StaticRun, ready_words};

const NODES: usize = 5;
/// Two readings of the device, which can be under way at once; a sum of both; a third reading that depends on
/// it; the result.
static DAG: StaticDag<NODES, 4> = StaticDag::new([(0, 2), (1, 2), (2, 3), (3, 4)]);
static RUN: StaticRun<NODES, { ready_words(NODES) }> = StaticRun::new(DAG.view());
/// The nodes that are to be polled again. A waker may insert one at any time, also after its run: then it is
/// looked at for nothing.
static WOKEN: ReadySet<[AtomicUsize; ready_words(NODES)]> = ReadySet::new(NODES);
static DEVICE: Device = Device::new();

/// A waker is the number of its node: it owns nothing, so it can be kept and used for ever.
const WAKER: RawWakerVTable = RawWakerVTable::new(
    |node| RawWaker::new(node, &WAKER),
    |node| wake(node.addr()),
    |node| wake(node.addr()),
    |_| {},
);

#[allow(clippy::cast_possible_truncation, reason = "it was made of a node's number")]
fn wake(node: usize) {
    WOKEN.insert(node as u32);
    // On Arm: dsb, sev.
}

fn waker_of(node: NodeId) -> Waker {
    let number = core::ptr::without_provenance(node.index());
    // SAFETY: the functions take the pointer for a number, and may be called from anywhere; nothing is owned.
    unsafe { Waker::from_raw(RawWaker::new(number, &WAKER)) }
}

/// A converter with two channels: it is told to read one, and says some time later what it has read.
struct Device {
    /// Of each channel: [`IDLE`], [`BUSY`], or a reading above these.
    channels: [AtomicU32; 2],
    /// Who waits for it: a node and one more, so that the interrupt needs no lock to find it.
    waiting: [AtomicU32; 2],
}

const IDLE: u32 = 0;
const BUSY: u32 = 1;

impl Device {
    const fn new() -> Self {
        Self { channels: [const { AtomicU32::new(IDLE) }; 2], waiting: [const { AtomicU32::new(0) }; 2] }
    }

    /// Tells the device to read a channel, and waits for that.
    async fn read(&self, node: NodeId, channel: usize) -> u32 {
        // Ordering: Release pairs with the Acquire in `interrupt`, which finds the node if it finds the
        // channel busy; Acquire with its Release, so that what came before the reading is seen.
        self.waiting[channel].store(node.get() + 1, Ordering::Relaxed);
        self.channels[channel].store(BUSY, Ordering::Release);
        poll_fn(|_: &mut Context<'_>| match self.channels[channel].load(Ordering::Acquire) {
            IDLE | BUSY => Poll::Pending,
            reading => Poll::Ready(reading - 2),
        })
        .await
    }

    /// The interrupt handler: a reading of each channel that is busy.
    fn interrupt(&self, reading: u32) {
        for (channel, waiting) in self.channels.iter().zip(&self.waiting) {
            // Ordering: Acquire and Release pair with those in `read`.
            if channel.load(Ordering::Acquire) == BUSY {
                channel.store(reading + 2, Ordering::Release);
                if let Some(node) = waiting.load(Ordering::Relaxed).checked_sub(1) {
                    waker_of(NodeId::new(node)).wake();
                }
            }
        }
    }
}

fn main() {
    let over = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut reading = 0;
            while over.load(Ordering::Relaxed) == 0 {
                reading = (reading + 1) % 1_000;
                DEVICE.interrupt(reading);
                std::thread::yield_now();
            }
        });
        for _ in 0..1_000 {
            run_once();
        }
        over.store(1, Ordering::Relaxed);
    });
    println!("1000 runs of {NODES} nodes, 3 of which waited for the device");
}

/// One run on this core. What a node computes lies in `results`; its future, as long as it waits, in
/// `futures`.
fn run_once() {
    let results: [Cell<u32>; NODES] = Default::default();
    let result = |node: usize| results[node].get();
    let first = pin!(async { results[0].set(DEVICE.read(NodeId::new(0), 0).await) });
    let second = pin!(async { results[1].set(DEVICE.read(NodeId::new(1), 1).await) });
    let third = pin!(async { results[3].set(result(2) + DEVICE.read(NodeId::new(3), 0).await) });
    let mut futures: [(Pin<&mut dyn Future<Output = ()>>, bool); NODES] =
        [(first, false), (second, false), (pin!(ready(())), false), (third, false), (pin!(ready(())), false)];
    RUN.start().expect("the last run is over");
    let mut polls = 0;
    while !matches!(RUN.status(), RunStatus::AtRest { .. }) {
        // A node that was woken, or one that is ready; futures that are not under way are not polled.
        let woken = WOKEN.take().map(NodeId::new).filter(|node| futures[node.index()].1);
        let Some(node) = woken.or_else(|| RUN.take()) else {
            std::hint::spin_loop(); // wait for an event, if neither set has anything
            continue;
        };
        polls += 1;
        if node == NodeId::new(2) {
            results[2].set(result(0) + result(1));
        }
        let (future, under_way) = &mut futures[node.index()];
        *under_way = future.as_mut().poll(&mut Context::from_waker(&waker_of(node))).is_pending();
        if !*under_way {
            RUN.complete(node);
        }
    }
    // Three wait, if the device isn't quicker; a wake that comes late, of a reading that was seen already, is
    // for nothing.
    assert!((NODES..=NODES + 6).contains(&polls), "{polls} polls");
    assert!(result(3) >= result(2));
    assert!(RUN.is_at_rest());
}
