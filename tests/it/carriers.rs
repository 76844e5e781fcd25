//! Tests that kills and corrections name every carrier, whatever the number, senders and order of
//! the copies.

use crate::feed::Rng;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, ArticleKey, Body, EventTime, InputPosition, Lang, Link, LinkKind, PubStatus, Span,
};
use wirefold_engine::decode;
use wirefold_engine::event::{Certainty, Event, EventKind, Radius, RadiusPart};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, Tally};
use wirefold_engine::verdict::Scope;

const KEY: SamplingKey = SamplingKey(5);
const WORDS: usize = 150;

/// An engine to which a wire is applied article by article.
struct Wire {
    state: State,
    settings: Settings,
    /// Arrival time of the last article.
    clock: EventTime,
    /// Input offset of the next article.
    offset: i64,
    /// The compacted changelog, for restores.
    log: BTreeMap<String, Vec<u8>>,
    /// The counts of all articles so far.
    tally: Tally,
}

impl Wire {
    fn new(settings: Settings) -> Self {
        let state = State::new(settings.clone(), KEY);
        let clock = EventTime::parse("2026-11-23T08:00:00Z").unwrap();
        Self { state, settings, clock, offset: 0, log: BTreeMap::new(), tally: Tally::default() }
    }

    fn apply(&mut self, article: Article) -> Vec<Event> {
        self.clock = self.clock.plus(Span::seconds(1));
        let input =
            InputPosition { topic: "wire".into(), partition: 0, offset: self.offset, item: 0 };
        self.offset += 1;
        let outcome = self.state.apply(prepare(article, &self.settings, KEY), self.clock, input);
        for change in outcome.changes {
            match change.value {
                Some(value) => self.log.insert(change.key, value),
                None => self.log.remove(&change.key),
            };
        }
        self.tally.add(&outcome.tally);
        outcome.events
    }

    /// Applies an article and returns the withdrawals and corrections that it causes.
    fn send(&mut self, article: Article) -> Vec<Radius> {
        radii(self.apply(article))
    }

    fn wait(&mut self, span: Span) {
        self.clock = self.clock.plus(span);
    }

    /// Replaces the state with one restored from its records.
    fn restore(&mut self) {
        self.state = State::restore(self.settings.clone(), KEY, self.log.clone()).unwrap();
    }
}

fn radii(events: Vec<Event>) -> Vec<Radius> {
    let radius = |event: Event| match event.kind {
        EventKind::Withdrawn(radius) | EventKind::Corrected(radius) => Some(*radius),
        _ => None,
    };
    events.into_iter().filter_map(radius).collect()
}

/// The uris of all carriers.
fn carrier_uris(notices: &[Radius]) -> Vec<String> {
    notices.iter().flat_map(|r| &r.carriers).map(|c| c.article.key.uri.clone()).collect()
}

fn article(uri: &str, body: &str) -> Article {
    Article {
        uri: uri.into(),
        provider: Some(format!("press of {uri}")),
        language: Lang::parse("en"),
        headline: format!("Headline of {uri}"),
        body: Body::Plain(body.into()),
        ..Article::default()
    }
}

/// A kill with the uri `uri` for the article `of`.
fn kill(uri: &str, of: &str) -> Article {
    let to = ArticleKey { uri: of.into(), version: None };
    Article {
        pubstatus: PubStatus::Canceled,
        links: vec![Link { kind: LinkKind::Replaces, to }],
        ..article(uri, "Editors: do not print it.")
    }
}

/// `count` different invented words that start with `topic`.
fn words(topic: &str, count: usize) -> Vec<String> {
    let word = |n: usize| {
        let letter = |by: usize| char::from(b'a' + (n / by % 26) as u8);
        format!("{topic}{}{}", letter(1), letter(26))
    };
    (0..count).map(word).collect()
}

/// How a copy differs from the original text.
#[derive(Debug, Clone, Copy)]
enum Copy {
    Verbatim,
    Changed,
    Trimmed,
}

fn copy(how: Copy, rng: &mut Rng) -> String {
    let mut all = words("x", WORDS);
    match how {
        Copy::Verbatim => {}
        Copy::Changed => {
            (0..3).for_each(|n| all[rng.below(WORDS)] = format!("other{n}of{}", rng.below(9_999)));
        }
        Copy::Trimmed => {
            let keep = WORDS / 4 + rng.below(WORDS / 2);
            all = all.split_off(rng.below(WORDS - keep));
            all.truncate(keep);
        }
    }
    all.join(" ")
}

fn uris(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("copy:{n}")).collect()
}

#[test]
fn every_carrier_is_named_oldest_first() {
    for how in [Copy::Verbatim, Copy::Changed, Copy::Trimmed] {
        for count in [9, 17, 39, 99, 399] {
            let mut wire = Wire::new(Settings::default());
            let mut rng = Rng(count as u64);
            wire.send(article("first", &words("x", WORDS).join(" ")));
            for uri in uris(count) {
                wire.send(article(&uri, &copy(how, &mut rng)));
            }
            if count == 39 {
                wire.restore();
            }
            let notices = wire.send(kill("kill", "first"));
            assert_eq!(carrier_uris(&notices), uris(count), "{how:?}");
            assert_eq!((notices.len(), notices[0].carriers_unlisted), (1, 0));
        }
    }
}

#[test]
fn a_correction_names_every_carrier_of_the_old_figure() {
    let mut wire = Wire::new(Settings::default());
    let text =
        |figure: u32| format!("{} {figure} {}", words("x", 60).join(" "), words("y", 60).join(" "));
    let version = |number: u32, figure| Article {
        version: Some(number.to_string()),
        ..article("first", &text(figure))
    };
    wire.send(version(1, 40));
    for uri in uris(99) {
        wire.send(article(&uri, &text(40)));
    }
    let notices = wire.send(version(2, 14));
    assert_eq!(carrier_uris(&notices), uris(99));
}

#[test]
fn many_copies_from_one_sender_do_not_hide_other_carriers() {
    let mut wire = Wire::new(Settings::default());
    let text = words("x", WORDS).join(" ");
    wire.send(article("first", &text));
    // One article contains a part of the text in addition to other text. The later copies are not
    // copies of this article.
    let spliced = format!("{} {}", words("y", 200).join(" "), words("x", 50).join(" "));
    wire.send(article("spliced", &spliced));
    for uri in uris(60) {
        wire.send(article(&uri, &text));
    }
    let notices = wire.send(kill("kill", "first"));
    assert_eq!(carrier_uris(&notices)[0], "spliced");
    assert_eq!(carrier_uris(&notices).len(), 61);
    // A later copy is named as a carrier and flagged, although the killed article is not among its
    // candidates.
    for n in 0..30 {
        let late = article(&format!("late:{n}"), &text);
        let events = wire.apply(late);
        let classified = events.iter().find_map(|event| match &event.kind {
            EventKind::Classified(classified) => Some(classified),
            _ => None,
        });
        assert_eq!(classified.unwrap().verdict.flags, ["carries_withdrawn"], "late {n}");
        assert_eq!(carrier_uris(&radii(events)), [format!("late:{n}")]);
    }
}

#[test]
fn carriers_of_a_short_text_are_found() {
    let mut wire = Wire::new(Settings::default());
    wire.send(article("first", "Ferry aground off Marel"));
    wire.send(article("copy", "Ferry aground off Marel"));
    assert_eq!(carrier_uris(&wire.send(kill("kill", "first"))), ["copy"]);
}

#[test]
fn an_article_that_left_the_window_still_has_all_its_carriers() {
    let mut wire = Wire::new(Settings { window: Span::hours(1), ..Settings::default() });
    wire.send(article("first", &words("x", WORDS).join(" ")));
    wire.wait(Span::minutes(59));
    let mut rng = Rng(1);
    for uri in uris(99) {
        wire.send(article(&uri, &copy(Copy::Verbatim, &mut rng)));
    }
    wire.send(article("other", &words("y", WORDS).join(" ")));
    wire.wait(Span::minutes(1));
    let notices = wire.send(kill("kill", "first"));
    assert_eq!(carrier_uris(&notices), uris(99));
    wire.restore();
    assert_eq!(carrier_uris(&wire.send(kill("kill again", "first"))), uris(99));
}

#[test]
fn carriers_that_do_not_fit_one_event_are_split_over_several() {
    let mut wire = Wire::new(Settings::default());
    let text = words("x", WORDS).join(" ");
    wire.send(article("first", &text));
    let uris: Vec<String> = (0..900).map(|n| format!("urn:{n:\"^300}")).collect();
    for uri in &uris {
        wire.send(article(uri, &text));
    }
    let events = wire.apply(kill("kill", "first"));
    let notices = radii(events.clone());
    assert_eq!(carrier_uris(&notices), uris);
    let parts: Vec<RadiusPart> = notices.iter().map(|radius| radius.part.unwrap()).collect();
    assert!(parts.len() > 1, "{parts:?}");
    let mut left = uris.len();
    for (number, radius) in (1..).zip(&notices) {
        left -= radius.carriers.len();
        assert_eq!(radius.part, Some(RadiusPart { number, of: parts.len() as u32 }));
        assert_eq!(
            radius.carriers_unlisted as usize, left,
            "`more` counts the carriers in later parts"
        );
        assert_eq!(radius.of.as_ref().unwrap().key.uri, "first");
    }
    let record = InputRecord {
        from: Partition { topic: "wire".into(), partition: 0 },
        offset: 0,
        timestamp: None,
        key: None,
        payload: None,
        headers: Vec::new(),
    };
    let encoder = Encoder::new(Mode::Structured, "made-up", "hash".into(), UniqueTopic::Off);
    let mut ids = std::collections::BTreeSet::new();
    for (n, event) in (0..).zip(&events) {
        let (sequence, part) = (n.into(), &decode::RecordPart::Whole);
        let context =
            EventContext { event, n, sequence, record: &record, part, items: 1, resets: 0 };
        for output in encoder.encode(&context) {
            assert!(output.bytes() < 300_000, "{}", output.bytes());
            let Some(value) = output.payload else { continue };
            let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
            assert!(
                value["id"].is_null() || ids.insert(value["id"].to_string()),
                "event ids are unique"
            );
        }
    }
}

#[test]
fn an_event_says_what_was_not_searched_because_of_limits() {
    let mut settings = Settings::default();
    settings.tuning.bearers_max = 3;
    settings.tuning.versions_searched_max = 2;
    let mut wire = Wire::new(settings);
    let report = |uri: &str, body: &str| Article {
        slugline: Some("TOLLS".into()),
        ..article(uri, &format!("{body} 4 percent, 11 weeks, 212 boats"))
    };
    for n in 0..5 {
        wire.send(report(
            &format!("other:{n}"),
            &words(["oa", "ob", "oc", "od", "oe"][n], 40).join(" "),
        ));
    }
    for n in 0..4 {
        let version = report("first", &words(["va", "vb", "vc", "vd"][n], 40).join(" "));
        wire.send(Article { version: Some(n.to_string()), ..version });
    }
    wire.send(report("likely", &words("p", 40).join(" ")));
    let [notice] = &wire.send(kill("kill", "first"))[..] else { panic!("expected one event") };
    assert_eq!((notice.unsearched.versions, notice.unsearched.same_slug), (2, 7));
    assert_eq!(carrier_uris(std::slice::from_ref(notice)), ["likely"]);
    assert_eq!(notice.carriers[0].certainty, Certainty::Likely);
    assert_eq!(wire.tally.versions_unsearched, 2);
}

/// If there are more carriers than the limit, the notice names the oldest and counts the rest,
/// whether or not the withdrawn article is still in the window.
#[test]
fn carriers_beyond_the_bound_are_counted() {
    assert_eq!(Settings::default().tuning.carriers_max, 100_000);
    let (mut settings, mut rng) = (Settings::default(), Rng(1));
    settings.window = Span::hours(1);
    settings.tuning.carriers_max = 3;
    let mut wire = Wire::new(settings);
    wire.send(article("first", &copy(Copy::Verbatim, &mut rng)));
    wire.wait(Span::minutes(59));
    for uri in uris(5) {
        wire.send(article(&uri, &copy(Copy::Verbatim, &mut rng)));
    }
    let cut = |notices: Vec<Radius>| {
        let [notice] = &notices[..] else { panic!("expected one event") };
        assert_eq!(carrier_uris(std::slice::from_ref(notice)), uris(3));
        (notice.carriers_unlisted, notice.scope)
    };
    assert_eq!(cut(wire.send(kill("kill", "first"))), (2, Scope::Window));
    wire.wait(Span::minutes(1));
    assert_eq!(cut(wire.send(kill("kill again", "first"))), (2, Scope::Identity));
}

/// A new version of an article that has left the window can carry withdrawn text, like any other
/// article.
#[test]
fn a_version_of_an_article_that_left_the_window_can_be_a_late_carrier() {
    let mut wire = Wire::new(Settings { window: Span::hours(1), ..Settings::default() });
    wire.send(article("past", &words("p", WORDS).join(" ")));
    wire.wait(Span::minutes(50));
    let withdrawn = words("x", WORDS).join(" ");
    wire.send(article("gone", &withdrawn));
    wire.send(kill("kill", "gone"));
    wire.wait(Span::minutes(11));
    let version = Article { version: Some("2".into()), ..article("past", &withdrawn) };
    let [notice] = &wire.send(version)[..] else { panic!("expected one event") };
    assert_eq!(carrier_uris(std::slice::from_ref(notice)), ["past"]);
    assert_eq!(notice.of.as_ref().unwrap().key.uri, "gone");
}

#[test]
fn releases_without_a_target_do_not_displace_a_waiting_kill() {
    let mut settings = Settings::default();
    settings.tuning.bearers_max = 3;
    let mut wire = Wire::new(settings);
    wire.send(kill("kill", "later"));
    for n in 0..5 {
        let release = Article {
            pubstatus: PubStatus::Usable,
            ednote: Some("Release".into()),
            ..kill(&format!("release:{n}"), "later")
        };
        let mut release = release;
        release.marks.order = Some(wirefold_engine::article::NoticeOrder::Release);
        wire.send(release);
    }
    let notices = wire.send(article("later", &words("x", WORDS).join(" ")));
    assert_eq!(notices.len(), 1, "the kill that arrived first must not be lost");
}
