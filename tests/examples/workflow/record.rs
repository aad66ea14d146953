//! What parallel executions did, as far as somebody wants to see it.

use crate::options::Options;
use crate::same_file;
use dgraph_exec::{Recorder, RunOptions, Trace};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Records executions, and keeps the fastest.
#[derive(Debug)]
pub(crate) struct Record {
    recorder: Arc<Recorder>,
    fastest: Option<(Duration, Trace)>,
}

impl Record {
    /// Has room for so many nodes on each of so many threads.
    pub(crate) fn new(threads: usize, nodes: usize) -> Self {
        // The caller may be one thread more.
        Self { recorder: Arc::new(Recorder::with_capacity(threads + 1, nodes)), fastest: None }
    }

    /// For a run that is to be recorded.
    pub(crate) fn options(&self) -> RunOptions {
        self.recorder.clear();
        RunOptions::new().observer(self.recorder.clone())
    }

    /// The run is over, and has taken so long.
    pub(crate) fn took(&mut self, makespan: Duration) {
        if self.fastest.as_ref().is_none_or(|(fastest, _)| makespan < *fastest) {
            self.fastest = Some((makespan, self.recorder.trace()));
        }
    }

    /// Writes it to all files that the options name.
    pub(crate) fn write(&self, options: &Options) -> Result<(), String> {
        let Some((_, trace)) = &self.fastest else { return Ok(()) };
        let file =
            |path: &Option<_>, text: &dyn Display| path.as_deref().map_or(Ok(()), |path| write(path, text));
        file(&options.trace, &trace.to_chrome())?;
        file(&options.report, &trace.to_html())?;
        file(&options.svg, &trace.to_svg(1000))
    }
}

/// Refuses to write to the file that is read.
pub(crate) fn check(options: &Options) -> Result<(), String> {
    let source = options.workflow();
    let files = [&options.trace, &options.report, &options.svg, &options.dot, &options.durations];
    match files.into_iter().flatten().find(|path| same_file::is_input(path, &source)) {
        Some(path) => Err(format!("{}: not written, since the workflow was read from there", path.display())),
        None => Ok(()),
    }
}

/// Writes a text to a file.
pub(crate) fn write(path: &Path, text: &dyn Display) -> Result<(), String> {
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        write!(file, "{text}")?;
        file.flush()
    });
    written.map_err(|error: io::Error| format!("{}: cannot be written: {error}", path.display()))
}
