//! Prints results to stdout and remarks to stderr. All terminal output of the CLI goes through this
//! module.
//!
//! Article text is untrusted and could contain terminal control sequences, so it must be printed
//! through [`escaped`]. [`lines`], [`json`] and [`remark`] escape their input.
//!
//! A failed write is an error, never a panic. It is not a failure if the reader closes the pipe
//! early, as `head` does. [`is_closed_pipe`] detects this case.

use serde::Serialize;
use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::{self, ErrorKind, Stdout, Write};

/// A failed write to stdout.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}")]
struct StdoutClosed(io::Error);

/// Stdout. Its errors are wrapped in [`StdoutClosed`], to distinguish them from errors of other
/// files.
struct StdoutWriter(Stdout);

impl Write for StdoutWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(stdout_error)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(stdout_error)
    }
}

fn stdout_error(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), StdoutClosed(error))
}

/// A writer to stdout. The caller has to flush it.
pub(super) fn sink() -> impl Write {
    StdoutWriter(io::stdout())
}

/// Prints `text` unescaped and flushes stdout.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn text(text: &str) -> io::Result<()> {
    let _lock = io::stdout().lock();
    let mut out = sink();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints lines and flushes stdout. Each line is escaped, so that it cannot appear as two lines.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn lines<L: Display>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    raw_lines(lines.into_iter().map(|line| escaped(&line.to_string()).into_owned()))
}

/// Prints lines unescaped, including colours, and flushes stdout. The caller must escape article
/// text.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn raw_lines<L: Display>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    text(&lines.into_iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Prints a value as indented JSON, with its strings escaped.
///
/// # Errors
/// If stdout cannot be written.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    raw_lines([escape_if(&serde_json::to_string_pretty(value)?, |c| is_unsafe(c) && c != '\n')])
}

/// Prints a remark to stderr, escaped except for line breaks and tabs. Errors are ignored.
pub(super) fn remark(line: impl Display) {
    let line = line.to_string();
    let line = escape_if(&line, |c| is_unsafe(c) && !matches!(c, '\n' | '\t'));
    writeln!(io::stderr(), "{line}").ok();
}

/// Whether a character can control a terminal, start a line or change the text direction: control
/// characters (C0, DEL, C1), line and paragraph separators, bidirectional marks, overrides and
/// isolates.
pub(super) fn is_unsafe(c: char) -> bool {
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

/// Returns `text` with every character that [`is_unsafe`] selects escaped as in JSON, such as
/// `\u001b`.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    escape_if(text, is_unsafe)
}

/// Returns `text` with the characters selected by `pick` escaped.
fn escape_if(text: &str, pick: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&pick) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            c if pick(c) => {
                write!(escaped, "\\u{:04x}", u32::from(c))
                    .expect("writing to a String cannot fail");
            }
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// Whether `error` means that the reader of stdout has closed the pipe.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
        let stdout = error.get_ref().is_some_and(|inner| inner.is::<StdoutClosed>());
        stdout && error.kind() == ErrorKind::BrokenPipe
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
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
    fn escaped_json_has_the_same_value() {
        let value: String = (0..0x2100).filter_map(char::from_u32).collect();
        let json = serde_json::to_string(&value).expect("a string serializes");
        let shown = escape_if(&json, |c| is_unsafe(c) && c != '\n');
        assert!(!shown.contains(is_unsafe));
        assert_eq!(serde_json::from_str::<String>(&shown).expect("escaped JSON is valid"), value);
    }
}
