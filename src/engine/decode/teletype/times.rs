//! The times in the trailers of teletype messages.

use crate::article::EventTime;

/// The first letters of the names of the months, in several languages.
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

/// The time in a trailer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TrailerTime {
    /// The date as written: `2013-11-13`.
    pub(super) day: String,
    /// The time; `None` if its zone is unknown or ambiguous.
    pub(super) at: Option<EventTime>,
}

/// Parses `131137 GMT Nov 13`: day, hour, minute, zone, month, year. Without a zone, the time is in
/// UTC.
pub(super) fn of_iptc(tail: &str) -> Option<TrailerTime> {
    let mut parts = tail.split_whitespace();
    let (time, zone) = parts.next()?.split_at_checked(6)?;
    if !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut zones: Vec<&str> = Some(zone).into_iter().filter(|zone| !zone.is_empty()).collect();
    let month = parts.find_map(|part| {
        let month = month(part);
        if month.is_none() {
            zones.push(part);
        }
        month
    })?;
    let year = parts.next()?.trim_end_matches(|c: char| !c.is_ascii_digit());
    let (day, hour, minute) = (time.get(..2)?, time.get(2..4)?, time.get(4..6)?);
    let date = date(year, &month.to_string(), day)?;
    let read = trailer_time(date.clone(), hour, minute, &zones.join(" "))?;
    // The zone may also follow the year, but so may other words.
    let late = parts.next().filter(|_| zones.is_empty());
    let late = late.and_then(|zone| trailer_time(date, hour, minute, zone));
    Some(late.filter(|late| late.at.is_some()).unwrap_or(read))
}

/// Parses `AP-WF-11-13-13 1509GMT`, which has month, day, year, hour, minute and zone, or
/// `KWS-21:37-09-12-18`, which has hour, minute, day, month and year.
pub(super) fn of_anpa(tail: &str) -> Option<TrailerTime> {
    let tail = tail.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let (name, rest) = tail.split_once(' ').unwrap_or((tail, ""));
    let mut parts = name.rsplit('-');
    let (year, middle, first) = (parts.next()?, parts.next()?, parts.next()?);
    match parts.next().and_then(|time| time.split_once(':')) {
        Some((hour, minute)) => trailer_time(date(year, middle, first)?, hour, minute, ""),
        None => {
            let zone = rest.get(4..)?.split(|c: char| c == '<' || c.is_control()).next()?;
            let date = date(year, first, middle)?;
            trailer_time(date, rest.get(..2)?, rest.get(2..4)?, zone.trim())
        }
    }
}

/// A date such as `2013-11-13`. Two-digit years below 70 are in the 2000s.
fn date(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |text: &str| text.parse::<u32>().ok();
    let year = number(year)?;
    let year = if year < 70 {
        2_000 + year
    } else if year < 100 {
        1_900 + year
    } else {
        year
    };
    Some(format!("{year:04}-{:02}-{:02}", number(month)?, number(day)?))
}

/// A time in a zone, if date and time are valid.
fn trailer_time(day: String, hour: &str, minute: &str, zone: &str) -> Option<TrailerTime> {
    let in_utc = EventTime::parse(&format!("{day}T{hour}:{minute}:00Z"))?;
    let at = match zone {
        "" => Some(in_utc),
        zone => EventTime::parse(&format!("{day} {hour}:{minute}:00 {zone}")),
    };
    Some(TrailerTime { day, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_resolved_if_they_have_one_meaning() {
        for (zone, want) in [
            ("", Some("15:30Z")),
            ("GMT", Some("15:30Z")),
            ("UTC", Some("15:30Z")),
            ("Z", Some("15:30Z")),
            ("CET", Some("14:30Z")),
            ("MESZ", Some("13:30Z")),
            ("BST", Some("14:30Z")),
            ("EST", Some("20:30Z")),
            ("PDT", Some("22:30Z")),
            ("JST", Some("06:30Z")),
            ("GMT+0100", Some("14:30Z")),
            ("+0530", Some("10:00Z")),
            ("IST", None),
            ("XYZ", None),
        ] {
            let at = want.and_then(|time| EventTime::parse(&format!("2026-03-15T{time}")));
            assert_eq!(at.is_some(), want.is_some());
            let read = Some(TrailerTime { day: "2026-03-15".to_owned(), at });
            for tail in
                [format!("151530 {zone} Mar 26\r\n\u{7f}"), format!("151530{zone} Mrz 2026")]
            {
                assert_eq!(of_iptc(&tail), read, "{tail}");
            }
            assert_eq!(of_anpa(&format!("NW-WF-03-15-26 1530{zone}<\r\n\u{c}")), read, "{zone}");
            if at.is_some() {
                assert_eq!(of_iptc(&format!("151530 Mar 26 {zone}")), read, "{zone}");
            }
        }
    }

    #[test]
    fn the_date_is_read_in_the_zone_of_the_trailer() {
        let read = of_iptc("150030 JST Mar 26").unwrap();
        assert_eq!(read.day, "2026-03-15");
        assert_eq!(read.at, EventTime::parse("2026-03-14T15:30Z"));
        // The word after the year is not a zone.
        assert_eq!(of_iptc("151530 Mar 26 haf").unwrap().at, EventTime::parse("2026-03-15T15:30Z"));
    }

    #[test]
    fn invalid_times_are_not_read() {
        for tail in ["", "yesterday", "1530 GMT Mar 26", "152530 GMT Mar 26", "321530 GMT Mar 26"] {
            assert_eq!(of_iptc(tail), None, "{tail}");
        }
        assert_eq!(of_anpa("NW-WF-13-15-26 1530GMT<"), None);
    }
}
