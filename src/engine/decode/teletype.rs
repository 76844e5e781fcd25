//! Decodes the teletype formats IPTC 7901 and ANPA 1312, in which control characters separate
//! header, text and trailer.
//!
//! ```text
//! IPTC 7901   SOH eca062 4 i 211 ... \n slug/ \n STX headline = \n text ETX 131137 GMT Nov 13 EOT
//! ANPA 1312   SYN SYN SOH W2870 US ... \n f l DC3 DC1 KEYWORD 11-13 0466 \n
//!             STX slug,466< ^headline< ^By somebody= text ETX AP-WF-11-13-13 1509GMT< FF EOT
//! ```
//!
//! Neither format has a permanent identifier. The uri consists of the format, the first word of the
//! header (service and message number) and the date in the trailer, if readable:
//! `anpa:W2870:2013-11-13`. Text is read as UTF-8 if valid, else as Windows-1252. Wrapped lines are
//! joined to paragraphs. A new paragraph begins at an indented line, and after a blank line or a
//! `<` at the end of a line.
//!
//! Sources: IPTC 7901 (The IPTC Recommended Message Format, 1995); ANPA 1312 (1979, revised 1989).

use super::Error;
use super::repairs::Repairs;
use crate::article::{Article, Body, EventTime};

const SOH: char = '\u{1}';
const STX: char = '\u{2}';
const ETX: char = '\u{3}';
const EOT: char = '\u{4}';
const SYN: char = '\u{16}';
const US: char = '\u{1f}';

/// Bytes at the start of a record in which the header must begin.
const LEAD_BYTES: usize = 16;

/// Whether the record looks like a teletype message.
pub(super) fn looks_like_teletype(bytes: &[u8]) -> bool {
    let lead = &bytes[..bytes.len().min(LEAD_BYTES)];
    lead.contains(&1) && bytes.contains(&2)
}

/// Decodes the bytes of a message to text. Messages do not declare their character set.
pub(super) fn read_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Decodes one message.
pub(super) fn article(text: &str) -> Result<Article, Error> {
    let begin = text.find(SOH).ok_or(Error::Missing("header"))?;
    let (header, rest) = text[begin + 1..].split_once(STX).ok_or(Error::Missing("body"))?;
    let (body, tail) = rest.split_once(ETX).unwrap_or((rest, ""));
    let body = body.split(EOT).next().unwrap_or_default();
    let anpa = text[..begin].contains(SYN) || header.contains(US);
    let mut article = if anpa { anpa_article(header, body) } else { iptc_article(header, body) };
    let sent = if anpa { anpa_time(tail) } else { iptc_time(tail) };
    let service = header.split([' ', '\r', '\n', US]).find(|part| !part.is_empty());
    let service = service.ok_or(Error::Missing("service"))?;
    let day = sent.as_deref().map_or(String::new(), |time| format!(":{}", &time[..10]));
    article.uri = format!("{}:{service}{day}", if anpa { "anpa" } else { "iptc7901" });
    let repairs = Repairs::default();
    let trailer = tail.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    article.versioncreated =
        repairs.parse("versioncreated", trailer, |_| EventTime::parse(sent.as_deref()?));
    article.flags = repairs.flags();
    Ok(article)
}

/// IPTC 7901: the slug follows the first header line; the headline ends with `=`.
fn iptc_article(header: &str, body: &str) -> Article {
    let mut lines = header.lines();
    let first = lines.next().unwrap_or_default();
    let slug: Vec<&str> =
        lines.map(|l| l.trim().trim_end_matches('/')).filter(|l| !l.is_empty()).collect();
    let mut parts = first.split_whitespace().skip(1);
    let urgency = parts.next().and_then(|p| p.parse().ok()).filter(|u| (1..=9).contains(u));
    let (headline, text) = match body.split_once('=') {
        Some((headline, text))
            if headline.lines().count() <= 6 && text.starts_with(['\r', '\n']) =>
        {
            (headline, text)
        }
        _ => body.trim_start().split_once('\n').unwrap_or((body, "")),
    };
    let (headline, byline) = split_byline(headline);
    Article {
        headline: join_marks(&headline),
        byline,
        slugline: Some(slug.join(" ")).filter(|slug| !slug.is_empty()),
        body: Body::Plain(paragraphs(text.lines())),
        urgency,
        ..Article::default()
    }
}

/// Splits a headline from the byline that may follow it.
fn split_byline(lines: &str) -> (String, Option<String>) {
    let mut lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
    let byline = |line: &str| {
        ["By ", "Von ", "Par ", "Por ", "Da "].iter().any(|by| line.trim_start().starts_with(by))
    };
    let signed = lines.len() > 1 && lines.last().is_some_and(|line| byline(line));
    let by = if signed { lines.pop().map(words) } else { None };
    (lines.join("\n"), by)
}

/// Joins the lines of a headline. Short leading lines in capitals are marks (`REFILE`,
/// `1ST LEAD`); a colon is added to each of them.
fn join_marks(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(words).filter(|line| !line.is_empty()).collect();
    let mark = |line: &str| {
        line.split(' ').count() <= 3 && !line.contains(char::is_lowercase) && !line.ends_with(':')
    };
    let marks =
        lines.iter().take(lines.len().saturating_sub(1)).take_while(|line| mark(line)).count();
    let joined = lines.iter().enumerate().map(|(at, line)| match at < marks {
        true => format!("{line}:"),
        false => line.clone(),
    });
    joined.collect::<Vec<_>>().join(" ")
}

/// ANPA 1312: lines that begin with `^` and end with `<` or `=` precede the text.
fn anpa_article(header: &str, body: &str) -> Article {
    let mut article = Article::default();
    let keyword = header.lines().nth(1).unwrap_or_default();
    let urgent = keyword.trim_start().chars().next();
    article.urgency =
        urgent.and_then(|level| Some("fburdsw".find(level)? as u8 + 1)).filter(|u| *u <= 9);
    // Several such lines may be sent as one line.
    let body = body.replace("< ^", "<\n^");
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.peek() {
        let line = line.trim_end();
        let ended = line.ends_with(['<', '=']);
        let slug = article.slugline.is_none() && !line.trim().is_empty();
        // A line without an end character is wrapped, unless more such lines follow: a list.
        let mut after = lines.clone().skip(1);
        let mut wrapped = || after.next().is_some_and(|next| !next.starts_with(['^', ' ', '\t']));
        let ahead = line.starts_with('^') && (ended || article.headline.is_empty() && wrapped());
        if !(ahead || slug) || line.starts_with([' ', '\t']) {
            break;
        }
        let mut shown = words(line.trim_start_matches('^').trim_end_matches(['<', '=']));
        lines.next();
        if !ended
            && !slug
            && let Some(rest) = lines.next()
        {
            shown = format!("{shown} {}", words(rest.trim_end().trim_end_matches(['<', '='])));
        }
        if shown.is_empty() || shown.starts_with('*') {
            continue;
        }
        let lower = shown.to_lowercase();
        if article.slugline.is_none() {
            let slug =
                shown.rsplit_once(',').filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit()));
            article.slugline = Some(slug.map_or(shown.as_str(), |(slug, _)| slug).to_owned());
        } else if lower.starts_with("eds:") {
            article.ednote = Some(shown);
        } else if lower.starts_with("by ") {
            article.byline = Some(shown);
        } else if article.headline.is_empty() && !lower.starts_with("ap photo") {
            article.headline = shown;
        }
    }
    article.body = Body::Plain(paragraphs(lines));
    article
}

/// Collapses whitespace and control characters to single spaces, and converts quotation marks.
fn words(line: &str) -> String {
    let quoted = line.replace("``", "\u{201c}").replace("''", "\u{201d}");
    quoted
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Joins wrapped lines to paragraphs, separated by blank lines.
fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let (mut text, mut ended) = (String::new(), true);
    for line in lines {
        let shown = words(line.trim_start_matches('^').trim_end().trim_end_matches(['<', '=']));
        if shown.is_empty() {
            ended = true;
            continue;
        }
        if !text.is_empty() {
            let begins = ended || line.starts_with([' ', '\t', '^']);
            text.push_str(if begins { "\n\n" } else { " " });
        }
        text.push_str(&shown);
        ended = line.trim_end().ends_with('<');
    }
    text
}

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
fn iptc_time(tail: &str) -> Option<String> {
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

/// Parses `AP-WF-11-13-13 1509GMT`: month, day, year, hour, minute.
fn anpa_time(tail: &str) -> Option<String> {
    let (date, rest) = tail.trim_start().split_once(' ')?;
    let mut parts = date.rsplit('-');
    let (year, day, month) = (parts.next()?, parts.next()?, parts.next()?);
    stamp(year, month.to_owned(), day, rest.get(..2)?, rest.get(2..4)?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_iptc_7901() {
        let text = concat!(
            "\u{1}hda0412 3 i 64  haf 0188\r\n\r\nMarel/ferry/\r\n\u{2}EXTRA\n",
            "Ferry runs aground off\nMarel =\r\n\r\n",
            "   Marel (haf) - A ferry with 212 people on board ran\r\n",
            "aground off Marel on Tuesday.\r\n\r\n   Nobody was hurt.\r\n\r\n",
            "\u{3}170801 GMT Mar 26\r\n\u{7f}\u{4}",
        );
        let read = article(text).unwrap();
        assert_eq!(read.uri, "iptc7901:hda0412:2026-03-17");
        assert_eq!(read.headline, "EXTRA: Ferry runs aground off Marel");
        assert_eq!(read.slugline.as_deref(), Some("Marel/ferry"));
        assert_eq!(
            (read.urgency, read.versioncreated),
            (Some(3), EventTime::parse("2026-03-17T08:01:00Z"))
        );
        assert_eq!(
            read.body.as_str(),
            concat!(
                "Marel (haf) - A ferry with 212 people on board ran aground off Marel ",
                "on Tuesday.\n\nNobody was hurt.",
            )
        );
    }

    #[test]
    fn reads_anpa_1312() {
        let text = concat!(
            "\u{16}\u{16}\u{1}N2870\u{1f}_north\r\n",
            "r i\u{13}\u{11} BC-NW--Ferry-Marel     03-17 0046\r\n",
            "\u{2}BC-NW--Ferry-Marel, 1st Ld-Writethru,46<\r\n",
            "^Ferry runs aground off Marel<\r\n^Eds: New approach.<\r\n",
            "^By ADA BRANDVIK=\r\n\t   MAREL (NW) _ ``We heard a noise,'' she\r\n",
            "said.<\r\n\t   Nobody was hurt.<\r\n\u{3}NW-WF-03-17-26 0801GMT<\r\n",
            "\u{c}\u{4}",
        );
        let read = article(text).unwrap();
        assert_eq!(read.uri, "anpa:N2870:2026-03-17");
        assert_eq!(read.slugline.as_deref(), Some("BC-NW--Ferry-Marel, 1st Ld-Writethru"));
        assert_eq!(read.headline, "Ferry runs aground off Marel");
        assert_eq!(read.byline.as_deref(), Some("By ADA BRANDVIK"));
        assert_eq!(read.ednote.as_deref(), Some("Eds: New approach."));
        assert_eq!(read.versioncreated, EventTime::parse("2026-03-17T08:01:00Z"));
        assert_eq!(
            read.body.as_str(),
            "MAREL (NW) _ \u{201c}We heard a noise,\u{201d} she said.\n\nNobody was hurt."
        );
    }

    #[test]
    fn bylines_and_lists_are_not_headlines() {
        let text = concat!(
            "\u{1}hda0412 3 i 64  haf 0188\r\n\u{2}1ST LEAD\r\n",
            "Ferry aground off Marel\r\nBy Ada Brandvik, haf =\r\n\r\n",
            "Marel (haf) - A ferry ran aground.\r\n\u{3}170801 Mrz 26\r\n\u{4}",
        );
        let read = article(text).unwrap();
        assert_eq!(read.headline, "1ST LEAD: Ferry aground off Marel");
        assert_eq!(read.byline.as_deref(), Some("By Ada Brandvik, haf"));
        assert_eq!(read.versioncreated, EventTime::parse("2026-03-17T08:01:00Z"));
        let text = concat!(
            "\u{16}\u{1}V4644\u{1f}-----\r\nr e\u{13} NW-Top 03-17 0121\r\n",
            "\u{2}^*9006< ^NW-Top-Harbour-News,0176<\r\n^Top harbour news<\r\n",
            "^Ferry aground off Marel\r\n^Tolls to rise in May\r\n",
            "\u{3}NW-WF-03-17-26 0801GMT<\r\n\u{4}",
        );
        let read = article(text).unwrap();
        assert_eq!(read.slugline.as_deref(), Some("NW-Top-Harbour-News"));
        assert_eq!(read.headline, "Top harbour news");
        assert_eq!(read.body.as_str(), "Ferry aground off Marel\n\nTolls to rise in May");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\u{1}-\u{4}\u{16}\u{1f}^<=a-z0-9 \\n\\t:-]{0,120}") {
            drop(article(&text));
            drop(article(&format!("\u{1}a1 3\n\u{2}{text}\u{3}{text}")));
        }
    }
}
