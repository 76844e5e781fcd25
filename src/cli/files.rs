//! Output files of a command.
//!
//! In: the paths of inputs and outputs. Out: open [`OutputFile`]s, none of which is also an input
//! or another output. A regular file is written under a temporary name in the same directory and
//! renamed when the command has succeeded, so a failed run leaves the old file unchanged. Devices
//! and pipes are written directly.
//!
//! Two paths name the same file if they lead to the same device and inode or, if the file does not
//! exist yet, to the same directory and file name. `-` and `/dev/stdout` name the file to which
//! stdout is connected. Several outputs may be the same device, such as `/dev/null`.

use super::print;
use anyhow::{Context, anyhow};
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Maximum number of symbolic links that are followed to a file that does not exist yet.
const LINKS_MAX: usize = 40;
/// Permissions of a new file, before the umask.
const NEW_FILE: u32 = 0o666;

/// A path given on the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedPath<'a> {
    /// The name of the argument in messages, such as `--events`.
    pub(super) option: &'a str,
    /// The path; `-` is stdin or stdout.
    pub(super) path: &'a Path,
}

impl std::fmt::Display for NamedPath<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} `{}`", self.option, self.path.display())
    }
}

/// Identifies the file that a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum FileIdentity {
    /// An existing file, pipe or socket: device and inode.
    Existing(u64, u64),
    /// A file that does not exist yet: device and inode of its directory, and its name.
    New(u64, u64, PathBuf),
    /// Stdout, if it is a device.
    Stdout,
    /// Another device, or a path that cannot be resolved. It is never considered equal to another
    /// path.
    Device,
}

/// Checks that none of `outputs` is also one of `inputs` or another output.
///
/// # Errors
/// If two paths name the same file. The message contains both.
pub(super) fn check_distinct(
    inputs: &[NamedPath<'_>],
    outputs: &[NamedPath<'_>],
) -> anyhow::Result<()> {
    let identities = |all: &[NamedPath<'_>], of: fn(&Path) -> FileIdentity| -> Vec<FileIdentity> {
        all.iter().map(|named| of(named.path)).collect()
    };
    let (read, written) = (identities(inputs, input), identities(outputs, output));
    for (at, output) in outputs.iter().enumerate() {
        let same = |other: &FileIdentity| *other != FileIdentity::Device && *other == written[at];
        if let Some(input) = read.iter().position(same) {
            return Err(anyhow!("{output} is the same file as {}, which is read", inputs[input]));
        }
        if let Some(other) = written[..at].iter().position(same) {
            return Err(anyhow!(
                "{output} is the same file as {}; choose a different file",
                outputs[other]
            ));
        }
    }
    Ok(())
}

fn input(path: &Path) -> FileIdentity {
    let metadata = if path == Path::new("-") {
        of_descriptor(io::stdin().as_fd())
    } else {
        fs::metadata(path)
    };
    match metadata {
        Ok(metadata) if metadata.is_file() || metadata.file_type().is_fifo() => existing(&metadata),
        _ => FileIdentity::Device,
    }
}

fn output(path: &Path) -> FileIdentity {
    let stdout = is_stdout(path);
    let metadata = if stdout { of_descriptor(io::stdout().as_fd()) } else { fs::metadata(path) };
    match metadata {
        Ok(metadata)
            if metadata.file_type().is_char_device() || metadata.file_type().is_block_device() =>
        {
            if stdout {
                FileIdentity::Stdout
            } else {
                FileIdentity::Device
            }
        }
        Ok(metadata) => existing(&metadata),
        Err(_) => new(path).unwrap_or(FileIdentity::Device),
    }
}

fn existing(metadata: &Metadata) -> FileIdentity {
    FileIdentity::Existing(metadata.dev(), metadata.ino())
}

/// The identity of a file that does not exist yet; `None` if its directory does not exist either.
fn new(path: &Path) -> Option<FileIdentity> {
    let path = followed(path);
    let folder = fs::metadata(folder(&path)).ok()?;
    Some(FileIdentity::New(folder.dev(), folder.ino(), path.file_name()?.into()))
}

/// Whether the path is one of the names of stdout.
pub(super) fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Whether the path names an open file descriptor of a process. Such a path must not be replaced.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/stderr", "/dev/fd", "/proc"].iter().any(|start| path.starts_with(start))
}

fn of_descriptor(descriptor: BorrowedFd<'_>) -> io::Result<Metadata> {
    File::from(descriptor.try_clone_to_owned()?).metadata()
}

/// The directory of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Follows a chain of symbolic links to the end.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(to) = fs::read_link(&path) else { break };
        path = folder(&path).join(to);
    }
    path
}

/// An output of a command.
pub(super) struct OutputFile {
    /// The name of the output in messages.
    name: String,
    /// The destination of the bytes.
    sink: Sink,
    /// Number of records written so far.
    records: u64,
}

enum Sink {
    /// Stdout, if it is not a terminal.
    Stdout(Box<dyn Write>),
    /// Stdout, if it is a terminal. Control characters are escaped.
    Terminal(Box<dyn Write>),
    /// A device, pipe or open descriptor, written directly.
    Special(BufWriter<File>),
    /// A regular file: the temporary file, and the final path with links resolved.
    File { temporary: BufWriter<NamedTempFile>, path: PathBuf },
    /// The reader has closed the pipe; further records are discarded.
    Closed,
}

impl OutputFile {
    /// Opens `path`; `-` is stdout.
    ///
    /// # Errors
    /// If the path cannot be written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if is_stdout(path) {
            let sink: Box<dyn Write> = Box::new(BufWriter::with_capacity(1 << 16, print::sink()));
            let terminal = io::IsTerminal::is_terminal(&io::stdout());
            let sink = if terminal { Sink::Terminal(sink) } else { Sink::Stdout(sink) };
            return Ok(Self { name: "stdout".into(), sink, records: 0 });
        }
        let cannot = || format!("cannot write `{}`", path.display());
        let sink = match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() || is_descriptor(path) => {
                let file = File::options().append(true).open(path).with_context(cannot)?;
                Sink::Special(BufWriter::with_capacity(1 << 16, file))
            }
            metadata => {
                let path = followed(path);
                // Check that an existing file is writable before replacing it.
                let mode = match &metadata {
                    Ok(_) => {
                        let old = File::options().append(true).open(&path).with_context(cannot)?;
                        Some(old.metadata().with_context(cannot)?.permissions())
                    }
                    Err(_) => None,
                };
                let temporary = temporary(&path, mode).with_context(cannot)?;
                let temporary = BufWriter::with_capacity(1 << 16, temporary);
                Sink::File { temporary, path }
            }
        };
        Ok(Self { name: format!("`{}`", path.display()), sink, records: 0 })
    }

    /// Writes a record and a newline. On a terminal, control characters are escaped.
    ///
    /// # Errors
    /// If the write failed.
    pub(super) fn write_record(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.records += 1;
        let shown;
        let (sink, bytes): (&mut dyn Write, &[u8]) = match &mut self.sink {
            Sink::Closed => return Ok(()),
            Sink::Terminal(sink) => {
                shown = print::escaped(&String::from_utf8_lossy(bytes)).into_owned();
                (sink, shown.as_bytes())
            }
            Sink::Stdout(sink) => (sink, bytes),
            Sink::Special(file) => (file, bytes),
            Sink::File { temporary, .. } => (temporary, bytes),
        };
        sink.write_all(bytes)?;
        sink.write_all(b"\n")
    }

    /// Discards all further records, because the reader has closed the pipe.
    pub(super) fn close(&mut self) {
        self.sink = Sink::Closed;
    }

    /// Writes all buffered bytes. Also syncs a regular file to disk.
    ///
    /// # Errors
    /// If the write failed.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        let flushed = match &mut self.sink {
            Sink::Closed => Ok(()),
            Sink::Stdout(sink) | Sink::Terminal(sink) => return Ok(sink.flush()?),
            Sink::Special(file) => file.flush(),
            Sink::File { temporary, .. } => {
                temporary.flush().and_then(|()| temporary.get_ref().as_file().sync_all())
            }
        };
        flushed.with_context(|| format!("cannot write {}", self.name))
    }

    /// Flushes the output and renames a regular file to its final name. Returns a summary such as
    /// `` 2 records to `new` ``.
    ///
    /// # Errors
    /// If the write or the rename failed.
    pub(super) fn finish(mut self) -> anyhow::Result<String> {
        self.flush()?;
        if let Sink::File { temporary, path } = self.sink {
            let file = temporary.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.persist(&path).map_err(|failed| rename_failed(failed, &self.name))?;
        }
        let noun = if self.records == 1 { "record" } else { "records" };
        Ok(format!("{} {noun} to {}", self.records, self.name))
    }
}

/// Creates a temporary file in the directory of `path`, with the permissions `mode` if they are
/// given.
fn temporary(path: &Path, mode: Option<fs::Permissions>) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp").permissions(fs::Permissions::from_mode(NEW_FILE));
    let file = builder.tempfile_in(folder(path))?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    Ok(file)
}

/// The error of a failed rename. The temporary file is kept, and the message names it.
fn rename_failed(failed: tempfile::PersistError, name: &str) -> anyhow::Error {
    let tempfile::PersistError { error, file } = failed;
    match file.keep() {
        Ok((_, path)) => anyhow!(error)
            .context(format!("cannot replace {name}; the output is in `{}`", path.display())),
        Err(_) => anyhow!(error).context(format!("cannot replace {name}")),
    }
}
