//! Tests that `wirefold replay` writes its output files atomically and never overwrites its inputs.

use crate::command::wirefold;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const GOOD: &str = concat!(
    r#"{"uri":"a:1","headline":"Barge drifts off Marel","#,
    r#""body":"Keepers of the Marel light reported a drifting barge off the north mole."}"#,
    "\n",
);
const BAD: &str = "{\"headline\":\"no uri\"}\n";

fn command(folder: &Path, args: &[&str]) -> Command {
    wirefold(folder, &[&["replay"], args].concat())
}

fn replay(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(folder, args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.jsonl"), GOOD.to_owned() + BAD).unwrap();
    fs::write(folder.path().join("old"), "old").unwrap();
    fs::write(folder.path().join("wirefold.toml"), "# mine\n").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    symlink("../in.jsonl", folder.path().join("sub/link")).unwrap();
    symlink("new", folder.path().join("to_new")).unwrap();
    fs::hard_link(folder.path().join("in.jsonl"), folder.path().join("hard")).unwrap();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_output_must_not_be_an_input_or_another_output() {
    for (args, named) in [
        (
            &["in.jsonl", "--events", "in.jsonl"][..],
            ["--events `in.jsonl`", "the input `in.jsonl`"],
        ),
        (
            &["in.jsonl", "--events", "/dev/null", "--rejects", "./in.jsonl"],
            ["--rejects `./in.jsonl`", "the input `in.jsonl`"],
        ),
        (&["in.jsonl", "--unique", "sub/link"], ["--unique `sub/link`", "the input `in.jsonl`"]),
        (&["sub/link", "--unique", "hard"], ["--unique `hard`", "the input `sub/link`"]),
        (&["old", "in.jsonl", "--unique", "old"], ["--unique `old`", "the input `old`"]),
        (
            &["in.jsonl", "--config", "wirefold.toml", "--events", "wirefold.toml"],
            ["--events `wirefold.toml`", "--config `wirefold.toml`"],
        ),
        (&["in.jsonl", "--events", "old", "--unique", "old"], ["--unique `old`", "--events `old`"]),
        (
            &["in.jsonl", "--events", "new", "--unique", "sub/../new"],
            ["--unique `sub/../new`", "--events `new`"],
        ),
        (&["in.jsonl", "--events", "to_new", "--rejects", "new"], ["--rejects `new`", "`to_new`"]),
        (&["in.jsonl", "--unique", "/dev/stdout"], ["--unique `/dev/stdout`", "--events `-`"]),
        (&["in.jsonl", "--unique", "-"], ["--unique `-`", "--events `-`"]),
        (
            &["in.jsonl", "--unique", "new", "--rejects", "new"],
            ["--rejects `new`", "--unique `new`"],
        ),
    ] {
        let folder = folder();
        let before = names(folder.path());
        let (code, says) = replay(folder.path(), args);
        assert_eq!(code, Some(2), "{args:?}: {says}");
        for name in named {
            assert!(says.contains(name), "{args:?}: `{name}` is missing in {says}");
        }
        assert_eq!(names(folder.path()), before, "{args:?}");
        assert_eq!(
            fs::read_to_string(folder.path().join("in.jsonl")).unwrap(),
            GOOD.to_owned() + BAD
        );
        assert_eq!(fs::read_to_string(folder.path().join("old")).unwrap(), "old");
        assert_eq!(fs::read_to_string(folder.path().join("wirefold.toml")).unwrap(), "# mine\n");
    }
}

#[test]
fn redirected_stdin_and_stdout_are_checked_too() {
    let folder = folder();
    let path = folder.path().join("in.jsonl");
    let open = || File::options().append(true).read(true).open(&path).unwrap();
    for (args, stdin, stdout) in [
        (&["in.jsonl"][..], Stdio::null(), Stdio::from(open())),
        (&["-"], Stdio::from(open()), Stdio::from(open())),
        (&["-", "--events", "in.jsonl"], Stdio::from(open()), Stdio::null()),
        (&["old", "--unique", "in.jsonl"], Stdio::null(), Stdio::from(open())),
    ] {
        let mut command = command(folder.path(), args);
        let status = command.stdin(stdin).stdout(stdout).status().unwrap();
        assert_eq!(status.code(), Some(2), "{args:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), GOOD.to_owned() + BAD);
    }
}

#[test]
fn the_summary_names_each_output_with_its_number_of_lines() {
    let folder = folder();
    let args = ["in.jsonl", "--events", "new", "--unique", "/dev/null", "--rejects", "old"];
    let (code, says) = replay(folder.path(), &args);
    assert_eq!(code, Some(0), "{says}");
    let want = "written: 2 records to `new`, 1 record to `/dev/null`, 1 record to `old`";
    assert!(says.lines().any(|line| line == want), "{says}");
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(written("new").lines().count(), 2);
    assert_eq!(written("old").lines().count(), 1);
    let (code, _) =
        replay(folder.path(), &["in.jsonl", "--events", "/dev/null", "--unique", "/dev/null"]);
    assert_eq!(code, Some(0), "a device may be used for several outputs");
}

#[test]
fn a_failed_run_leaves_existing_files_unchanged() {
    let folder = folder();
    let before = names(folder.path());
    // Stdout is /dev/full, so the run fails after the output files were opened.
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(at("old"), fs::Permissions::from_mode(0o640)).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = command(folder.path(), &["in.jsonl", "--unique", "old", "--rejects", "new"]);
    let output = command.stdout(Stdio::from(full)).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("No space left"));
    assert_eq!(names(folder.path()), before, "no temporary file is left");
    assert_eq!(fs::read_to_string(at("old")).unwrap(), "old");
    let (code, says) = replay(folder.path(), &["in.jsonl", "--events", "sub/link/none"]);
    assert_eq!(code, Some(1), "{says}");
    assert!(says.contains("cannot write `sub/link/none`"), "{says}");
}

#[test]
fn symlinks_and_permissions_are_kept() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    symlink("../old", at("sub/to_old")).unwrap();
    fs::set_permissions(at("old"), fs::Permissions::from_mode(0o604)).unwrap();
    let (code, says) =
        replay(folder.path(), &["in.jsonl", "--events", "sub/to_old", "--unique", "to_new"]);
    assert_eq!(code, Some(0), "{says}");
    assert!(at("sub/to_old").is_symlink() && at("to_new").is_symlink());
    assert_eq!(fs::read_to_string(at("old")).unwrap().lines().count(), 2);
    assert_eq!(fs::read_to_string(at("new")).unwrap(), GOOD);
    assert_eq!(fs::metadata(at("old")).unwrap().permissions().mode() & 0o777, 0o604);
}

#[test]
fn a_damaged_compressed_file_is_read_up_to_the_damage() {
    let folder = folder();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, GOOD.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let file = folder.path().join("cut.jsonl.gz");
    // Only the checksum is missing.
    fs::write(&file, &whole[..whole.len() - 4]).unwrap();
    let (code, says) = replay(folder.path(), &["cut.jsonl.gz", "--unique", "new"]);
    assert_eq!(code, Some(0), "{says}");
    assert!(says.contains("`cut.jsonl.gz` is damaged: "), "{says}");
    assert_eq!(says.matches("is damaged").count(), 1, "{says}");
    assert_eq!(fs::read_to_string(folder.path().join("new")).unwrap(), GOOD);
    // Nothing can be read.
    fs::write(&file, &whole[..4]).unwrap();
    let (code, says) = replay(folder.path(), &["cut.jsonl.gz"]);
    assert_eq!(code, Some(1), "{says}");
    assert!(says.contains("cannot read `cut.jsonl.gz`"), "{says}");
}
