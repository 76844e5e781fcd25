//! Explains why two articles do or do not share text, and why they do or do not belong to one
//! story.
//!
//! Input: the engine's explanation of a pair of articles. Output: types for the API and for
//! `explain --json`. The text output of `explain` prints the same types, so the comparison is
//! computed in only one place.

use super::data::{TextRange, rounded};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use utoipa::ToSchema;
use wirefold_engine::article::EventTime;
use wirefold_engine::prepare::Prepared;
use wirefold_engine::stories::{self, Terms};
use wirefold_engine::verdict::rules::{self, Bound};
use wirefold_engine::verdict::{
    self, Arrival, Earlier, Explanation, Kind, Validity, Verdict, explain,
};

/// Shared runs shorter than this many words are not reported.
const PASSAGE_WORDS: u32 = 4;

/// The texts of two articles, compared in the same way as the engine compares them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextComparison {
    /// The earlier article.
    pub a: TextSide,
    /// The later article.
    pub b: TextSide,
    /// Number of samples (selected shingle hashes) that both articles have.
    pub shared_samples: usize,
    /// Hamming distance of the two SimHashes, in bits (0 to 64).
    pub hamming: Option<u32>,
    /// The kind of the later article, judged by the two texts alone.
    pub by_text: ByText,
    /// The rules, in the order in which they are tried. The first rule whose conditions all hold
    /// decides.
    pub rules: Vec<RuleInfo>,
    /// Figures whose value differs between two aligned places.
    pub changed_numbers: Vec<Figures>,
    /// Runs of at least four words that both texts contain.
    pub passages: Vec<SharedRunInfo>,
}

/// The text of one of the two articles.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextSide {
    /// Number of words.
    pub words: usize,
    /// Number of figures.
    pub figures: usize,
    /// Number of samples (selected shingle hashes).
    pub samples: usize,
    /// The SimHash, in hexadecimal.
    pub simhash: String,
    /// The cleaned text, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A verdict based on the two texts alone.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ByText {
    /// The kind.
    #[schema(value_type = String, example = "reprint")]
    pub kind: Kind,
    /// The name of the rule that decided the kind.
    pub rule: &'static str,
}

/// A rule. It assigns its kind if all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleInfo {
    /// The rule's name. The names are stable.
    pub rule: &'static str,
    /// The kind that the rule assigns.
    #[schema(value_type = String, example = "excerpt")]
    pub kind: Kind,
    /// Whether all of its conditions hold.
    pub holds: bool,
    /// The conditions of the rule.
    pub conditions: Vec<ConditionInfo>,
}

/// A comparison of a measure with a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConditionInfo {
    /// The name of the measure.
    pub measure: &'static str,
    /// The value of the measure for this pair.
    pub value: f64,
    /// The comparison operator: `>=`, `<=`, `<` or `>`.
    pub bound: &'static str,
    /// The threshold.
    pub threshold: f64,
    /// Whether the condition holds.
    pub holds: bool,
    /// Distance of the value from the threshold; positive if the condition holds.
    pub margin: f64,
}

/// A figure whose value differs between two aligned places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// The figure in the earlier text.
    pub a: String,
    /// The figure in the later text.
    pub b: String,
}

/// A run of words that both texts contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SharedRunInfo {
    /// Index of its first word in the later text, from 0.
    pub word: u32,
    /// Index of its first word in the earlier text, from 0.
    pub of_word: u32,
    /// Length in words.
    pub words: u32,
    /// Where the run is in the cleaned later text, counted in words.
    pub range: TextRange,
    /// Where the run is in the cleaned earlier text, counted in words.
    pub of_range: TextRange,
    /// The words, as spelled in the later text.
    pub text: String,
}

/// Two prepared articles with their arrival times.
#[derive(Debug, Clone, Copy)]
pub struct PreparedPair<'a> {
    /// The earlier article and its arrival time.
    pub a: (&'a Prepared, EventTime),
    /// The later article and its arrival time.
    pub b: (&'a Prepared, EventTime),
}

impl PreparedPair<'_> {
    /// Compares the two texts as the engine does when the later article arrives.
    pub fn explain(&self, settings: &verdict::Settings) -> Explanation {
        let ((a, arrived), (b, now)) = (self.a, self.b);
        let verdict = Verdict::default();
        let earlier = Earlier {
            sequence: Default::default(),
            arrived,
            about: &a.about,
            print: &a.fingerprint,
            verdict: &verdict,
            validity: Validity::Valid,
        };
        let (about, clean, words, print) = (&b.about, &b.clean, &b.words, &b.fingerprint);
        let later = Arrival { about, clean, words, print, now: now.max(arrived) };
        explain(later, earlier, settings)
    }
}

/// The aligned pairs of figures that differ, as indices of words in the earlier and the later text.
pub fn changed(explanation: &Explanation) -> impl Iterator<Item = (u32, u32)> {
    explanation.figures.iter().filter(|pair| !pair.equal).map(|pair| (pair.old, pair.new))
}

impl TextComparison {
    /// Converts the engine's explanation of `pair`.
    pub fn of(pair: PreparedPair<'_>, explanation: &Explanation) -> Self {
        let ((a, _), (b, _)) = (pair.a, pair.b);
        let of_a: HashSet<u32> = a.fingerprint.samples.iter().copied().collect();
        let (kind, rule) = explanation.by_text;
        Self {
            a: TextSide::of(a),
            b: TextSide::of(b),
            shared_samples: b
                .fingerprint
                .samples
                .iter()
                .filter(|sample| of_a.contains(sample))
                .count(),
            hamming: explanation.evidence.hamming,
            by_text: ByText { kind, rule },
            rules: explanation.rules.iter().map(RuleInfo::of).collect(),
            changed_numbers: changed(explanation)
                .map(|(old, new)| Figures { a: word(a, old).into(), b: word(b, new).into() })
                .collect(),
            passages: passages(b, explanation).collect(),
        }
    }

    /// Removes the two texts.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        (self.a.text, self.b.text) = (None, None);
        self
    }
}

impl TextSide {
    fn of(of: &Prepared) -> Self {
        Self {
            words: of.fingerprint.words(),
            figures: of.fingerprint.figures.len(),
            samples: of.fingerprint.samples.len(),
            simhash: of.fingerprint.simhash.to_string(),
            text: Some(of.clean.text.clone()),
        }
    }
}

impl RuleInfo {
    fn of(from: &rules::Rule) -> Self {
        let conditions = from.conditions().map(|condition| ConditionInfo {
            measure: condition.measure,
            value: condition.value,
            bound: match condition.bound {
                Bound::AtLeast => ">=",
                Bound::AtMost => "<=",
                Bound::Below => "<",
                Bound::Above => ">",
            },
            threshold: condition.threshold,
            holds: condition.holds(),
            margin: condition.margin(),
        });
        let (rule, kind, holds) = (from.name, from.kind, from.holds());
        Self { rule, kind, holds, conditions: conditions.collect() }
    }
}

/// The shared runs of at least `PASSAGE_WORDS` words, with their text from `b`.
fn passages<'a>(
    b: &'a Prepared,
    explanation: &'a Explanation,
) -> impl Iterator<Item = SharedRunInfo> + 'a {
    let shown = explanation.blocks.iter().filter(|block| block.len >= PASSAGE_WORDS);
    shown.filter_map(|block| {
        let start = b.words.spans.get(block.new as usize)?.0 as usize;
        let end = b.words.spans.get(block.new_end() as usize - 1)?.1 as usize;
        let text = b.clean.text.get(start..end)?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let range = TextRange::of_words((block.new, block.new + block.len));
        let of_range = TextRange::of_words((block.old, block.old + block.len));
        let (word, of_word, words) = (block.new, block.old, block.len);
        Some(SharedRunInfo { word, of_word, words, range, of_range, text })
    })
}

/// The text of the word with index `at`; `?` if there is no such word.
fn word(of: &Prepared, at: u32) -> &str {
    let span = of.words.spans.get(at as usize);
    span.and_then(|&(from, to)| of.clean.text.get(from as usize..to as usize)).unwrap_or("?")
}

/// How similar two articles are, as measured for grouping them into one story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoryComparison {
    /// The similarity score: `lexical` times `time`, minus `narrow`.
    pub score: f64,
    /// Minimum score at which an arriving article joins a story.
    pub join: f64,
    /// Minimum score at which a story that still has only one article joins another story when it
    /// is re-scored.
    pub join_again: f64,
    /// `score` minus `join`.
    pub margin: f64,
    /// Lexical similarity: the weighted mean of the channels' cosines.
    pub lexical: f64,
    /// Factor for the time between the two articles, from 0 to 1; 1 if either has no date.
    pub time: f64,
    /// The amount subtracted because the articles share only a few words.
    pub narrow: f64,
    /// The cosine similarity per channel.
    pub channels: Vec<ChannelScore>,
    /// Terms that both articles have, sorted by their contribution to the cosine of the texts,
    /// largest first.
    pub shared: Vec<TermScore>,
    /// Terms that only one of the articles has, sorted by their share of that article's vector
    /// length, largest first.
    pub missing: Vec<TermScore>,
    /// Number of articles from which the term frequencies were computed.
    pub frequencies_of: usize,
}

/// The similarity of two articles in one channel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChannelScore {
    /// `title`, `text`, `names` or `opening`.
    pub name: &'static str,
    /// Cosine similarity, from 0 to 1; absent if either article has nothing in this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
}

/// A term and how much it counts: its contribution to the cosine (in `shared`) or its share of the
/// vector length (in `missing`).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TermScore {
    /// A word with this term, as spelled in one of the articles.
    pub term: String,
    /// The term's contribution or share.
    pub share: f64,
}

impl StoryComparison {
    /// Converts the engine's comparison of the articles `sides`. The terms are spelled as in these
    /// articles.
    pub fn of(
        explanation: &stories::PairScore,
        sides: [&Prepared; 2],
        frequencies_of: usize,
    ) -> Self {
        let mut words: BTreeMap<u32, String> = BTreeMap::new();
        for side in sides {
            let (headline, language) = (&side.about.headline, side.about.language);
            words.extend(Terms::spelled(headline, &side.clean, &side.words, language));
        }
        let terms = |terms: &[(u32, f64)]| {
            let word = |id: &u32| words.get(id).map_or("?", String::as_str).to_owned();
            let term =
                |(id, share): &(u32, f64)| TermScore { term: word(id), share: rounded(*share) };
            terms.iter().map(term).collect()
        };
        let named = ["title", "text", "names", "opening"].into_iter().zip(explanation.channels);
        Self {
            score: rounded(explanation.score),
            join: explanation.join,
            join_again: explanation.join_again,
            margin: rounded(explanation.score - explanation.join),
            lexical: rounded(explanation.lexical),
            time: rounded(explanation.time),
            narrow: rounded(explanation.narrow),
            channels: named
                .map(|(name, cosine)| ChannelScore { name, cosine: cosine.map(rounded) })
                .collect(),
            shared: terms(&explanation.shared),
            missing: terms(&explanation.missing),
            frequencies_of,
        }
    }
}
