//! Tests short reports that are made from templates: over whole wires, counts how many reports are
//! forwarded and how many copies are found.
//!
//! `templates.tsv` contains one template per line: language, headline, body. `{p}`, `{q}`, `{t}`,
//! `{u}` and `{o}` stand for people, towns and an organization; `{a/b}` stands for a word and an
//! alternative that reverses the meaning; `{#a/b}` for a number in words and a different number.
//!
//! A wire has many reports from each template, so that the words of the template become frequent.

use crate::feed::Rng;
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition, Lang};
use wirefold_engine::event::{Classified, EventKind};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::verdict::{Kind, Pass};

const TEMPLATES: &str = include_str!("templates.tsv");
const SENDERS: [&str; 5] = ["Northwire", "Bay Press", "Hillnews", "Quaywire", "Meridian"];

/// Which words of a report are replaced by the alternatives in its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    Word,
    Number,
}

/// The names of one report.
struct Names(BTreeMap<&'static str, String>);

impl Names {
    fn new(language: &str, rng: &mut Rng) -> Self {
        let (starts, middles, ends) = match language {
            "ru" => (RUSSIAN[0], RUSSIAN[1], RUSSIAN[2]),
            _ => (LATIN[0], LATIN[1], LATIN[2]),
        };
        let mut pick = |all: &str| {
            let all: Vec<&str> = all.split(' ').collect();
            all[rng.below(all.len())].to_owned()
        };
        let mut name = || format!("{}{}{}", pick(starts), pick(middles), pick(ends));
        let works = ["Werke", "Labs", "Power", "Stores"];
        Self(BTreeMap::from([
            ("p", format!("{} {}", name(), name())),
            ("q", format!("{} {}", name(), name())),
            ("t", name()),
            ("u", name()),
            ("o", format!("{} {}", name(), works[name().len() % 4])),
        ]))
    }

    /// Fills a headline or body.
    fn fill(&self, template: &str, change: Change) -> String {
        let mut parts = template.split('{');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (slot, rest) = part.split_once('}').unwrap();
            let number = slot.strip_prefix('#');
            match (number.unwrap_or(slot).split_once('/'), number) {
                (None, _) => text += &self.0[slot],
                (Some((_, other)), Some(_)) if change == Change::Number => text += other,
                (Some((_, other)), None) if change == Change::Word => text += other,
                (Some((word, _)), _) => text += word,
            }
            text += rest;
        }
        text
    }
}

const LATIN: [&str; 3] = [
    "Bar Cor Dal Fen Gar Hol Jas Kor Lin Mar Nor Os Pel Quen Ros Sel Tar Ul Ver Wen",
    "a e i o u an er il on ur",
    "den dov ford kin lan ma mer nis rath sen stad tin tor vik wick",
];
const RUSSIAN: [&str; 3] = [
    "Бар Вол Гор Дар Жар Зел Кор Лин Мар Нор Пет Рос Сел Тар Ум Фед",
    "а е и о у ан ер ил он ур",
    "дов вин град кин лен мин нов рин сов тин чев",
];

/// One report, which can be rendered with a change.
struct Report {
    language: &'static str,
    headline: &'static str,
    body: &'static str,
    names: Names,
}

/// Creates `count` reports, using the templates in turn.
fn reports(seed: u64, count: usize) -> Vec<Report> {
    let mut rng = Rng(seed);
    let lines = TEMPLATES.lines().cycle().take(count);
    let report = |line: &'static str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let (language, headline, body) = (fields[0], fields[1], fields[2]);
        Report { language, headline, body, names: Names::new(language, &mut rng) }
    };
    lines.map(report).collect()
}

/// An engine that receives an article every 20 seconds.
struct Wire {
    state: State,
    count: i64,
}

impl Wire {
    fn new() -> Self {
        Self { state: State::new(Settings::default(), SamplingKey(1)), count: 0 }
    }

    fn send(&mut self, provider: &str, language: &str, headline: &str, body: &str) -> Classified {
        self.count += 1;
        let article = Article {
            uri: format!("urn:{}", self.count),
            provider: Some(provider.into()),
            language: Lang::parse(language),
            headline: headline.into(),
            body: Body::Plain(body.into()),
            ..Article::default()
        };
        let offset = self.count;
        let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
        let new = prepare(article, self.state.settings(), self.state.key());
        let events = self.state.apply(new, EventTime(20_000 * self.count), input).events;
        let classified = events.into_iter().find_map(|event| match event.kind {
            EventKind::Classified(classified) => Some(*classified),
            _ => None,
        });
        classified.unwrap()
    }

    fn report(&mut self, provider: &str, report: &Report, change: Change) -> Classified {
        let headline = report.names.fill(report.headline, change);
        let body = report.names.fill(report.body, change);
        self.send(provider, report.language, &headline, &body)
    }
}

/// Checks that at least the share `least` of `all` results are right; `wrong` describes the wrong
/// ones.
fn check(all: usize, wrong: &[String], least: f64) {
    let share = 1.0 - wrong.len() as f64 / all as f64;
    assert!(share >= least, "{share:.4} of {all}:\n{}", wrong[..wrong.len().min(60)].join("\n"));
}

/// Describes the verdict of an article that should have a different one.
fn describe(found: &Classified, body: &str) -> String {
    let (relation, of) = (&found.verdict.relation, &found.verdict.relation.of);
    let of = of.as_ref().map_or("", |of| &of.key.uri);
    let (kind, rule, flags) = (relation.kind.as_str(), &relation.rule, &found.verdict.flags);
    format!("{}: {kind} of {of} by {rule} {flags:?}: {body}", found.about.uri)
}

#[test]
fn reports_about_different_names_and_places_are_forwarded() {
    let (mut wire, mut wrong) = (Wire::new(), Vec::new());
    for (at, report) in reports(1, 2_000).iter().enumerate() {
        let found = wire.report(SENDERS[at / 30 % 5], report, Change::Nothing);
        if found.verdict.pass != Pass::Yes {
            wrong.push(describe(&found, &report.names.fill(report.body, Change::Nothing)));
        }
    }
    check(2_000, &wrong, 0.97);
}

#[test]
fn a_report_with_a_word_that_reverses_the_meaning_is_forwarded() {
    let (mut wire, mut wrong) = (Wire::new(), Vec::new());
    let reports = reports(2, 600);
    for (at, report) in reports.iter().enumerate() {
        wire.report("Northwire", report, Change::Nothing);
        let Some(before) = at.checked_sub(31) else { continue };
        let change = if before / 30 % 2 == 0 { Change::Word } else { Change::Number };
        let found = wire.report("Northwire", &reports[before], change);
        if found.verdict.pass != Pass::Yes {
            wrong.push(describe(&found, &reports[before].names.fill(reports[before].body, change)));
        }
    }
    check(reports.len() - 31, &wrong, 0.97);
}

/// The text with its boilerplate, spelling or line breaks changed. None of these changes is news.
fn retouched(text: &str, how: usize) -> String {
    match how {
        0 => wrapped(text),
        1 => text.to_uppercase(),
        2 => format!("TIDEWATER, Nov 23 (Newsdesk) - {text}"),
        3 => format!("{text}\n\n(Reporting by Ada Fenn; editing by Bo Oakes)"),
        4 => format!("{text} Read more on our website and subscribe to the morning letter."),
        5 => format!("<p>{}</p>\n<p>&nbsp;</p>", text.replace(". ", ".</p>\n<p>")),
        6 => misspelled(text),
        7 => text.replace(", ", " , ").replace('\'', "\u{2019}").replace("ss", "s\u{ad}s"),
        _ => text.to_owned(),
    }
}

/// The text with a line break after every sixth word.
fn wrapped(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    words.chunks(6).map(|line| line.join(" ")).collect::<Vec<_>>().join("\n")
}

/// The text with two letters swapped in its longest word that is not a name.
fn misspelled(text: &str) -> String {
    let plain = |word: &&str| word.chars().all(char::is_lowercase);
    let Some(word) = text.split(' ').filter(plain).max_by_key(|w| w.chars().count()) else {
        return text.to_owned();
    };
    let mut letters: Vec<char> = word.chars().collect();
    letters.swap(3, 4);
    text.replacen(word, &letters.into_iter().collect::<String>(), 1)
}

#[test]
fn reports_with_different_boilerplate_spelling_or_line_breaks_are_copies() {
    let (mut wire, mut wrong) = (Wire::new(), Vec::new());
    let reports = reports(3, 600);
    for (at, report) in reports.iter().enumerate() {
        wire.report(SENDERS[at % 3], report, Change::Nothing);
        let Some(before) = at.checked_sub(31) else { continue };
        let base = &reports[before];
        let headline = base.names.fill(base.headline, Change::Nothing);
        let body = retouched(&base.names.fill(base.body, Change::Nothing), at % 9);
        let sender = if at / 9 % 2 == 0 { SENDERS[before % 3] } else { "Meridian" };
        let found = wire.send(sender, base.language, &headline, &body);
        let copy = [Kind::Duplicate, Kind::Reprint, Kind::Expansion, Kind::Redelivery]
            .contains(&found.verdict.relation.kind);
        if !copy || found.verdict.pass != Pass::Repeat {
            wrong.push(format!("change {}, {}", at % 9, describe(&found, &body)));
        }
    }
    check(reports.len() - 31, &wrong, 0.99);
}
