//! Tests that events say what a consumer needs about the articles and stories that they name, for
//! live articles, for articles that have left the window, and after a restore.

use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, Body, EventTime, InputPosition, Lang, Link, LinkKind, MENTION_HEADLINE_BYTES_MAX,
    PubStatus, Span,
};
use wirefold_engine::event::{ArticleMention, EventKind, Radius};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::stories::{LEAD_SENTENCE_BYTES_MAX, Summary};
use wirefold_engine::verdict::{Scope, UniqueOutcome};

const KEY: SamplingKey = SamplingKey(5);
const START: EventTime = EventTime(1_795_428_000_000);

/// The text of a report, different for each `n`.
fn text(n: usize) -> String {
    let sentence = |m: usize| {
        format!(
            "Crew {m} of quay {n} moved {} crates to shed {} before the tide turned at noon. ",
            m * 7 + n * 3 + 11,
            m * 5 + n
        )
    };
    let first = format!("A storm has shut harbour {n} of Marel and its eastern quays. ");
    first + &(0..24).map(sentence).collect::<String>()
}

fn report(uri: &str, n: usize) -> Article {
    Article {
        uri: uri.into(),
        version: Some("1".into()),
        provider: Some("Northlight".into()),
        headline: format!("Storm shuts harbour {n}"),
        body: Body::Plain(text(n)),
        language: Lang::parse("en"),
        subjects: vec!["weather".into(), "shipping".into()],
        located: Some("Marel".into()),
        ..Article::default()
    }
}

fn kill(uri: &str, of: &str) -> Article {
    Article {
        uri: uri.into(),
        provider: Some("Northlight".into()),
        headline: "KILL: Storm shuts harbour".into(),
        body: Body::Plain("Editors: do not use this story.".into()),
        pubstatus: PubStatus::Canceled,
        links: vec![Link {
            kind: LinkKind::EvolvedFrom,
            to: wirefold_engine::article::ArticleKey { uri: of.into(), version: None },
        }],
        ..Article::default()
    }
}

/// A state with its changelog, to which articles are applied at times after [`START`].
struct Wire {
    state: State,
    log: BTreeMap<String, Vec<u8>>,
    count: i64,
}

impl Wire {
    fn new() -> Self {
        let settings = Settings { window: Span::hours(6), ..Settings::default() };
        Self { state: State::new(settings, KEY), log: BTreeMap::new(), count: 0 }
    }

    fn apply(&mut self, article: Article, after: Span) -> Vec<EventKind> {
        let input = InputPosition { topic: "in".into(), partition: 0, offset: self.count, item: 0 };
        self.count += 1;
        let new = prepare(article, self.state.settings(), KEY);
        let outcome = self.state.apply(new, START.plus(after), input);
        for change in outcome.changes {
            match change.value {
                Some(value) => self.log.insert(change.key, value),
                None => self.log.remove(&change.key),
            };
        }
        outcome.events.into_iter().map(|event| event.kind).collect()
    }

    /// Replaces the state with one that is restored from the changelog.
    fn restore(&mut self) {
        let settings = self.state.settings().clone();
        self.state = State::restore(settings, KEY, self.log.clone()).unwrap();
    }
}

fn radius(events: &[EventKind]) -> &Radius {
    events.iter().find_map(EventKind::radius).expect("a withdrawal or correction")
}

/// The provider and the headline of a mention, and whether the article went to the unique topic.
fn shown(mention: &ArticleMention) -> (&str, &str, Option<UniqueOutcome>) {
    let ArticleMention { provider, headline, unique, .. } = mention;
    let [provider, headline] = [provider, headline].map(|text| text.as_deref().unwrap_or("(none)"));
    (provider, headline, *unique)
}

#[test]
fn a_withdrawal_names_the_article_and_its_carriers_with_headline_provider_and_outcome() {
    let mut wire = Wire::new();
    wire.apply(report("n1", 1), Span::minutes(0));
    let copy = Article {
        provider: Some("Bay Press".into()),
        headline: "Marel harbour closed".into(),
        ..report("b1", 1)
    };
    let events = wire.apply(copy, Span::minutes(5));
    let EventKind::Classified(classified) =
        events.iter().find(|e| matches!(e, EventKind::Classified(_))).unwrap()
    else {
        unreachable!()
    };
    let of = classified.mentions.relations[0].of.as_ref().unwrap();
    let forwarded = Some(UniqueOutcome::Forwarded);
    assert_eq!(shown(of), ("Northlight", "Storm shuts harbour 1", forwarded));
    wire.restore();
    let events = wire.apply(kill("k1", "n1"), Span::minutes(9));
    let radius = radius(&events);
    assert_eq!(shown(&radius.by), ("Northlight", "KILL: Storm shuts harbour", forwarded));
    let of = radius.of.as_ref().unwrap();
    assert_eq!(shown(of), ("Northlight", "Storm shuts harbour 1", forwarded));
    let carrier = shown(&radius.carriers[0].article);
    assert_eq!(carrier, ("Bay Press", "Marel harbour closed", Some(UniqueOutcome::Repeat)));
    assert_eq!(radius.story_headline.as_deref(), Some("Marel harbour closed"));
}

#[test]
fn an_article_that_has_left_the_window_is_named_from_its_identity() {
    let mut wire = Wire::new();
    let long = format!("{} end", "Storm shuts harbour ".repeat(20));
    wire.apply(Article { headline: long, ..report("n1", 1) }, Span::minutes(0));
    for (hours, n) in (3..15).step_by(3).zip(2..) {
        wire.apply(report(&format!("n{n}"), n), Span::hours(hours));
    }
    wire.restore();
    let events = wire.apply(kill("k1", "n1"), Span::hours(15));
    let radius = radius(&events);
    assert_eq!(radius.scope, Scope::Identity);
    let of = radius.of.as_ref().unwrap();
    let (provider, headline, unique) = shown(of);
    assert_eq!((provider, unique), ("Northlight", Some(UniqueOutcome::Forwarded)));
    assert!(headline.starts_with("Storm shuts harbour Storm") && headline.ends_with("…"));
    assert!(headline.len() <= MENTION_HEADLINE_BYTES_MAX);
    assert_eq!(shown(&radius.by).1, "KILL: Storm shuts harbour");
}

#[test]
fn an_article_that_nobody_has_seen_has_only_its_uri() {
    let mut wire = Wire::new();
    let events = wire.apply(kill("k1", "nowhere"), Span::hours(1));
    let of = radius(&events).of.as_ref().unwrap();
    assert_eq!((of.key.uri.as_str(), shown(of)), ("nowhere", ("(none)", "(none)", None)));
}

#[test]
fn the_outcome_of_an_embargoed_article_changes_when_its_embargo_ends() {
    let embargoed = |uri: &str, n, hours| Article {
        embargoed: Some(START.plus(Span::hours(hours))),
        ..report(uri, n)
    };
    for (killed_at, past, want) in [
        (1, false, UniqueOutcome::Embargoed),
        (3, false, UniqueOutcome::Forwarded),
        (12, true, UniqueOutcome::Forwarded),
    ] {
        let mut wire = Wire::new();
        wire.apply(embargoed("n1", 1, 2), Span::minutes(0));
        if killed_at > 2 {
            wire.apply(report("n2", 2), Span::hours(3));
        }
        wire.restore();
        let events = wire.apply(kill("k1", "n1"), Span::hours(killed_at));
        let radius = radius(&events);
        assert_eq!(radius.scope == Scope::Identity, past);
        assert_eq!(radius.of.as_ref().unwrap().unique, Some(want), "killed after {killed_at} h");
    }
    // An embargo that ends after its article has left the window, and an embargo whose article is
    // killed before the embargo ends.
    let mut wire = Wire::new();
    wire.apply(embargoed("n1", 1, 9), Span::minutes(0));
    wire.apply(embargoed("n2", 2, 9), Span::minutes(0));
    wire.apply(kill("k2", "n2"), Span::hours(1));
    wire.apply(report("n3", 3), Span::hours(8));
    wire.apply(report("n4", 4), Span::hours(10));
    wire.restore();
    for (uri, want) in [("n1", UniqueOutcome::Forwarded), ("n2", UniqueOutcome::Held)] {
        let events = wire.apply(kill(&format!("late-{uri}"), uri), Span::hours(11));
        let of = radius(&events).of.as_ref().unwrap();
        assert_eq!(of.unique, Some(want), "{uri}");
    }
}

fn closed(events: &[EventKind]) -> Option<&Summary> {
    events.iter().find_map(|event| match event {
        EventKind::StoryClosed(summary) => Some(&**summary),
        _ => None,
    })
}

#[test]
fn a_story_says_how_it_begins_what_it_is_about_and_how_fast_it_grows() {
    let mut wire = Wire::new();
    wire.apply(report("n1", 1), Span::minutes(0));
    wire.apply(Article { places: vec!["Port Seltz".into()], ..report("n2", 1) }, Span::hours(1));
    wire.restore();
    let copy = Article { subjects: vec!["shipping".into()], ..report("n3", 1) };
    let events = wire.apply(copy, Span::hours(2));
    let EventKind::Classified(last) = events.last().unwrap() else { panic!("{events:?}") };
    let story = wire.state.summary(last.story.as_ref().unwrap().id).unwrap();
    let sentence = "A storm has shut harbour 1 of Marel and its eastern quays.";
    assert_eq!(story.lead_sentence, sentence);
    assert_eq!(story.lead_provider.as_deref(), Some("Northlight"));
    assert_eq!(story.lead_unique, Some(UniqueOutcome::Forwarded));
    assert_eq!(story.tags.subjects(), ["shipping", "weather"]);
    assert_eq!(story.tags.places(), ["Marel", "Port Seltz"]);
    assert_eq!(story.tags.languages(), [Lang::parse("en").unwrap()]);
    // An original two hours ago, a copy one hour ago, a copy now.
    assert_eq!(story.rise.at(START.plus(Span::hours(2))), 0.25 + 0.125 + 0.25);
    wire.restore();
    let events = wire.apply(report("n9", 9), Span::hours(12));
    let last = closed(&events).unwrap();
    assert_eq!((&last.lead_sentence, &last.tags), (&story.lead_sentence, &story.tags));
}

#[test]
fn the_first_sentence_of_a_story_is_bounded_and_that_of_a_short_text_is_there_too() {
    let long = format!("{} Nobody was hurt.", "A ferry ran aground off the quay ".repeat(9));
    for (body, want) in [
        ("A ferry ran aground off Marel. Nobody was hurt.", "A ferry ran aground off Marel."),
        (&*(long.clone() + &text(3)), "A ferry ran aground off the quay A ferry"),
        (&*long, "A ferry ran aground off the quay A ferry"),
    ] {
        let mut wire = Wire::new();
        let article = Article { body: Body::Plain(body.into()), ..report("n1", 1) };
        wire.apply(article, Span::minutes(0));
        wire.restore();
        let events = wire.apply(report("n9", 9), Span::hours(12));
        let sentence = &closed(&events).unwrap().lead_sentence;
        assert!(sentence.starts_with(want), "{sentence}");
        assert!(sentence.len() <= LEAD_SENTENCE_BYTES_MAX);
        assert_eq!(sentence.ends_with('…'), body.len() > 100);
    }
}
