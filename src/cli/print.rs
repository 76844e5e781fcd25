//! Results to stdout, remarks to stderr: the one place that prints.
//!
//! What cannot be written is an error, never a panic. A reader that had enough, such as `head`, is no
//! failure: [`hung_up`] tells it from one.

use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Stdout, Write};

/// Why stdout takes no more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout: {0}")]
struct Full(io::Error);

/// Stdout, whose errors say that they are its own.
struct Out(Stdout);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(own)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(own)
    }
}

fn own(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Full(error))
}

/// Stdout as something to write to; it is flushed by whoever writes.
pub(super) fn sink() -> impl Write {
    Out(io::stdout())
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

/// Prints lines at once.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn lines<L: Display>(lines: impl IntoIterator<Item = L>) -> io::Result<()> {
    text(&lines.into_iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Prints a value as JSON for a person.
///
/// # Errors
/// When stdout takes no more.
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    lines([serde_json::to_string_pretty(value)?])
}

/// A remark on stderr; where stderr takes none, nobody is told.
pub(super) fn remark(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Whether `error` says that nobody reads stdout any more.
pub(super) fn hung_up(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
        let own = error.get_ref().is_some_and(|inner| inner.is::<Full>());
        own && error.kind() == ErrorKind::BrokenPipe
    })
}
