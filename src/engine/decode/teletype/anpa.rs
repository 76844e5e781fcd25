//! ANPA 1312: slug, headline, notes and byline are lines before the text.
//!
//! AP marks these lines with `^` and ends them with `<` or `=`. Kyodo only marks the end of the
//! headline, with `+`, and ends the text with `==` and its name.

use super::{Repairs, paragraphs, words};
use crate::article::{Article, Body};

/// Decodes header, text and trailer. Lines that begin with `^` and end with `<` or `=` precede the
/// text.
pub(super) fn article(header: &str, body: &str, tail: &str, repairs: &Repairs) -> Article {
    let mut article = Article { provider: provider(header, tail), ..Article::default() };
    let keyword = header.lines().nth(1).unwrap_or_default();
    // One-letter selector codes come before the keyword. The first one is the level of urgency.
    let mut letters = keyword.split(|c: char| c.is_whitespace() || c.is_control());
    let level = letters.find(|letter| !letter.is_empty()).filter(|letter| letter.len() == 1);
    article.urgency = level.and_then(|level| {
        repairs.parse("urgency", level, |level| Some("fburdsw".find(level)? as u8 + 1))
    });
    // Several lines that begin with `^` may be sent as one line.
    let body = body.replace("< ^", "<\n^");
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.peek() {
        let line = line.trim_end();
        if line.ends_with('+') && article.headline.is_empty() && article.slugline.is_some() {
            article.headline = words(line.trim_start_matches('^').trim_end_matches('+'));
            lines.next();
            break;
        }
        let ended = line.ends_with(['<', '=']);
        let slug = article.slugline.is_none() && !line.trim().is_empty();
        // A line without an end character continues on the next line, unless the next line also
        // begins with `^`, or is indented because it belongs to a list.
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
    article.body = Body::Plain(paragraphs(lines.filter(|line| !line.starts_with("=="))));
    article
}

/// The provider: the letters after the number in the header (`a0105KYO`), or else the first word
/// of the trailer (`AP-WF-11-13-13`).
fn provider(header: &str, tail: &str) -> Option<String> {
    let service = header.split([' ', '\r', '\n', super::US]).find(|part| !part.is_empty())?;
    let named = service.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let named = named.trim_start_matches(|c: char| c.is_ascii_digit());
    let signed = tail.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let signed = signed.split_once('-').map_or("", |(name, _)| name);
    let is_name = |name: &&str| {
        (2..=8).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic())
    };
    [named, signed].iter().find(|name| is_name(name)).map(|name| (*name).to_owned())
}

/// The month and day at the end of the keyword line, as in `BC-NW--Ferry 03-17 0046`.
pub(super) fn day(header: &str) -> Option<&str> {
    let is_day = |word: &&str| {
        word.split_once('-').is_some_and(|(month, day)| {
            [month, day].iter().all(|n| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    header.lines().nth(1)?.split_whitespace().rev().find(is_day)
}
