//! Finds out what one sentence of a text says about a wire item, here called a story: that it is
//! withdrawn, or that it must not be used.
//!
//! The same verbs occur in news, so the form of the whole sentence is checked. Only function words,
//! dates and the sender may precede the word for the story or the request, and only auxiliary verbs
//! and a quoted headline may come between that word and the verb:
//!
//! ```text
//! The March 17 story "Bridge reopens" is withdrawn.     a statement about a story
//! Please kill the story.                                a request
//! Northwire has withdrawn the report.                   a statement, if Northwire is the sender
//! The journal withdrew the article.                     news
//! "Please do not use this item," the police said.       news: a quotation
//! ```
//!
//! A statement about a [`Cue::Text`] such as `report` is uncertain, because the report may be
//! somebody else's, not the sender's.
//!
//! Cost: linear in the length of the sentence, times the number of its cues, which is small.

use super::cues::Cue;
use super::phrases::{Occurrence, Owner};
use crate::article::NoticeOrder;
use crate::text::script::is_dense;
use std::ops::Range;

/// Maximum number of words between a verb and the word for the story to which the verb refers:
/// `kill the earlier story`.
const GAP: usize = 3;
/// Maximum number of other words before the word for a story that is the subject of a sentence:
/// `The Marel fire story is ...`.
const STRANGERS_MAX: usize = 3;
/// Maximum number of words before the verb with which a sender withdraws an item.
const SENDER_WORDS_MAX: usize = 2;
/// Maximum number of words between the greeting of a letter and the punctuation that ends it.
const GREETED_MAX: usize = 5;
/// Punctuation that ends the greeting of a letter.
const GREETING_ENDS: [char; 7] = [',', ':', '!', '、', '，', '：', '\n'];
/// Maximum length, in characters, of a particle between the word for a story and its predicate.
const PARTICLE_CHARS: usize = 3;

/// What a sentence says about a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement {
    /// Whether the story is withdrawn or held.
    pub(super) order: NoticeOrder,
    /// Whether the sentence asks somebody to withdraw or hold the story.
    pub(super) is_request: bool,
    /// Whether the sentence certainly refers to a wire item.
    pub(super) is_certain: bool,
}

/// A sentence, with the cues in it.
#[derive(Debug)]
pub(super) struct Sentence<'a> {
    text: &'a str,
    range: Range<usize>,
    cues: Vec<(Cue, Range<usize>)>,
}

impl<'a> Sentence<'a> {
    /// The sentences of `text`, each with the cues from `found` that it contains.
    pub(super) fn all(text: &'a str, found: &[Occurrence]) -> Vec<Self> {
        let cue = |o: &Occurrence| match o.owner {
            Owner::Cue(cue) => Some((cue, o.start..o.end)),
            Owner::Row(..) => None,
        };
        let cues: Vec<_> = found.iter().filter_map(cue).collect();
        let with_cues = |range: Range<usize>| {
            let within =
                |(_, r): &&(Cue, Range<usize>)| r.start >= range.start && r.end <= range.end;
            let cues = cues.iter().filter(within).cloned().collect();
            Self { text, range, cues }
        };
        ranges(text).into_iter().map(with_cues).collect()
    }

    /// Whether the sentence contains no cue, and so says nothing about a story.
    pub(super) fn is_plain(&self) -> bool {
        self.cues.is_empty()
    }

    pub(super) fn has(&self, cue: Cue) -> bool {
        self.of(cue).next().is_some()
    }

    fn of(&self, cue: Cue) -> impl Iterator<Item = &Range<usize>> + Clone {
        self.cues.iter().filter(move |(c, _)| *c == cue).map(|(_, range)| range)
    }

    /// Whether it addresses editors: `Editors: ...`, `Attention editors - ...`.
    pub(super) fn salutes(&self) -> bool {
        let asks = || self.has(Cue::Please) || self.has(Cue::Forbid);
        self.of(Cue::Salute).any(|salute| {
            let after = self.text[salute.end..].trim_start_matches(' ');
            let closed = after.starts_with([':', '!', '\n'])
                || after.starts_with([',', '-', '—', '、']) && asks();
            self.strangers(self.range.start..salute.start) <= 1 && closed
        })
    }

    /// Whether it begins like a letter: `Dear customers,`, `Sehr geehrte Damen und Herren!`
    pub(super) fn greets(&self) -> bool {
        self.of(Cue::Greet).any(|greeting| {
            let before = &self.text[self.range.start..greeting.start];
            let after = &self.text[greeting.end..];
            let name = after.split(GREETING_ENDS).next().unwrap_or_default();
            let closed = name.len() < after.len() && words(name) <= GREETED_MAX;
            closed && !before.contains(char::is_alphanumeric)
        })
    }

    /// Whether it asks editors, or anybody, not to use something: `We ask clients to remove it.`
    pub(super) fn asks_not_to_use(&self) -> bool {
        let asks = self.has(Cue::Please) || self.has(Cue::Salute);
        let mut bans = self.of(Cue::Forbid).chain(self.of(Cue::Withdraw));
        asks && bans.any(|ban| !is_spoken(self.text, ban.start))
    }

    /// Whether a sender of one or two words withdraws an item that is quoted: `NW withdraws the
    /// story "Bridge reopens"`. In news, a journal may do the same.
    pub(super) fn withdraws_by_name(&self) -> bool {
        self.of(Cue::Withdraw).any(|verb| {
            let is_near = |noun: &Range<usize>| {
                let rest = &self.text[noun.end..self.range.end];
                let quote = rest.find(QUOTATION_STARTS).map(|quote| words(&rest[..quote]));
                noun.start >= verb.end
                    && self.count(verb.end..noun.start) <= GAP
                    && quote.is_some_and(|between| between <= GAP)
            };
            !is_spoken(self.text, verb.start)
                && self.count(self.lead(verb.start, &[':'])) <= SENDER_WORDS_MAX
                && self.of(Cue::Story).chain(self.of(Cue::Text)).any(is_near)
        })
    }

    /// Whether it forbids the use of a text that `noun` names: `do not use this story`.
    pub(super) fn bans(&self, noun: Cue) -> bool {
        self.of(Cue::Forbid).any(|ban| {
            self.of(noun).any(|story| {
                let asked = || self.begins(ban) && self.count(ban.end..story.start) <= GAP;
                match story.start >= ban.end {
                    true => asked(),
                    false if story.end > ban.start => self.begins(story),
                    false => self.is_subject(noun, story, ban),
                }
            })
        })
    }

    /// Whether it forbids a use and says nothing else: `Do not use.`
    pub(super) fn only_bans(&self) -> bool {
        let nothing = |range: Range<usize>| self.strangers(range) == 0;
        self.of(Cue::Forbid).any(|ban| {
            !is_spoken(self.text, ban.start)
                && nothing(self.range.start..ban.start)
                && nothing(ban.end..self.range.end)
        })
    }

    /// What it says about a story.
    pub(super) fn statement(&self) -> Option<Statement> {
        let verbs = [(Cue::Withdraw, NoticeOrder::Kill), (Cue::Suspend, NoticeOrder::Hold)];
        let all = verbs.into_iter().flat_map(|(cue, order)| {
            self.of(cue).filter_map(move |verb| {
                let joins = |noun| self.of(noun).any(|story| self.binds(noun, story, verb));
                let named = || self.of(Cue::Text).any(|text| self.asks_for(text, verb));
                let is_certain = joins(Cue::Story) || self.asks_by_name(verb) || named();
                let asked = self.of(Cue::Please).any(|please| please.end <= verb.start);
                let is_request = asked || self.salutes();
                let says = is_certain || joins(Cue::Text);
                says.then_some(Statement { order, is_request, is_certain })
            })
        });
        // The first certain statement or, if none is certain, the first one.
        all.reduce(|first, next| if first.is_certain || !next.is_certain { first } else { next })
    }

    /// Whether the verb at `verb` applies to the story that the word at `story` names: `the story
    /// ... is withdrawn`, `kill the story`.
    fn binds(&self, noun: Cue, story: &Range<usize>, verb: &Range<usize>) -> bool {
        match story.end <= verb.start {
            true => self.is_subject(noun, story, verb),
            false => {
                verb.end <= story.start
                    && self.begins(verb)
                    && self.count(verb.end..story.start) <= GAP
            }
        }
    }

    /// Whether the story named at `story` is the subject of the sentence, and a predicate follows.
    fn is_subject(&self, noun: Cue, story: &Range<usize>, predicate: &Range<usize>) -> bool {
        let most = if noun == Cue::Story { STRANGERS_MAX } else { 0 };
        let lead = self.lead(story.start, &[':']);
        !is_spoken(self.text, story.start)
            && self.strangers(lead) <= most
            && is_link(&without_quotes(&self.text[story.end..predicate.start]))
    }

    /// Whether only function words and the sender precede a verb.
    fn begins(&self, verb: &Range<usize>) -> bool {
        !is_spoken(self.text, verb.start)
            && self.strangers(self.lead(verb.start, &[':', ',', '、'])) == 0
    }

    /// Whether it starts with a verb that is followed by a name in quotes, a slug or a pronoun:
    /// `Kill "Bridge reopens"`, `Withhold BC-X--Bridge`, `Editors: kill it`.
    fn asks_by_name(&self, verb: &Range<usize>) -> bool {
        let rest = self.text[verb.end..self.range.end].trim_start();
        let next = rest.split([' ', ',', '.', '\n']).next().unwrap_or_default();
        let named = next.starts_with(QUOTATION_STARTS) || next == "it";
        (named || next.contains("--")) && self.begins(verb)
    }

    /// Whether it starts with a verb and a word for a text, followed by the quoted name, number,
    /// code or uri of that text: `Kill item 157 "Bridge reopens"`, `Kill item a-157`, `Kill item
    /// urn:x:bridge`.
    fn asks_for(&self, text: &Range<usize>, verb: &Range<usize>) -> bool {
        let rest = &self.text[text.end..self.range.end];
        let quote = rest.find(QUOTATION_STARTS);
        let quoted = quote.is_some_and(|quote| words(&rest[..quote]) <= GAP);
        let coded = rest.split_whitespace().next().is_some_and(is_code);
        verb.end <= text.start && (quoted || coded) && self.binds(Cue::Text, text, verb)
    }

    /// The part before `at`, without a salutation or name that ends with one of `ends`.
    fn lead(&self, at: usize, ends: &[char]) -> Range<usize> {
        let before = &self.text[self.range.start..at];
        let start = before
            .rfind(ends)
            .map_or(0, |end| end + before[end..].chars().next().map_or(0, char::len_utf8));
        self.range.start + start..at
    }

    fn count(&self, range: Range<usize>) -> usize {
        words(&self.text[range])
    }

    /// The number of words in a range that are neither function words, nor numbers, nor cues for a
    /// request, a salutation, a text or the sender.
    fn strangers(&self, range: Range<usize>) -> usize {
        let known = |at: usize| {
            let mut cues = self.cues.iter().filter(|(cue, _)| KNOWN.contains(cue));
            cues.any(|(_, range)| range.contains(&at))
        };
        let (mut at, mut count) = (range.start, 0);
        for piece in self.text[range].split_inclusive(|c: char| c.is_whitespace() || c == '-') {
            let word = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
            let start = at + piece.len() - word.len();
            let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            count += usize::from(!word.is_empty() && !known(start) && !is_function_word(word));
            at += piece.len();
        }
        count
    }
}

/// The marks with which a quoted name begins.
const QUOTATION_STARTS: [char; 6] = ['"', '“', '„', '«', '「', '《'];

/// Cues that may precede the word for a story, or a request.
const KNOWN: [Cue; 5] = [Cue::Please, Cue::Salute, Cue::Story, Cue::Text, Cue::Sender];

/// Whether an order at `at` begins its sentence, and the sentence contains no [`Cue::Aside`].
pub(super) fn begins_sentence(text: &str, found: &[Occurrence], at: usize) -> bool {
    let sentences = Sentence::all(text, found);
    sentences.into_iter().find(|sentence| sentence.range.contains(&at)).is_some_and(|sentence| {
        !sentence.has(Cue::Aside) && sentence.strangers(sentence.lead(at, &[':', ','])) <= 1
    })
}

/// The number of words; two characters of a script without spaces count as one word.
pub(super) fn words(text: &str) -> usize {
    words_up_to(text, usize::MAX)
}

/// The number of words, or `most` if there are more.
pub(super) fn words_up_to(text: &str, most: usize) -> usize {
    if text.is_ascii() {
        let mut counted = false;
        let words = text.bytes().filter(|byte| {
            let first = byte.is_ascii_alphanumeric() && !counted;
            counted = first || counted && !byte.is_ascii_whitespace();
            first
        });
        return words.take(most).count();
    }
    let spaced = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    let dense = text.chars().filter(|c| is_dense(*c)).count() / 2;
    (spaced.take(most).count() + dense).min(most)
}

/// The first byte of `。`.
const IDEOGRAPHIC_STOP_START: u8 = 0xe3;

/// The sentences of a text. The end of a line also ends a sentence.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let (mut all, mut start) = (Vec::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        let length = match byte {
            b'.' | b'!' | b'?' | b';'
                if text[at + 1..].starts_with([' ', '\n', '"', '”', '\'']) =>
            {
                1
            }
            b'\n' => 1,
            IDEOGRAPHIC_STOP_START if text[at..].starts_with('。') => '。'.len_utf8(),
            _ => continue,
        };
        all.push(start..at + length);
        start = at + length;
    }
    all.push(start..text.len());
    all
}

/// Whether `at` is within quotation marks. Considers only marks that can be paired reliably.
fn is_spoken(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let straight = before.matches('"').count() % 2 == 1;
    let english = !before.contains('„') && before.rfind('“') > before.rfind('”');
    let corner = before.rfind('「') > before.rfind('」');
    straight || english || corner
}

/// A text without its quoted and bracketed parts, which name the story.
fn without_quotes(text: &str) -> String {
    let (mut rest, mut kept) = (text, String::new());
    while let Some(at) = rest.find(|c| ENCLOSURES.iter().any(|(open, _)| *open == c)) {
        let open = rest[at..].chars().next().unwrap_or_default();
        let inner = &rest[at + open.len_utf8()..];
        let closing = |c: char| ENCLOSURES.contains(&(open, c));
        let Some(end) = inner.find(closing) else { break };
        kept.push_str(&rest[..at]);
        let mut after = inner[end..].chars();
        after.next();
        rest = after.as_str();
    }
    kept + rest
}

/// Pairs of marks that enclose a name.
#[rustfmt::skip]
const ENCLOSURES: &[(char, char)] = &[
    ('"', '"'), ('“', '”'), ('„', '“'), ('„', '”'), ('«', '»'), ('»', '«'), ('「', '」'),
    ('『', '』'), ('《', '》'), ('(', ')'), ('[', ']'),
];

/// Words that may come between the word for a story and its predicate: auxiliary verbs, and words
/// that say how the story was sent.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "has", "have", "been", "was", "are", "were", "be", "being", "must", "should", "shall",
    "will", "to", "now", "hereby", "can", "ist", "wird", "wurde", "hiermit", "darf", "soll",
    "bitte", "est", "a", "ete", "doit", "ne", "queda", "ha", "sido", "debe", "es", "fue", "foi",
    "e",
    "fica", "stata", "stato", "va", "deve", "essere", "wordt", "mag", "er", "bliver", "blir",
    "skal", "ma", "kan", "ar", "har", "ska", "far", "bor", "ei", "saa", "tulee", "zostala",
    "zostaje",
    "jest", "nalezy", "prosimy", "просим", "следует", "была", "было", "lutfen", "headlined",
    "slugged", "titled", "which", "that", "moved", "sent", "transmitted", "filed", "at", "on",
    "trasmessa", "diffusa", "alle", "da", "considerarsi", "emitida", "publicada",
    "today", "earlier", "intitulee", "titulada", "intitolata", "mit", "dem", "titel", "का",
    "को",
];

/// Words that, like [`LINKS`], may come before the word for the story or before a request.
#[rustfmt::skip]
const LEADS: &[&str] = &[
    "the", "this", "our", "its", "of", "for", "from", "and", "we", "do", "all", "above",
    "following",
    "previous", "any", "not", "asked", "requested", "advised", "note", "attention", "notice",
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "urgent",
    "der", "die", "das", "den", "diese", "dieser", "dieses", "unsere", "unser", "wir", "vom", "sie",
    "achtung", "obige", "heutige",
    "la", "le", "les", "l", "cette", "cet", "notre", "nous", "de", "du", "prie", "prions",
    "el", "esta", "este", "nuestra", "nuestro", "nuestros", "nuestras", "hemos", "se", "que",
    "nossos", "nossas", "nostri", "nostre", "nos",
    "o", "as", "os", "nossa", "nosso", "il", "lo", "questa", "questo", "nostra", "abbiamo", "si",
    "di", "het", "dit", "deze", "ons", "wij", "we", "det", "denne", "dette", "detta", "vores",
    "var", "vart", "vi", "et", "en", "tama", "kyseinen", "ta", "ten", "tej", "te", "nasza",
    "эта", "это", "этого", "эту", "наше", "наша", "мы", "данное", "bu", "su", "haberimiz", "cok",
    "هذا", "هذه", "ال", "कृपया", "यह", "इस",
];

/// Whether all words are [`LINKS`], codes, or particles of a script without spaces.
fn is_link(between: &str) -> bool {
    between.split_whitespace().all(|word| {
        let code = || word.contains("--");
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        LINKS.contains(&word) || code() || is_number(word) || is_particle(word, PARTICLE_CHARS)
    })
}

/// Whether a word can precede the word for a story, or a request: an article, auxiliary verb, date,
/// number or the like.
fn is_function_word(word: &str) -> bool {
    LEADS.contains(&word) || LINKS.contains(&word) || is_number(word) || is_particle(word, 2)
}

/// Whether a word is a number (`#` in the folded text), a code that contains a number, or a uri.
fn is_code(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    is_number(word) || word.contains(['#', '@']) || inner.contains(':')
}

fn is_number(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
}

/// Whether a word has at most `most` characters, all of which belong to a script without spaces.
fn is_particle(word: &str, most: usize) -> bool {
    word.chars().count() <= most && word.chars().all(is_dense)
}
