//! Tests learned boilerplate: beginnings and ends that otherwise unrelated texts share are
//! recognized, and shared news is not mistaken for boilerplate.

use crate::feed::{Line, feed};
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, Span};
use wirefold_engine::event::{Classified, EventKind};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{LEARNED_BOILERPLATE, State};
use wirefold_engine::verdict::Kind;

const HEAD: &str = "Seltz Quay Desk [Quaywire], Friday: ";
const FOOT: &str = "\n\nQuaywire belongs to the harbour towns and prints what they send.";

/// Unrelated generated reports: originals of more than 60 words.
fn reports(count: usize) -> Vec<Line> {
    let long = |line: &Line| line.article.body.as_str().split(' ').count() > 60;
    let all = feed(77, 40 * count, 30_000);
    let mut state = State::new(Settings::default(), SamplingKey(1));
    let original = |line: &Line| apply(&mut state, line).verdict.relation.kind == Kind::Original;
    let originals: Vec<Line> = all.into_iter().filter(long).filter(original).take(count).collect();
    assert_eq!(originals.len(), count);
    originals
}

fn apply(state: &mut State, line: &Line) -> Classified {
    let new = prepare(line.article.clone(), state.settings(), state.key());
    let events = state.apply(new, line.stamp, line.input.clone()).events;
    let classified = events.into_iter().find_map(|event| match event.kind {
        EventKind::Classified(classified) => Some(*classified),
        _ => None,
    });
    classified.unwrap()
}

/// Returns a state to which `lines` were applied. The results of `provider` and `body` replace the
/// provider and the body of each article.
fn read(
    lines: &[Line],
    provider: impl Fn(usize) -> Option<String>,
    body: impl Fn(usize, &str) -> String,
) -> State {
    let mut state = State::new(Settings::default(), SamplingKey(1));
    for (at, line) in lines.iter().enumerate() {
        let mut line = line.clone();
        line.article.provider = provider(at);
        line.article.body = Body::Plain(body(at, line.article.body.as_str()));
        apply(&mut state, &line);
    }
    state
}

/// Applies one more article and returns its verdict.
fn classify(state: &mut State, provider: &str, body: String) -> Classified {
    let stamp = state.clock().plus(Span::seconds(30));
    let line = Line {
        article: Article {
            uri: format!("urn:late:{}", stamp.0),
            provider: Some(provider.into()),
            headline: "Another headline for it".into(),
            body: Body::Plain(body),
            ..Article::default()
        },
        stamp,
        input: feed(1, 1, 1)[0].input.clone(),
    };
    apply(state, &line)
}

fn text(line: &Line) -> &str {
    line.article.body.as_str()
}

/// Whether the article is flagged as containing learned boilerplate.
fn learned(classified: &Classified) -> bool {
    classified.verdict.flags.iter().any(|flag| flag == LEARNED_BOILERPLATE)
}

#[test]
fn a_foot_is_learned_from_five_unrelated_reports_of_any_provider() {
    let lines = reports(7);
    let wrapped = |at: usize, body: &str| match at {
        0..5 => format!("{body}{FOOT}"),
        _ => body.to_owned(),
    };
    let mut state = read(&lines, |at| Some(format!("agency{at}")), wrapped);
    let copy = classify(&mut state, "bay", format!("{}{FOOT}", text(&lines[6])));
    assert_eq!((copy.verdict.relation.kind, learned(&copy)), (Kind::Duplicate, true));
    let early = classify(&mut state, "bay", format!("{}{FOOT}", text(&lines[0])));
    assert_eq!(
        early.verdict.relation.kind,
        Kind::Duplicate,
        "a copy of a report that was read before the foot was learned"
    );
}

#[test]
fn nothing_is_learned_from_four_reports_or_from_five_copies_of_one() {
    let lines = reports(6);
    let four = |at: usize, body: &str| match at {
        0..4 => format!("{body}{FOOT}"),
        _ => body.to_owned(),
    };
    let mut state = read(&lines, |at| Some(format!("agency{at}")), four);
    let copy = classify(&mut state, "bay", format!("{}{FOOT}", text(&lines[5])));
    assert!(!learned(&copy));
    let one = text(&lines[0]).to_owned();
    let same = |at: usize, _: &str| format!("{one}{} late{at} more{at}.{FOOT}", " x".repeat(at));
    let mut state = read(&lines, |at| Some(format!("agency{at}")), same);
    assert!(!learned(&classify(&mut state, "bay", format!("{}{FOOT}", text(&lines[5])))));
}

#[test]
fn a_head_is_learned_from_the_reports_of_one_provider() {
    let lines = reports(8);
    let wrapped = |at: usize, body: &str| match at {
        0..6 => format!("{HEAD}{body}"),
        _ => body.to_owned(),
    };
    let mut state = read(&lines, |_| Some("quay".into()), wrapped);
    let copy = classify(&mut state, "bay", format!("{HEAD}{}", text(&lines[7])));
    assert_eq!((copy.verdict.relation.kind, learned(&copy)), (Kind::Duplicate, true));
}

#[test]
fn a_flash_above_reports_of_many_providers_is_not_boilerplate() {
    let flash = "The prime minister of Seltz resigned on Friday after a vote of the council.\n\n";
    let lines = reports(12);
    let wrapped = |_: usize, body: &str| format!("{flash}{body}");
    let mut state = read(&lines, |at| Some(format!("agency{at}")), wrapped);
    let copy = classify(&mut state, "bay", format!("{flash}{}", text(&lines[3])));
    assert_eq!((copy.verdict.relation.kind, learned(&copy)), (Kind::Duplicate, false));
    let alone = classify(&mut state, "hill", flash.to_owned());
    assert_eq!(alone.verdict.relation.kind, Kind::Excerpt);
}

#[test]
fn text_that_is_also_a_separate_article_is_not_boilerplate() {
    let flash = "The prime minister of Seltz resigned on Friday after a vote of the council.";
    let lines = reports(12);
    for first in [0, 11] {
        let body = |at: usize, body: &str| match at == first {
            true => flash.to_owned(),
            false => format!("{body}\n\n{flash}"),
        };
        let mut state = read(&lines, |_| Some("quay".into()), body);
        let copy = classify(&mut state, "bay", format!("{}\n\n{flash}", text(&lines[2])));
        assert_eq!(
            (copy.verdict.relation.kind, learned(&copy)),
            (Kind::Duplicate, false),
            "{first}"
        );
        // This flash has another headline, with a subject that is not mentioned in the text of the
        // flash.
        let again = classify(&mut state, "hill", flash.to_owned());
        assert_eq!(again.verdict.relation.kind, Kind::Recurring);
        assert_eq!(again.verdict.relation.rule, "other-subject");
    }
}

#[test]
fn unrelated_reports_with_the_same_boilerplate_are_not_copies() {
    let furniture =
        format!("{FOOT}{}", " It has done so for nine decades and five floods.".repeat(4));
    let lines = reports(12);
    let short = |at: usize, body: &str| {
        let words: Vec<&str> = body.split(' ').take(30).collect();
        let cut = if at < 6 { body.to_owned() } else { words.join(" ") + "." };
        format!("{cut}{furniture}")
    };
    let mut state = read(&lines[..8], |_| Some("quay".into()), short);
    for (at, line) in lines.iter().enumerate().skip(8) {
        let stranger = classify(&mut state, "quay", short(at, text(line)));
        assert_eq!(stranger.verdict.relation.kind, Kind::Original, "{at}");
    }
}

#[test]
fn boilerplate_not_seen_for_a_long_time_is_forgotten() {
    let lines = reports(8);
    let wrapped = |at: usize, body: &str| match at {
        0..5 => format!("{body}{FOOT}"),
        _ => body.to_owned(),
    };
    let mut state = read(&lines, |at| Some(format!("agency{at}")), wrapped);
    let keep = state.settings().tuning.boilerplate.keep;
    let much_later = EventTime(state.clock().0 + 2 * keep.0);
    let mut line = lines[6].clone();
    line.article.body = Body::Plain(format!("{}{FOOT}", text(&line)));
    line.stamp = much_later;
    assert!(!learned(&apply(&mut state, &line)));
}
