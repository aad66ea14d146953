//! Sound: blocks of 128 samples from a graph of 64 nodes, in a thread that may not allocate, and that gets
//! other graphs while it plays.
//!
//! Run it: `cargo run --release -p dgraph-exec --example audio`
//!
//! There is no sound card in it: the callback, which one would call for each block, is called in a loop.

mod counting;
mod patch;

use dgraph_exec::{Executor, RunError};
use patch::Patch;
use std::error::Error;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

const BLOCK: usize = 128;
const RATE: f32 = 48_000.0;
/// How many blocks to play of the last patch.
const BLOCKS: usize = 1_000;

/// What to play after the first chord.
const CHORDS: [f32; 3] = [146.8, 98.0, 130.8];

type Block = [f32; BLOCK];

/// What the callback has.
struct Player<'e> {
    patch: Patch,
    next: Receiver<Patch>,
    /// Patches are dropped by another thread, since that gives memory back.
    old: SyncSender<Patch>,
    executor: &'e Executor,
}

impl Player<'_> {
    /// Fills a block, and says whether there may be another patch. This may neither wait nor allocate.
    fn callback(&mut self, block: &mut Block) -> Result<bool, RunError> {
        let next = self.next.try_recv();
        let more = !matches!(next, Err(TryRecvError::Disconnected));
        if let Ok(next) = next {
            let _ = self.old.try_send(mem::replace(&mut self.patch, next)); // there is room for all
        }
        self.patch.play(self.executor, block)?;
        Ok(more)
    }
}

fn play(mut player: Player<'_>) -> Result<(), RunError> {
    let mut block = [0.0; BLOCK];
    player.callback(&mut block)?; // the first run of a thread allocates
    let before = counting::count();
    let (mut blocks, mut of_the_last, mut loudest, mut worst) = (0, 0, 0.0_f32, Duration::ZERO);
    while of_the_last < BLOCKS {
        let began = Instant::now();
        let more = player.callback(&mut block)?;
        worst = worst.max(began.elapsed());
        blocks += 1;
        of_the_last += usize::from(!more);
        loudest = block.iter().fold(loudest, |loudest, sample| loudest.max(sample.abs()));
    }
    let allocations = counting::count() - before;
    let budget = Duration::from_secs_f32(BLOCK as f32 / RATE);
    println!(
        "{blocks} blocks, the loudest sample {loudest:.2}; the worst block took {worst:.1?} of {budget:.1?}"
    );
    println!("{allocations} allocations while it played");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    counting::exempt_this_thread(); // it makes the patches
    // A core for each of its threads, which spin between blocks: no run makes a system call.
    let executor = Executor::builder().real_time(true).build()?;
    let (send, next) = sync_channel(1);
    let (old, replaced) = sync_channel(CHORDS.len());
    let player = Player { patch: Patch::new(110.0, &executor)?, next, old, executor: &executor };
    thread::scope(|scope| {
        let playing = scope.spawn(move || play(player));
        for hertz in CHORDS {
            send.send(Patch::new(hertz, &executor)?)?;
        }
        drop(send); // there are no more
        println!("{} patches replaced", replaced.iter().count());
        Ok(playing.join().expect("it doesn't panic")?)
    })
}
