//! Checks the engine's results for the demo's sample wire against the answer key `demo_key.tsv`:
//! the kind of each article, the article it relates to, and its story.

use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::{Classified, EventKind, Radius};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::stories::StoryId;

const WIRE: &str = include_str!("../../src/cli/demo/wire.jsonl");
const KEY: &str = include_str!("demo_key.tsv");

/// The engine's results for the sample, in order.
#[derive(Default)]
struct SampleResults {
    /// One verdict per article.
    classified: Vec<Classified>,
    /// Withdrawal notices with their carriers.
    withdrawn: Vec<Radius>,
    /// Reason codes of rejected items.
    rejected: Vec<&'static str>,
    /// Merged stories: from the absorbed story to the surviving one.
    absorbed: BTreeMap<StoryId, StoryId>,
}

impl SampleResults {
    /// The story of an article after all merges.
    fn story(&self, article: &Classified) -> Option<StoryId> {
        let mut story = article.story.as_ref()?.id;
        while let Some(&survivor) = self.absorbed.get(&story) {
            story = survivor;
        }
        Some(story)
    }
}

fn run() -> SampleResults {
    let (settings, key) = (Settings::default(), SamplingKey(0));
    let mut state = State::new(settings.clone(), key);
    let (mut results, mut clock) = (SampleResults::default(), EventTime(0));
    for (offset, line) in (0..).zip(WIRE.lines()) {
        for item in decode::decode(line.as_bytes(), None, Format::Auto, &settings.decode) {
            let article = match item {
                Ok(article) => article,
                Err(error) => {
                    results.rejected.push(error.reason());
                    continue;
                }
            };
            clock = article.claimed_time().unwrap_or(clock).max(clock);
            let input = InputPosition { topic: "sample".into(), partition: 0, offset, item: 0 };
            for event in state.apply(prepare(article, &settings, key), clock, input).events {
                match event.kind {
                    EventKind::Classified(c) => results.classified.push(*c),
                    EventKind::Withdrawn(r) => results.withdrawn.push(*r),
                    EventKind::StoryMerged(m) => {
                        results.absorbed.insert(m.absorbed, m.survivor.id);
                    }
                    _ => {}
                }
            }
        }
    }
    results
}

/// The rows of the answer key, without its header: uri, version, kind, target uri, story label.
fn key() -> Vec<Vec<&'static str>> {
    KEY.lines().skip(1).map(|line| line.split('\t').collect()).collect()
}

/// The uri of the article that this one relates to, or `-`.
fn of(article: &Classified) -> &str {
    article.verdict.relation.of.as_ref().map_or("-", |of| of.key.uri.as_str())
}

#[test]
fn every_article_has_the_kind_and_target_in_the_key() {
    let results = run();
    let got: Vec<String> = results
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
    assert!(differ.is_empty(), "pairs of actual and expected rows: {differ:#?}");
    assert_eq!(results.rejected, ["syntax", "missing_field"]);
}

#[test]
fn the_sample_is_as_large_and_as_mixed_as_promised() {
    let results = run();
    let distinct = |of: fn(&Classified) -> Option<String>| {
        results.classified.iter().filter_map(of).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(results.classified.len() >= 150);
    assert!(distinct(|c| c.about.language.map(|l| l.as_str().to_owned())) >= 5);
    assert_eq!(distinct(|c| c.about.provider.clone()), 9);
    assert_eq!(distinct(|c| Some(c.verdict.relation.kind.as_str().to_owned())), 11);
}

#[test]
fn spliced_items_relate_to_both_sources() {
    let results = run();
    for (uri, sources) in [
        ("tw-splice-1", ["urn:northwire:260317:flood", "urn:northwire:260317:merger"]),
        ("tw-splice-2", ["kestrel-cup", "urn:meridian:news:museum"]),
    ] {
        let article = results.classified.iter().find(|c| c.about.uri == uri).unwrap();
        let also =
            article.verdict.also.iter().filter_map(|r| Some(r.of.as_ref()?.key.uri.as_str()));
        let named: Vec<&str> = also.chain([of(article)]).collect();
        for source in sources {
            assert!(named.contains(&source), "{uri} names {named:?}");
        }
    }
}

#[test]
fn kills_name_earlier_and_later_carriers() {
    let results = run();
    let radius: Vec<(&str, Vec<&str>)> = results
        .withdrawn
        .iter()
        .map(|r| {
            let carriers = r.carriers.iter().map(|c| c.article.key.uri.as_str());
            (r.of.as_ref().map_or("-", |of| of.key.uri.as_str()), carriers.collect())
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
fn stories_match_the_labels_in_the_key() {
    let results = run();
    let labelled: Vec<(&str, Option<StoryId>)> = key()
        .iter()
        .zip(&results.classified)
        .filter(|(row, _)| !matches!(row[4], "-" | "mixed"))
        .map(|(row, article)| (row[4], results.story(article)))
        .collect();
    let (mut both, mut predicted, mut gold) = (0, 0, 0);
    for (at, a) in labelled.iter().enumerate() {
        for b in &labelled[..at] {
            let (same_story, same_label) = (a.1.is_some() && a.1 == b.1, a.0 == b.0);
            both += u32::from(same_story && same_label);
            predicted += u32::from(same_story);
            gold += u32::from(same_label);
        }
    }
    let (precision, recall) =
        (f64::from(both) / f64::from(predicted), f64::from(both) / f64::from(gold));
    assert!(precision >= 0.9, "{precision}");
    assert!(recall >= 0.8, "{recall}");
}
