//! Tests commands that print results to stdout: a closed pipe is not an error, but a full disk is.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const WIRE: &str = "src/cli/demo/wire.jsonl";

/// The arguments of every command that prints results. `replay` prints more than fits into a pipe.
fn printing(labelled: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["replay", WIRE],
        vec!["eval", "duplicates", "--articles", labelled],
        vec!["explain", "--decode", WIRE],
        vec!["explain", "--in", labelled, "a:1", "a:2"],
        vec!["explain", "--in", labelled, "a:1", "a:2", "--json"],
        vec!["check", "--show", "--set", "kafka.bootstrap.servers=nowhere:9092"],
        vec!["schema", "events"],
        vec!["schema", "openapi"],
        vec!["schema", "toml"],
        vec!["demo", "--once", "--pace", "0ms", "--port", "0"],
    ]
}

fn labelled(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("labelled.jsonl");
    let article = |n: u32| {
        let body = "Keepers of the Marel light reported a drifting barge off the north mole.";
        format!(
            "{{\"id\":\"a:{n}\",\"dup_group\":\"g\",\"title\":\"Barge drifts off Marel\",\"body\":\"{body}\"}}\n"
        )
    };
    fs::write(&path, article(1) + &article(2)).unwrap();
    path
}

fn run(args: &[&str], stdout: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.args(args).env_remove("RUST_LOG").current_dir(env!("CARGO_MANIFEST_DIR"));
    let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn();
    child.unwrap().wait_with_output().unwrap()
}

/// Runs every command with a new stdout; `judge` gets the arguments, the exit code and stderr.
fn each(stdout: impl Fn() -> Stdio, judge: impl Fn(&[&str], Option<i32>, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let labelled = labelled(&folder);
    for args in printing(labelled.to_str().unwrap()) {
        let output = run(&args, stdout());
        judge(&args, output.status.code(), std::str::from_utf8(&output.stderr).unwrap());
    }
}

/// A pipe whose reader is closed.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_pipe_ends_a_command_without_an_error() {
    each(closed, |args, code, says| assert_eq!((code, says), (Some(0), ""), "{args:?}"));
}

#[test]
fn a_full_disk_is_reported_as_an_error() {
    let full = || File::options().write(true).open("/dev/full").unwrap().into();
    each(full, |args, code, says| {
        assert_eq!(code, Some(1), "{args:?}: {says}");
        assert!(says.contains("cannot write to stdout: No space left"), "{args:?}: {says}");
        assert!(!says.contains("panicked"), "{args:?}: {says}");
    });
}

#[test]
fn output_files_are_complete_even_if_stdout_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, stdout: Stdio| {
        let path = folder.path().join(name);
        let output = run(&["replay", WIRE, "--unique", path.to_str().unwrap()], stdout);
        assert_eq!(output.status.code(), Some(0));
        fs::read(path).unwrap()
    };
    let (unread, read) = (write("unread", closed()), write("read", Stdio::null()));
    assert!(read.len() > 10_000 && unread == read);
}
