//! The files that a command writes.
//!
//! In: the paths of inputs and outputs. Out: open [`OutputFile`]s, none of which is an input or
//! another output. A file is written under a temporary name in the same folder and gets its own
//! name when the command has succeeded, so that a run that fails leaves the old file as it was.
//! Devices and pipes are written directly.
//!
//! Two paths are one file if device and inode are equal, or, where there is no file yet, folder and
//! name. `-` and `/dev/stdout` are the file that stdout is. Two outputs may be one device, such as
//! `/dev/null`.

use super::print;
use anyhow::{Context, anyhow};
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How many links are followed to a file that is not there yet.
const LINKS_MAX: usize = 40;
/// The permissions of a new file, less what the umask takes.
const NEW_FILE: u32 = 0o666;

/// A path given on the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedPath<'a> {
    /// What a message calls it, such as `--events`.
    pub(super) option: &'a str,
    /// `-` is stdin or stdout.
    pub(super) path: &'a Path,
}

impl std::fmt::Display for NamedPath<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} `{}`", self.option, self.path.display())
    }
}

/// Which file a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum FileIdentity {
    /// A file, pipe or socket by device and inode.
    There(u64, u64),
    /// A file that is not there yet, by the device and inode of its folder.
    New(u64, u64, PathBuf),
    /// Stdout, where it is a device.
    Stdout,
    /// Another device, which is never the same as anything.
    Device,
}

/// Whether none of `outputs` is one of `inputs` or another output.
///
/// # Errors
/// When two are one file; the message names both.
pub(super) fn distinct(inputs: &[NamedPath<'_>], outputs: &[NamedPath<'_>]) -> anyhow::Result<()> {
    let found = |all: &[NamedPath<'_>], of: fn(&Path) -> FileIdentity| -> Vec<FileIdentity> {
        all.iter().map(|named| of(named.path)).collect()
    };
    let (read, written) = (found(inputs, input), found(outputs, output));
    for (at, output) in outputs.iter().enumerate() {
        let same = |other: &FileIdentity| *other != FileIdentity::Device && *other == written[at];
        if let Some(input) = read.iter().position(same) {
            return Err(anyhow!("{output} is the file that {} reads", inputs[input]));
        }
        if let Some(other) = written[..at].iter().position(same) {
            return Err(anyhow!(
                "{output} is the file that {} writes: name another file",
                outputs[other]
            ));
        }
    }
    Ok(())
}

fn input(path: &Path) -> FileIdentity {
    let found = if path == Path::new("-") {
        of_descriptor(io::stdin().as_fd())
    } else {
        fs::metadata(path)
    };
    match found {
        Ok(found) if found.is_file() || found.file_type().is_fifo() => there(&found),
        _ => FileIdentity::Device,
    }
}

fn output(path: &Path) -> FileIdentity {
    let stdout = is_stdout(path);
    let found = if stdout { of_descriptor(io::stdout().as_fd()) } else { fs::metadata(path) };
    match found {
        Ok(found) if found.file_type().is_char_device() || found.file_type().is_block_device() => {
            if stdout {
                FileIdentity::Stdout
            } else {
                FileIdentity::Device
            }
        }
        Ok(found) => there(&found),
        Err(_) => new(path).unwrap_or(FileIdentity::Device),
    }
}

fn there(found: &Metadata) -> FileIdentity {
    FileIdentity::There(found.dev(), found.ino())
}

/// A file that is not there yet; absent where its folder is not there either.
fn new(path: &Path) -> Option<FileIdentity> {
    let path = followed(path);
    let folder = fs::metadata(folder(&path)).ok()?;
    Some(FileIdentity::New(folder.dev(), folder.ino(), path.file_name()?.into()))
}

/// Whether a path is stdout, by whichever of its names.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Whether a path names an open file of this process, which others write as well.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/stderr", "/dev/fd", "/proc"].iter().any(|start| path.starts_with(start))
}

fn of_descriptor(descriptor: BorrowedFd<'_>) -> io::Result<Metadata> {
    File::from(descriptor.try_clone_to_owned()?).metadata()
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The end of a chain of links.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(to) = fs::read_link(&path) else { break };
        path = folder(&path).join(to);
    }
    path
}

/// Something that a command writes, and how many records it got.
pub(super) struct OutputFile {
    name: String,
    sink: Sink,
    records: u64,
}

enum Sink {
    Stdout(Box<dyn Write>),
    Terminal(Box<dyn Write>),
    Special(BufWriter<File>),
    /// The path without links, and what will be there.
    File {
        temporary: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
    /// Nobody reads it any more.
    Closed,
}

impl OutputFile {
    /// Opens `path`; `-` is stdout.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if is_stdout(path) {
            let sink: Box<dyn Write> = Box::new(BufWriter::with_capacity(1 << 16, print::sink()));
            let terminal = io::IsTerminal::is_terminal(&io::stdout());
            let sink = if terminal { Sink::Terminal(sink) } else { Sink::Stdout(sink) };
            return Ok(Self { name: "stdout".into(), sink, records: 0 });
        }
        let cannot = || format!("cannot write `{}`", path.display());
        let sink = match fs::metadata(path) {
            Ok(found) if !found.is_file() || is_descriptor(path) => {
                let file = File::options().append(true).open(path).with_context(cannot)?;
                Sink::Special(BufWriter::with_capacity(1 << 16, file))
            }
            found => {
                let path = followed(path);
                // A file that may not be written is not replaced either.
                let mode = match &found {
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

    /// Writes a record and a newline. A terminal gets it with control characters escaped.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
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

    /// Lets go of an output that nobody reads any more.
    pub(super) fn close(&mut self) {
        self.sink = Sink::Closed;
    }

    /// Writes all that waits.
    ///
    /// # Errors
    /// When it cannot be written.
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

    /// Ends the output and gives a file its name; says what was written where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> anyhow::Result<String> {
        self.flush()?;
        if let Sink::File { temporary, path } = self.sink {
            let file = temporary.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.persist(&path).map_err(|failed| kept(failed, &self.name))?;
        }
        let noun = if self.records == 1 { "record" } else { "records" };
        Ok(format!("{} {noun} to {}", self.records, self.name))
    }
}

/// A file beside `path` that gets its name later.
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

/// What is written is not thrown away when only its name could not be given.
fn kept(failed: tempfile::PersistError, name: &str) -> anyhow::Error {
    let tempfile::PersistError { error, file } = failed;
    match file.keep() {
        Ok((_, path)) => anyhow!(error)
            .context(format!("cannot replace {name}; the output is in `{}`", path.display())),
        Err(_) => anyhow!(error).context(format!("cannot replace {name}")),
    }
}
