//! One event of every type, as the engine could emit it, for the golden files and the documents.

use std::sync::Arc;
use wirefold_engine::article::{
    Article, ArticleKey, ArticleMetadata, EventTime, InputPosition, Lang, PubStatus, Sequence,
};
use wirefold_engine::event::{
    ArticleMention, Carrier, Certainty, Classified, Event, EventCause, EventKind, Joined, Merged,
    Radius, RelationMentions, Superseded, Unsearched, VerdictMentions,
};
use wirefold_engine::fingerprint::SimHash;
use wirefold_engine::stories::rise::Rise;
use wirefold_engine::stories::tags::StoryTags;
use wirefold_engine::stories::{StoryId, StoryLink, Summary};
use wirefold_engine::verdict::{
    ChangedNumber, Evidence, Kind, Novelty, Pass, Passage, Ratio, Relation, RelationTarget, Scope,
    UniqueOutcome, Verdict,
};

pub(crate) const CLOCK: EventTime = EventTime(1_795_428_000_000);

pub(crate) fn position() -> InputPosition {
    InputPosition { topic: Arc::from("wire.articles"), partition: 3, offset: 123, item: 0 }
}

pub(crate) fn key(uri: &str, version: Option<&str>) -> ArticleKey {
    ArticleKey { uri: uri.into(), version: version.map(str::to_owned) }
}

fn mention(
    uri: &str,
    version: Option<&str>,
    headline: &str,
    unique: UniqueOutcome,
) -> ArticleMention {
    let (provider, headline) = (Some("Northlight".into()), Some(headline.into()));
    ArticleMention { key: key(uri, version), provider, headline, unique: Some(unique) }
}

fn harbour() -> ArticleMention {
    let (uri, headline) = ("urn:made-up:harbour-1", "Storm shuts harbour");
    mention(uri, Some("1"), headline, UniqueOutcome::Forwarded)
}

fn ratio(value: f64) -> Option<Ratio> {
    Ratio::new(value)
}

fn target(uri: &str) -> Option<Arc<RelationTarget>> {
    Some(Arc::new(RelationTarget { sequence: Some(Sequence(4)), key: key(uri, Some("1")) }))
}

/// The articles that the verdict of [`classified`] names.
fn mentions() -> VerdictMentions {
    VerdictMentions {
        relations: vec![
            RelationMentions {
                of: Some(harbour()),
                root: target("urn:made-up:harbour-0").map(|root| root.key.clone().into()),
            },
            RelationMentions {
                of: Some(mention(
                    "urn:made-up:quay",
                    Some("1"),
                    "Quay to be rebuilt",
                    UniqueOutcome::Forwarded,
                )),
                root: None,
            },
        ],
        replaces: None,
    }
}

fn classified() -> Classified {
    let article = Article {
        uri: "urn:made-up:harbour-2".into(),
        version: Some("2".into()),
        provider: Some("Northlight".into()),
        headline: "Harbour closed after storm".into(),
        language: Lang::parse("en"),
        versioncreated: Some(CLOCK),
        embargoed: Some(EventTime(CLOCK.0 + 3_600_000)),
        pubstatus: PubStatus::Usable,
        slugline: Some("STORM-HARBOUR".into()),
        urgency: Some(3),
        signals: vec!["sig:update".into()],
        ..Article::default()
    };
    let relation = Relation {
        kind: Kind::Reprint,
        of: target("urn:made-up:harbour-1"),
        root: target("urn:made-up:harbour-0"),
        chain: 2,
        rule: "near-identical".into(),
        evidence: Evidence {
            of_this_in_that: ratio(0.970_04),
            of_that_in_this: ratio(0.71),
            jaccard: ratio(2.0 / 3.0),
            hamming: Some(5),
            shared_shingles: Some(311),
            numbers_kept: ratio(0.5),
            changed_numbers: vec![ChangedNumber { this_word: 7, that_word: 9 }],
            headline_changed: Some(true),
            apart_ms: Some(620_400),
            confidence: None,
        }
        .into(),
        ..Relation::default()
    };
    let also = Relation {
        kind: Kind::Partial,
        of: target("urn:made-up:quay"),
        root: None,
        chain: 1,
        rule: "shared-run".into(),
        evidence: Evidence { shared_shingles: Some(51), ..Evidence::default() }.into(),
        passages: vec![Passage { start_word: 0, end_word: 54, of_start_word: 12, of_end_word: 66 }],
        scope: Scope::Window,
    };
    let novelty = Novelty { share: Ratio::of(33, 412), words: 33, numbers: 1, passages: vec![] };
    Classified {
        about: ArticleMetadata::of(&article, article.language),
        words: 412,
        simhash: SimHash(0x9f3a_0000_0000_0001),
        verdict: Verdict {
            relation,
            also: vec![also],
            novelty: Some(novelty),
            pass: Pass::Yes,
            flags: vec!["late".into(), "needs_review".into()],
            ..Verdict::default()
        },
        new_passages: vec![(1210, 1388)],
        passages: vec![vec![], vec![(0, 310)]],
        story: Some(Joined {
            id: StoryId::new(0xfeed),
            size: 7,
            publishers: 4,
            headline: "Storm shuts harbour".into(),
            score: Some(0.412_345),
        }),
        mentions: mentions(),
        article,
    }
}

fn summary(id: u64) -> Summary {
    let mut rise = Rise::default();
    for (kind, ago) in [(Kind::Original, 3_600_000), (Kind::Update, 900_000), (Kind::Reprint, 0)] {
        rise.add(kind, EventTime(CLOCK.0 - ago));
    }
    let mut tags = StoryTags::default();
    let article = Article {
        subjects: vec!["weather".into(), "shipping".into()],
        located: Some("Marel".into()),
        ..Article::default()
    };
    tags.count(&article, Lang::parse("en"));
    Summary {
        id: StoryId::new(id),
        size: 7,
        publishers: 4,
        lead: Some(key("urn:made-up:harbour-1", Some("1"))),
        lead_reason: "first".into(),
        headline: "Storm shuts harbour".into(),
        language: Lang::parse("en"),
        first_seen: CLOCK,
        last_seen: EventTime(CLOCK.0 + 1_500),
        follows: Some(StoryId::new(0xabc)),
        related: vec![StoryId::new(0xdef)],
        links: vec![StoryLink {
            story: StoryId::new(0xdef),
            score: 0.412_345,
            names: 3,
            places: 1,
            figures: 2,
        }],
        lead_provider: Some("Northlight".into()),
        lead_unique: Some(UniqueOutcome::Forwarded),
        lead_sentence: "A storm has shut the harbour of Marel.".into(),
        rise,
        tags,
    }
}

fn radius() -> Radius {
    Radius {
        by: mention("urn:made-up:kill", None, "KILL: Harbour closed", UniqueOutcome::Forwarded),
        of: Some(harbour()),
        carriers_unlisted: 0,
        part: None,
        unsearched: Unsearched::default(),
        carriers: vec![Carrier {
            sequence: Sequence(7),
            article: mention(
                "urn:made-up:harbour-2",
                Some("2"),
                "Harbour closed after storm",
                UniqueOutcome::Repeat,
            ),
            certainty: Certainty::Certain,
            passages: vec![(3, 40)],
        }],
        searched_from: EventTime(CLOCK.0 - 432_000_000),
        story: Some(StoryId::new(0xfeed)),
        story_headline: Some("Storm shuts harbour".into()),
        scope: Scope::Window,
        confidence: ratio(0.85),
    }
}

/// One event of every type, in the order of `TYPES`.
pub(crate) fn every() -> Vec<Event> {
    let superseded = Superseded {
        article: harbour(),
        by: mention(
            "urn:made-up:harbour-1",
            Some("2"),
            "Storm shuts harbour until Friday",
            UniqueOutcome::Forwarded,
        ),
        reason: "newer-version".into(),
        story: None,
        story_headline: None,
    };
    let merged = Merged {
        key_story: StoryId::new(0xbeef),
        survivor: summary(0xfeed),
        absorbed: StoryId::new(0xbeef),
        absorbed_headline: "Ferries stay in port".into(),
        score: 0.301_26,
    };
    let all = [
        EventKind::Classified(Box::new(classified())),
        EventKind::Withdrawn(Box::new(radius())),
        EventKind::Corrected(Box::new(Radius {
            of: None,
            story: None,
            story_headline: None,
            ..radius()
        })),
        EventKind::Superseded(Box::new(superseded)),
        EventKind::StoryOpened(Box::new(summary(0xfeed))),
        EventKind::StoryUpdated(Box::new(summary(0xfeed))),
        EventKind::StoryMerged(Box::new(merged)),
        EventKind::StoryClosed(Box::new(summary(0xfeed))),
    ];
    all.into_iter()
        .map(|what| Event {
            clock: CLOCK,
            input: position(),
            cause: EventCause::Article,
            kind: what,
        })
        .collect()
}
