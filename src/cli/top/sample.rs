//! Reads the Prometheus text of `/metrics`, and compares two readings.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The values of `/metrics` at a point in time.
#[derive(Debug)]
pub(super) struct MetricSample {
    /// The time of the reading.
    at: Instant,
    /// The values, by name and labels as in the text of `/metrics`.
    values: BTreeMap<String, f64>,
}

impl MetricSample {
    /// Parses the text of `/metrics`. Lines that are not samples are skipped.
    pub(super) fn parse(text: &str, at: Instant) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self { at, values: samples.collect() }
    }

    /// The sum of a metric over all of its labels.
    pub(super) fn sum(&self, name: &str) -> f64 {
        let own = |key: &str| {
            key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        self.values
            .range(name.to_owned()..)
            .take_while(|(key, _)| key.starts_with(name))
            .filter(|(key, _)| own(key))
            .map(|(_, value)| value)
            .sum()
    }

    /// The values of a metric that has one label, with the values of that label.
    pub(super) fn by_label(&self, name: &str) -> Vec<(&str, f64)> {
        let label = |key: &'_ String| -> Option<usize> {
            key.strip_prefix(name)?.strip_prefix('{').map(|rest| key.len() - rest.len())
        };
        let values = self.values.iter().filter_map(|(key, value)| {
            let labels = &key[label(key)?..];
            let (_, text) = labels.split_once("=\"")?;
            Some((text.split('"').next()?, *value))
        });
        values.collect()
    }
}

/// The change from one reading to the next.
#[derive(Debug)]
pub(super) struct MetricChange<'a> {
    /// The earlier reading.
    pub(super) before: &'a MetricSample,
    /// The later reading.
    pub(super) after: &'a MetricSample,
}

impl MetricChange<'_> {
    /// The time between the readings.
    pub(super) fn time(&self) -> Duration {
        self.after.at.saturating_duration_since(self.before.at)
    }

    /// The increase of a counter or, after a restart of the daemon, its new value.
    pub(super) fn growth(&self, name: &str) -> f64 {
        let (before, after) = (self.before.sum(name), self.after.sum(name));
        if after < before { after } else { after - before }
    }

    /// The increase of a counter per second.
    pub(super) fn rate(&self, name: &str) -> f64 {
        self.growth(name) / self.time().as_secs_f64().max(0.001)
    }

    /// The mean of the values that a histogram recorded; `None` if it recorded none.
    pub(super) fn mean(&self, name: &str) -> Option<f64> {
        let count = self.growth(&format!("{name}_count"));
        (count > 0.0).then(|| self.growth(&format!("{name}_sum")) / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# HELP a_total Things.\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 2\n\
                          a_total_more 50\nwork_seconds_sum 1.5\nwork_seconds_count 10\n";
    const AFTER: &str = "a_total{kind=\"x\"} 4\na_total{kind=\"y\"} 2\na_total_more 50\n\
                         work_seconds_sum 2.5\nwork_seconds_count 14\n";

    #[test]
    fn rates_and_means_come_from_two_readings() {
        let start = Instant::now();
        let before = MetricSample::parse(BEFORE, start);
        let after = MetricSample::parse(AFTER, start + Duration::from_secs(2));
        let change = MetricChange { before: &before, after: &after };
        assert!((change.rate("a_total") - 1.5).abs() < 1e-9);
        assert_eq!(change.mean("work_seconds"), Some(0.25));
        assert_eq!(change.mean("other_seconds"), None);
        assert_eq!(after.by_label("a_total"), [("x", 4.0), ("y", 2.0)]);
        let restarted = MetricChange { before: &after, after: &before };
        assert!((restarted.growth("a_total") - 3.0).abs() < 1e-9, "counters began again");
    }
}
