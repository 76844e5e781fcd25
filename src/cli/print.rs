//! Results to stdout, remarks to stderr: the one place that prints.
//!
//! Articles come from anywhere, and a terminal obeys what it is sent: [`escaped`] is how text of
//! theirs is printed. [`lines`], [`json`] and [`remark`] do so by themselves.
//!
//! What cannot be written is an error, never a panic. A reader that had enough, such as `head`, is
//! no failure: [`hung_up`] tells it from one.

use serde::Serialize;
use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Stdout, Write};

/// Why stdout takes no more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}")]
struct StdoutClosed(io::Error);

/// Stdout, whose errors say that they are its own.
struct StdoutWriter(Stdout);

impl Write for StdoutWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(own)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(own)
    }
}

fn own(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), StdoutClosed(error))
}

/// Stdout as something to write to; it is flushed by whoever writes.
pub(super) fn sink() -> impl Write {
    StdoutWriter(io::stdout())
}

/// Prints `text` at once, as it is.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn text(text: &str) -> io::Result<()> {
    let _alone = io::stdout().lock();
    let mut out = sink();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints lines at once, each escaped, so that none can pass for two.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn lines<L: Display>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    painted(lines.into_iter().map(|line| escaped(&line.to_string()).into_owned()))
}

/// Prints lines at once as they are, colours included; whoever makes them escapes what they quote.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn painted<L: Display>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    text(&lines.into_iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Prints a value as JSON for a person, escaped within its strings.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    painted([without(&serde_json::to_string_pretty(value)?, |c| steers(c) && c != '\n')])
}

/// A remark on stderr, escaped but for line breaks and tabs; where stderr takes none, nobody is
/// told.
pub(super) fn remark(line: impl Display) {
    let line = line.to_string();
    let line = without(&line, |c| steers(c) && !matches!(c, '\n' | '\t'));
    writeln!(io::stderr(), "{line}").ok();
}

/// Whether a character can steer a terminal, begin a line, or turn the direction of what follows:
/// controls (C0, DEL, C1), line and paragraph separators, bidirectional marks, overrides, isolates.
pub(super) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// `text` with every character that [`steers`] written as JSON writes it, such as `\u001b`.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    without(text, steers)
}

/// `text` with the characters that `goes` picks escaped.
fn without(text: &str, goes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&goes) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            c if goes(c) => {
                write!(escaped, "\\u{:04x}", u32::from(c)).expect("a string takes everything");
            }
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// Whether `error` says that nobody reads stdout any more.
pub(super) fn hung_up(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
        let own = error.get_ref().is_some_and(|inner| inner.is::<StdoutClosed>());
        own && error.kind() == ErrorKind::BrokenPipe
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        for (text, want) in [
            ("Ölpreis \u{2014} 5 €", "Ölpreis \u{2014} 5 €"),
            ("a\x1b[2Jb\x07\x08\r\n\t\0", "a\\u001b[2Jb\\u0007\\u0008\\u000d\\u000a\\u0009\\u0000"),
            ("\x7f\u{80}\u{9b}2J\u{9f}", "\\u007f\\u0080\\u009b2J\\u009f"),
            ("\u{61c}\u{200e}\u{200f}", "\\u061c\\u200e\\u200f"),
            ("\u{2028}\u{2029}\u{202a}\u{202e}", "\\u2028\\u2029\\u202a\\u202e"),
            ("\u{2066}\u{2069}\u{2070}", "\\u2066\\u2069\u{2070}"),
            ("zero\u{200d}width \u{a0}", "zero\u{200d}width \u{a0}"),
        ] {
            assert_eq!(escaped(text), want);
        }
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value: String = (0..0x2100).filter_map(char::from_u32).collect();
        let json = serde_json::to_string(&value).expect("text is JSON");
        let shown = without(&json, |c| steers(c) && c != '\n');
        assert!(!shown.contains(steers));
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), value);
    }
}
