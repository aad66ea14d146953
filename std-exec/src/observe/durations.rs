//! What nodes have taken, by name, to be kept from one process to the next.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long nodes take, by their names: what one process has [measured](crate::Graph::durations), and another
/// one gives [priorities](crate::Graph::prioritize_by_durations) by.
///
/// It can be written and read as text, a line for each name: nanoseconds, a tab, the name; `\n`, `\r` and
/// `\\` stand for a newline, a carriage return and a backslash in it. With the feature `serde` it is a map
/// from names to nanoseconds.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Durations, GraphBuilder, RunOptions};
/// use std::time::Duration;
///
/// let file = "1500\tshort\n9000000\tlong\n";
/// let last_time: Durations = file.parse()?;
/// assert_eq!(last_time.get("long"), Some(Duration::from_millis(9)));
///
/// let mut graph = GraphBuilder::new();
/// graph.node("short", (), || ());
/// graph.node("long", (), || ());
/// let mut graph = graph.build()?;
/// assert_eq!(graph.prioritize_by_durations(&last_time), 2); // both names are known: `long` begins first
/// graph.with(&RunOptions::new().measure()).run()?;
///
/// let for_next_time = graph.durations().to_string();
/// assert_eq!(for_next_time.lines().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    by_name: BTreeMap<String, Duration>,
}

impl Durations {
    /// None.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(dgraph_exec::Durations::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the node of this name takes.
    ///
    /// # Examples
    ///
    /// ```
    /// let durations: dgraph_exec::Durations = "12\tnode".parse()?;
    /// assert_eq!(durations.get("node").unwrap().as_nanos(), 12);
    /// assert_eq!(durations.get("another"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Duration> {
        self.by_name.get(name).copied()
    }

    /// The node of this name takes so long. What it took before, if that is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut durations = dgraph_exec::Durations::new();
    /// assert_eq!(durations.insert("node", Duration::from_secs(1)), None);
    /// assert_eq!(durations.insert("node", Duration::from_secs(2)), Some(Duration::from_secs(1)));
    /// ```
    pub fn insert(&mut self, name: impl Into<String>, duration: Duration) -> Option<Duration> {
        self.by_name.insert(name.into(), duration)
    }

    /// Of how many names a duration is known.
    ///
    /// # Examples
    ///
    /// ```
    /// let durations: dgraph_exec::Durations = "12\tnode".parse()?;
    /// assert_eq!(durations.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether none is known.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(dgraph_exec::Durations::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The names, in their order, with what their nodes take.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let durations: dgraph_exec::Durations = "12\tb\n10\ta".parse()?;
    /// let sum: Duration = durations.iter().map(|(_, duration)| duration).sum();
    /// assert_eq!(sum.as_nanos(), 22);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.by_name.iter().map(|(name, &duration)| (&**name, duration))
    }
}

impl<N: Into<String>> Extend<(N, Duration)> for Durations {
    fn extend<I: IntoIterator<Item = (N, Duration)>>(&mut self, durations: I) {
        self.by_name.extend(durations.into_iter().map(|(name, duration)| (name.into(), duration)));
    }
}

impl<N: Into<String>> FromIterator<(N, Duration)> for Durations {
    fn from_iter<I: IntoIterator<Item = (N, Duration)>>(durations: I) -> Self {
        let mut all = Self::new();
        all.extend(durations);
        all
    }
}

impl IntoIterator for Durations {
    type Item = (String, Duration);
    type IntoIter = btree_map::IntoIter<String, Duration>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_name.into_iter()
    }
}

/// The text, with a line for each name.
impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, duration)| writeln!(f, "{}\t{}", duration.as_nanos(), Escaped(name)))
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|char| match char {
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\\' => f.write_str("\\\\"),
            char => f.write_char(char),
        })
    }
}

/// The name that was written so. `None` if a backslash stands before something else.
fn unescaped(name: &str) -> Option<String> {
    let mut chars = name.chars();
    let mut next = || match chars.next() {
        Some('\\') => match chars.next() {
            Some('n') => Some(Some('\n')),
            Some('r') => Some(Some('\r')),
            Some('\\') => Some(Some('\\')),
            _ => Some(None),
        },
        char => char.map(Some),
    };
    std::iter::from_fn(&mut next).collect()
}

impl FromStr for Durations {
    type Err = ParseDurationsError;

    /// Reads the text. Empty lines are left out; of a name that comes twice, the last line counts.
    ///
    /// # Errors
    ///
    /// [`ParseDurationsError`] at the first line that isn't nanoseconds, a tab and a name.
    fn from_str(text: &str) -> Result<Self, ParseDurationsError> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
        let read = |(line, content): (usize, &str)| {
            let error = |wrong| ParseDurationsError { line, wrong };
            let (nanos, name) = content.split_once('\t').ok_or_else(|| error(Wrong::NoTab))?;
            let nanos = nanos.parse().map_err(|_| error(Wrong::NoNumber))?;
            let name = unescaped(name).ok_or_else(|| error(Wrong::Escape))?;
            Ok((name, Duration::from_nanos(nanos)))
        };
        lines.map(read).collect()
    }
}

/// A line of a text isn't one of [`Durations`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::Durations;
///
/// let error = "12\ta\n1.5\tb".parse::<Durations>().unwrap_err();
/// assert_eq!(error.line(), 2);
/// assert_eq!(error.to_string(), "line 2 doesn't begin with a number of nanoseconds");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDurationsError {
    line: usize,
    wrong: Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    NoTab,
    NoNumber,
    Escape,
}

impl ParseDurationsError {
    /// Which line it is; the first one is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = "12 node".parse::<dgraph_exec::Durations>().unwrap_err();
    /// assert_eq!((error.line(), error.to_string()), (1, "line 1 has no tab".to_owned()));
    /// ```
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ParseDurationsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, wrong } = self;
        match wrong {
            Wrong::NoTab => write!(f, "line {line} has no tab"),
            Wrong::NoNumber => write!(f, "line {line} doesn't begin with a number of nanoseconds"),
            Wrong::Escape => write!(f, "line {line} has a backslash that isn't `\\n`, `\\r` or `\\\\`"),
        }
    }
}

impl Error for ParseDurationsError {}

#[cfg(feature = "serde")]
mod serde {
    use super::{BTreeMap, Duration, Durations};
    use ::serde::de::{Deserialize, Deserializer};
    use ::serde::ser::{Serialize, Serializer};

    impl Serialize for Durations {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
            serializer.collect_map(self.iter().map(|(name, duration)| (name, nanos(duration))))
        }
    }

    impl<'de> Deserialize<'de> for Durations {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let nanos = BTreeMap::<String, u64>::deserialize(deserializer)?;
            Ok(nanos.into_iter().map(|(name, nanos)| (name, Duration::from_nanos(nanos))).collect())
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_read_as_it_was_written() {
        let names = ["", "a\tb", "two\nlines", "\\n", "back\\", "\r", "ä\u{2028}", " spaces "];
        let durations: Durations =
            (1..).map(Duration::from_nanos).zip(names).map(|(d, name)| (name, d)).collect();
        assert_eq!(durations.to_string().parse(), Ok(durations.clone()));
        assert_eq!(durations.len(), names.len());
        assert_eq!(Duration::MAX.as_nanos().to_string().parse::<u64>().ok(), None);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_map_of_nanoseconds() {
        let durations: Durations =
            [("b", Duration::from_micros(2)), ("a", Duration::MAX)].into_iter().collect();
        let text = serde_json::to_string(&durations).expect("no error");
        assert_eq!(text, r#"{"a":18446744073709551615,"b":2000}"#);
        assert_eq!(serde_json::from_str::<Durations>(&text).expect("durations").get("b"), durations.get("b"));
        assert!(serde_json::from_str::<Durations>(r#"{"a":-1}"#).is_err());
        let statistics = crate::RunStatistics { nodes: 3, wakes: 2, ..crate::RunStatistics::default() };
        let text = serde_json::to_string(&statistics).expect("no error");
        assert_eq!(serde_json::from_str::<crate::RunStatistics>(&text).expect("statistics"), statistics);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, message) in [
            ("x", "line 1 has no tab"),
            ("1\ta\n\n-1\tb", "line 3 doesn't begin with a number of nanoseconds"),
            ("1\t\\x", "line 1 has a backslash that isn't `\\n`, `\\r` or `\\\\`"),
            ("99999999999999999999\ta", "line 1 doesn't begin with a number of nanoseconds"),
        ] {
            assert_eq!(text.parse::<Durations>().unwrap_err().to_string(), message);
        }
    }
}
