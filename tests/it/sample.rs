//! The sample wire of the demo against its answer key: what each article is, of what, and in which
//! story.

use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::{Classified, EventKind, Radius};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::stories::StoryId;

const WIRE: &str = include_str!("../../src/cli/demo/wire.jsonl");
const KEY: &str = include_str!("demo_key.tsv");

/// What was said of the sample, in order.
#[derive(Default)]
struct Said {
    classified: Vec<Classified>,
    withdrawn: Vec<Radius>,
    rejected: Vec<&'static str>,
    absorbed: BTreeMap<StoryId, StoryId>,
}

impl Said {
    /// The story that an article is in at the end.
    fn story(&self, article: &Classified) -> Option<StoryId> {
        let mut story = article.story.as_ref()?.id;
        while let Some(&survivor) = self.absorbed.get(&story) {
            story = survivor;
        }
        Some(story)
    }
}

fn run() -> Said {
    let (settings, key) = (Settings::default(), FloodKey(0));
    let mut state = State::new(settings.clone(), key);
    let (mut said, mut clock) = (Said::default(), EventTime(0));
    for (offset, line) in (0..).zip(WIRE.lines()) {
        for item in decode::decode(line.as_bytes(), None, Format::Auto, &settings.wire) {
            let article = match item {
                Ok(article) => article,
                Err(error) => {
                    said.rejected.push(error.reason());
                    continue;
                }
            };
            clock = article.claimed_time().unwrap_or(clock).max(clock);
            let input = InputPosition { topic: "sample".into(), partition: 0, offset, item: 0 };
            for event in state.apply(prepare(article, &settings, key), clock, input) {
                match event.what {
                    EventKind::Classified(c) => said.classified.push(*c),
                    EventKind::Withdrawn(r) => said.withdrawn.push(*r),
                    EventKind::StoryMerged(m) => {
                        said.absorbed.insert(m.absorbed, m.survivor.id);
                    }
                    _ => {}
                }
            }
        }
    }
    said
}

fn key() -> Vec<Vec<&'static str>> {
    KEY.lines().skip(1).map(|line| line.split('\t').collect()).collect()
}

fn of(article: &Classified) -> &str {
    article.verdict.relation.of.as_ref().map_or("-", |of| of.key.uri.as_str())
}

#[test]
fn every_article_is_what_the_key_says() {
    let said = run();
    let got: Vec<String> = said
        .classified
        .iter()
        .map(|c| {
            let version = c.about.version.as_deref().unwrap_or_default();
            let kind = c.verdict.relation.kind.as_str();
            [&c.about.uri, version, kind, of(c)].join("\t")
        })
        .collect();
    let want: Vec<String> = key().iter().map(|row| row[..4].join("\t")).collect();
    assert_eq!(got.len(), want.len());
    let differ: Vec<_> = got.iter().zip(&want).filter(|(got, want)| got != want).collect();
    assert!(differ.is_empty(), "got and wanted: {differ:#?}");
    assert_eq!(said.rejected, ["syntax", "missing_field"]);
}

#[test]
fn the_sample_is_as_large_and_as_mixed_as_promised() {
    let said = run();
    let several = |of: fn(&Classified) -> Option<String>| {
        said.classified.iter().filter_map(of).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(said.classified.len() >= 150);
    assert!(several(|c| c.about.language.map(|l| l.as_str().to_owned())) >= 5);
    assert_eq!(several(|c| c.about.provider.clone()), 9);
    assert_eq!(several(|c| Some(c.verdict.relation.kind.as_str().to_owned())), 11);
}

#[test]
fn spliced_items_name_both_their_sources() {
    let said = run();
    for (uri, sources) in [
        ("tw-splice-1", ["urn:northwire:260317:flood", "urn:northwire:260317:merger"]),
        ("tw-splice-2", ["kestrel-cup", "urn:meridian:news:museum"]),
    ] {
        let article = said.classified.iter().find(|c| c.about.uri == uri).unwrap();
        let also =
            article.verdict.also.iter().filter_map(|r| Some(r.of.as_ref()?.key.uri.as_str()));
        let named: Vec<&str> = also.chain([of(article)]).collect();
        for source in sources {
            assert!(named.contains(&source), "{uri} names {named:?}");
        }
    }
}

#[test]
fn kills_name_who_still_carries_the_text_before_and_after() {
    let said = run();
    let radius: Vec<(&str, Vec<&str>)> = said
        .withdrawn
        .iter()
        .map(|r| {
            let carriers = r.carriers.iter().map(|c| c.article.uri.as_str());
            (r.of.as_ref().map_or("-", |of| of.uri.as_str()), carriers.collect())
        })
        .collect();
    let court = "urn:northwire:260317:court";
    assert_eq!(
        radius,
        [
            (court, vec!["tw-court-r", "kestrel-court-k"]),
            (court, vec!["tw-corvane-late"]),
            ("kestrel-glass", vec!["tw-glass-r", "urn:meridian:news:glass-m"]),
            ("kestrel-glass", vec!["tw-glass-late"]),
            (court, vec!["tw-corvane-quote"]),
        ]
    );
}

#[test]
fn stories_are_those_that_an_editor_would_make() {
    let said = run();
    let labelled: Vec<(&str, Option<StoryId>)> = key()
        .iter()
        .zip(&said.classified)
        .filter(|(row, _)| !matches!(row[4], "-" | "mixed"))
        .map(|(row, article)| (row[4], said.story(article)))
        .collect();
    let (mut both, mut found, mut gold) = (0, 0, 0);
    for (at, a) in labelled.iter().enumerate() {
        for b in &labelled[..at] {
            let (same_story, same_label) = (a.1.is_some() && a.1 == b.1, a.0 == b.0);
            both += u32::from(same_story && same_label);
            found += u32::from(same_story);
            gold += u32::from(same_label);
        }
    }
    let (precision, recall) =
        (f64::from(both) / f64::from(found), f64::from(both) / f64::from(gold));
    assert!(precision >= 0.9, "{precision}");
    assert!(recall >= 0.8, "{recall}");
}
