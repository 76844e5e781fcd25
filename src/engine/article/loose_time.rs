//! Reads times as people and old software write them: `Fri, Nov 20 2026 8:00 pm CET`, `20. November
//! 2026`, `1795161600.5`, `/Date(1795161600000)/`.
//!
//! In: a text that is not in a standard format. Out: milliseconds since 1970, or `None` if a part
//! of the text is unknown or ambiguous. A time without a zone is in UTC. Zone names are those of
//! RFC 822, and others for which the tz database has only one offset; `IST` is rejected, because it
//! has three. Numeric dates must be unambiguous: `11/20/2026` can only be 20 November, but
//! `05/06/2026` is rejected. Years outside [`YEARS`] are rejected, because they belong to another
//! calendar.
//!
//! Cost: linear in the text, which is limited to [`BYTES_MAX`].

use super::time_words::{self, is_filler, is_weekday};
use jiff::civil::{Date, Time};
use std::ops::Range;

/// Maximum length in bytes of a text that is read.
const BYTES_MAX: usize = 128;
/// Number of minutes in a day.
const DAY_MINUTES: i64 = 24 * 60;
/// The years that are read.
const YEARS: Range<i16> = 1800..2400;

/// The parts of a time that have been read so far.
#[derive(Debug, Default)]
struct LooseTime {
    /// The numbers of the date in the order in which they are written; their meaning is not yet
    /// known.
    numbers: Vec<DateNumber>,
    /// Whether a full stop follows the last number.
    has_stop: bool,
    month: Option<i8>,
    /// Whether the month was the first word. That word may be a weekday instead: `mardi` begins
    /// like `mars`.
    month_is_first: bool,
    /// The time of day in milliseconds.
    time_ms: Option<i64>,
    afternoon: Option<bool>,
    offset_minutes: Option<i64>,
}

/// A number in a date: the day, the month or the year.
#[derive(Debug, Clone, Copy)]
struct DateNumber {
    value: i16,
    digits: usize,
}

/// Reads a time.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > BYTES_MAX {
        return None;
    }
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let digits = inner.split(['+', '-']).next()?;
        return digits.parse().ok();
    }
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && let Some(stamp) = seconds(text)
    {
        return Some(stamp);
    }
    let text = text.chars().map(ascii).collect::<String>();
    let text = with_separators(&text).unwrap_or(text);
    // A comment in parentheses at the end is the name of the zone, in any language. It is only
    // needed if there is no offset: `GMT+0100 (Central European Standard Time)`, `(CET)`.
    let commented = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    let (main, comment) = commented.unwrap_or((&text, ""));
    let mut read = LooseTime::default();
    for (at, word) in words(main).enumerate() {
        read.word(word, at == 0)?;
    }
    if read.offset_minutes.is_none() {
        words(comment).try_for_each(|word| read.word(word, false))?;
    }
    read.stamp()
}

/// The words of a time.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '(', ')']).flat_map(str::split_whitespace)
}

/// The ASCII form of a full-width character or of an Arabic or Persian digit.
fn ascii(c: char) -> char {
    let code = match u32::from(c) {
        code @ 0xff01..=0xff5e => code - 0xff01 + 0x21,
        code @ 0x660..=0x669 => code - 0x660 + 0x30,
        code @ 0x6f0..=0x6f9 => code - 0x6f0 + 0x30,
        code => code,
    };
    char::from_u32(code).unwrap_or(c)
}

/// A Chinese, Japanese or Korean time with the usual separators: `2026年11月20日(金) 午後8時5分`
/// becomes `2026-11-20 8:5 pm`. `None` if the text is not such a time.
fn with_separators(text: &str) -> Option<String> {
    const WEEKDAYS: &str = "()星期周週曜日月火水木金土一二三四五六天요일월화수목금토";
    let (year, rest) = text.split_once(['年', '년'])?;
    let (month, rest) = rest.split_once(['月', '월'])?;
    let (day, rest) = rest.split_once(['日', '일'])?;
    let clock_start = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let (between, clock) = rest.split_at(clock_start);
    let is_ignored = |c: char| c.is_whitespace() || WEEKDAYS.contains(c);
    let half = match &*between.replace(is_ignored, "") {
        "" => "",
        "午前" | "上午" | "오전" => "am",
        "午後" | "下午" | "오후" => "pm",
        _ => return None,
    };
    let clock = match clock.split_once(['時', '时', '点', '시']) {
        None => clock.to_owned(),
        Some((hours, rest)) => {
            let rest = rest.replace(['分', '분'], ":").replace(['秒', '초'], "").replace(' ', "");
            let rest = rest.trim_end_matches(':');
            format!("{hours}:{}", if rest.is_empty() { "00" } else { rest })
        }
    };
    // A year that does not have four digits belongs to another calendar.
    let year = year.trim();
    (year.len() == 4).then(|| format!("{year}-{}-{} {clock} {half}", month.trim(), day.trim()))
}

/// Seconds since 1970 with a fraction, or with an exponent.
fn seconds(text: &str) -> Option<i64> {
    if text.contains(['e', 'E']) {
        let value: f64 = text.parse().ok()?;
        return (1e9..1e10).contains(&value).then_some((value * 1000.0) as i64);
    }
    let (whole, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 10 || !digits(whole) || !digits(fraction) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 1000 + milliseconds(fraction)?)
}

/// Converts the decimal places of a second to milliseconds.
fn milliseconds(fraction: &str) -> Option<i64> {
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits.parse().ok()
}

impl LooseTime {
    /// Reads one word; `None` if it cannot be part of a time. The first word may be a weekday in
    /// any language.
    fn word(&mut self, word: &str, first: bool) -> Option<()> {
        if self.time_ms.is_some() && word.starts_with(['+', '-']) {
            return self.zone(word);
        }
        if !word.starts_with(|c: char| c.is_ascii_digit()) {
            return self.name(word, first);
        }
        if let Some((date, time)) = word.split_once(['T', 't'])
            && time.contains(':')
        {
            self.date(date)?;
            return self.time(time);
        }
        if word.contains(':') {
            return self.time(word);
        }
        // French: `8h`, `08h05`.
        let is_number = |text: &str| text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        match word.split_once(['h', 'H']) {
            Some((hours, minutes)) if is_number(hours) && is_number(minutes) => {
                self.time(&format!("{hours}:{minutes:0<2}"))
            }
            _ => self.date(word),
        }
    }

    /// Reads a month, a zone, `am` or `pm`, or a word that is ignored.
    fn name(&mut self, word: &str, first: bool) -> Option<()> {
        let lower = word.trim_end_matches('.').to_lowercase();
        if let Some((month, rest)) = lower.split_once('-')
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && time_words::zone_minutes(month).is_none()
        {
            self.name(month, first)?;
            return self.date(rest);
        }
        if matches!(&*lower, "am" | "a.m" | "pm" | "p.m") {
            self.afternoon = Some(lower.starts_with('p'));
            return Some(());
        }
        let free = self.month.is_none() || self.month_is_first;
        let month = time_words::month(&lower, self.has_stop);
        if let Some(month) = month.filter(|_| free && !is_weekday(&lower)) {
            self.month = Some(month);
            self.month_is_first = first;
            return Some(());
        }
        let after_clock = self.time_ms.is_some();
        if self.zone(&lower).is_some() || is_filler(&lower, after_clock) || is_weekday(&lower) {
            return Some(());
        }
        (first && lower.chars().all(char::is_alphabetic)).then_some(())
    }

    /// Reads a zone: a name, an offset, or both, as in `GMT+0100`.
    fn zone(&mut self, word: &str) -> Option<()> {
        let at = word.find(['+', '-']).unwrap_or(word.len());
        let (name, offset) = word.split_at(at);
        let base = if name.is_empty() { 0 } else { time_words::zone_minutes(name)? };
        if self.offset_minutes.is_some() {
            // A name after the offset, as in `+0100 (CET)`, adds nothing.
            return (offset.is_empty() && !name.is_empty()).then_some(());
        }
        let shift = if offset.is_empty() { 0 } else { offset_minutes(offset)? };
        self.offset_minutes = Some(base + shift);
        Some(())
    }

    /// Reads a time of day. `am`, `pm` or a zone may follow it without a space.
    fn time(&mut self, word: &str) -> Option<()> {
        if self.time_ms.is_some() {
            return None;
        }
        let end = word.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
        let (clock, rest) = word.split_at(end.unwrap_or(word.len()));
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut fields = clock.split(':').map(|field| field.parse::<i64>().ok());
        let hours = fields.next()??;
        let minutes = fields.next()??;
        let seconds = fields.next().unwrap_or(Some(0))?;
        if fields.next().is_some() || hours > 24 || minutes > 59 || seconds > 60 {
            return None;
        }
        self.time_ms =
            Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds(fraction)?);
        if rest.is_empty() { Some(()) } else { self.word(rest, false) }
    }

    /// Reads a date or a part of a date: `2026-11-20`, `20.11.2026`, `20th`, `2026`.
    fn date(&mut self, word: &str) -> Option<()> {
        self.has_stop = word.ends_with('.');
        let word = word.trim_end_matches('.');
        let word = ["st", "nd", "rd", "th", "er", "º"]
            .into_iter()
            .find_map(|ending| word.strip_suffix(ending))
            .unwrap_or(word);
        let separator = word.chars().find(|c| !c.is_ascii_digit());
        let Some(separator) = separator else { return self.number(word) };
        if !matches!(separator, '-' | '/' | '.') {
            return None;
        }
        let parts: Vec<&str> = word.split(separator).collect();
        let &[first, second, third] = &parts[..] else { return None };
        if second.starts_with(char::is_alphabetic) {
            self.number(first)?;
            self.name(second, false)?;
            return self.number(third);
        }
        let (a, b): (i16, i16) = (first.parse().ok()?, second.parse().ok()?);
        let (day, month, year) = match separator {
            _ if first.len() == 4 => (third, second, first),
            // In a date with dots, the order is always day, month, year.
            '.' => (first, second, third),
            _ if a > 12 => (first, second, third),
            _ if b > 12 || a == b => (second, first, third),
            _ => return None,
        };
        self.month = Some(month.parse().ok()?);
        self.number(day)?;
        self.number(year)
    }

    fn number(&mut self, digits: &str) -> Option<()> {
        if self.numbers.len() == 2 || digits.len() > 4 {
            return None;
        }
        self.numbers.push(DateNumber { value: digits.parse().ok()?, digits: digits.len() });
        Some(())
    }

    /// The time, once all words have been read.
    fn stamp(self) -> Option<i64> {
        let &[a, b] = &self.numbers[..] else { return None };
        let (day, year) = if a.digits == 4 { (b, a) } else { (a, b) };
        let year = match (year.digits, year.value) {
            (4, year) => year,
            (2, year) if year < 70 => 2000 + year,
            (2, year) => 1900 + year,
            _ => return None,
        };
        if !YEARS.contains(&year) {
            return None;
        }
        let date = Date::new(year, self.month?, i8::try_from(day.value).ok()?).ok()?;
        let mut time = self.time_ms.unwrap_or(0);
        let half_day_ms = DAY_MINUTES / 2 * 60_000;
        if let Some(afternoon) = self.afternoon {
            let hour = time % half_day_ms + if afternoon { half_day_ms } else { 0 };
            time = if time >= half_day_ms + 3_600_000 { time } else { hour };
        }
        let midnight = jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(Time::midnight()));
        let offset = self.offset_minutes.unwrap_or(0) * 60_000;
        Some(midnight.ok()?.as_millisecond() + time - offset)
    }
}

/// The minutes of an offset such as `+0100`, `+01:00`, `+01` or `-5`.
fn offset_minutes(offset: &str) -> Option<i64> {
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = offset[1..].replace(':', "");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let minutes = match digits.len() {
        1 | 2 => number * 60,
        3 | 4 => number / 100 * 60 + number % 100,
        _ => return None,
    };
    (minutes < DAY_MINUTES).then_some(sign * minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::EventTime;
    use proptest::prelude::*;

    const MORNING: i64 = 1_795_161_600_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn reads_times_as_people_and_old_software_write_them() {
        for (text, want) in [
            ("Fri, 20 Nov 2026 08:00:00 CET", MORNING - HOUR),
            ("Fri, 20 Nov 2026 08:00:00 CEST", MORNING - 2 * HOUR),
            ("Fri, 20 Nov 2026 08:00:00 JST", MORNING - 9 * HOUR),
            ("Fri, 20 Nov 2026 08:00:00 GMT+0100", MORNING - HOUR),
            ("Fri, 20 Nov 2026 08:00:00 UTC-5", MORNING + 5 * HOUR),
            ("Fri, 20 Nov 2026 08:00:00 +0100 (CET)", MORNING - HOUR),
            ("Fri, 20 Nov 2026 08:00:00", MORNING),
            ("Fri, Nov 20 2026 08:00:00 +0000", MORNING),
            ("Friday, 20 November 2026 08:00:00 GMT", MORNING),
            ("Fri Nov 20 08:00:00 UTC 2026", MORNING),
            ("Fri,20 Nov 2026 08:00:00 +0000", MORNING),
            ("Nov 20, 2026, 8:00 AM", MORNING),
            ("November 20th, 2026 at 8:00 PM EST", MORNING + 17 * HOUR),
            ("20-Nov-2026 08:00", MORNING),
            ("20 Nov 26 08:00", MORNING),
            ("20. November 2026 um 09:00 MEZ", MORNING),
            ("vendredi 20 novembre 2026 à 08:00", MORNING),
            ("mardi 17 novembre 2026 à 08:00", MORNING - 72 * HOUR),
            ("maandag 16-11-2026 08:00", MORNING - 96 * HOUR),
            ("20 de noviembre de 2026 08:00", MORNING),
            ("20.11.2026 08:00", MORNING),
            ("20.11.2026 08:00:00 Uhr", MORNING),
            ("20/11/2026 08:00", MORNING),
            ("11/20/2026 08:00:00 AM", MORNING),
            ("2026/11/20 08:00:00", MORNING),
            ("2026-11-20 08:00:00 UTC", MORNING),
            ("2026-11-20 08:00:00 +0100", MORNING - HOUR),
            ("2026-11-20 08:00:00.5", MORNING + 500),
            ("Thu, 19 Nov 2026 24:00:00 GMT", MORNING - 8 * HOUR),
            ("20 Nov 2026 12:00 am", MORNING - 8 * HOUR),
            ("20 Nov 2026 12:30 pm", MORNING + 4 * HOUR + HOUR / 2),
            ("20 November 2026", MORNING - 8 * HOUR),
            ("1795161600.5", MORNING + 500),
            ("1.7951616e9", MORNING),
            ("/Date(1795161600000)/", MORNING),
            ("Fri Nov 20 2026 09:00:00 GMT+0100 (Central European Standard Time)", MORNING),
            ("Fri Nov 20 2026 11:00:00 GMT+0300 (Москва, стандартное время)", MORNING),
            ("20 Nov 2026 09:00 (CET)", MORNING),
            ("20 listopada 2026, 08:00", MORNING),
            ("piątek, 20 lis 2026 r., godz. 08:00", MORNING),
            ("20 ноября 2026 г., 11:00 (мск)", MORNING),
            ("20 нояб. 2026 г. в 08:00", MORNING),
            ("20 Kasım 2026 08:00", MORNING),
            ("20 KASIM 2026 saat 08:00", MORNING),
            ("20 de noviembre de 2026 a las 08:00", MORNING),
            ("20 novembre 2026 ore 08:00", MORNING),
            ("20 november 2026 om 08:00 uur", MORNING),
            ("20 november 2026 kl. 08:00", MORNING),
            ("20 de novembro de 2026 às 08:00", MORNING),
            ("20/11/2026 08h00", MORNING),
            ("20 novembre 2026 à 8h", MORNING),
            ("2026年11月20日 08:00", MORNING),
            ("2026年11月20日08时00分", MORNING),
            ("2026年11月20日(金) 午後8時5分", MORNING + 12 * HOUR + HOUR / 12),
            ("２０２６年１１月２０日　０８：００", MORNING),
            ("2026년 11월 20일 금요일 오전 8시", MORNING),
            ("٢٠٢٦-١١-٢٠ ٠٨:٠٠", MORNING),
        ] {
            assert_eq!(parse(text), Some(want), "{text}");
            assert_eq!(EventTime::parse(text), Some(EventTime(want)), "{text}");
        }
    }

    #[test]
    fn times_with_an_unknown_or_ambiguous_part_are_not_read() {
        for text in [
            "3 hours ago",
            "05/06/2026",
            "Fri, 20 Nov 2026 08:00:00 IST",
            "2026-11-20T08:00:00 01:00",
            "20 Nov 2026 25:00",
            "31 Feb 2026",
            "Nov 2026",
            "20 Nov",
            "20 Nov 2026 2027",
            "next Friday 08:00",
            "1.5",
            // October in Croatian, November in Finnish, and years of the Buddhist, Persian and
            // Japanese calendars.
            "20. listopada 2026. 08:00",
            "20. lis 2026.",
            "20. lipnja 2026.",
            "20 marraskuuta 2026",
            "20/11/2569 08:00",
            "1405/08/29",
            "令和8年11月20日",
            "2026年11月20日夜8時",
            "20/11/2026 08h5x",
            "20 Nov 2026 08:00 A",
        ] {
            assert_eq!(EventTime::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-+/:., 0-9a-zTZé年月日時分()]{0,40}") {
            let _ = parse(&text);
        }
    }
}
