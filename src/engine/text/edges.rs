//! Finds where an article's own text begins and ends. A repeated headline, datelines, bylines and
//! trailers are not part of it.
//!
//! In: text and headline. Out: the byte range of the article's own text.
//!
//! ```text
//! Harbour reopens                                          repeated headline
//! PORT SELTZ, March 3 (Northwire) - The harbour reopened.  dateline, then the article's own text
//! You may also like                                        trailer
//! ```
//!
//! Known phrases are data ([`listed`](crate::boilerplate::listed)). Structural rules recognise
//! boilerplate that is not listed: a short closing line that is set apart and does not end a
//! sentence, or a line of short segments separated by bars.
//!
//! Invariant ED-1: a text with words keeps at least one word, unless it consists only of a known
//! trailer. A repeated headline or a dateline is kept if nothing else would be left.
//!
//! Cost: only the edges are examined, so the cost does not grow with the text.

use super::tokens::word_hash;
use crate::boilerplate::listed::{
    BOILERPLATE_PHRASES, HEADER_STARTS, MONTHS, SENTENCE_STARTS, TRAILER_STARTS,
};
use aho_corasick::{AhoCorasick, Anchored, Input, StartKind};
use memchr::{memchr2, memrchr_iter};
use std::ops::Range;
use std::sync::LazyLock;

/// Maximum number of passes over each edge. A pass removes one piece of boilerplate.
const ROUNDS_MAX: usize = 12;
/// Maximum length in bytes of a paragraph that can be boilerplate.
const PARAGRAPH_MAX: usize = 320;
/// Maximum number of lines in a list of links, including blank lines.
const LINKS_MAX: usize = 24;
/// Maximum length in bytes of a line in a list of links.
const LINK_BYTES: usize = 120;
/// Minimum number of words in a sentence that starts like a trailer.
const SENTENCE_WORDS_MIN: usize = 6;
/// Maximum length in bytes of a dateline.
const DATELINE_MAX: usize = 90;

/// An article's own text, and two of the pieces around it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct OwnText {
    /// The byte range of the article's own text.
    pub(super) range: Range<usize>,
    /// The byte range of the dateline; empty if there is none.
    pub(super) dateline: Range<usize>,
    /// The byte range of a short closing line that is not listed; empty if there is none.
    pub(super) closing: Range<usize>,
}

/// Finds the article's own text in `text`.
pub(super) fn own(text: &str, headline: &str) -> OwnText {
    let mut found = OwnText::default();
    let mut start = skip_space(text, 0);
    let end = text.trim_end().len();
    for _ in 0..ROUNDS_MAX {
        let head = &text[start.min(end)..end];
        let cut = match title_at(head, headline).or_else(|| header_line(head)) {
            None => dateline(head).inspect(|cut| found.dateline = start..start + cut),
            cut => cut,
        };
        let Some(cut) = cut.filter(|cut| *cut > 0) else { break };
        start = skip_space(text, start + cut);
    }
    let mut stop = end;
    for _ in 0..ROUNDS_MAX {
        let rest = &text[start.min(stop)..stop];
        let stub = || stub(rest).inspect(|cut| found.closing = stop - cut..stop);
        let cut = parenthesis(rest)
            .or_else(|| trailer(rest))
            .or_else(stub)
            .or_else(|| links(rest))
            .unwrap_or(0);
        if cut == 0 {
            break;
        }
        stop = start + text[start..stop - cut].trim_end().len();
    }
    let has_words = |range: &str| range.chars().any(char::is_alphanumeric);
    let rest = text[start.min(stop)..stop].trim();
    if has_words(rest) && !is_boilerplate(rest) {
        return OwnText { range: start..stop, ..found };
    }
    let range = if has_words(&text[..start.min(end)]) {
        0..text[..start.min(end)].trim_end().len()
    } else if is_boilerplate(text.trim()) {
        0..0
    } else {
        0..text.len()
    };
    OwnText { range, ..OwnText::default() }
}

/// Whether a text consists only of a known trailer.
fn is_boilerplate(text: &str) -> bool {
    text.len() <= PARAGRAPH_MAX && (starts_trailer(text) || is_mostly_boilerplate(text))
}

/// Whether at least half of the sentences of a short text contain one of [`BOILERPLATE_PHRASES`]. A
/// report of a few sentences that ends with an invitation to subscribe is not boilerplate.
fn is_mostly_boilerplate(text: &str) -> bool {
    let sentences = text.split_inclusive(['.', '!', '?', '\n', '。', '！', '？', '؟']);
    let sentences =
        sentences.filter(|s| s.chars().filter(|c| c.is_alphanumeric()).nth(2).is_some());
    let (all, listed) = sentences.fold((0, 0), |(all, listed), sentence| {
        (all + 1, listed + usize::from(contains_boilerplate(&sentence.to_lowercase())))
    });
    listed > 0 && 2 * listed >= all
}

/// Phrases with which a line may start; case is ignored.
struct LineStarts(AhoCorasick);

static TRAILERS: LazyLock<LineStarts> = LazyLock::new(|| LineStarts::of(TRAILER_STARTS));
static HEADERS: LazyLock<LineStarts> = LazyLock::new(|| LineStarts::of(HEADER_STARTS));

impl LineStarts {
    fn of(phrases: &[&str]) -> Self {
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .start_kind(StartKind::Anchored)
            .build(phrases);
        Self(built.expect("the listed phrases are few and short"))
    }

    /// Whether `line` starts with one of the phrases.
    fn is_prefix_of(&self, line: &str) -> bool {
        let starts = |line: &str| self.0.find(Input::new(line).anchored(Anchored::Yes)).is_some();
        if line.is_ascii() { starts(line) } else { starts(&line.to_lowercase()) }
    }
}

/// Whether a line starts with one of [`TRAILER_STARTS`] and is not an ordinary sentence that starts
/// with the same words: `Recommended doses were halved after two deaths.`
pub(crate) fn starts_trailer(line: &str) -> bool {
    TRAILERS.is_prefix_of(line) && !is_sentence(line)
}

/// Whether a line is a sentence of at least [`SENTENCE_WORDS_MIN`] words that starts with one of
/// [`SENTENCE_STARTS`], followed by a word without a capital letter.
fn is_sentence(line: &str) -> bool {
    let lower = line.to_lowercase();
    let Some(rest) = SENTENCE_STARTS.iter().find_map(|start| lower.strip_prefix(start)) else {
        return false;
    };
    let next = line.split_whitespace().nth(lower[..lower.len() - rest.len()].split(' ').count());
    let plain = next.and_then(|word| word.chars().next()).is_some_and(|c| !c.is_uppercase());
    let long = line.split_whitespace().nth(SENTENCE_WORDS_MIN - 1).is_some();
    plain && long && rest.starts_with([' ', ',']) && line.ends_with('.')
}

/// The offset of the first character at or after `from` that is not white space.
fn skip_space(text: &str, from: usize) -> usize {
    text.len() - text[from.min(text.len())..].trim_start().len()
}

/// The alphanumeric words of `text`, each with the offset of its end.
fn plain_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(move |word| {
        let end = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
        (end, word)
    })
}

/// The length of the headline at the start of `text`, if only punctuation follows it on its line
/// and that line is not the last one.
fn title_at(text: &str, headline: &str) -> Option<usize> {
    let (mut words, mut count, mut end) = (plain_words(text), 0, 0);
    for (_, want) in plain_words(headline) {
        let (at, word) = words.next()?;
        if word != want && word_hash(word) != word_hash(want) {
            return None;
        }
        (count, end) = (count + 1, at);
    }
    let rest = &text[end..];
    let line = rest.split('\n').next().unwrap_or_default();
    let closes = line.chars().all(|c| !c.is_alphanumeric()) && rest.len() > line.len();
    (count >= 2 && closes).then_some(end + line.len())
}

/// The length of a first line that is a byline, a timestamp or navigation.
fn header_line(text: &str) -> Option<usize> {
    let (line, rest) = text.split_once('\n')?;
    let shown = line.trim();
    if shown.is_empty() || shown.len() > 100 {
        return None;
    }
    let apart = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let next = rest.trim_start().lines().next().unwrap_or_default();
    let ends_sentence = shown.ends_with(['.', '!', '?', '。', '؟', ',', ';', ':']);
    let listed = !ends_sentence
        && HEADERS.is_prefix_of(shown)
        && shown.split_whitespace().take(10).count() <= 9;
    let next_is_header = || next.trim().len() <= 100 && HEADERS.is_prefix_of(next.trim());
    let boilerplate = (listed && (apart || next_is_header()))
        || (apart && navigation(shown))
        || (apart && contains_boilerplate(&shown.to_lowercase()));
    boilerplate.then_some(line.len())
}

/// Whether a line consists of short segments separated by bars, arrows or bullets. If a segment has
/// a figure or a label, and none is a date or time, the line is a table row:
/// `Gold: Norway | Silver: Canada`.
fn navigation(line: &str) -> bool {
    // The ASCII separators, and the first bytes of the others in UTF-8.
    let bytes = line.as_bytes();
    if memchr2(b'|', b'>', bytes).or_else(|| memchr2(0xc2, 0xe2, bytes)).is_none() {
        return false;
    }
    let pieces = || line.split(['|', '›', '»', '•', '·', '>']).map(str::trim);
    let short = |p: &str| p.split_whitespace().take(5).count() <= 4 && !p.ends_with('.');
    let plain = |p: &str| !p.contains(|c: char| c == ':' || c.is_numeric());
    pieces().nth(1).is_some()
        && pieces().all(short)
        && (pieces().all(plain) || pieces().any(is_date_or_time))
}

/// Whether a text is a date or a time of day, such as `20.11.2026`, `10:42 GMT` or `20 November`.
fn is_date_or_time(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit();
    text.split_whitespace().any(|word| {
        let mut parts = word.split([':', '.', '/', '-']);
        let numbers = parts.clone().count();
        numbers >= 2
            && parts.all(|part| !part.is_empty() && part.chars().all(digits))
            && (numbers == 3 || word.contains(':'))
    }) || text.contains(digits) && text.split_whitespace().any(is_month)
}

/// Whether a text in lower case contains one of [`BOILERPLATE_PHRASES`].
pub(crate) fn contains_boilerplate(lower: &str) -> bool {
    static PHRASES: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::new(BOILERPLATE_PHRASES).expect("the listed phrases are few and short")
    });
    PHRASES.is_match(lower)
}

/// The length of a dateline at the start of `text`: a place, optionally a date and an agency, and a
/// dash; or a bracketed 【dateline】.
fn dateline(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('【') {
        let close = rest.find('】').filter(|at| *at < DATELINE_MAX)?;
        return Some('【'.len_utf8() + close + '】'.len_utf8());
    }
    let window = &text[..text.floor_char_boundary(DATELINE_MAX)];
    let line = window.split('\n').next().unwrap_or_default();
    // A hyphen, or the first byte of a longer dash in UTF-8.
    memchr2(b'-', 0xe2, line.as_bytes())?;
    let (at, dash) = [" - ", " – ", " — ", " -- ", ") -", ") –", ") —"]
        .iter()
        .filter_map(|dash| line.find(dash).map(|at| (at, *dash)))
        .min()?;
    let cut = at + dash.len();
    let before = line[..at + usize::from(dash.starts_with(')'))].trim();
    let agency = before.ends_with(')') && before.contains('(');
    let outside = before.split('(').next().unwrap_or_default();
    let words: Vec<&str> = outside.split_whitespace().collect();
    let (first, named) = (words.first()?, words.len() <= 8);
    let capital =
        |w: &str| w.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
    let shouted = first.chars().filter(|c| c.is_alphabetic()).count() >= 3
        && first.chars().all(|c| !c.is_lowercase() && !c.is_ascii_digit());
    let cased = first.chars().any(|c| c.is_uppercase() || c.is_lowercase());
    let dated = words.iter().any(|w| is_month(w)) && before.chars().any(char::is_numeric);
    let all_names = words.iter().all(|w| capital(w) || is_month(w) || w.len() <= 3 && dated);
    let place = named && (all_names && (shouted || agency || dated) || agency && !cased);
    place.then_some(cut)
}

/// Whether a word, apart from punctuation around it, is the name of a month.
pub(crate) fn is_month(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    MONTHS.contains(&bare.as_str())
}

/// The byte at which the last line of `text` starts, and whether a blank line precedes it; `None`
/// if there is only one line.
fn last_line(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let blank = memrchr_iter(b'\n', bytes).find(|&at| at > 0 && bytes[at - 1] == b'\n');
    match (blank.map(|at| at - 1), text.rfind('\n')) {
        (Some(blank), Some(line)) => {
            Some((blank.max(line) + 1, blank + 1 == line || blank == line))
        }
        (None, Some(line)) => Some((line + 1, false)),
        _ => None,
    }
}

/// The length of a short last line that is set apart and does not end a sentence. A line with a
/// figure or a label is part of the article: `Winner: Una Birch`.
fn stub(text: &str) -> Option<usize> {
    let (from, apart) = last_line(text)?;
    let last = text[from..].trim();
    let sentence = last.ends_with(['.', '!', '?', '"', '”', '»', '。', '」', '؟', '’', '\'']);
    let before_ends =
        || text[..from].trim_end().ends_with(['.', '!', '?', '"', '”', ')', '。', '」']);
    let plain = || !last.contains(|c: char| c == ':' || c == '：' || c.is_numeric());
    let brief = !last.is_empty() && last.split_whitespace().take(7).count() <= 6;
    (apart && brief && !sentence && plain() && before_ends()).then_some(text.len() - from)
}

/// The length of the last line or paragraph, if it is a trailer.
fn trailer(text: &str) -> Option<usize> {
    let (from, apart) = last_line(text)?;
    let last = text[from..].trim();
    if last.is_empty() {
        return Some(text.len() - from);
    }
    let short = last.len() <= PARAGRAPH_MAX;
    let bare = last.trim_start_matches(['(', '[', '*', '-', '–', '—', '•', '>', ' ']);
    let listed = || starts_trailer(last) || bare.len() < last.len() && starts_trailer(bare);
    let boilerplate =
        short && (listed() || apart && is_mostly_boilerplate(last)) || apart && navigation(last);
    boilerplate.then_some(text.len() - from)
}

/// The length of a closing list of links: a listed heading, followed by short lines that do not end
/// sentences.
fn links(text: &str) -> Option<usize> {
    let mut from = text.len();
    for line in text.rsplit('\n').take(LINKS_MAX) {
        from = from.saturating_sub(line.len() + usize::from(from < text.len()));
        let shown = line.trim();
        let few = shown.split_whitespace().take(7).count() <= 6;
        if few && TRAILERS.is_prefix_of(shown) {
            return (from > 0).then_some(text.len() - from);
        }
        if shown.len() > LINK_BYTES || shown.ends_with(['.', ';', '。']) {
            return None;
        }
    }
    None
}

/// The length of a parenthesis at the end of `text` that credits writers and editors or contains
/// another listed phrase.
fn parenthesis(text: &str) -> Option<usize> {
    let (open, close) = match text.chars().next_back() {
        Some(')') => ('(', ')'),
        Some('）') => ('（', '）'),
        _ => return None,
    };
    let at = text.rfind(open).filter(|at| text.len() - at <= PARAGRAPH_MAX)?;
    let inner = text[at..].trim_start_matches(open).trim_end_matches(close).to_lowercase();
    let listed =
        TRAILER_STARTS.iter().any(|start| inner.starts_with(start.trim_start_matches('(')));
    (listed || contains_boilerplate(&inner)).then_some(text.len() - at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept<'a>(text: &'a str, headline: &str) -> &'a str {
        &text[own(text, headline).range]
    }

    #[test]
    fn boilerplate_is_removed() {
        let lead = "The harbour reopened on Friday after two days of repairs.";
        let more = "Ferries ran late.";
        for (text, headline) in [
            (format!("{lead}\n\n{more}"), "Harbour reopens"),
            (
                format!("Harbour reopens\n\nHarbour reopens\n\n\n{lead}\n\n{more}"),
                "Harbour reopens",
            ),
            (format!("HARBOUR REOPENS.\n{lead}\n\n{more}"), "Harbour reopens"),
            (format!("PORT SELTZ, March 3 (Northwire) - {lead}\n\n{more}"), "x"),
            (format!("Seltz (nw) - {lead}\n\n{more}"), "x"),
            (format!("Seltz, 3. März (nw) – {lead}\n\n{more}"), "x"),
            (format!("By Ada Fenn\nPublished 10:32 GMT\n\n{lead}\n\n{more}"), "x"),
            (format!("By Our Correspondent in the North\n\n{lead}\n\n{more}"), "x"),
            (format!("NEWS | MARKETS | SPORT\n\n{lead}\n\n{more}"), "x"),
            (format!("{lead}\n\n{more}\n\nYou may also like"), "x"),
            (format!("{lead}\n\n{more}\n\n(Reporting by A. Fenn; Editing by B. Oakes)"), "x"),
            (format!("{lead}\n\n{more} (Reporting by A. Fenn)"), "x"),
            (format!("{lead}\n\n{more}\n\nCopyright Northwire. All rights reserved."), "x"),
            (
                format!("{lead}\n\n{more}\n\nSign up for our morning newsletter.\n\nMore stories"),
                "x",
            ),
            (format!("{lead}\n\n{more}\n\nWeather in your region"), "x"),
            (
                format!(
                    "{lead}\n\n{more}\n\n\
                     You may also like\n\nTen ways to the sea\nWho pays?\n\n© Northwire"
                ),
                "x",
            ),
            (format!("{lead}\n\n{more}\n\nLesen Sie auch: Fähren fahren wieder"), "x"),
        ] {
            assert_eq!(kept(&text, headline), format!("{lead}\n\n{more}"), "{text}");
        }
    }

    #[test]
    fn the_articles_own_text_is_kept() {
        for text in [
            "Rates rose by a quarter point - the third rise this year - the bank said.",
            "By late Monday the\nstorm had passed. Nobody was hurt.",
            "Harbour reopens",
            "Cod 12.50\nHake 9.10\nSole 21.00",
            "A short alert",
            "He said: \"No.\"\n\nShe agreed.",
            "The club won 3-1.\n\nScorers: Fenn 2, Oakes",
            "Ada Fenn was fined on Monday. The fine was raised. Read more on our website.",
            "A baker opened a shop.\n\nShe sells cookies to crews. Bread follows. Many came.",
        ] {
            assert_eq!(kept(text, "Something else"), text);
        }
        assert_eq!(kept("Harbour reopens", "Harbour reopens"), "Harbour reopens");
        let notice = "Copyright Northwire. All rights reserved.";
        let alert = format!("SELTZ - Harbour reopens.\n{notice}");
        assert_eq!(kept(&alert, "Harbour reopens"), "SELTZ - Harbour reopens.");
        assert_eq!(kept(notice, "Harbour reopens"), "");
        assert_eq!(kept("Read more", "Harbour reopens"), "");
    }

    #[test]
    fn phrases_match_the_start_of_lines_in_any_case() {
        assert!(SENTENCE_STARTS.iter().all(|start| TRAILER_STARTS.contains(start)));
        for phrase in TRAILER_STARTS {
            for line in [phrase.to_uppercase(), format!("{phrase} ö"), format!("x{phrase}")] {
                let lower = line.to_lowercase();
                let naive = TRAILER_STARTS.iter().any(|start| lower.starts_with(start));
                assert_eq!(TRAILERS.is_prefix_of(&line), naive, "{line}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_text_with_words_keeps_words(
            text in "[A-Za-z(). \\n|-]{0,80}",
            headline in "[A-Za-z ]{0,20}",
        ) {
            let words = |t: &str| t.chars().any(char::is_alphanumeric);
            let own = kept(&text, &headline);
            prop_assert!(words(own) == words(&text) || is_boilerplate(text.trim()));
        }
    }
}
