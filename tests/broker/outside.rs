//! Reads topics with Kafka's own consumer, which shares no code with the daemon's client.
//!
//! Input: topic names and the isolation level ([`Isolation`]). Output: every record of the topics
//! from beginning to end, byte for byte. `Outside.java` does the reading.

use crate::deployment::bootstrap;
use std::process::{Command, Stdio};

/// A record of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// The value of the first header with this name, as text; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(key, _)| key == name);
        let value = header.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
        std::str::from_utf8(value).unwrap_or_default()
    }

    /// The key as text; invalid UTF-8 is replaced.
    pub(crate) fn key(&self) -> String {
        String::from_utf8_lossy(self.key.as_deref().unwrap_or_default()).into_owned()
    }
}

/// The isolation level of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Records of committed transactions, and records outside of any transaction.
    Committed,
    /// All records, including those of aborted and open transactions.
    Uncommitted,
}

/// All records of each topic, sorted by partition and offset. A missing topic has no records.
pub(crate) fn read(topics: &[&str], isolation: Isolation) -> Vec<Vec<Record>> {
    let isolation = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    let printed = java("Outside", &[&[isolation], topics].concat());
    let mut topics_read = vec![Vec::new(); topics.len()];
    let mut frames = Frames(&printed);
    loop {
        match frames.take::<1>()[0] {
            255 => break,
            topic => topics_read[usize::from(topic)].push(frames.record()),
        }
    }
    for records in &mut topics_read {
        records.sort_by_key(|record| (record.partition, record.offset));
    }
    topics_read
}

/// Runs a Java class against the broker; returns its output.
pub(crate) fn java(class: &str, args: &[&str]) -> Vec<u8> {
    let set = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; use tests/broker/run"))
    };
    let archive = format!("-XX:SharedArchiveFile={}", set("KAFKA_CLASSES"));
    let out = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx192m", &archive])
        .args(["-cp", &set("KAFKA_CLASSPATH")])
        .args([class, &bootstrap()])
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(out.status.success(), "{class} failed: {}", out.status);
    out.stdout
}

/// The part of the output of `Outside.java` that has not been parsed yet.
struct Frames<'a>(&'a [u8]);

impl Frames<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) =
            self.0.split_first_chunk().expect("the output of Outside.java ends early");
        self.0 = rest;
        *head
    }

    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.int()).ok()?;
        let (head, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(head.to_vec())
    }

    fn record(&mut self) -> Record {
        Record {
            partition: self.int(),
            offset: self.long(),
            timestamp: self.long(),
            key: self.bytes(),
            value: self.bytes(),
            headers: (0..self.int())
                .map(|_| {
                    let name = String::from_utf8(self.bytes().unwrap_or_default()).unwrap();
                    (name, self.bytes())
                })
                .collect(),
        }
    }
}
