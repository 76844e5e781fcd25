//! Runs `wirefold demo` in the background.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A running demo. Dropping this value kills it.
pub(crate) struct Demo {
    child: Child,
    /// The URL of the page, without a trailing slash.
    pub(crate) origin: String,
}

impl Demo {
    /// Starts a demo on a free port. The demo sends one article every `pace`.
    pub(crate) fn start(pace: &str) -> Self {
        Self::at(0, pace)
    }

    /// Starts a demo on the given port; 0 chooses a free one.
    pub(crate) fn at(port: u16, pace: &str) -> Self {
        Self::listening(port, pace, |_| false)
    }

    /// Starts a demo and waits until it has sent all articles.
    pub(crate) fn through() -> Self {
        Self::listening(0, "0ms", |line| !line.contains("stays up until Ctrl-C"))
    }

    /// Starts a demo, waits for its address, and then reads its output while `waits` is true.
    fn listening(port: u16, pace: &str, waits: impl Fn(&str) -> bool) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wirefold"))
            .args(["demo", "--port", &port.to_string(), "--pace", pace])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let origin = lines.by_ref().find_map(|line| {
            let at = line.find("http://")?;
            Some(line[at..].split_whitespace().next()?.trim_end_matches('/').to_owned())
        });
        let origin = origin.unwrap();
        for line in lines.by_ref() {
            if !waits(&line) {
                break;
            }
        }
        // Keep reading: a full pipe would block the demo.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, origin }
    }

    /// The port of the page.
    pub(crate) fn port(&self) -> u16 {
        let (_, port) = self.origin.rsplit_once(':').unwrap();
        port.parse().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}
