//! A trace as a picture for documents.

use super::summary::Summary;
use crate::observe::{NodeOutcome, Trace};
use dgraph_core::NodeId;
use std::collections::HashSet;
use std::fmt::{self, Display, Formatter, Write};

impl Trace {
    /// The timeline as a picture in SVG, so many pixels wide: a row for each thread, the nodes' names where
    /// there is room, the critical path of each run underlined. Light or dark, as the reader's system is.
    ///
    /// Nodes that would be narrower than a third of a pixel are drawn together with those beside them; of a
    /// graph that is a node, what its caller's thread runs is drawn as that node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("only", (), || ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let svg = recorder.trace().to_svg(800).to_string();
    /// assert!(svg.starts_with("<svg") && svg.contains("only"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_svg(&self, width: u32) -> impl Display {
        Svg { trace: self, summary: Summary::of(self), width: f64::from(width.max(200)) }
    }
}

struct Svg<'t> {
    trace: &'t Trace,
    summary: Summary,
    width: f64,
}

/// In pixels: where names of threads are, the rows, and the scale below.
const GUTTER: f64 = 96.0;
const ROW: f64 = 20.0;
const SCALE: f64 = 26.0;

const STYLE: &str = "\
text{font:11px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1c2430}\
.l{fill:#f1f4f8}.d{fill:#5d6877}.t{stroke:#dde2e9}.c{fill:#c2410c}.b{fill:#d32f2f}\
@media(prefers-color-scheme:dark){text{fill:#e4e9f0}.l{fill:#1f2732}.d{fill:#97a3b3}.t{stroke:#2d3643}.c{fill:#ff9d5c}\
.n{filter:brightness(.55) saturate(1.2)}.b{fill:#ff6b6b}}";

/// Text in XML. What XML knows no character for is left out.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?, // no `]]>` may stand in text, as in `Vec<[[u8; 2]]>`
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A time to read.
struct Time(u64);

impl Display for Time {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let nanos = self.0 as f64;
        match self.0 {
            0 => f.write_str("0"),
            1..1_000 => write!(f, "{nanos} ns"),
            1_000..1_000_000 => write!(f, "{} µs", nanos / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{} ms", nanos / 1e6),
            _ => write!(f, "{} s", nanos / 1e9),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
impl Svg<'_> {
    /// From when to when.
    fn bounds(&self) -> (u64, u64) {
        let spans = || self.trace.spans();
        let runs = || self.trace.runs().iter();
        let begin = runs().map(|run| run.begin).chain(spans().map(|span| span.mark.begin)).min().unwrap_or(0);
        let end =
            runs().filter_map(|run| run.end).chain(spans().map(|span| span.mark.end)).max().unwrap_or(0);
        (begin, end.max(begin + 1))
    }

    fn scale(&self, f: &mut Formatter<'_>, x: impl Fn(u64) -> f64, bottom: f64) -> fmt::Result {
        let (begin, end) = self.bounds();
        let rough = (end - begin) / 8;
        let power = 10_u64.pow(rough.max(1).ilog10());
        let step =
            [1, 2, 5, 10].map(|times| times * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
        for at in (0..=end - begin).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let x = x(begin + at);
            writeln!(f, r#"<path class="t" d="M{x:.1} 0V{:.1}"/>"#, bottom + 5.0)?;
            let (label, left, y) = (Time(at).to_string(), x + 3.0, bottom + 15.0);
            if self.width > left + 7.0 * label.chars().count() as f64 {
                writeln!(f, r#"<text class="d" x="{left:.1}" y="{y:.1}">{label}</text>"#)?;
            }
        }
        Ok(())
    }

    fn nodes(&self, f: &mut Formatter<'_>, x: impl Fn(u64) -> f64) -> fmt::Result {
        let critical: Vec<HashSet<NodeId>> =
            self.summary.paths.iter().map(|(nodes, _)| nodes.iter().copied().collect()).collect();
        for (row, thread) in (0..).zip(self.trace.threads()) {
            let top = f64::from(row) * (ROW + 4.0);
            let mut drawn = f64::MIN;
            for mark in &thread.marks {
                let (left, right) = (x(mark.begin), x(mark.end));
                if right - drawn < 0.33 {
                    continue;
                }
                drawn = right;
                let run = &self.trace.runs()[mark.run as usize];
                let label = run.label_of(mark.node).to_string();
                let (wide, tall) = ((right - left).max(0.33), ROW - 2.0);
                let is_bad =
                    !matches!(mark.outcome, None | Some(NodeOutcome::Completed | NodeOutcome::EndedBranch));
                let class = if is_bad { "b" } else { "n" };
                let (top, path) = (top + 1.0, Escaped(run.path_of(mark.node)));
                write!(
                    f,
                    r#"<rect class="{class}" x="{left:.2}" y="{top:.1}" width="{wide:.2}" height="{tall}""#
                )?;
                if !is_bad {
                    write!(f, r#" fill="hsl({} 48% 76%)""#, hue(&label))?;
                }
                writeln!(f, "><title>{path}</title></rect>")?;
                if critical[mark.run as usize].contains(&mark.node) {
                    let top = top + tall - 3.0;
                    writeln!(
                        f,
                        r#"<rect class="c" x="{left:.2}" y="{top:.1}" width="{wide:.2}" height="3"/>"#
                    )?;
                }
                if wide > 7.0 * label.chars().count().min(40) as f64 + 6.0 {
                    let (left, middle) = (left + 3.0, top + 12.5);
                    let label = Escaped(label.chars().take(40).collect::<String>());
                    writeln!(f, r#"<text x="{left:.1}" y="{middle:.1}">{label}</text>"#)?;
                }
            }
        }
        Ok(())
    }
}

/// Few colours, and none that looks like the marks.
const HUES: [u32; 8] = [212, 168, 268, 95, 190, 240, 135, 300];

/// The same for names that differ in numbers only.
fn hue(name: &str) -> u32 {
    let letters = name.chars().filter(|c| !c.is_ascii_digit() && !['.', '#'].contains(c));
    let hash = letters.fold(7, |hash, c| (hash * 31 + c as usize) % 360_000);
    HUES[hash % HUES.len()]
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
impl Display for Svg<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (begin, end) = self.bounds();
        let room = self.width - GUTTER - 8.0;
        let x = |at: u64| GUTTER + at.saturating_sub(begin) as f64 / (end - begin) as f64 * room;
        let bottom = self.trace.threads().len().max(1) as f64 * (ROW + 4.0);
        let (width, height) = (self.width, bottom + SCALE);
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">"#
        )?;
        writeln!(f, "<style>{STYLE}</style>")?;
        self.scale(f, x, bottom)?;
        for (row, thread) in (0..).zip(self.trace.threads()) {
            let top = f64::from(row) * (ROW + 4.0);
            writeln!(
                f,
                r#"<rect class="l" x="{GUTTER}" y="{top}" width="{room}" height="{ROW}" opacity=".6"/>"#
            )?;
            let name = Escaped(thread.name());
            let (right, middle) = (GUTTER - 6.0, top + 13.5);
            writeln!(f, r#"<text x="{right}" y="{middle}" text-anchor="end">{name}</text>"#)?;
        }
        self.nodes(f, x)?;
        f.write_str("</svg>\n")
    }
}
