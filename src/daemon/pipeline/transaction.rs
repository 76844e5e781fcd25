//! Writes one batch.
//!
//! In: a finished [`Batch`] and a writer. Out: whether the broker acknowledged the commit. The
//! fault tests inject a failure at every step.

use super::batch::Batch;
use super::broker::{CommitCertainty, Fault, OutputRecord, WriteId, Writer};
use super::spans;

/// Writes the batch as one atomic unit. Without transactions, the plan, the outputs, the changelog
/// and the end mark are flushed one after the other. `ours` tells whether the lease is still held.
///
/// # Errors
/// If a call to the broker fails, the lease is lost, or another instance wrote to the changelog.
pub(super) fn write_batch<W: Writer>(
    writer: &mut W,
    batch: &Batch,
    attempt: WriteId,
    log_end: i64,
    ours: &dyn Fn() -> bool,
) -> Result<CommitCertainty, Fault> {
    let _transaction = spans::transaction(batch.number).entered();
    point!("before-begin");
    writer.begin(Some(attempt))?;
    if let Some(plan) = &batch.plan {
        writer.send(plan)?;
        writer.flush()?;
        if !ours() {
            return Err(Fault::doubt("the lease was lost after the plan had been written"));
        }
        alone(writer, log_end + 1)?;
        point!("after-plan");
    }
    send(writer, &batch.outputs)?;
    point!("after-outputs");
    if batch.plan.is_some() {
        writer.flush()?;
    }
    point!("before-position");
    send(writer, &batch.changelog)?;
    point!("after-position");
    if let Some(end) = &batch.end {
        writer.flush()?;
        point!("before-end");
        writer.send(end)?;
    }
    writer.flush()?;
    if batch.plan.is_some() {
        alone(writer, log_end + 2 + batch.changelog.len() as i64)?;
    }
    point!("after-flush");
    if !ours() {
        return Err(Fault::doubt("the lease was lost before the commit"));
    }
    point!("before-commit");
    point!("abort-transaction", Err(Fault::doubt("fault injected before the commit")));
    strike_in_commit();
    let committed = writer.commit()?;
    kill_after_commit();
    point!("forget-commit", Err(Fault::doubt("fault injected after the commit")));
    Ok(committed)
}

/// Writes changelog records, in a separate transaction if transactions are used, and returns the
/// offset after them.
///
/// # Errors
/// If a call to the broker fails, or errors occurred during the commit.
pub(super) fn write_changelog<W: Writer>(
    writer: &mut W,
    records: &[OutputRecord],
) -> Result<i64, Fault> {
    writer.begin(None)?;
    records.iter().try_for_each(|record| writer.send(record))?;
    writer.flush()?;
    match writer.commit()? {
        CommitCertainty::Certain => {}
        CommitCertainty::AfterTrouble => {
            return Err(Fault::doubt(
                "the commit of changelog records succeeded, but only after errors",
            ));
        }
    }
    let end = writer.changelog_end();
    end.ok_or_else(|| Fault::doubt("the broker did not report the end offset of the changelog"))
}

/// Checks that the changelog does not end after `expected`, as it would if another instance had
/// written to it. Without transactions, nothing fences a former owner, and no control markers take
/// up offsets.
fn alone<W: Writer>(writer: &W, expected: i64) -> Result<(), Fault> {
    match writer.changelog_end() {
        Some(end) if end > expected => Err(Fault::doubt(format!(
            "another instance wrote to the changelog: it ends at offset {end}, expected {expected}"
        ))),
        _ => Ok(()),
    }
}

/// Failpoint: ends the process while a commit is in progress.
fn strike_in_commit() {
    fail::fail_point!("in-commit", |_| {
        std::thread::spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            eprintln!("failpoint in-commit");
            std::process::abort()
        });
    });
}

/// Failpoint: kills the brokers as soon as a commit is acknowledged. The failpoint's value is a
/// comma-separated list of files that contain the brokers' process ids.
fn kill_after_commit() {
    fail::fail_point!("commit-acknowledged", |files| {
        for file in files.unwrap_or_default().split(',') {
            let pid = std::fs::read_to_string(file).unwrap_or_default();
            let killed = std::process::Command::new("kill").args(["-KILL", pid.trim()]).status();
            eprintln!("failpoint commit-acknowledged: killed {file}: {killed:?}");
        }
    });
}

fn send<W: Writer>(writer: &mut W, records: &[OutputRecord]) -> Result<(), Fault> {
    for record in records {
        writer.send(record)?;
        point!("mid-produce");
    }
    Ok(())
}
