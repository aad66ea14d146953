//! Whether the machine had other things to do: processor time of other processes, read from `/proc`.

use crate::options::Format;
use std::fmt;
use std::fs;
use std::time::Instant;

/// Above this part of the machine's capacity the figures are noise rather than truth.
const TOO_BUSY: f64 = 0.03;

/// Watches the machine from its creation on.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    start: Option<Ticks>,
    began: Instant,
}

/// How busy others kept the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// The part of the machine's capacity that other processes used.
    Others(f64),
    /// `/proc` can't be read here, or the time was too short to tell.
    Unknown,
}

/// Clock ticks (usually 10 ms) since the machine or the process started.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    /// All processors, busy or not.
    all: u64,
    /// All processors, busy.
    busy: u64,
    /// This process.
    own: u64,
}

impl Watch {
    /// Starts to watch.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Ticks::now(), began: Instant::now() }
    }

    /// How busy others have kept the machine since the start.
    #[must_use]
    pub fn load(&self) -> Load {
        match (self.start, Ticks::now()) {
            (Some(start), Some(now)) if now.all >= start.all + 20 => {
                let busy = now.busy.saturating_sub(start.busy);
                let others = busy.saturating_sub(now.own.saturating_sub(start.own));
                Load::Others(others as f64 / (now.all - start.all) as f64)
            }
            _ => Load::Unknown,
        }
    }

    /// Prints how long it has been watching, and what it saw: with the results, or beside them if they are
    /// for programs.
    pub fn report(&self, format: Format) {
        let line = format!("{:.0} s; {}", self.began.elapsed().as_secs_f64(), self.load());
        match format {
            Format::Table => println!("{line}"),
            Format::Tsv => eprintln!("{line}"),
        }
    }
}

impl Ticks {
    fn now() -> Option<Self> {
        // "cpu user nice system idle iowait irq softirq steal guest guest_nice"; guest time is in user time.
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let mut columns = stat.lines().next()?.split_ascii_whitespace();
        if columns.next() != Some("cpu") {
            return None;
        }
        let columns: Vec<u64> = columns.take(8).map_while(|column| column.parse().ok()).collect();
        let idle: u64 = columns.get(3..5)?.iter().sum();
        let all: u64 = columns.iter().sum();
        // The process's name is in parentheses and may hold anything; user and system time are fields 14 and
        // 15.
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let own: Vec<u64> = stat
            .rsplit_once(')')?
            .1
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .map_while(|field| field.parse().ok())
            .collect();
        Some(Self { all, busy: all - idle, own: own.iter().sum() })
    }
}

impl Load {
    /// Whether the figures shouldn't be trusted.
    #[must_use]
    pub fn is_too_much(self) -> bool {
        matches!(self, Self::Others(part) if part > TOO_BUSY)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown whether other processes used the machine"),
            Self::Others(part) => {
                write!(f, "other processes used {:.1} % of the machine", part * 100.0)?;
                if self.is_too_much() { f.write_str(": BUSY, don't trust these figures") } else { Ok(()) }
            }
        }
    }
}
