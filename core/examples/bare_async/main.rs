//! Futures as nodes of a run, without a runtime and without an allocator: the run, a bit per node that is
//! woken, what nodes compute and their futures lie in static memory, and a waker is a number and nothing
//! else. The device here is a thread in the place of an interrupt handler; on a chip its driver would be one
//! of embassy's, whose futures are awaited in the same way.
//!
//! Run it: `cargo run --release --example bare_async`

mod place;

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use dgraph_core::{NodeId, ReadySet, RunStatus, StaticDag, StaticRun, ready_words};
use place::{Place, bytes_of};

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

/// What the nodes compute. Relaxed: the run hands it on.
static RESULTS: [AtomicU32; NODES] = [const { AtomicU32::new(0) }; NODES];

fn result(node: usize) -> u32 {
    RESULTS[node].load(Ordering::Relaxed)
}

fn set(node: usize, result: u32) {
    RESULTS[node].store(result, Ordering::Relaxed);
}

async fn first() {
    set(0, DEVICE.read(NodeId::new(0), 0).await);
}

async fn second() {
    set(1, DEVICE.read(NodeId::new(1), 1).await);
}

async fn third() {
    set(3, result(2) + DEVICE.read(NodeId::new(3), 0).await);
}

/// The futures of three nodes. What an `async fn` returns has no name, but a size.
static FIRST: Place<{ bytes_of(first) }> = Place::new();
static SECOND: Place<{ bytes_of(second) }> = Place::new();
static THIRD: Place<{ bytes_of(third) }> = Place::new();

/// A node that is a future: how it is made, and where it lies as long as it is under way.
struct AsyncNode<F: 'static> {
    make: fn() -> F,
    future: Pin<&'static mut Option<F>>,
}

impl<F> AsyncNode<F> {
    fn new<const BYTES: usize>(make: fn() -> F, place: &'static Place<BYTES>) -> Self {
        Self { make, future: Pin::static_mut(place.give(None)) }
    }
}

/// An [`AsyncNode`] of any type.
trait Node {
    fn begin(&mut self);

    fn is_under_way(&self) -> bool;

    /// Whether it is done. Then its future is dropped, where it lies.
    fn poll(&mut self, context: &mut Context<'_>) -> bool;
}

impl<F: Future<Output = ()>> Node for AsyncNode<F> {
    fn begin(&mut self) {
        self.future.set(Some((self.make)()));
    }

    fn is_under_way(&self) -> bool {
        self.future.is_some()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let is_done = self.future.as_mut().as_pin_mut().is_none_or(|future| future.poll(context).is_ready());
        if is_done {
            self.future.set(None);
        }
        is_done
    }
}

/// A node of each kind.
enum Kind<'a> {
    Async(&'a mut dyn Node),
    Plain(fn()),
}

fn main() {
    let over = AtomicU32::new(0);
    let (mut first, mut second, mut third) =
        (AsyncNode::new(first, &FIRST), AsyncNode::new(second, &SECOND), AsyncNode::new(third, &THIRD));
    let mut nodes = [
        Kind::Async(&mut first),
        Kind::Async(&mut second),
        Kind::Plain(|| set(2, result(0) + result(1))),
        Kind::Async(&mut third),
        Kind::Plain(|| set(4, result(3))),
    ];
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
            run_once(&mut nodes);
        }
        over.store(1, Ordering::Relaxed);
    });
    println!("1000 runs of {NODES} nodes, 3 of which waited for the device");
}

/// One run on this core, which has the futures.
fn run_once(nodes: &mut [Kind<'_>; NODES]) {
    RUN.start().expect("the last run is over");
    let mut polls = 0;
    while !matches!(RUN.status(), RunStatus::AtRest { .. }) {
        // A node that was woken, or one that is ready. A wake may be late, of a node that isn't under way any
        // more.
        let is_under_way =
            |node: &NodeId| matches!(&nodes[node.index()], Kind::Async(node) if node.is_under_way());
        let woken = WOKEN.take().map(NodeId::new).filter(is_under_way);
        let Some(node) = woken.or_else(|| RUN.take()) else {
            std::hint::spin_loop(); // wait for an event, if neither set has anything
            continue;
        };
        polls += 1;
        let is_done = match &mut nodes[node.index()] {
            Kind::Plain(body) => {
                body();
                true
            }
            Kind::Async(future) => {
                if woken.is_none() {
                    future.begin();
                }
                future.poll(&mut Context::from_waker(&waker_of(node)))
            }
        };
        if is_done {
            RUN.complete(node);
        }
    }
    // Three wait, if the device isn't quicker; a wake that comes late, of a reading that was seen already, is
    // for nothing.
    assert!((NODES..=NODES + 6).contains(&polls), "{polls} polls");
    assert!(result(4) >= result(2));
    assert!(RUN.is_at_rest());
}
