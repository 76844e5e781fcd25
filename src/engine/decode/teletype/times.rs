//! The times in the trailers of teletype messages.

use crate::article::EventTime;

/// The first letters of the months, in several languages.
#[rustfmt::skip]
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen"], &["feb", "fév", "fev"], &["mar", "mär", "mrz"], &["apr", "avr", "abr"],
    &["may", "mai", "mag", "maj"], &["jun", "jui", "giu"], &["jul", "lug"],
    &["aug", "aoû", "aou", "ago"],
    &["sep", "set"], &["oct", "okt", "ott", "out"], &["nov"], &["dec", "dez", "déc", "dic"],
];

/// The number of a month, from its name.
fn month(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    if name.starts_with("juil") {
        return Some(7);
    }
    MONTHS.iter().position(|names| names.iter().any(|n| name.starts_with(n))).map(|at| at + 1)
}

/// Parses `131137 GMT Nov 13`: day, hour, minute, month, year. The time zone is optional, and
/// ignored.
pub(super) fn of_iptc(tail: &str) -> Option<String> {
    let mut parts = tail.split_whitespace();
    let time = parts.next().filter(|time| time.bytes().all(|b| b.is_ascii_digit()))?;
    let month = parts.find_map(month)?;
    let year = parts.next()?;
    let (day, hour, minute) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    stamp(
        year.trim_end_matches(|c: char| !c.is_ascii_digit()),
        month.to_string(),
        day,
        hour,
        minute,
    )
}

/// Parses `AP-WF-11-13-13 1509GMT`, which has month, day, year, hour and minute, or
/// `KWS-21:37-09-12-18`, which has hour, minute, day, month and year.
pub(super) fn of_anpa(tail: &str) -> Option<String> {
    let tail = tail.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let (date, rest) = tail.split_once(' ').unwrap_or((tail, ""));
    let mut parts = date.rsplit('-');
    let (year, middle, first) = (parts.next()?, parts.next()?, parts.next()?);
    match parts.next().and_then(|time| time.split_once(':')) {
        Some((hour, minute)) => stamp(year, middle.to_owned(), first, hour, minute),
        None => stamp(year, first.to_owned(), middle, rest.get(..2)?, rest.get(2..4)?),
    }
}

/// An RFC 3339 time, if the parts are valid. Two-digit years below 70 are in the 2000s.
fn stamp(year: &str, month: String, day: &str, hour: &str, minute: &str) -> Option<String> {
    let number = |text: &str| text.parse::<u32>().ok();
    let year = number(year)?;
    let year = if year < 70 {
        2_000 + year
    } else if year < 100 {
        1_900 + year
    } else {
        year
    };
    let (month, day) = (number(&month)?, number(day)?);
    let time = format!("{year:04}-{month:02}-{day:02}T{hour}:{minute}:00Z");
    EventTime::parse(&time).is_some().then_some(time)
}
