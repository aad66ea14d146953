//! JSON, as far as it is written here: by hand, since a string is all that takes care.

use std::fmt::{self, Display, Formatter, Write};

/// A JSON string. It may stand in an HTML page's script, too: no `<` is left in it, and neither of the two
/// line separators that JavaScript once took for the ends of lines.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write!(Escaped(f), "{}", self.0)?;
        f.write_char('"')
    }
}

struct Escaped<'f, 'g>(&'f mut Formatter<'g>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '"' => self.0.write_str("\\\"")?,
                '\\' => self.0.write_str("\\\\")?,
                '\n' => self.0.write_str("\\n")?,
                '\0'..='\x1f' | '\x7f' | '<' | '\u{2028}' | '\u{2029}' => {
                    write!(self.0, "\\u{:04x}", u32::from(c))?;
                }
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A list of what `items` give, written by `write`.
pub(crate) fn list<T>(
    f: &mut Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    f.write_char('[')?;
    for (at, item) in items.into_iter().enumerate() {
        f.write_str(if at > 0 { "," } else { "" })?;
        write(f, item)?;
    }
    f.write_char(']')
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Text;

    #[test]
    fn nothing_escapes() {
        let text = Text("say \"</script>\\\n\u{1}\u{2028}é🦀").to_string();
        assert_eq!(text, r#""say \"\u003c/script>\\\n\u0001\u2028é🦀""#);
    }
}
