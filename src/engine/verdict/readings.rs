//! Readings: reports of a value that is measured again and again, such as an exchange rate every
//! hour or the score of a match.
//!
//! ```text
//! The euro stood at 1.0842 dollars at 10:00 on Friday ...
//! The euro stood at 1.0851 dollars at 11:00 on Friday ...      a later reading, not a correction
//! ```
//!
//! The second report is not a correction of the first, although only a few figures differ. A later
//! reading is recognized by a time of day, a minute of play or a date that has moved forward. If
//! nothing else has changed, that time must not have moved forward by more than the time between
//! the two articles: a later report that a meeting begins at 11:00 instead of 10:00 corrects the
//! first one.
//!
//! Reports about different items of a series, such as two lots of an auction, are treated in the
//! same way; see [`items`].
//!
//! Only the hash of an earlier figure is known. Its value is found by hashing the values that it
//! can have.

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::items;
use crate::fingerprint::SHORT_WORDS_MAX;
use crate::text::tokens::word_hash;
use crate::text::{common_form, is_month};

/// Maximum number of figures that differ between two readings; more are handled as a template.
const CHANGED_MAX: usize = 6;
/// Maximum number of words in a reading in which only the time has changed.
const BRIEF_WORDS_MAX: usize = 60;
/// Number of minutes by which the shift of a stated time may exceed the time between the two
/// articles.
const SLACK_MINUTES: i64 = 10;
/// Number of words at the start of a text among which a minute of play is looked for.
const MINUTE_WORDS: u32 = 4;
const DAY_MINUTES: i64 = 24 * 60;
/// Minimum minutes between two reports of successive days.
const DAYS_APART_MINUTES: i64 = 6 * 60;

/// Words that follow an hour.
const AFTER_HOUR: &[&str] = &[
    "uhr",
    "h",
    "hrs",
    "am",
    "pm",
    "gmt",
    "utc",
    "heures",
    "ч",
    "часов",
    "часам",
    "時",
    "时",
    "点",
    "點",
    "giờ",
    "बजे",
];
/// Words that precede an hour.
const BEFORE_HOUR: &[&str] =
    &["um", "ore", "saat", "godz", "godzinie", "ora", "klo", "kl", "klockan", "pukul", "الساعة"];
/// Words that follow a minute of play.
const AFTER_MINUTE: &[&str] = &[
    "min",
    "mins",
    "minute",
    "minutes",
    "minuten",
    "minuto",
    "minutos",
    "minuti",
    "мин",
    "минута",
    "dk",
    "dakika",
    "phút",
    "分",
    "분",
    "मिनट",
    "دقيقة",
];

/// Words at the start of a flash about a goal.
const GOALS: &[&str] =
    &["goal", "tor", "but", "gol", "golo", "doelpunt", "mål", "bramka", "гол", "gooal", "goool"];

/// How far a time has moved between two texts.
struct Shift {
    /// Minutes; negative if the later text states an earlier time.
    minutes: i64,
    /// Whether it is a whole number of days.
    days: bool,
    /// The words that contain the figures of the time: the first word and one past the last.
    words: (u32, u32),
}

/// Whether `new` gives a later reading of what `that` reports, or reports about another item.
pub(super) fn is_later(new: Arrival<'_>, that: Earlier<'_>, pair: &Comparison) -> bool {
    let words = new.print.words();
    let changed = pair.changed_count();
    if changed == 0
        || changed > CHANGED_MAX
        || words > SHORT_WORDS_MAX
        || !same_provider(new.about, that.about)
    {
        return false;
    }
    let figures = AlignedFigures { new, that, pair };
    let apart = new.now.since(that.arrived).0 / 60_000;
    let places: Vec<u32> = pair.changed().map(|p| p.new).collect();
    if items::are_other(&figures, &places, apart) {
        return true;
    }
    let Some(shift) = pair.changed().find_map(|p| figures.shift(p.new)) else { return false };
    let only_time = pair.changed().all(|p| (shift.words.0..shift.words.1).contains(&p.new));
    let in_step = match shift.days {
        true => apart >= DAYS_APART_MINUTES,
        false => shift.minutes <= apart + SLACK_MINUTES,
    };
    shift.minutes > 0 && (!only_time || in_step && words <= BRIEF_WORDS_MAX)
}

/// Two texts with their aligned figures.
pub(super) struct AlignedFigures<'a> {
    new: Arrival<'a>,
    that: Earlier<'a>,
    pair: &'a Comparison,
}

impl AlignedFigures<'_> {
    /// How far the time that contains the figure `at` has moved; `None` if it is not part of a time
    /// or date, or if the earlier figure is not.
    fn shift(&self, at: u32) -> Option<Shift> {
        self.clock(at)
            .or_else(|| self.hour(at))
            .or_else(|| self.minute_of_play(at))
            .or_else(|| self.day(at))
            .or_else(|| self.date(at))
    }

    /// A time such as `10:00`, in which `at` is the hour or the minute.
    fn clock(&self, at: u32) -> Option<Shift> {
        let is_clock = |hour: u32| {
            let (text, minute) = (self.shown(hour)?, self.shown(hour + 1)?);
            let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
            let form = digits(text) && text.len() <= 2 && digits(minute) && minute.len() == 2;
            (form && self.between(hour) == ":").then_some(hour)
        };
        let hour = is_clock(at).or_else(|| is_clock(at.checked_sub(1)?))?;
        let (hours, minutes) = (self.values(hour, 24)?, self.values(hour + 1, 60)?);
        let of = |n: usize| i64::from(60 * hours[n] + minutes[n]);
        Some(Shift { minutes: forward(of(0) - of(1)), days: false, words: (hour, hour + 2) })
    }

    /// A time such as `10 Uhr`, `10.30 Uhr` or `10h30`.
    fn hour(&self, at: u32) -> Option<Shift> {
        let near = |word: Option<&str>, list: &[&str]| {
            word.is_some_and(|word| list.contains(&word.to_lowercase().as_str()))
        };
        let half = ["a", "p"].contains(&self.shown(at + 1).unwrap_or_default());
        let named = near(self.shown(at + 1), AFTER_HOUR)
            || half && self.shown(at + 2) == Some("m")
            || at.checked_sub(1).is_some_and(|before| near(self.shown(before), BEFORE_HOUR));
        let shown = self.shown(at)?;
        let sign = shown.find(|c: char| !c.is_ascii_digit());
        let (minutes, old) = match sign {
            None => {
                let [new, old] = self.values(at, 24).filter(|_| named)?;
                (i64::from(60 * new), i64::from(60 * old))
            }
            Some(place) => {
                let sign = &shown[place..];
                let sign =
                    sign.chars().next().filter(|s| named || matches!(s, 'h' | 'H' | '시'))?;
                let (hour, minute) = shown.split_once(sign)?;
                let hour: i64 = hour.parse().ok()?;
                let minute: i64 = if minute.is_empty() { 0 } else { minute.parse().ok()? };
                let hash = self.old_hash(at)?;
                let form = |n: i64| match shown.ends_with(sign) {
                    true => format!("{}{sign}", n / 60),
                    false => format!("{}{sign}{:02}", n / 60, n % 60),
                };
                let old = (0..DAY_MINUTES).find(|n| figure_hash(&form(*n)) == hash)?;
                (60 * hour + minute, old)
            }
        };
        let words = (at, at + 1);
        Some(Shift { minutes: forward(minutes - old), days: false, words })
    }

    /// A minute of play at the start of the text, such as `67 min: Marel 1 Tavar 0`.
    fn minute_of_play(&self, at: u32) -> Option<Shift> {
        let unit = self.shown(at + 1).map(str::to_lowercase);
        let unit = unit.is_some_and(|unit| AFTER_MINUTE.contains(&unit.as_str()));
        let sign = self.between(at).starts_with(['\'', '’', '′']);
        // A flash about a goal states the minute anywhere.
        let goal = |at: u32| self.shown(at).is_some_and(|w| GOALS.contains(&&*w.to_lowercase()));
        let place = at < MINUTE_WORDS || (0..MINUTE_WORDS).any(goal);
        let [new, old] = self.values(at, 130).filter(|_| place && (unit || sign))?;
        let minutes = i64::from(new) - i64::from(old);
        Some(Shift { minutes, days: false, words: (at, at + 1) })
    }

    /// The day beside the name of a month, before `日`, or at the end of `2026-11-20`.
    fn day(&self, at: u32) -> Option<Shift> {
        let month = |at: u32| self.shown(at).is_some_and(is_month);
        let before = at.checked_sub(1);
        let iso = || {
            let year = self.shown(at.checked_sub(2)?)?;
            let dashes = [at - 2, at - 1].map(|at| self.between(at)) == ["-", "-"];
            (dashes && year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit())).then_some(())
        };
        let named = month(at + 1)
            || before.is_some_and(month)
            || self.shown(at + 1) == Some("日")
            || iso().is_some();
        let [new, old] = self.values(at, 32).filter(|_| named)?;
        let minutes = DAY_MINUTES * (i64::from(new) - i64::from(old));
        Some(Shift { minutes, days: true, words: (at, at + 1) })
    }

    /// A date such as `20.11.2026` or `20/11/2026`.
    fn date(&self, at: u32) -> Option<Shift> {
        let shown = self.shown(at)?;
        let sign = shown.chars().find(|c| matches!(c, '.' | '/'))?;
        let (day, rest) = shown.split_once(sign)?;
        let (month, _) = rest.split_once(sign)?;
        let day: i64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
        month.parse::<u32>().ok().filter(|month| (1..=12).contains(month))?;
        let hash = self.old_hash(at)?;
        let form = |n: i64| [format!("{n}{sign}{rest}"), format!("{n:02}{sign}{rest}")];
        let old = (1..=31).find(|n| form(*n).iter().any(|form| figure_hash(form) == hash))?;
        let minutes = DAY_MINUTES * (day - old);
        Some(Shift { minutes, days: true, words: (at, at + 1) })
    }

    /// The values of the figure `at` in the new and in the earlier text, both below `below`.
    fn values(&self, at: u32, below: u32) -> Option<[u32; 2]> {
        let new = common_form(self.shown(at)?).parse().ok().filter(|value| *value < below)?;
        let hash = self.old_hash(at)?;
        let is_value =
            |n: &u32| [format!("{n}"), format!("{n:02}")].iter().any(|f| figure_hash(f) == hash);
        let old = if is_value(&new) { Some(new) } else { (0..below).find(is_value) };
        Some([new, old?])
    }

    /// The hash of the earlier figure that is aligned with the figure `at`.
    fn old_hash(&self, at: u32) -> Option<u32> {
        let pair = self.pair.figures.iter().find(|p| p.new == at)?;
        let figures = &self.that.print.figures;
        let place = figures.binary_search_by_key(&pair.old, |figure| figure.word).ok()?;
        Some(figures[place].hash)
    }

    /// The values of the figure `at` in the new and in the earlier text, in tenths, both below
    /// 1,000.
    pub(super) fn tenths(&self, at: u32) -> Option<[u32; 2]> {
        let form = common_form(self.shown(at)?);
        let (whole, tenth) = form.split_once(['.', ',']).unwrap_or((&form, "0"));
        let tenth = tenth.get(..1)?.parse::<u32>().ok()?;
        let new = 10 * whole.parse::<u32>().ok().filter(|whole| *whole < 100)? + tenth;
        let hash = self.old_hash(at)?;
        let is_value = |n: &u32| {
            let (whole, tenth) = (n / 10, n % 10);
            let plain = (tenth == 0).then(|| format!("{whole}"));
            let forms = [Some(format!("{whole}.{tenth}")), Some(format!("{whole},{tenth}")), plain];
            forms.iter().flatten().any(|form| figure_hash(form) == hash)
        };
        Some([new, (0..1_000).find(is_value)?])
    }

    /// The byte range of the word `at`.
    pub(super) fn span(&self, at: u32) -> Option<(usize, usize)> {
        let span = self.new.words.spans.get(at as usize)?;
        Some((span.0 as usize, span.1 as usize))
    }

    /// The new text.
    pub(super) fn text(&self) -> &str {
        &self.new.clean.text
    }

    /// Whether the word `at` starts the text or a sentence.
    pub(super) fn is_start(&self, at: u32) -> bool {
        at.checked_sub(1).is_none_or(|at| self.between(at).contains(['.', '!', '?', '\n']))
    }

    /// The word `at` as written.
    pub(super) fn shown(&self, at: u32) -> Option<&str> {
        let span = self.new.words.spans.get(at as usize)?;
        self.new.clean.text.get(span.0 as usize..span.1 as usize)
    }

    /// The text between the words `at` and `at + 1`, or after the last word.
    pub(super) fn between(&self, at: u32) -> &str {
        let spans = &self.new.words.spans;
        let Some(from) = spans.get(at as usize).map(|span| span.1 as usize) else { return "" };
        let to = spans.get(at as usize + 1).map_or(self.new.clean.text.len(), |s| s.0 as usize);
        self.new.clean.text.get(from..to).unwrap_or_default()
    }
}

/// The difference of two times of day in minutes, from minus to plus half a day.
fn forward(minutes: i64) -> i64 {
    (minutes + DAY_MINUTES / 2).rem_euclid(DAY_MINUTES) - DAY_MINUTES / 2
}

/// The hash of a figure, as in a fingerprint.
fn figure_hash(figure: &str) -> u32 {
    (word_hash(figure) >> 32) as u32
}
