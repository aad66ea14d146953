//! Texts of errors stay short, however much there is to tell: the first few names and a number, and of a long
//! name its two ends.

use std::error::Error;
use std::fmt::{self, Display, Formatter, Write};

/// So many of a list are named.
const FEW: usize = 5;
/// At most so many bytes of each.
const NAME: usize = 60;
/// At most so many bytes of a text that a user's code has written: the message of a panic, of an error.
pub(crate) const MESSAGE: usize = 200;
/// At most so many bytes of an error with all its sources.
const CHAIN: usize = 600;
/// Sources behind that many are not looked at: there may be no end of them.
const DEEP: usize = 64;

/// A text without its middle, if it has more bytes than this.
pub(crate) struct Brief<'a>(pub(crate) &'a str, pub(crate) usize);

/// As a name in a list.
pub(crate) fn name(text: &str) -> Brief<'_> {
    Brief(text, NAME)
}

impl Display for Brief<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let &Self(text, limit) = self;
        if text.len() <= limit {
            return f.write_str(text);
        }
        let shown = limit.saturating_sub('…'.len_utf8());
        let cut = |from: usize| (0..=from).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let head = cut(shown * 2 / 3);
        let tail = text.len() - (shown - head);
        let tail = (tail..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        write!(f, "{}…{}", &text[..head], &text[tail..])
    }
}

/// The first few of `items`, and how many more there are.
pub(crate) fn list<T: Display>(
    f: &mut Formatter<'_>,
    items: impl ExactSizeIterator<Item = T>,
) -> fmt::Result {
    let more = items.len().saturating_sub(FEW);
    for (at, item) in items.take(FEW).enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        item.fmt(f)?;
    }
    if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
}

/// A path that ends where it begins: its first few nodes, and the last.
pub(crate) fn cycle<T: Display>(
    f: &mut Formatter<'_>,
    path: impl ExactSizeIterator<Item = T> + DoubleEndedIterator,
) -> fmt::Result {
    let mut path = path;
    let last = path.next_back();
    let more = path.len().saturating_sub(FEW);
    for item in path.take(FEW) {
        write!(f, "{item} -> ")?;
    }
    if more > 0 {
        write!(f, "({more} more) -> ")?;
    }
    last.map_or(Ok(()), |last| last.fmt(f))
}

/// What `Debug` of an error writes, so that `main` prints something that one can read: its message, and those
/// of its sources.
pub(crate) fn debug(f: &mut Formatter<'_>, error: &dyn Error) -> fmt::Result {
    let mut text = error.to_string();
    let mut source = error.source();
    for _ in 0..DEEP {
        let Some(error) = source else { break };
        write!(text, ": {}", Brief(&error.to_string(), CHAIN / 2))?;
        source = error.source();
    }
    Brief(&text, CHAIN).fmt(f)
}

/// A key as messages show it: by its `Debug`, and not too much of that.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Debug> Display for Shown<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        name(&format!("{:?}", self.0)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Listed(usize);

    impl Display for Listed {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            list(f, 0..self.0)
        }
    }

    struct Circle(usize);

    impl Display for Circle {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            cycle(f, (0..self.0).chain([0]).collect::<Vec<_>>().iter())
        }
    }

    #[test]
    fn a_list_names_the_first_few() {
        assert_eq!([0, 1, 3, 5].map(|n| Listed(n).to_string()), ["", "0", "0, 1, 2", "0, 1, 2, 3, 4"]);
        assert_eq!(
            [6, 1_000_000].map(|n| Listed(n).to_string()),
            ["0, 1, 2, 3, 4 and 1 more", "0, 1, 2, 3, 4 and 999995 more"]
        );
    }

    #[test]
    fn a_circle_closes() {
        assert_eq!([1, 5].map(|n| Circle(n).to_string()), ["0 -> 0", "0 -> 1 -> 2 -> 3 -> 4 -> 0"]);
        assert_eq!(Circle(100).to_string(), "0 -> 1 -> 2 -> 3 -> 4 -> (95 more) -> 0");
    }

    /// Whatever the characters, the text is cut between two of them, and both ends are there.
    #[test]
    fn a_long_text_keeps_its_ends() {
        for letter in ["a", "ä", "漢", "🦀"] {
            for length in 0..200 {
                let text = format!("<{}>", letter.repeat(length));
                let brief = name(&text).to_string();
                if text.len() <= NAME {
                    assert_eq!(brief, text);
                } else {
                    assert!(brief.len() <= NAME && brief.len() > NAME - 9, "{brief}");
                    assert!(brief.starts_with('<') && brief.ends_with('>') && brief.contains('…'), "{brief}");
                }
            }
        }
        assert_eq!(Brief("long", 0).to_string(), "…");
    }
}
