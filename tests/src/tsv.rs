//! Workflows as tab-separated lines: `node_id<TAB>duration<TAB>pred1,pred2,…`.
//!
//! - Ids are `0..n`, each on one line, in any order. A line may name predecessors that come later in the
//!   file.
//! - An empty third field means no predecessor; its tab is needed all the same. A predecessor that is listed
//!   twice makes two parallel edges.
//! - Durations are whole numbers in any unit, 0 allowed; their sum must fit a `u64`.
//! - `#` starts a comment that goes to the end of the line. Blank lines, spaces around fields and numbers,
//!   Windows line ends, and a byte order mark at the beginning don't matter.

use crate::error::{LoadError, Reason};
use crate::workflow::{self, Workflow};

/// Reads a workflow from the bytes of a TSV file. Any bytes are allowed; none make it panic.
///
/// # Errors
///
/// The first thing that is wrong, with its line; `file` is for that message.
///
/// ```
/// use dgraph_tests::tsv;
/// let workflow = tsv::parse("jobs.tsv", b"# a comment\n0\t30\t1\n1\t70\t\n")?;
/// assert_eq!((workflow.edges.as_slice(), workflow.total_work()), ([(1, 0)].as_slice(), 100));
///
/// let error = tsv::parse("jobs.tsv", b"0\t30\t2\n1\t70\t\n").unwrap_err();
/// assert_eq!(error.to_string(), "jobs.tsv:1: unknown predecessor 2 of node 0: the ids of 2 nodes are 0..2");
/// # Ok::<(), dgraph_tests::error::LoadError>(())
/// ```
pub fn parse(file: &str, bytes: &[u8]) -> Result<Workflow, LoadError> {
    let text = workflow::utf8(file, bytes)?;
    let lines = || (1..).zip(text.lines().map(without_comment)).filter(|(_, line)| !line.trim().is_empty());
    let nodes = lines().count();
    if nodes == 0 {
        return Err(LoadError::new(file, text.lines().count().max(1), Reason::Empty));
    }
    let mut workflow = Workflow {
        names: (0..nodes).map(|id| id.to_string()).collect(),
        durations: vec![0; nodes],
        lines: vec![0; nodes],
        edges: Vec::new(),
    };
    let mut work = 0_u64;
    for (number, line) in lines() {
        let duration =
            declare(&mut workflow, number, line).map_err(|reason| LoadError::new(file, number, reason))?;
        work = work.checked_add(duration).ok_or_else(|| LoadError::new(file, number, Reason::TooMuchWork))?;
    }
    Ok(workflow)
}

fn without_comment(line: &str) -> &str {
    line.split_once('#').map_or(line, |(before, _)| before)
}

/// Adds the node that a line declares. Gives its duration.
fn declare(workflow: &mut Workflow, number: usize, line: &str) -> Result<u64, Reason> {
    let mut fields = line.split('\t').map(str::trim);
    let (Some(id), Some(duration), Some(predecessors), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(Reason::Malformed { fields: line.split('\t').count() });
    };
    let nodes = workflow.nodes();
    let id = small_number("node id", id)?;
    let declared = workflow.lines.get_mut(id as usize).ok_or(Reason::IdOutOfRange { id, nodes })?;
    if *declared != 0 {
        return Err(Reason::DuplicateId { id, first_line: *declared });
    }
    *declared = number;
    let duration = whole_number("duration", duration, u64::MAX)?;
    workflow.durations[id as usize] = duration;
    if !predecessors.is_empty() {
        for predecessor in predecessors.split(',') {
            let predecessor = small_number("predecessor", predecessor.trim())?;
            // Each id in 0..nodes gets its line, or the file is refused for another reason.
            if predecessor as usize >= nodes {
                return Err(Reason::UnknownPredecessor { id, predecessor, nodes });
            }
            workflow.edges.push((predecessor, id));
        }
    }
    Ok(duration)
}

fn small_number(what: &'static str, text: &str) -> Result<u32, Reason> {
    let max = u32::MAX;
    let number = whole_number(what, text, max.into())?;
    u32::try_from(number).map_err(|_| bad_number(what, text, max.into()))
}

/// Digits only: Rust's own parser would take a sign as well.
fn whole_number(what: &'static str, text: &str, max: u64) -> Result<u64, Reason> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|&number| digits && number <= max);
    number.ok_or_else(|| bad_number(what, text, max))
}

fn bad_number(what: &'static str, text: &str, max: u64) -> Reason {
    Reason::BadNumber { what, text: text.to_owned(), max }
}
