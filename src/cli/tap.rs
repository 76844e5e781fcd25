//! `wirefold tap`: prints the events of a running daemon as they are published.
//!
//! In: the stream `/api/v1/events`. Out: for people, the same lines as in the demo; for programs,
//! one CloudEvent per line. Control characters in article text are escaped in both cases.
//!
//! If the connection is lost, it is opened again and continues from the same position. Events that
//! the daemon no longer keeps are reported as a gap on stderr. The events topic contains all
//! events.

use super::color::Color;
use super::remote::{Remote, RemoteArgs, StreamMessage};
use super::screen::Screen;
use super::summary::Summary;
use super::summary::contents::RecordContents;
use super::{CommandError, print};
use crate::config::Config;
use anyhow::Context;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;
use wirefold_engine::article::EventTime;
use wirefold_engine::article::publisher::same_family;
use wirefold_engine::verdict::Kind;

/// How long to wait before connecting again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Maximum number of consecutive attempts to connect again.
const RETRIES_MAX: u32 = 60;

/// Arguments of `tap`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Prints only events of this type, such as `article.withdrawn` or `story.opened`; may be
    /// repeated.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Prints only events of the story with this id.
    #[arg(long, value_name = "ID")]
    story: Option<String>,
    /// Prints only articles of this kind, such as `reprint`; may be repeated.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<Kind>,
    /// Prints only articles of this publisher, and withdrawals and corrections of text that its
    /// articles contain; may be repeated.
    #[arg(long = "publisher", value_name = "NAME")]
    publishers: Vec<String>,
    /// Begins after this position, such as `0.1234`, if the daemon still keeps the events after it.
    /// Without this option, only new events are printed.
    #[arg(long, value_name = "POSITION")]
    after: Option<String>,
    /// Exits after this many events.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Prints each event as a line of JSON (a CloudEvent in structured mode).
    #[arg(long)]
    json: bool,
}

fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    let names = || Kind::ALL.map(Kind::as_str).join(", ");
    found.ok_or_else(|| format!("expected one of {}", names()))
}

impl Args {
    /// The path of the stream.
    fn path(&self) -> String {
        let types = self.types.iter().map(|name| format!("type={}", encoded(name)));
        let story = self.story.iter().map(|id| format!("story={}", encoded(id)));
        format!("/api/v1/events?{}", types.chain(story).collect::<Vec<_>>().join("&"))
    }

    /// Whether an event passes the filters that the daemon does not apply.
    fn wants(&self, contents: &RecordContents) -> bool {
        if self.kinds.is_empty() && self.publishers.is_empty() {
            return true;
        }
        let of = |name: Option<&str>| {
            self.publishers.is_empty()
                || name.is_some_and(|name| self.publishers.iter().any(|p| same_family(p, name)))
        };
        match contents {
            RecordContents::Classified(classified) => {
                let kind = classified.relation.kind;
                (self.kinds.is_empty() || self.kinds.contains(&kind))
                    && of(classified.article.provider.as_deref())
            }
            RecordContents::Withdrawn(radius) | RecordContents::Corrected(radius) => {
                self.kinds.is_empty()
                    && radius.carriers.iter().any(|c| of(c.article.provider.as_deref()))
            }
            _ => false,
        }
    }
}

/// A value for a query string, percent-encoded where necessary.
fn encoded(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encode = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    value.bytes().map(encode).collect()
}

/// The fields of a CloudEvent that are read here.
#[derive(Deserialize)]
struct EventLine<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    partitionkey: Cow<'a, str>,
    time: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Runs `tap`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let remote = Remote::new(config, &args.remote).map_err(CommandError::Usage)?;
    let mut tap = Tap {
        args,
        screen: Screen::new(Color::detect()),
        summary: Summary::default(),
        position: args.after.clone(),
        printed: 0,
        connected: false,
    };
    let mut retries = 0;
    loop {
        let position = tap.position.clone();
        let result = remote.follow(&args.path(), position.as_deref(), |message| tap.take(&message));
        let why = match result {
            Ok(ControlFlow::Break(())) => return Ok(()),
            Ok(ControlFlow::Continue(())) => "the daemon closed the stream".to_owned(),
            Err(error) if print::is_closed_pipe(&error) || !tap.connected => {
                return Err(error.into());
            }
            Err(error) if retries == RETRIES_MAX => return Err(error.into()),
            Err(error) => format!("{error:#}"),
        };
        retries = if tap.position == position { retries + 1 } else { 1 };
        if retries == 1 {
            print::remark(format_args!("{why}; connecting again"));
        }
        std::thread::sleep(RETRY_AFTER);
    }
}

/// The state of a running `tap`.
struct Tap<'a> {
    args: &'a Args,
    screen: Screen,
    /// Used to show the names of articles to which later events refer.
    summary: Summary,
    /// The position of the last message.
    position: Option<String>,
    /// Number of events printed.
    printed: u64,
    /// Whether a message has arrived.
    connected: bool,
}

impl Tap<'_> {
    /// Prints a message if it passes the filters. Returns `Break` after the last message.
    fn take(&mut self, message: &StreamMessage) -> anyhow::Result<ControlFlow<()>> {
        self.connected = true;
        if !message.id.is_empty() {
            self.position = Some(message.id.clone());
        }
        match message.event.as_str() {
            name if name.starts_with("wirefold.") => self.event(&message.data),
            "gap" => {
                print::remark(format_args!("gap: {}", message.data));
                Ok(ControlFlow::Continue(()))
            }
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    fn event(&mut self, data: &str) -> anyhow::Result<ControlFlow<()>> {
        let event: EventLine<'_> =
            serde_json::from_str(data).context("an event does not follow its schema")?;
        let key = Some(event.partitionkey.as_bytes());
        let contents = RecordContents::read(event.kind, key, event.data.get().as_bytes())?;
        if self.args.wants(&contents) {
            if self.args.json {
                print::lines([data])?;
            } else {
                print::raw_lines(self.screen.lines(&contents, &event.time, &self.summary))?;
            }
            self.printed += 1;
        }
        self.summary.add(&contents, EventTime::parse(&event.time));
        let last = self.args.count.is_some_and(|count| self.printed >= count);
        Ok(if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}
