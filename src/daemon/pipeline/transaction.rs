//! Writes one batch.
//!
//! In: a finished [`Batch`] and a writer. Out: whether the broker acknowledged the commit. The fault
//! suite strikes at each step.

use super::batch::Batch;
use super::broker::{CommitCertainty, Fault, OutputRecord, WriteId, Writer};
use super::spans;

/// The atomic unit. Where there are no transactions, plan, outputs, changelog and end mark are each
/// flushed before the next.
pub(super) fn transact<W: Writer>(
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
            return Err(Fault::Doubt("the lease is gone: nothing of the plan is published".into()));
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
        return Err(Fault::Doubt("the lease is gone: nothing more is committed".into()));
    }
    point!("before-commit");
    point!("abort-transaction", Err(Fault::Doubt("a fault is injected before the commit".into())));
    strike_in_commit();
    let committed = writer.commit()?;
    kill_after_commit();
    point!("forget-commit", Err(Fault::Doubt("a fault is injected after the commit".into())));
    Ok(committed)
}

/// Writes changelog records in a transaction of their own, where there are any, and returns the offset
/// after them.
pub(super) fn write_apart<W: Writer>(
    writer: &mut W,
    records: &[OutputRecord],
) -> Result<i64, Fault> {
    writer.begin(None)?;
    records.iter().try_for_each(|record| writer.send(record))?;
    writer.flush()?;
    match writer.commit()? {
        CommitCertainty::Surely => {}
        CommitCertainty::AfterTrouble => {
            return Err(Fault::Doubt("trouble with a changelog record".into()));
        }
    }
    let end = writer.changelog_end();
    end.ok_or_else(|| Fault::Doubt("the broker did not say where the changelog ends".into()))
}

/// Makes sure that nobody else wrote to the changelog: it then ends at `expected`. Without transactions
/// nothing fences a former owner, and no control markers take up offsets.
fn alone<W: Writer>(writer: &W, expected: i64) -> Result<(), Fault> {
    match writer.changelog_end() {
        Some(end) if end > expected => Err(Fault::Doubt(format!(
            "another instance wrote to the changelog: it ends at {end}, not {expected}"
        ))),
        _ => Ok(()),
    }
}

/// Lets the fault suite end the process while a commit is under way.
fn strike_in_commit() {
    fail::fail_point!("in-commit", |_| {
        std::thread::spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(2));
            eprintln!("failpoint in-commit");
            std::process::abort()
        });
    });
}

/// Lets the fault suite kill the broker as soon as it has acknowledged a commit: the point returns the
/// files that hold the brokers' process ids.
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
