//! The same input gives the same bytes, however it is cut: twice, batched, or restored anywhere.

use crate::feed::{Line, feed};
use std::collections::{BTreeMap, BTreeSet};
use wirefold::engine::Settings;
use wirefold::engine::article::{Body, Span};
use wirefold::engine::event::{Event, What};
use wirefold::engine::fingerprint::FloodKey;
use wirefold::engine::prepare::prepare;
use wirefold::engine::state::{LEARNED_FURNITURE, State};

const KEY: FloodKey = FloodKey(7);

/// A window of two hours over a feed of about eight, so that much expires.
fn settings() -> Settings {
    Settings { window: Span::hours(2), ..Settings::default() }
}

fn apply(state: &mut State, line: &Line) -> Vec<Event> {
    let new = prepare(line.article.clone(), state.settings(), KEY);
    state.apply(new, line.stamp, line.input.clone())
}

/// The changelog as compaction would leave it: the last value of every key.
#[derive(Default)]
struct Log(BTreeMap<String, Vec<u8>>);

impl Log {
    fn write(&mut self, state: &mut State) {
        for change in state.take_changes() {
            match change.value {
                Some(value) => self.0.insert(change.key, value),
                None => self.0.remove(&change.key),
            };
        }
    }
}

/// Runs `lines`, taking changes after every `batch` articles.
fn run(lines: &[Line], batch: usize) -> (Vec<Event>, BTreeMap<String, Vec<u8>>) {
    let mut state = State::new(settings(), KEY);
    let (mut events, mut log) = (Vec::new(), Log::default());
    for lines in lines.chunks(batch) {
        for line in lines {
            events.extend(apply(&mut state, line));
        }
        log.write(&mut state);
    }
    (events, log.0)
}

#[test]
fn twice_and_in_other_batches_gives_the_same() {
    let lines = feed(1, 1_000, 28_000);
    let once = run(&lines, 1);
    assert!(once.0.len() > 1_500, "the feed makes events");
    for batch in [1, 7, 100, 1_000] {
        let again = run(&lines, batch);
        assert_eq!(once.0, again.0, "events, batches of {batch}");
        assert_eq!(once.1, again.1, "records, batches of {batch}");
    }
}

#[test]
fn restored_anywhere_it_goes_on_as_if_nothing_had_happened() {
    let lines = feed(2, 600, 28_000);
    let straight = run(&lines, 1);
    for cut in (1..lines.len()).step_by(37) {
        let mut state = State::new(settings(), KEY);
        let (mut events, mut log) = (Vec::new(), Log::default());
        for line in &lines[..cut] {
            events.extend(apply(&mut state, line));
        }
        log.write(&mut state);
        drop(state);
        let mut state = State::restore(settings(), KEY, log.0.clone()).unwrap();
        for line in &lines[cut..] {
            events.extend(apply(&mut state, line));
            log.write(&mut state);
        }
        let differ = events.iter().zip(&straight.0).position(|(a, b)| a != b);
        if let Some(at) = differ {
            panic!("cut at {cut}: event {at}\n{:#?}\n{:#?}", events[at], straight.0[at]);
        }
        assert_eq!(events.len(), straight.0.len(), "cut at {cut}");
        assert_eq!(log.0, straight.1, "records, cut at {cut}");
    }
}

/// The feed with the furniture of a site around two articles in three.
fn wrapped(mut lines: Vec<Line>) -> Vec<Line> {
    for (at, line) in lines.iter_mut().enumerate().filter(|(at, _)| at % 3 > 0) {
        let (head, foot) = match at % 2 {
            0 => ("Quaywire > Harbour > News\n\n", ""),
            _ => ("Ost Quay [Quaywire]: ", "\n\nQuaywire prints what the towns send."),
        };
        let body = line.article.body.published().trim_end();
        line.article.body = Body::Plain(format!("{head}{body}{foot}"));
    }
    lines
}

#[test]
fn learned_furniture_is_restored_with_the_rest() {
    let lines = wrapped(feed(6, 300, 28_000));
    let straight = run(&lines, 1);
    let learned = straight.0.iter().filter(|event| match &event.what {
        What::Classified(c) => c.verdict.flags.iter().any(|flag| flag == LEARNED_FURNITURE),
        _ => false,
    });
    assert!(learned.count() > 50, "furniture is learned");
    for cut in (1..lines.len()).step_by(59) {
        let mut state = State::new(settings(), KEY);
        let (mut events, mut log) = (Vec::new(), Log::default());
        for line in &lines[..cut] {
            events.extend(apply(&mut state, line));
        }
        log.write(&mut state);
        let mut state = State::restore(settings(), KEY, log.0.clone()).unwrap();
        for line in &lines[cut..] {
            events.extend(apply(&mut state, line));
            log.write(&mut state);
        }
        assert!(events == straight.0, "events, cut at {cut}");
        assert!(log.0 == straight.1, "records, cut at {cut}");
    }
}

#[test]
fn restoring_what_was_restored_writes_nothing() {
    let lines = feed(3, 200, 28_000);
    let (_, records) = run(&lines, 10);
    let mut state = State::restore(settings(), KEY, records).unwrap();
    assert_eq!(state.take_changes(), []);
}

#[test]
fn when_the_window_has_passed_nothing_is_left() {
    let lines = feed(4, 200, 28_000);
    let mut state = State::new(settings(), KEY);
    let mut log = Log::default();
    for line in &lines {
        apply(&mut state, line);
    }
    let mut last = lines[0].clone();
    last.article.uri = "urn:made-up:last".into();
    last.stamp = lines[199].stamp.plus(Span::hours(1_000));
    apply(&mut state, &last);
    log.write(&mut state);
    assert_eq!((state.live_articles(), state.live_stories()), (1, 1));
    let articles = log.0.keys().filter(|k| k.starts_with("a/")).count();
    assert_eq!(articles, 1, "records of articles that left are gone");
}

#[test]
fn an_article_is_in_one_open_story_and_each_story_ends_once() {
    let lines = feed(5, 1_200, 28_000);
    let (events, _) = run(&lines, 1);
    let (mut open, mut ended, mut opened) = (BTreeSet::new(), BTreeSet::new(), 0);
    for event in &events {
        match &event.what {
            What::StoryOpened(story) => {
                assert!(
                    !ended.contains(&story.id) && open.insert(story.id),
                    "an id is minted once"
                );
                opened += 1;
            }
            What::Classified(article) => {
                let story = article.story.as_ref().map(|story| story.id);
                assert!(story.is_none_or(|story| open.contains(&story)), "it joins an open story");
            }
            What::StoryMerged(merged) if merged.under == merged.absorbed => {
                assert!(open.remove(&merged.absorbed) && ended.insert(merged.absorbed));
                assert!(open.contains(&merged.survivor.id), "an open story took it in");
            }
            What::StoryUpdated(story) => assert!(open.contains(&story.id)),
            What::StoryClosed(story) => {
                assert!(open.remove(&story.id) && ended.insert(story.id), "it ends once");
                assert!(story.size >= 1 && story.publishers >= 1);
            }
            _ => {}
        }
    }
    assert!(opened > 50 && ended.len() > 20, "{opened} opened, {} ended", ended.len());
    let mut state = State::new(settings(), KEY);
    lines.iter().for_each(|line| drop(apply(&mut state, line)));
    assert_eq!(state.live_stories(), open.len());
}
