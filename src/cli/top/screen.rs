//! The lines that `wirefold top` shows.

use super::sample::MetricChange;
use crate::cli::color::{Color, safe};
use crate::cli::words::percent;
use crate::daemon::http::status::{InstanceStatus, ShardInfo};

/// The stages of processing an article for which the daemon measures the time.
const STAGES: [(&str, &str, &str); 2] = [
    ("deciding", "decode, prepare, compare, decide; per article", "wirefold_decision_seconds"),
    ("writing", "the transaction with all results; per batch", "wirefold_transaction_seconds"),
];
/// Maximum length of a name, in characters.
const NAME_MAX: usize = 40;

/// The lines that show a status and the change of the metrics between two readings.
pub(super) fn lines(
    status: &InstanceStatus,
    change: &MetricChange<'_>,
    paint: Color,
) -> Vec<String> {
    let mut lines = head(status, paint);
    lines.push(String::new());
    lines.push(
        paint.dim("shard  phase       waiting   behind  live articles  live stories     memory"),
    );
    lines.extend(status.shards.iter().map(|shard| row(shard, paint)));
    lines.push(String::new());
    lines.push(rates(change));
    lines.extend(stages(change, paint));
    lines.extend(kinds(change, paint));
    lines
}

/// The instance, and the reasons it is not ready.
fn head(status: &InstanceStatus, paint: Color) -> Vec<String> {
    let instance = &status.instance;
    let ready = if status.ready { "ready".to_owned() } else { paint.alarm("not ready") };
    let time = status.time.get(11..19).unwrap_or_default();
    let name = paint.bold(&safe(&instance.instance, NAME_MAX));
    let streams = status.streams.as_ref();
    let streams = streams.map_or(String::new(), |s| format!("  {} of {} streams", s.open, s.most));
    let mut lines = vec![format!(
        "{name}  {ready}  {time} UTC  wirefold {}, engine {}, {}{streams}",
        safe(&instance.version, NAME_MAX),
        safe(&instance.core, NAME_MAX),
        safe(&instance.delivery, NAME_MAX)
    )];
    lines.extend(status.why.iter().map(|why| paint.alarm(&format!("  {}", safe(why, 100)))));
    lines
}

fn row(shard: &ShardInfo, paint: Color) -> String {
    let known = shard.inputs.iter().all(|input| input.lag.is_some()) && !shard.inputs.is_empty();
    let lag: u64 = shard.inputs.iter().filter_map(|input| input.lag).sum();
    // Only the owner of a shard knows how many records are waiting.
    let owned = !matches!(&*shard.phase, "standby" | "idle");
    let unknown = if owned { "?" } else { "-" };
    let lag = if known { lag.to_string() } else { unknown.into() };
    let line = format!(
        "{:>5}  {:<10} {lag:>8}  {:>7}  {:>13}  {:>12}  {:>9}",
        shard.shard,
        safe(&shard.phase, 10),
        age(shard.age_seconds),
        shard.live_articles,
        shard.live_stories,
        bytes(shard.state_bytes)
    );
    if shard.age_seconds > 60.0 { paint.alarm(&line) } else { line }
}

/// Articles and events per second.
fn rates(change: &MetricChange<'_>) -> String {
    let rate = |name: &str| change.rate(name);
    format!(
        "{:.1} articles/s  {:.1} rejects/s  {:.1} batches/s",
        rate("wirefold_articles_received_total"),
        rate("wirefold_articles_rejected_total"),
        rate("wirefold_transaction_seconds_count"),
    )
}

/// The stages, each with its mean duration and the share of time in which it was busy. The slowest
/// stage is marked.
fn stages(change: &MetricChange<'_>, paint: Color) -> Vec<String> {
    let seconds = change.time().as_secs_f64().max(0.001);
    let busy = |metric: &str| change.growth(&format!("{metric}_sum")) / seconds;
    let slowest = STAGES.iter().max_by(|a, b| busy(a.2).total_cmp(&busy(b.2)));
    let stage = |&(name, what, metric): &(&str, &str, &str)| {
        let mean = change.mean(metric)?;
        let mark = if slowest.is_some_and(|slow| slow.0 == name) { "slowest" } else { "" };
        Some(format!(
            "{name:<9} {:>9}  busy {:>5}  {mark:<7}  {}",
            duration(mean),
            percent(busy(metric)),
            paint.dim(what)
        ))
    };
    let mut lines: Vec<String> = STAGES.iter().filter_map(stage).collect();
    if let Some(whole) = change.mean("wirefold_end_to_end_seconds") {
        let what = paint.dim("from the record's timestamp to the commit of its results");
        lines.push(format!("{:<9} {:>9}  {:>10}  {:<7}  {what}", "total", duration(whole), "", ""));
    }
    if lines.is_empty() {
        lines.push(paint.dim("no articles since the last reading"));
    }
    lines
}

/// Articles by kind since the daemon started, and how many of them arrived since the last reading.
fn kinds(change: &MetricChange<'_>, paint: Color) -> Vec<String> {
    let name = "wirefold_articles_classified_total";
    let before = change.before.by_label(name);
    let mut all = change.after.by_label(name);
    all.retain(|(_, count)| *count > 0.0);
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let total: f64 = all.iter().map(|(_, count)| count).sum();
    let mut lines = Vec::new();
    if !all.is_empty() {
        lines.push(String::new());
        lines.push(paint.dim("kind          since start   share      new"));
    }
    for (kind, count) in all {
        let earlier =
            before.iter().find(|(name, _)| *name == kind).map_or(0.0, |(_, count)| *count);
        let new = if count < earlier { count } else { count - earlier };
        lines.push(format!(
            "{:<12} {count:>12}  {:>6}  {new:>7}",
            safe(kind, 12),
            percent(count / total)
        ));
    }
    lines
}

/// A duration in seconds, as text with a suitable unit.
fn duration(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.0} us", seconds * 1e6),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..10.0 => format!("{seconds:.1} s"),
        _ => age(seconds),
    }
}

/// The time for which records have been waiting, as text.
fn age(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

/// An amount of memory, as text.
fn bytes(bytes: usize) -> String {
    let mega = bytes as f64 / f64::from(1 << 20);
    if mega < 1_000.0 { format!("{mega:.1} MiB") } else { format!("{:.1} GiB", mega / 1_024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_can_lack_the_number_of_waiting_records() {
        for (phase, want) in [("standby", "-"), ("idle", "-"), ("running", "?")] {
            let shard = serde_json::from_value(serde_json::json!({
                "shard": 0, "phase": phase, "batch": 0, "events": 0, "live_articles": 0,
                "live_stories": 0, "state_bytes": 0, "age_seconds": 0.0, "inputs": [],
            }));
            let line = row(&shard.expect("a valid status"), Color::none());
            assert_eq!(line.split_whitespace().nth(2), Some(want), "{line}");
        }
    }
}
