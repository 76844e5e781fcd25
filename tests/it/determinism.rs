//! Tests that the same input gives the same events and records, whether it is applied in one run,
//! in batches of a different size, or with a restore or a takeover at any point.

use crate::feed::{Line, feed};
use std::collections::{BTreeMap, BTreeSet};
use wirefold_engine::Settings;
use wirefold_engine::article::{Body, EventTime, Lang, Span};
use wirefold_engine::event::{Event, EventCause, EventKind};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{LEARNED_BOILERPLATE, Outcome, State};
use wirefold_engine::stories::LeadChoice;
use wirefold_engine::verdict::{Ratio, SurvivorChoice};

const KEY: SamplingKey = SamplingKey(7);

/// A window of two hours for a feed of several hours, so that many articles expire, and a lower
/// merge threshold, so that many stories merge.
fn settings() -> Settings {
    let mut settings = Settings { window: Span::hours(2), ..Settings::default() };
    settings.stories.join = Ratio::new(0.08).unwrap();
    settings.stories.tuning.merge = 0.05;
    settings.stories.tuning.rival = 0.0;
    settings.stories.tuning.doubt = 0.02;
    settings
}

fn apply(state: &mut State, line: &Line) -> Outcome {
    let new = prepare(line.article.clone(), state.settings(), KEY);
    state.apply(new, line.stamp, line.input.clone())
}

/// The compacted changelog: the last value of every key.
#[derive(Default)]
struct Log(BTreeMap<String, Vec<u8>>);

impl Log {
    /// Applies a line, writes the changed records and returns the events.
    fn apply(&mut self, state: &mut State, line: &Line) -> Vec<Event> {
        let outcome = apply(state, line);
        self.write(&outcome);
        outcome.events
    }

    fn write(&mut self, outcome: &Outcome) {
        let changes = outcome.changes.iter().cloned();
        changes.for_each(|change| self.put(change.key, change.value));
    }

    fn put(&mut self, key: String, value: Option<Vec<u8>>) {
        match value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
    }
}

/// Applies `lines`; returns events and records.
fn run(lines: &[Line]) -> (Vec<Event>, BTreeMap<String, Vec<u8>>) {
    run_with(settings(), lines)
}

fn run_with(settings: Settings, lines: &[Line]) -> (Vec<Event>, BTreeMap<String, Vec<u8>>) {
    let mut state = State::new(settings, KEY);
    let (mut events, mut log) = (Vec::new(), Log::default());
    for line in lines {
        events.extend(log.apply(&mut state, line));
    }
    (events, log.0)
}

/// Story ids contain the input position. Two stories that score the same must not be told apart by
/// their ids.
#[test]
fn the_name_of_the_input_does_not_change_the_stories() {
    // A few sentences in a few combinations, so that many scores are equal.
    let sentence = |at: usize| {
        ["The ferry ran aground off Marel.", "Divers looked at the hull.", "Fog closed the port."]
            [at % 3]
    };
    let mut lines = feed(11, 300, 28_000);
    for (at, line) in lines.iter_mut().enumerate() {
        let text = [0, 1, 2, 3, 4].map(|n| sentence(at * 7 / (n + 1) + n)).join(" ");
        line.article.uri = format!("urn:made-up:{at}");
        line.article.headline = format!("Report {at}");
        line.article.body = Body::Plain(format!("{text} Item {at}, {}, {}.", at * 3, at * 17));
    }
    let stories = |topic: &str| -> Vec<usize> {
        let mut lines = lines.clone();
        lines.iter_mut().for_each(|line| line.input.topic = topic.into());
        let mut ids = Vec::new();
        for event in run(&lines).0 {
            if let EventKind::Classified(classified) = event.kind {
                ids.push(classified.story.map(|story| story.id));
            }
        }
        ids.iter().map(|id| ids.iter().position(|other| other == id).unwrap()).collect()
    };
    let first = stories("a");
    for topic in ["b", "wire.articles", "n_c3"] {
        assert_eq!(stories(topic), first, "{topic}");
    }
}

#[test]
fn repeated_runs_give_the_same_result() {
    let lines = feed(1, 1_000, 28_000);
    let once = run(&lines);
    assert!(once.0.len() > 1_500, "too few events");
    let again = run(&lines);
    assert_eq!(once.0, again.0, "events");
    assert_eq!(once.1, again.1, "records");
}

#[test]
fn a_restore_at_any_point_does_not_change_the_result() {
    let lines = feed(2, 600, 28_000);
    let straight = run(&lines);
    for cut in (1..lines.len()).step_by(37) {
        let mut state = State::new(settings(), KEY);
        let (mut events, mut log) = (Vec::new(), Log::default());
        for line in &lines[..cut] {
            events.extend(log.apply(&mut state, line));
        }
        drop(state);
        let mut state = State::restore(settings(), KEY, log.0.clone()).unwrap();
        for line in &lines[cut..] {
            events.extend(log.apply(&mut state, line));
        }
        let differ = events.iter().zip(&straight.0).position(|(a, b)| a != b);
        if let Some(at) = differ {
            panic!("cut at {cut}: event {at}\n{:#?}\n{:#?}", events[at], straight.0[at]);
        }
        assert_eq!(events.len(), straight.0.len(), "cut at {cut}");
        assert_eq!(log.0, straight.1, "records, cut at {cut}");
    }
}

/// The feed with site boilerplate around two of every three articles.
pub(crate) fn wrapped(mut lines: Vec<Line>) -> Vec<Line> {
    for (at, line) in lines.iter_mut().enumerate().filter(|(at, _)| at % 3 > 0) {
        let (head, foot) = match at % 2 {
            0 => ("Quaywire > Harbour > News\n\n", ""),
            _ => ("Ost Quay [Quaywire]: ", "\n\nQuaywire prints what the towns send."),
        };
        let body = line.article.body.as_str().trim_end();
        line.article.body = Body::Plain(format!("{head}{body}{foot}"));
    }
    lines
}

#[test]
fn learned_boilerplate_is_restored() {
    let lines = wrapped(feed(6, 300, 28_000));
    let straight = run(&lines);
    let learned = straight.0.iter().filter(|event| match &event.kind {
        EventKind::Classified(c) => c.verdict.flags.iter().any(|flag| flag == LEARNED_BOILERPLATE),
        _ => false,
    });
    assert!(learned.count() > 50, "no boilerplate was learned");
    for cut in (1..lines.len()).step_by(59) {
        let mut state = State::new(settings(), KEY);
        let (mut events, mut log) = (Vec::new(), Log::default());
        for line in &lines[..cut] {
            events.extend(log.apply(&mut state, line));
        }
        let mut state = State::restore(settings(), KEY, log.0.clone()).unwrap();
        for line in &lines[cut..] {
            events.extend(log.apply(&mut state, line));
        }
        assert!(events == straight.0, "events, cut at {cut}");
        assert!(log.0 == straight.1, "records, cut at {cut}");
    }
}

/// The feed in three languages. Every article names people and a port, which depend on its topic.
fn in_three_languages(mut lines: Vec<Line>) -> Vec<Line> {
    for (at, line) in lines.iter_mut().enumerate() {
        let topic = line.article.subjects.last().map_or(0, String::len) + at % 7;
        let names = format!("Mira Brandau{topic}er of Kell{topic} and {} others. ", 100 + topic);
        let body = line.article.body.as_str();
        line.article.body = Body::Plain(format!("{names}{body}"));
        line.article.language = Lang::parse(["en", "de", "ru"][at % 3]);
    }
    lines
}

#[test]
fn links_between_languages_are_restored_and_taken_over() {
    let lines = in_three_languages(feed(14, 500, 28_000));
    let straight = run(&lines);
    let linked = straight.0.iter().filter(|event| match &event.kind {
        EventKind::StoryUpdated(story) => !story.links.is_empty(),
        _ => false,
    });
    assert!(linked.count() > 100, "few stories were linked");
    for cut in (90..lines.len()).step_by(101) {
        let (mut owner, mut log) = (State::new(settings(), KEY), Log::default());
        let mut standby = State::new(settings(), KEY);
        for lines in lines[..cut].chunks(7) {
            let changes = batch(&mut owner, lines);
            changes.clone().into_iter().for_each(|(key, value)| log.put(key, value));
            standby.follow(changes).unwrap();
        }
        let restored = State::restore(settings(), KEY, log.0.clone()).unwrap();
        let (what, tail) = (format!("cut at {cut}"), &lines[cut..]);
        check_tail(restored, Log(log.0.clone()), tail, &straight, &what);
        check_tail(standby, log, tail, &straight, &what);
    }
}

/// Settings with which copies replace each other in the unique topic, and stories have other leads
/// than by default.
fn other_choices() -> [Settings; 3] {
    [
        (SurvivorChoice::Newest, LeadChoice::Newest, &[][..]),
        (SurvivorChoice::Longest, LeadChoice::Longest, &["agency4"]),
        (SurvivorChoice::First, LeadChoice::First, &["agency2", "agency5"]),
    ]
    .map(|(survivor, lead, preferred)| {
        let mut settings = settings();
        settings.verdict.unique.survivor = survivor;
        settings.stories.lead = lead;
        let names: Vec<String> = preferred.iter().map(|name| (*name).to_owned()).collect();
        settings.preferred_publishers = names.try_into().unwrap();
        settings
    })
}

#[test]
fn restores_and_takeovers_work_with_other_choices_of_survivor_and_lead() {
    let lines = feed(12, 500, 28_000);
    for (at, settings) in other_choices().into_iter().enumerate() {
        let straight = run_with(settings.clone(), &lines);
        let replaces = |event: &&Event| match &event.kind {
            EventKind::Classified(c) => c.verdict.pass.replaces().is_some(),
            _ => false,
        };
        let replaced = straight.0.iter().filter(replaces).count();
        assert!(replaced >= 5, "choice {at}: only {replaced} were replaced");
        for cut in (90..lines.len()).step_by(101) {
            let (mut owner, mut log) = (State::new(settings.clone(), KEY), Log::default());
            let mut standby = State::new(settings.clone(), KEY);
            for lines in lines[..cut].chunks(7) {
                let changes = batch(&mut owner, lines);
                changes.clone().into_iter().for_each(|(key, value)| log.put(key, value));
                standby.follow(changes).unwrap();
            }
            let restored = State::restore(settings.clone(), KEY, log.0.clone()).unwrap();
            let (what, tail) = (format!("choice {at}, cut at {cut}"), &lines[cut..]);
            check_tail(restored, Log(log.0.clone()), tail, &straight, &what);
            check_tail(standby, log, tail, &straight, &what);
        }
    }
}

/// Applies `lines` to `state` and checks that events and records equal those in `straight`, which
/// come from a single run over all lines.
fn check_tail(
    mut state: State,
    mut log: Log,
    lines: &[Line],
    straight: &(Vec<Event>, BTreeMap<String, Vec<u8>>),
    what: &str,
) {
    let mut events = Vec::new();
    for line in lines {
        events.extend(log.apply(&mut state, line));
    }
    let tail = &straight.0[straight.0.len() - events.len()..];
    if let Some(at) = events.iter().zip(tail).position(|(a, b)| a != b) {
        panic!("{what}: event {at}\n{:#?}\n{:#?}", events[at], tail[at]);
    }
    assert_eq!(log.0, straight.1, "records, {what}");
}

/// The changes of one batch: the last value of every key, including tombstones.
fn batch(state: &mut State, lines: &[Line]) -> BTreeMap<String, Option<Vec<u8>>> {
    let changes = lines.iter().flat_map(|line| apply(state, line).changes);
    changes.map(|change| (change.key, change.value)).collect()
}

/// Tests batches of several sizes, including some long enough for articles to arrive and expire
/// within them.
#[test]
fn a_takeover_by_a_standby_at_any_point_does_not_change_the_result() {
    let lines = wrapped(feed(6, 500, 28_000));
    let straight = run(&lines);
    let merges = straight.0.iter().filter(|e| matches!(e.kind, EventKind::StoryMerged(_))).count();
    assert!(merges >= 5, "only {merges} merge events");
    assert!(straight.1.keys().any(|key| key.starts_with("e/")), "no boilerplate was learned");
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
                let clock = standby.clock();
                let repeated = standby.tick(clock, &lines[0].input).changes;
                assert_eq!(repeated, [], "followed changes must not be written again");
            }
            let what = format!("batches of {size} from {from}, cut at {cut}");
            check_tail(standby, log, &lines[cut..], &straight, &what);
        }
    }
}

#[test]
fn a_standby_refuses_changes_after_a_gap() {
    let lines = feed(7, 60, 28_000);
    let mut owner = State::new(settings(), KEY);
    let mut standby = State::new(settings(), KEY);
    standby.follow(batch(&mut owner, &lines[..20])).unwrap();
    batch(&mut owner, &lines[20..30]);
    let error = standby.follow(batch(&mut owner, &lines[30..])).unwrap_err();
    assert!(error.to_string().contains("articles are missing"), "{error}");
}

/// Kafka removes tombstones some time after compaction, so a slow reader may not see them. Expired
/// records are recognized without them.
#[test]
fn a_restore_without_tombstones_gives_the_same_state() {
    let lines = feed(8, 700, 28_000);
    let straight = run(&lines);
    for cut in [450, 600, 650] {
        let mut owner = State::new(settings(), KEY);
        let (mut log, mut kept) = (Log::default(), BTreeMap::new());
        for lines in lines[..cut].chunks(5) {
            for (key, value) in batch(&mut owner, lines) {
                log.put(key.clone(), value.clone());
                kept.extend(value.map(|value| (key, value)));
            }
        }
        assert!(kept.len() > log.0.len() + 100, "too few tombstones");
        let state = State::restore(settings(), KEY, kept).unwrap();
        check_tail(state, log, &lines[cut..], &straight, &format!("cut at {cut}"));
    }
}

#[test]
fn a_restore_writes_nothing() {
    let lines = feed(3, 200, 28_000);
    let (_, records) = run(&lines);
    let mut state = State::restore(settings(), KEY, records).unwrap();
    let clock = state.clock();
    assert_eq!(state.tick(clock, &lines[0].input).changes, []);
}

#[test]
fn records_of_expired_articles_are_removed() {
    let lines = feed(4, 200, 28_000);
    let mut state = State::new(settings(), KEY);
    let mut log = Log::default();
    for line in &lines {
        log.apply(&mut state, line);
    }
    let mut last = lines[0].clone();
    last.article.uri = "urn:made-up:last".into();
    last.stamp = lines[199].stamp.plus(Span::hours(1_000));
    log.apply(&mut state, &last);
    assert_eq!((state.live_articles(), state.live_stories()), (1, 1));
    let articles = log.0.keys().filter(|k| k.starts_with("a/")).count();
    assert_eq!(articles, 1, "records of expired articles remain");
}

#[test]
fn an_article_is_in_one_open_story_and_each_story_ends_once() {
    let lines = feed(5, 1_200, 28_000);
    let (events, _) = run(&lines);
    let (mut open, mut ended, mut opened) = (BTreeSet::new(), BTreeSet::new(), 0);
    for event in &events {
        match &event.kind {
            EventKind::StoryOpened(story) => {
                assert!(
                    !ended.contains(&story.id) && open.insert(story.id),
                    "a story id was used twice"
                );
                opened += 1;
            }
            EventKind::Classified(article) => {
                let story = article.story.as_ref().map(|story| story.id);
                assert!(
                    story.is_none_or(|story| open.contains(&story)),
                    "the article joined a story that is not open"
                );
            }
            EventKind::StoryMerged(merged) if merged.key_story == merged.absorbed => {
                assert!(open.remove(&merged.absorbed) && ended.insert(merged.absorbed));
                assert!(open.contains(&merged.survivor.id), "the survivor is not open");
            }
            EventKind::StoryUpdated(story) => assert!(open.contains(&story.id)),
            EventKind::StoryClosed(story) => {
                assert!(
                    open.remove(&story.id) && ended.insert(story.id),
                    "the story ended twice or was never opened"
                );
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

/// The lines, with the ascending times of the clock ticks after each of them.
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

fn apply_ticked(state: &mut State, (line, ticks): &(Line, Vec<EventTime>)) -> Vec<Outcome> {
    let mut outcomes = vec![apply(state, line)];
    for now in ticks {
        outcomes.push(state.tick(*now, &line.input));
        assert!(!state.is_due(*now), "something is still due after a tick");
    }
    outcomes
}

fn events(outcomes: Vec<Outcome>) -> impl Iterator<Item = Event> {
    outcomes.into_iter().flat_map(|outcome| outcome.events)
}

/// Ticks with the same clock readings give the same result, in a second run and after a restore or
/// a takeover at any point.
#[test]
fn ticks_with_the_same_readings_give_the_same_result() {
    let lines = ticked(&feed(9, 300, 28_000));
    let (mut state, mut straight) = (State::new(settings(), KEY), Vec::new());
    for line in &lines {
        straight.extend(events(apply_ticked(&mut state, line)));
    }
    assert!(straight.iter().filter(|event| event.cause == EventCause::Clock).count() > 100);
    for cut in (1..lines.len()).step_by(41) {
        let (mut owner, mut before, mut kept) =
            (State::new(settings(), KEY), Vec::new(), Log::default());
        let mut standby = State::new(settings(), KEY);
        for line in &lines[..cut] {
            let outcomes = apply_ticked(&mut owner, line);
            outcomes.iter().for_each(|outcome| kept.write(outcome));
            let changes = outcomes.iter().flat_map(|outcome| outcome.changes.clone());
            let changes: BTreeMap<_, _> =
                changes.map(|change| (change.key, change.value)).collect();
            standby.follow(changes).unwrap();
            before.extend(events(outcomes));
        }
        let restored = State::restore(settings(), KEY, kept.0.clone()).unwrap();
        for mut state in [standby, restored] {
            let mut all = before.clone();
            lines[cut..].iter().for_each(|line| all.extend(events(apply_ticked(&mut state, line))));
            assert!(all == straight, "cut at {cut}");
        }
    }
}

/// After a long pause, thousands of articles have left the window; they expire over several ticks.
#[test]
fn a_long_pause_is_processed_in_bounded_ticks() {
    let lines = feed(10, 1_100, 10);
    let mut state = State::new(settings(), KEY);
    lines.iter().for_each(|line| drop(apply(&mut state, line)));
    let (now, input) = (state.clock().plus(Span::hours(100)), lines[0].input.clone());
    let mut ticks = 0;
    while state.is_due(now) {
        let reach = state.reach(now);
        assert!(reach > state.clock(), "a tick made no progress");
        drop(state.tick(reach, &input));
        ticks += 1;
    }
    assert_eq!((ticks, state.live_articles()), (2, 0));
}
