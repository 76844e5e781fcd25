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
//! header (service and message number) and the date in the trailer, or else in the keyword line:
//! `anpa:W2870:2013-11-13`. The provider is the name before the last number of the header, or the
//! name in the trailer. A time in the trailer without a zone is in UTC. A time whose zone is
//! unknown or ambiguous, such as `IST`, is ignored, and a flag is set. Text is read as UTF-8 if it
//! is valid UTF-8, else as Windows-1252. Wrapped lines are joined into paragraphs. A new paragraph
//! begins at an indented line, and after a blank line or a line that ends with `<`.
//!
//! Sources: IPTC 7901 (The IPTC Recommended Message Format, 1995); ANPA 1312 (1979, revised 1989).

mod anpa;
mod iptc;
mod times;

use super::Error;
use super::repairs::Repairs;
use crate::article::Article;

const SOH: char = '\u{1}';
const STX: char = '\u{2}';
const ETX: char = '\u{3}';
const EOT: char = '\u{4}';
const SYN: char = '\u{16}';
const US: char = '\u{1f}';

/// Number of bytes at the start of a record in which the header must begin.
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
    let is_anpa = text[..begin].contains(SYN) || header.contains(US);
    let repairs = Repairs::default();
    let (format, mut article) = match is_anpa {
        true => ("anpa", anpa::article(header, body, tail, &repairs)),
        false => ("iptc7901", iptc::article(header, body, &repairs)),
    };
    let sent = if is_anpa { times::of_anpa(tail) } else { times::of_iptc(tail) };
    let service = header.split([' ', '\r', '\n', US]).find(|part| !part.is_empty());
    let service = service.ok_or(Error::Missing("service"))?;
    let day =
        sent.as_ref().map(|sent| &*sent.day).or_else(|| anpa::day(header).filter(|_| is_anpa));
    let day = day.map_or(String::new(), |day| format!(":{day}"));
    article.uri = format!("{format}:{service}{day}");
    let trailer = tail.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    article.versioncreated = repairs.parse("versioncreated", trailer, |_| sent.as_ref()?.at);
    article.flags = repairs.flags();
    if !rest.contains([ETX, EOT]) {
        article.flags.push(super::CUT_OFF.to_owned());
    }
    Ok(article)
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

/// Joins wrapped lines into paragraphs, which are separated by blank lines.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::EventTime;
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

    #[test]
    fn reads_notices_bylines_pictures_and_notebooks() {
        let text = concat!(
            "\u{1}hda0412 3 i 64  haf 0188\r\n\u{2}(Berichtigung: Im ersten Absatz\r\n",
            "muss es 212 Menschen\r\nheißen.)\r\n(KORR-Bericht)\r\nFähre läuft vor\r\n",
            "Marel auf\r\nVon Ada Brandvik, haf\r\n(Foto - Archiv) = \r\n\r\n   ",
            "Marel (haf) - Eine Fähre lief auf.",
            "\r\n\r\n# Notizblock\r\n\r\n## Redaktionelle Hinweise\r\n- Ergänzt Zahl\r\n",
            "## Orte\r\n- [Hafen](Kai 1)\r\n* * * *\r\n## Hinweis\r\n- Kontakt\r\nhaf ab\r\n",
            "\u{3}170801 Mrz 26\r\n\u{4}",
        );
        let read = article(text).unwrap();
        assert_eq!(read.provider.as_deref(), Some("haf"));
        assert_eq!(read.headline, "Fähre läuft vor Marel auf");
        assert_eq!(read.byline.as_deref(), Some("Von Ada Brandvik, haf"));
        let note = "Berichtigung: Im ersten Absatz muss es 212 Menschen heißen.\nKORR-Bericht";
        assert_eq!(read.ednote, Some(format!("{note}\nErgänzt Zahl")));
        assert_eq!(read.body.as_str(), "Marel (haf) - Eine Fähre lief auf.");
    }

    #[test]
    fn reads_anpa_in_the_form_that_kyodo_sends() {
        let text = concat!(
            "\u{1}a0105NWS\u{1f}__ab-\r\nu s\u{14}\u{12} BC-Ferry   03-17 0344\r\n",
            "\u{2}BC-Ferry\r\nFerry aground off Marel+\r\n     MAREL, March 17 NWS - A ferry\r\n",
            "ran aground.\r\n==NWS\r\n\u{3}NWS-21:37-17-03-26\u{4}\r\n",
        );
        let read = article(text).unwrap();
        assert_eq!(read.provider.as_deref(), Some("NWS"));
        assert_eq!(read.headline, "Ferry aground off Marel");
        assert_eq!(read.body.as_str(), "MAREL, March 17 NWS - A ferry ran aground.");
        assert_eq!(read.versioncreated, EventTime::parse("2026-03-17T21:37:00Z"));
        let undated = article(&text.replace("NWS-21:37-17-03-26", "")).unwrap();
        assert_eq!(undated.uri, "anpa:a0105NWS:03-17");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\u{1}-\u{4}\u{16}\u{1f}^<=a-z0-9 \\n\\t:-]{0,120}") {
            drop(article(&text));
            drop(article(&format!("\u{1}a1 3\n\u{2}{text}\u{3}{text}")));
        }
    }
}
