//! The same input gives the same bytes, however it is cut: twice, batched, or restored anywhere.

use crate::feed::{Line, feed};
use std::collections::{BTreeMap, BTreeSet};
use wirefold_engine::Settings;
use wirefold_engine::article::{Body, EventTime, Span};
use wirefold_engine::event::{Event, EventCause, EventKind};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{LEARNED_FURNITURE, State};
use wirefold_engine::stories;

const KEY: FloodKey = FloodKey(7);

/// A window of two hours over a feed of about eight, so that much expires, and stories that are merged
/// at less than usual, so that many are.
fn settings() -> Settings {
    let story =
        stories::Settings { join: 0.08, merge: 0.05, doubt: 0.02, ..stories::Settings::default() };
    Settings { window: Span::hours(2), story, ..Settings::default() }
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
        state.take_changes().into_iter().for_each(|change| self.put(change.key, change.value));
    }

    fn put(&mut self, key: String, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
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
pub(crate) fn wrapped(mut lines: Vec<Line>) -> Vec<Line> {
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
        EventKind::Classified(c) => c.verdict.flags.iter().any(|flag| flag == LEARNED_FURNITURE),
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

/// Goes on from `state` with `lines` as the straight run did from there.
fn goes_on(
    mut state: State,
    mut log: Log,
    lines: &[Line],
    straight: &(Vec<Event>, BTreeMap<String, Vec<u8>>),
    what: &str,
) {
    let mut events = Vec::new();
    for line in lines {
        events.extend(apply(&mut state, line));
        log.write(&mut state);
    }
    let tail = &straight.0[straight.0.len() - events.len()..];
    if let Some(at) = events.iter().zip(tail).position(|(a, b)| a != b) {
        panic!("{what}: event {at}\n{:#?}\n{:#?}", events[at], tail[at]);
    }
    assert_eq!(log.0, straight.1, "records, {what}");
}

/// One batch as it lies in the log: the last value of every key, tombstones too.
fn batch(state: &mut State, lines: &[Line]) -> BTreeMap<String, Option<Vec<u8>>> {
    lines.iter().for_each(|line| drop(apply(state, line)));
    state.take_changes().into_iter().map(|change| (change.key, change.value)).collect()
}

/// Batches of all sizes, up to some in which articles arrive and expire.
#[test]
fn followed_to_anywhere_it_goes_on_as_if_nothing_had_happened() {
    let lines = wrapped(feed(6, 500, 28_000));
    let straight = run(&lines, 1);
    let merges = straight.0.iter().filter(|e| matches!(e.what, EventKind::StoryMerged(_))).count();
    assert!(merges >= 8, "{merges} notices of merges");
    assert!(straight.1.keys().any(|key| key.starts_with("e/")), "furniture is learned");
    for (size, from, cuts) in
        [(1, 0, vec![150, 400]), (3, 100, vec![463]), (50, 33, vec![333, 433]), (480, 0, vec![480])]
    {
        for cut in cuts {
            let mut owner = State::new(settings(), KEY);
            let mut log = Log::default();
            let first = batch(&mut owner, &lines[..from]);
            first.into_iter().for_each(|(key, value)| log.put(key, value));
            let mut standby = State::restore(settings(), KEY, log.0.clone()).unwrap();
            for lines in lines[from..cut].chunks(size) {
                let changes = batch(&mut owner, lines);
                changes.clone().into_iter().for_each(|(key, value)| log.put(key, value));
                standby.follow(changes).unwrap();
                assert_eq!(standby.take_changes(), [], "what is followed is not written");
            }
            let what = format!("batches of {size} from {from}, cut at {cut}");
            goes_on(standby, log, &lines[cut..], &straight, &what);
        }
    }
}

#[test]
fn what_does_not_go_on_where_it_stands_is_not_followed() {
    let lines = feed(7, 60, 28_000);
    let mut owner = State::new(settings(), KEY);
    let mut standby = State::new(settings(), KEY);
    standby.follow(batch(&mut owner, &lines[..20])).unwrap();
    batch(&mut owner, &lines[20..30]);
    let error = standby.follow(batch(&mut owner, &lines[30..])).unwrap_err();
    assert!(error.to_string().contains("articles are missing"), "{error}");
}

/// A cleaner removes tombstones after a while, and a reader that is slow may not see them: what has
/// expired is known without them.
#[test]
fn restored_without_its_tombstones_it_is_the_same() {
    let lines = feed(8, 700, 28_000);
    let straight = run(&lines, 1);
    for cut in [450, 600, 650] {
        let mut owner = State::new(settings(), KEY);
        let (mut log, mut kept) = (Log::default(), BTreeMap::new());
        for lines in lines[..cut].chunks(5) {
            for (key, value) in batch(&mut owner, lines) {
                log.put(key.clone(), value.clone());
                kept.extend(value.map(|value| (key, value)));
            }
        }
        assert!(kept.len() > log.0.len() + 100, "there were tombstones");
        let state = State::restore(settings(), KEY, kept).unwrap();
        goes_on(state, log, &lines[cut..], &straight, &format!("cut at {cut}"));
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
            EventKind::StoryOpened(story) => {
                assert!(
                    !ended.contains(&story.id) && open.insert(story.id),
                    "an id is minted once"
                );
                opened += 1;
            }
            EventKind::Classified(article) => {
                let story = article.story.as_ref().map(|story| story.id);
                assert!(story.is_none_or(|story| open.contains(&story)), "it joins an open story");
            }
            EventKind::StoryMerged(merged) if merged.under == merged.absorbed => {
                assert!(open.remove(&merged.absorbed) && ended.insert(merged.absorbed));
                assert!(open.contains(&merged.survivor.id), "an open story took it in");
            }
            EventKind::StoryUpdated(story) => assert!(open.contains(&story.id)),
            EventKind::StoryClosed(story) => {
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

/// The lines with ticks of the clock between them, at times that only rise.
fn ticked(lines: &[Line]) -> Vec<(Line, Vec<EventTime>)> {
    let mut rng = crate::feed::Rng(11);
    let gap = |at: usize| {
        let from = lines[at].stamp;
        let until = lines.get(at + 1).map_or(from.plus(Span::hours(3)), |next| next.stamp);
        (from, until.since(from).0.max(0) as usize)
    };
    let ticks = |at: usize, rng: &mut crate::feed::Rng| {
        let (from, gap) = gap(at);
        let mut ticks: Vec<_> =
            (0..rng.below(4)).map(|_| from.plus(Span(rng.below(gap + 1) as i64))).collect();
        ticks.sort_unstable();
        ticks
    };
    lines.iter().cloned().enumerate().map(|(at, line)| (line, ticks(at, &mut rng))).collect()
}

fn apply_ticked(state: &mut State, (line, ticks): &(Line, Vec<EventTime>)) -> Vec<Event> {
    let mut events = apply(state, line);
    for now in ticks {
        events.extend(state.tick(*now, &line.input));
        assert!(!state.is_due(*now), "after a tick nothing is due by its time");
    }
    events
}

/// Ticks anywhere: the same readings give the same, twice, restored or followed after any of them.
#[test]
fn ticks_are_repeated_by_their_readings() {
    let lines = ticked(&feed(9, 300, 28_000));
    let (mut state, mut straight, mut log) =
        (State::new(settings(), KEY), Vec::new(), Log::default());
    for line in &lines {
        straight.extend(apply_ticked(&mut state, line));
        log.write(&mut state);
    }
    assert!(straight.iter().filter(|event| event.cause == EventCause::Clock).count() > 100);
    for cut in (1..lines.len()).step_by(41) {
        let (mut owner, mut events, mut kept) =
            (State::new(settings(), KEY), Vec::new(), Log::default());
        let mut standby = State::new(settings(), KEY);
        for line in &lines[..cut] {
            events.extend(apply_ticked(&mut owner, line));
            let changes = owner.take_changes();
            changes.iter().cloned().for_each(|change| kept.put(change.key, change.value));
            let batch = changes.into_iter().map(|change| (change.key, change.value)).collect();
            standby.follow(batch).unwrap();
        }
        let restored = State::restore(settings(), KEY, kept.0.clone()).unwrap();
        for mut state in [standby, restored] {
            let mut events = events.clone();
            lines[cut..].iter().for_each(|line| events.extend(apply_ticked(&mut state, line)));
            assert!(events == straight, "cut at {cut}");
        }
    }
}

/// A pause leaves thousands of articles behind the window: they leave in several ticks.
#[test]
fn a_long_pause_is_caught_up_with_in_bounded_ticks() {
    let lines = feed(10, 1_100, 10);
    let mut state = State::new(settings(), KEY);
    lines.iter().for_each(|line| drop(apply(&mut state, line)));
    let (now, input) = (state.clock().plus(Span::hours(100)), lines[0].input.clone());
    let mut ticks = 0;
    while state.is_due(now) {
        let reach = state.reach(now);
        assert!(reach > state.clock(), "each tick gets somewhere");
        state.tick(reach, &input);
        ticks += 1;
    }
    assert_eq!((ticks, state.live_articles()), (2, 0));
}
