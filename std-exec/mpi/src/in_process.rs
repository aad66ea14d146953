//! Ranks that are threads of one process, or tasks of one thread: for tests, and for jobs that may run
//! without MPI.

use crate::message::Message;
use crate::sync::lock;
use crate::transport::{Transport, TransportError};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A message that is lost on its way: the `nth` from one rank to another, from 0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loss {
    /// The sender.
    pub from: usize,
    /// The receiver.
    pub to: usize,
    /// Which of the messages between them.
    pub nth: u64,
}

/// A network between ranks of one process, and what it does to messages.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{Link, Network};
/// let ends = Network::new(3).delays(7, 100).build();
/// let links: Vec<Link> = ends.into_iter().map(Link::new).collect();
/// assert_eq!(links[2].rank(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    ranks: usize,
    seed: u64,
    most: u32,
    losses: Vec<Loss>,
    /// A seed, and of how many messages one is lost.
    lossy: Option<(u64, u64)>,
    ticks: bool,
}

impl Network {
    /// Between so many ranks; messages arrive at once, in the order in which they were sent.
    #[must_use]
    pub fn new(ranks: usize) -> Self {
        Self { ranks, seed: 0, most: 0, losses: Vec::new(), lossy: None, ticks: false }
    }

    /// Each message waits for up to `most` looks of its receiver, how many is drawn from `seed`. Those of one
    /// rank still come in order; those of different ranks overtake each other.
    #[must_use]
    pub fn delays(mut self, seed: u64, most: u32) -> Self {
        (self.seed, self.most) = (seed, most);
        self
    }

    /// Loses a message.
    #[must_use]
    pub fn lose(mut self, loss: Loss) -> Self {
        self.losses.push(loss);
        self
    }

    /// Loses one of `one_in` messages on average; `seed` decides which.
    ///
    /// # Panics
    ///
    /// If `one_in` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::Network;
    /// let ends = Network::new(3).losses(7, 100).build();
    /// ```
    #[must_use]
    pub fn losses(mut self, seed: u64, one_in: u64) -> Self {
        assert!(one_in > 0, "one of 0 messages");
        self.lossy = Some((seed, one_in));
        self
    }

    /// Timeouts go by how often a rank has looked for messages: a microsecond each.
    #[must_use]
    pub fn clock_of_looks(mut self) -> Self {
        self.ticks = true;
        self
    }

    /// The ends of it, by rank.
    #[must_use]
    pub fn build(self) -> Vec<InProcess> {
        let ranks = self.ranks;
        let mailbox = |_| Mutex::new(Mailbox { from: (0..ranks).map(|_| VecDeque::new()).collect() });
        let shared = Arc::new(Shared { mailboxes: (0..ranks).map(mailbox).collect(), network: self });
        let end = |rank| InProcess {
            shared: Arc::clone(&shared),
            rank,
            sent: vec![0; ranks],
            looks: 0,
            next: 0,
            since: Instant::now(),
        };
        (0..ranks).map(end).collect()
    }
}

struct Shared {
    mailboxes: Box<[Mutex<Mailbox>]>,
    network: Network,
}

/// What is on its way to a rank.
struct Mailbox {
    /// From each rank: how many looks a message still has to wait for, and the message.
    from: Box<[VecDeque<(u32, Message)>]>,
}

/// A rank's end of a [`Network`].
pub struct InProcess {
    shared: Arc<Shared>,
    rank: usize,
    /// How many messages went to each rank.
    sent: Vec<u64>,
    looks: u64,
    /// The rank whose turn it is.
    next: usize,
    since: Instant,
}

impl InProcess {
    /// The ends of a network between so many ranks.
    #[must_use]
    pub fn network(ranks: usize) -> Vec<Self> {
        Network::new(ranks).build()
    }
}

/// SplitMix64's mixing of a number.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Transport for InProcess {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.sent.len()
    }

    fn send(&mut self, to: usize, message: Message) -> Result<(), TransportError> {
        let Network { seed, most, losses, lossy, .. } = &self.shared.network;
        let nth = self.sent[to];
        self.sent[to] += 1;
        let place = (self.rank as u64) << 48 ^ (to as u64) << 32 ^ nth;
        let by_chance = |&(seed, one_in): &(u64, u64)| mixed(!seed ^ mixed(place)) % one_in == 0;
        if losses.contains(&Loss { from: self.rank, to, nth }) || lossy.as_ref().is_some_and(by_chance) {
            return Ok(());
        }
        let delay = match most {
            0 => 0,
            most => u32::try_from(mixed(seed ^ mixed(place)) % (u64::from(*most) + 1)).unwrap_or(0),
        };
        lock(&self.shared.mailboxes[to]).from[self.rank].push_back((delay, message));
        Ok(())
    }

    fn poll(&mut self) -> Result<Option<(usize, Message)>, TransportError> {
        self.looks += 1;
        let mut mailbox = lock(&self.shared.mailboxes[self.rank]);
        let size = self.sent.len();
        let mut came = None;
        for _ in 0..size {
            let from = self.next;
            self.next = (self.next + 1) % size;
            let queue = &mut mailbox.from[from];
            match queue.front_mut() {
                Some((0, _)) if came.is_none() => {
                    came = queue.pop_front().map(|(_, message)| (from, message));
                }
                Some((delay, _)) => *delay = delay.saturating_sub(1),
                None => {}
            }
        }
        Ok(came)
    }

    fn elapsed(&self) -> Duration {
        if self.shared.network.ticks { Duration::from_micros(self.looks) } else { self.since.elapsed() }
    }

    fn flush(&mut self) -> Result<(), TransportError> {
        Ok(())
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("rank", &self.rank).field("size", &self.sent.len()).finish()
    }
}
