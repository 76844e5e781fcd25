//! Why two articles are, or are not, the same, and why they are, or are not, near enough for one story.
//!
//! In: what the engine computed. Out: it, for machines: `explain --json` and the API send these types,
//! and `explain` prints them, so that nothing is computed twice in two ways.

use super::data::rounded;
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

/// Words from which a shared run is shown.
const PASSAGE_WORDS: u32 = 4;

/// The texts of two articles, compared as the engine compares them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextComparison {
    /// The earlier one.
    pub a: TextSide,
    /// The later one.
    pub b: TextSide,
    /// Samples that both have.
    pub shared_samples: usize,
    /// Bits by which the SimHashes differ.
    pub hamming: Option<u32>,
    /// What the texts alone make of the later one.
    pub by_text: ByText,
    /// The rules in the order in which they are tried; the first that holds decides.
    pub rules: Vec<RuleInfo>,
    /// Figures that stand in the same place and differ.
    pub changed_numbers: Vec<Figures>,
    /// Runs of words that both have.
    pub passages: Vec<SharedRunInfo>,
}

/// One of two texts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TextSide {
    /// Its words.
    pub words: usize,
    /// Its figures.
    pub figures: usize,
    /// Its samples.
    pub samples: usize,
    /// Its SimHash.
    pub simhash: String,
    /// The cleaned text, where it is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What texts alone give.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ByText {
    /// The kind.
    #[schema(value_type = String, example = "reprint")]
    pub kind: Kind,
    /// The rule that gave it.
    pub rule: &'static str,
}

/// A rule: a kind, when all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleInfo {
    /// Its stable name.
    pub rule: &'static str,
    /// The kind that it gives.
    #[schema(value_type = String, example = "excerpt")]
    pub kind: Kind,
    /// Whether all conditions hold.
    pub holds: bool,
    /// Its conditions.
    pub conditions: Vec<ConditionInfo>,
}

/// A measure held against a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConditionInfo {
    /// What is measured.
    pub measure: &'static str,
    /// Its value for this pair.
    pub value: f64,
    /// How the two are compared: `>=`, `<=`, `<` or `>`.
    pub bound: &'static str,
    /// The threshold.
    pub threshold: f64,
    /// Whether it holds.
    pub holds: bool,
    /// How far it is from turning; positive when it holds.
    pub margin: f64,
}

/// A figure that stands in the same place of two texts with another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// As the earlier one has it.
    pub a: String,
    /// As the later one has it.
    pub b: String,
}

/// A run of words that both texts have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SharedRunInfo {
    /// The word of the later text that it starts at.
    pub word: u32,
    /// The word of the earlier text that it starts at.
    pub of_word: u32,
    /// Its words.
    pub words: u32,
    /// Its text, as the later one has it.
    pub text: String,
}

/// Two articles, prepared, and when each came.
#[derive(Debug, Clone, Copy)]
pub struct PreparedPair<'a> {
    /// The earlier one, and when it arrived.
    pub a: (&'a Prepared, EventTime),
    /// The later one, and when it arrived.
    pub b: (&'a Prepared, EventTime),
}

impl PreparedPair<'_> {
    /// Compares the texts of both as the engine does when the later one comes.
    pub fn explain(&self, settings: &verdict::Settings) -> Explanation {
        let ((a, arrived), (b, now)) = (self.a, self.b);
        let verdict = Verdict::default();
        let earlier = Earlier {
            sequence: Default::default(),
            arrived,
            about: &a.about,
            print: &a.print,
            verdict: &verdict,
            standing: Validity::Stands,
        };
        let (about, clean, words, print) = (&b.about, &b.clean, &b.words, &b.print);
        let later = Arrival { about, clean, words, print, now: now.max(arrived) };
        explain(later, earlier, settings)
    }
}

/// Figures that differ, by their words in the earlier and in the later text.
pub fn changed(told: &Explanation) -> impl Iterator<Item = (u32, u32)> {
    told.figures.iter().filter(|pair| !pair.equal).map(|pair| (pair.old, pair.new))
}

impl TextComparison {
    /// What the engine says of two texts.
    pub fn of(pair: PreparedPair<'_>, told: &Explanation) -> Self {
        let ((a, _), (b, _)) = (pair.a, pair.b);
        let own: HashSet<u32> = a.print.samples.iter().copied().collect();
        let (kind, rule) = told.by_text;
        Self {
            a: TextSide::of(a),
            b: TextSide::of(b),
            shared_samples: b.print.samples.iter().filter(|sample| own.contains(sample)).count(),
            hamming: told.evidence.hamming,
            by_text: ByText { kind, rule },
            rules: told.rules.iter().map(RuleInfo::of).collect(),
            changed_numbers: changed(told)
                .map(|(old, new)| Figures { a: word(a, old).into(), b: word(b, new).into() })
                .collect(),
            passages: passages(b, told).collect(),
        }
    }

    /// The same without the texts themselves.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        (self.a.text, self.b.text) = (None, None);
        self
    }
}

impl TextSide {
    fn of(of: &Prepared) -> Self {
        Self {
            words: of.print.words(),
            figures: of.print.figures.len(),
            samples: of.print.samples.len(),
            simhash: of.print.simhash.to_string(),
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

fn passages<'a>(
    b: &'a Prepared,
    told: &'a Explanation,
) -> impl Iterator<Item = SharedRunInfo> + 'a {
    let shown = told.blocks.iter().filter(|block| block.len >= PASSAGE_WORDS);
    shown.filter_map(|block| {
        let start = b.words.spans.get(block.new as usize)?.0 as usize;
        let end = b.words.spans.get(block.new_end() as usize - 1)?.1 as usize;
        let text = b.clean.text.get(start..end)?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(SharedRunInfo { word: block.new, of_word: block.old, words: block.len, text })
    })
}

fn word(of: &Prepared, at: u32) -> &str {
    let span = of.words.spans.get(at as usize);
    span.and_then(|&(from, to)| of.clean.text.get(from as usize..to as usize)).unwrap_or("?")
}

/// Why two articles are, or are not, near enough for one story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoryComparison {
    /// The score: lexical nearness times what is left of it for the time between.
    pub score: f64,
    /// The score from which an article joins as it arrives.
    pub join: f64,
    /// The score from which a story of one article joins at a second look.
    pub join_again: f64,
    /// How far the score is from `join`.
    pub margin: f64,
    /// Lexical nearness: the mean of the channels by their weights.
    pub lexical: f64,
    /// What is left of it for the time between; 1 where a side is undated.
    pub time: f64,
    /// The cosine by channel.
    pub channels: Vec<ChannelScore>,
    /// Terms that both have, by what they add to the cosine of the texts.
    pub shared: Vec<TermScore>,
    /// Terms that one side alone has, by their share of its length.
    pub missing: Vec<TermScore>,
    /// Articles whose frequencies of terms were used.
    pub frequencies_of: usize,
}

/// One channel of a score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChannelScore {
    /// `title`, `text`, `names` or `opening`.
    pub name: &'static str,
    /// The cosine; absent where a side says nothing there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f64>,
}

/// A term and its share.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TermScore {
    /// Its word, as an article spells it.
    pub term: String,
    /// Its share.
    pub share: f64,
}

impl StoryComparison {
    /// What the engine says of the articles `sides`, whose words spell its terms.
    pub fn of(told: &stories::PairScore, sides: [&Prepared; 2], frequencies_of: usize) -> Self {
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
        let named = ["title", "text", "names", "opening"].into_iter().zip(told.channels);
        Self {
            score: rounded(told.score),
            join: told.join,
            join_again: told.join_again,
            margin: rounded(told.score - told.join),
            lexical: rounded(told.lexical),
            time: rounded(told.time),
            channels: named
                .map(|(name, cosine)| ChannelScore { name, cosine: cosine.map(rounded) })
                .collect(),
            shared: terms(&told.shared),
            missing: terms(&told.missing),
            frequencies_of,
        }
    }
}
