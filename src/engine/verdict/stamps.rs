//! Stamps: short lines at the head or foot of a text, such as the time of the last edit, a counter
//! or the temperature in town. Their figures change although the article does not.
//!
//! ```text
//! Aktualisiert: 20.11.2026, 12:32 Uhr
//!
//! Nineteen crew members were taken off a burning ferry ...
//!
//! 274 views
//! ```
//!
//! The stamps of a page differ each time it is fetched. A changed figure in a stamp is neither a
//! correction nor news. Stamps are recognized in any language by their form: a separate line,
//! before or after the running text, that has few words and is not a sentence. Tables, results and
//! short alerts have the same form, so the running text must be long enough, must not announce the
//! line with a colon, and at most [`LINES_MAX`] short lines may be at one edge.
//!
//! Cost: one pass over the text, only for pairs of texts in which a figure differs.

use super::align::SharedRun;
use super::archive::{Arrival, Earlier, are_strangers};
use super::compare::Comparison;
use super::difference::senses_of;
use super::{Settings, names, quantities};
use crate::fingerprint::Fingerprint;
use crate::text::{self, Words};
use std::ops::Range;

/// Maximum number of short lines at one edge. More lines are a table.
const LINES_MAX: usize = 3;
/// Maximum number of characters in a stamp.
const LINE_CHARS_MAX: usize = 80;
/// Maximum number of plain words in a stamp with at most one figure, such as a counter.
const COUNTER_WORDS_MAX: usize = 5;
/// Maximum number of plain words in a stamp with several figures, such as a date with a time.
const DATE_WORDS_MAX: usize = 8;
/// Maximum number of letters in an abbreviation at the end of a stamp. A line that ends with a
/// longer word and a full stop is a sentence.
const ABBREVIATION_LETTERS_MAX: usize = 3;
/// Maximum number of plain words in a row that may be replaced if words change along with the
/// figures, as when `58 minutes ago` becomes `1 hour ago`.
const REPLACED_WORDS_MAX: usize = 3;
/// Minimum number of words in the running text of two articles with the same uri.
const RUNNING_WORDS_MIN: usize = 12;
/// Minimum number of words in the running text of two articles with different uris. If the running
/// text is shorter, they may be two readings of a value with the same fixed text.
const RUNNING_WORDS_MIN_APART: usize = 40;

/// A line of a text that contains words.
struct TextLine<'a> {
    text: &'a str,
    /// Its words, as indices.
    words: Range<usize>,
    /// Whether a blank line precedes it.
    apart: bool,
}

/// The stamps of a text.
struct Stamps {
    /// The words of each stamp, as indices.
    lines: Vec<Range<u32>>,
    /// Number of words in the running text.
    running_words: usize,
}

impl Stamps {
    fn of(text: &str, words: &Words) -> Self {
        let none = Self { lines: Vec::new(), running_words: 0 };
        let lines = lines(text, words);
        let short = |line: &&TextLine<'_>| is_short(line, words);
        let head = lines.iter().take_while(short).count();
        let foot = lines.iter().rev().take_while(short).count();
        if head == lines.len() || words.overflow_hash != 0 {
            return none;
        }
        let (first, last) = (&lines[head], &lines[lines.len() - foot - 1]);
        let begins = head > 0 && head <= LINES_MAX && {
            let before = lines[head - 1].text.chars().count();
            let wrapped = first.text.starts_with(char::is_lowercase);
            first.apart || !wrapped && first.text.chars().count() >= 2 * before
        };
        let ends = foot > 0 && foot <= LINES_MAX && {
            let apart = lines[lines.len() - foot].apart;
            !last.text.ends_with([':', '：']) && (apart || ends_sentence(last.text))
        };
        let head = if begins { &lines[..head] } else { &[] };
        let foot = if ends { &lines[lines.len() - foot..] } else { &[] };
        let stamps = head.iter().chain(foot);
        let of_stamps: usize = stamps.clone().map(|line| line.words.len()).sum();
        let stamps = stamps.filter(|line| figures(line, words) > 0);
        let range = |line: &TextLine<'_>| line.words.start as u32..line.words.end as u32;
        Self { lines: stamps.map(range).collect(), running_words: words.hashes.len() - of_stamps }
    }

    /// Whether the word is in a stamp.
    fn holds(&self, word: u32) -> bool {
        self.lines.iter().any(|line| line.contains(&word))
    }
}

/// The lines of a text that contain words.
fn lines<'a>(text: &'a str, words: &Words) -> Vec<TextLine<'a>> {
    let (mut lines, mut at, mut word, mut apart) = (Vec::new(), 0, 0, true);
    for line in text.split('\n') {
        let end = at + line.len();
        let first = word;
        while words.spans.get(word).is_some_and(|span| (span.0 as usize) < end) {
            word += 1;
        }
        if word > first {
            lines.push(TextLine { text: line.trim(), words: first..word, apart });
            apart = false;
        } else if line.trim().is_empty() {
            apart = true;
        }
        at = end + 1;
    }
    lines
}

/// The number of figures in a line.
fn figures(line: &TextLine<'_>, words: &Words) -> usize {
    let within = |at: usize| words.figures.partition_point(|f| (f.word as usize) < at);
    within(line.words.end) - within(line.words.start)
}

/// Whether a line has few words and is not a sentence.
fn is_short(line: &TextLine<'_>, words: &Words) -> bool {
    let figures = figures(line, words);
    let most = if figures > 1 { DATE_WORDS_MAX } else { COUNTER_WORDS_MAX };
    line.words.len() - figures <= most
        && line.text.chars().count() <= LINE_CHARS_MAX
        && !is_sentence(line.text)
}

/// Whether a line ends with the punctuation of a sentence, and not with an abbreviation.
fn is_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(CLOSERS);
    let Some(rest) = line.strip_suffix('.') else {
        return line
            .ends_with(['!', '?', '…', '。', '！', '？', '؟', '।', ':', '：', ',', ';', '،']);
    };
    let last = rest.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    last.chars().any(char::is_numeric) || last.chars().count() > ABBREVIATION_LETTERS_MAX
}

/// Whether a line ends with a full stop or a mark of the same rank.
fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(CLOSERS);
    line.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '।'])
}

/// Quotation marks and brackets that may follow the end of a sentence.
const CLOSERS: [char; 12] = ['"', '\'', '”', '“', '’', '»', '«', ')', ']', '」', '』', '）'];

/// Minimum number of words in the running text for `new` and `that` to count as one article with
/// changed stamps. `None` if they cannot be one article: they are too far apart in time, or have
/// different headlines and may be from the same sender, who may use a fixed text for different
/// reports.
fn running_words_min(new: Arrival<'_>, that: Earlier<'_>, set: &Settings) -> Option<usize> {
    if new.about.uri == that.about.uri {
        return Some(RUNNING_WORDS_MIN);
    }
    let soon = new.now.since(that.arrived).0 <= set.tuning.template_apart_hours * 3_600_000;
    let same_headline = names::key(&new.about.headline) == names::key(&that.about.headline);
    let same = same_headline || are_strangers(new.about, that.about);
    (soon && same).then_some(RUNNING_WORDS_MIN_APART)
}

/// The stamps of `new`, whose figures may differ from the figures of `that`.
fn stamps(new: Arrival<'_>, that: Earlier<'_>, set: &Settings) -> Option<Stamps> {
    let least = running_words_min(new, that, set)?;
    let stamps = Stamps::of(&new.clean.text, new.words);
    (!stamps.lines.is_empty() && stamps.running_words >= least).then_some(stamps)
}

/// The figures in the headlines of both articles, as hashes. A figure in the headline is news.
fn figures_of_headlines(new: Arrival<'_>, that: Earlier<'_>) -> Vec<u32> {
    let headlines = [&new.about.headline, &that.about.headline];
    let words = headlines.map(|headline| text::words(headline, &text::Limits::default()));
    words.iter().flat_map(|words| &words.figures).map(|figure| figure.hash).collect()
}

/// The hash of the figure at `word`, or `None` if the word is not a figure.
fn figure_at(print: &Fingerprint, word: u32) -> Option<u32> {
    let at = print.figures.binary_search_by_key(&word, |figure| figure.word).ok()?;
    Some(print.figures[at].hash)
}

/// Removes figures that differ, but are in stamps, from the comparison of `new` with `that`, and
/// marks figures that differ only in their spelling as equal.
pub(super) fn leave_out(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &mut Comparison,
    set: &Settings,
) {
    if pair.changed().next().is_none() {
        return;
    }
    quantities::unify(new, that, pair, senses_of(new, that));
    let Some(stamps) = stamps(new, that, set) else { return };
    let news = figures_of_headlines(new, that);
    let is_news = |figure: Option<u32>| figure.is_some_and(|figure| news.contains(&figure));
    let mut left_out = Vec::new();
    pair.figures.retain(|p| {
        let stamp = !p.equal
            && stamps.holds(p.new)
            && !is_news(figure_at(new.print, p.new))
            && !is_news(figure_at(that.print, p.old));
        left_out.extend(stamp.then_some(p.new));
        !stamp
    });
    pair.stamps = left_out;
}

/// Whether the texts of `new` and `that`, which have the same uri, differ only in their stamps.
/// `pair` is the comparison of the texts without the figures in stamps, if the texts were compared.
pub(super) fn differ_only(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: Option<&Comparison>,
    set: &Settings,
) -> bool {
    let Some(stamps) = stamps(new, that, set) else { return false };
    let (ours, theirs) = (&new.print.figures, &that.print.figures);
    if new.print.masked == that.print.masked && ours.len() == theirs.len() {
        let news = figures_of_headlines(new, that);
        return ours.iter().zip(theirs).all(|(a, b)| {
            let is_news = news.contains(&a.hash) || news.contains(&b.hash);
            a.hash == b.hash || stamps.holds(a.word) && !is_news
        });
    }
    pair.is_some_and(|pair| surround(&stamps, new, that, pair))
}

/// Whether the texts differ only in a few words of their stamps.
fn surround(stamps: &Stamps, new: Arrival<'_>, that: Earlier<'_>, pair: &Comparison) -> bool {
    let blocks = &pair.alignment.blocks;
    let end = SharedRun { new: new.print.words() as u32, old: that.print.words() as u32, len: 0 };
    let mut from = (0, 0);
    for block in blocks.iter().chain([&end]) {
        let (ours, theirs) = (from.0..block.new, from.1..block.old);
        let replaced = are_few(&new.print.trace, &ours)
            && are_few(&that.print.trace, &theirs)
            && ours.clone().all(|word| stamps.holds(word));
        // In both texts, the gap must be empty or consist of replaced words of a stamp. Moved text
        // is neither.
        if !replaced && (ours.start != ours.end || theirs.start != theirs.end) {
            return false;
        }
        from = (block.new_end(), block.old_end());
    }
    pair.changed().next().is_none() && are_equal(new, that, blocks)
}

/// Whether `words` is not empty and contains few enough words to be part of a stamp.
fn are_few(trace: &[u8], words: &Range<u32>) -> bool {
    let bytes = trace.get(words.start as usize..words.end as usize).unwrap_or_default();
    let plain = bytes.iter().filter(|byte| **byte != 0).count();
    !bytes.is_empty() && plain <= REPLACED_WORDS_MAX && bytes.len() <= DATE_WORDS_MAX
}

/// Whether the plain words of the blocks are equal, as far as the words of the earlier text are
/// known. The trace, which has one byte per word, does not show every change.
fn are_equal(new: Arrival<'_>, that: Earlier<'_>, blocks: &[SharedRun]) -> bool {
    let old = text::words(&that.print.short_text, &text::Limits::default());
    let known = old.hashes.len() == that.print.words();
    let mut words = blocks.iter().flat_map(|b| (b.new..b.new_end()).zip(b.old..));
    let equal = |(a, b): (u32, u32)| {
        let (a, b) = (a as usize, b as usize);
        new.print.trace[a] == 0 || new.words.hashes.get(a) == old.hashes.get(b)
    };
    !known || words.all(equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stamps of a text, each as written.
    fn found(text: &str) -> Vec<&str> {
        let words = text::words(text, &text::Limits::default());
        let stamps = Stamps::of(text, &words);
        let span = |at: u32| words.spans[at as usize];
        let shown = |r: &Range<u32>| &text[span(r.start).0 as usize..span(r.end - 1).1 as usize];
        stamps.lines.iter().map(shown).collect()
    }

    const BODY: &str = "Divers found cracks in four of the piers, and the board of the harbour \
                        closed the quay for 6 weeks.";

    #[test]
    fn short_lines_at_the_edges_are_stamps() {
        for stamp in [
            "Aktualisiert: 20.11.2026, 12:32 Uhr",
            "vor 3 Minuten",
            "274 views",
            "Lesezeit: 3 Min",
            "Marel 4",
            "更新时间:2026-11-20 12:32",
            "來源:北方網 2026年11月20日 12:32",
            "अपडेट: 20 नवंबर 2026, 12:32",
            "آخر تحديث: 20 نوفمبر 2026 12:32",
        ] {
            assert_eq!(found(&format!("{stamp}\n\n{BODY}")), [stamp]);
            assert_eq!(found(&format!("{stamp}\n{BODY}")), [stamp]);
            assert_eq!(found(&format!("{BODY}\n\n{stamp}")), [stamp]);
            assert_eq!(found(&format!("{BODY}\n{stamp}")), [stamp]);
        }
    }

    #[test]
    fn running_text_tables_and_results_are_not_stamps() {
        for text in [
            BODY.to_owned(),
            "Fire in Marel. 12 dead".to_owned(),
            "Cod 12.50\nHake 9.10\nSole 21.00".to_owned(),
            format!("{BODY}\n\nThe club won 3-1."),
            format!("{BODY}\n\nOf them 14 died."),
            format!("{BODY} Prices at the auction:\n\nCod 12.50"),
            format!("{BODY}\n\nCod 12.50\nHake 9.10\nSole 21.00\nPlaice 4.00"),
            format!("{BODY} He spoke with the\ncrew of 12 boats"),
            format!("In the town of Marel 12\nof the boats sank. {BODY}"),
            format!("Fire in the port of Marel kills 12 people\n\n{BODY}"),
        ] {
            assert_eq!(found(&text), [""; 0], "{text}");
        }
    }
}
