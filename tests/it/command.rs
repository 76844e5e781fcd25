//! Runs the program as a user does, in a separate folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The sample of the demo.
pub(crate) const SAMPLE: &str = include_str!("../../src/cli/demo/wire.jsonl");

/// A command that runs the program in `folder` with these arguments, without input and without
/// settings from the environment.
pub(crate) fn wirefold(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.args(args).env_remove("RUST_LOG").current_dir(folder).stdin(Stdio::null());
    command
}

/// A new folder with the sample in `wire.jsonl`.
pub(crate) fn sample_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wire.jsonl"), SAMPLE).unwrap();
    folder
}

/// The output of the program as text.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
