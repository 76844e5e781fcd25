//! Computes how similar two articles are, or an article and a story. All similarities used for
//! stories are computed here.
//!
//! In: the terms of both sides. Out: a cosine for each channel, and scores computed from the
//! cosines. The cosine of a channel is computed from the saturated counts, weighted by the current
//! frequencies: `sum(q_a q_b W) / sqrt(sum(q_a^2 W) * sum(q_b^2 W))`. A fourth cosine compares the
//! openings, where each term counts once. The cosines of the channels that are present on both
//! sides are averaged with the weights `channels`. Names count only if both sides have at least
//! [`NAMES_MIN`] of them, and a missing headline counts as a low cosine (`untitled`).
//!
//! For example, two articles with the same text but without headlines score below 1, because
//! unrelated articles without headlines also look similar.
//!
//! Weights change with every article, so no weighted value is stored, except for the length of a
//! story's centroid, which is in the story's record.
//!
//! Cost: one pass over the sorted terms of both sides.

use super::frequencies::{Frequencies, Weights};
use super::stem::TermId;
use super::terms::{Channel, Term, Terms};
use super::{Settings, StoryId};
use crate::article::EventTime;
use crate::verdict::Kind;

/// A story, scored for an article.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoryScore {
    pub(super) story: StoryId,
    pub(super) score: f64,
    /// The score without the time factor.
    pub(super) timeless: f64,
}

/// The minimum number of names that each side needs for its names to count.
pub(super) const NAMES_MIN: usize = 4;

/// The factor by which all cosines are multiplied in languages whose terms are pairs of characters.
/// Texts about one event have fewer pairs of characters in common than words.
const PAIRS_FACTOR: f64 = 1.3;

/// A value for each channel, in the order of the channels, and one for the opening.
pub(super) type ByChannel<T> = [T; 4];
/// The index of the opening in [`ByChannel`].
pub(super) const OPENING: usize = 3;

/// The terms of one side, ready to be compared with many others.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// The terms.
    terms: &'a Terms,
    /// How frequent terms are.
    frequencies: &'a Frequencies,
    /// The weights of the article's language.
    weights: Weights,
    /// The weighted terms of each channel, in order of ids.
    weighted: [Vec<QueryTerm>; 3],
    /// The squared lengths of the weighted counts.
    norms: ByChannel<f64>,
    /// For each channel, the factor that turns a weighted count into a rough score.
    unit: [f32; 3],
}

/// The result of comparing an article with another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArticleMatch {
    /// The cosine by channel; `None` if either side has too few terms.
    pub(super) cosines: ByChannel<Option<f64>>,
    /// The effective number of shared terms behind the cosine of the text: how many equally heavy
    /// terms would be equivalent, `sum(c)^2 / sum(c^2)` for contributions `c`.
    pub(super) breadth: f64,
}

/// A term of the query.
#[derive(Debug, Clone, Copy, Default)]
struct QueryTerm {
    /// The term.
    id: TermId,
    /// Its count times its weight, `q W`.
    weighted: u32,
    /// Whether it is in the opening.
    opens: bool,
}

/// Looks up terms among those of a query. Terms must be looked up in ascending order of their ids,
/// in which the query's terms are also sorted.
#[derive(Debug, Clone, Copy)]
struct QueryTerms<'q> {
    /// The query's terms that have not been passed yet.
    left: &'q [QueryTerm],
}

impl QueryTerms<'_> {
    /// The term `id`, with weight 0 if the query does not contain it.
    fn next(&mut self, id: TermId) -> QueryTerm {
        while let [first, rest @ ..] = self.left {
            if first.id >= id {
                return if first.id == id { *first } else { QueryTerm::default() };
            }
            self.left = rest;
        }
        QueryTerm::default()
    }
}

impl<'a> Query<'a> {
    /// Prepares `terms`; `settings` contains the weights of the channels.
    pub(super) fn new(
        terms: &'a Terms,
        frequencies: &'a Frequencies,
        weights: Weights,
        settings: &Settings,
    ) -> Self {
        let mut norms = [0.0; 4];
        let weighted = Channel::ALL.map(|channel| {
            let (mut norm, mut opening) = (0u64, 0u64);
            let weigh = |term: &Term| {
                let weight = frequencies.weight(&weights, channel, term.id());
                norm += u64::from(term.q() * term.q()) * u64::from(weight);
                opening += u64::from(term.opens()) * u64::from(weight);
                let weighted = term.q() * weight.max(1);
                QueryTerm { id: term.id(), weighted, opens: term.opens() }
            };
            let weighted: Vec<QueryTerm> = terms.channel(channel).iter().map(weigh).collect();
            debug_assert!(weighted.is_sorted_by_key(|term| term.id));
            norms[channel as usize] = norm as f64;
            if channel == Channel::Text {
                norms[OPENING] = opening as f64;
            }
            weighted
        });
        let unit = Channel::ALL.map(|channel| {
            let norm = norms[channel as usize].sqrt().max(1.0);
            (settings.tuning.channels[channel as usize] / norm) as f32
        });
        Self { terms, frequencies, weights, weighted, norms, unit }
    }

    /// The terms of a channel.
    pub(super) fn terms(&self, channel: Channel) -> &'a [Term] {
        self.terms.channel(channel)
    }

    /// The weight of one shared term in the rough score that `postings` computes for an article.
    pub(super) fn weight(&self, channel: Channel, term: Term) -> f32 {
        let weighted = &self.weighted[channel as usize];
        let at = weighted.binary_search_by_key(&term.id(), |own| own.id);
        at.map_or(0.0, |at| weighted[at].weighted as f32 * self.unit[channel as usize])
    }

    /// The cosine in the channel `at` with another side, whose squared length is `norm`.
    fn cosine(&self, dot: u64, at: usize, norm: f64) -> f64 {
        let factor = if self.weights.of_pairs { PAIRS_FACTOR } else { 1.0 };
        (factor * cosine(dot, self.norms[at], norm)).min(1.0)
    }

    /// The terms of a channel, to be looked up in order.
    fn look_up(&self, channel: Channel) -> QueryTerms<'_> {
        QueryTerms { left: &self.weighted[channel as usize] }
    }

    /// Compares with another article.
    pub(super) fn article(&self, other: &Terms) -> ArticleMatch {
        let (mut cosines, mut breadth) = ([None; 4], 0.0);
        for channel in Channel::ALL {
            let (own, terms) = (self.terms(channel), other.channel(channel));
            if !counts(channel, own.len()) || !counts(channel, terms.len()) {
                continue;
            }
            let mut query = self.look_up(channel);
            let (mut dot, mut norm, mut both_open, mut opening) = (0u64, 0u64, 0u64, 0u64);
            let mut squares = 0.0;
            for term in terms {
                let weight = u64::from(self.frequencies.weight(&self.weights, channel, term.id()));
                let own = query.next(term.id());
                let opens = u64::from(term.opens()) * weight;
                norm += u64::from(term.q() * term.q()) * weight;
                let part = u64::from(term.q()) * u64::from(own.weighted);
                dot += part;
                squares += (part * part) as f64;
                opening += opens;
                both_open += u64::from(own.opens) * opens;
            }
            let at = channel as usize;
            cosines[at] = Some(self.cosine(dot, at, norm as f64));
            if channel == Channel::Text {
                cosines[OPENING] = Some(self.cosine(both_open, OPENING, opening as f64));
                breadth = dot as f64 * dot as f64 / f64::max(squares, 1.0);
            }
        }
        ArticleMatch { cosines, breadth }
    }

    /// How much the cosine with another article rests on only a few shared terms of the text, from
    /// 0 (many terms) to 1 (few). Unrelated articles get their score from a few rare words, reports
    /// of one event from many.
    pub(super) fn narrowness(&self, other: &Terms, breadth: f64, settings: &Settings) -> f64 {
        let shorter = self.terms(Channel::Text).len().min(other.channel(Channel::Text).len());
        let many = (settings.tuning.broad_share * shorter as f64).min(settings.tuning.broad);
        (1.0 - breadth / many.max(1.0)).max(0.0)
    }

    /// The cosine of the article with the sum of a few other articles, by channel; `norms` are the
    /// squared lengths of that sum.
    pub(super) fn all<'b>(
        &self,
        articles: impl Iterator<Item = &'b Terms>,
        norms: ByChannel<f64>,
    ) -> ByChannel<Option<f64>> {
        let (mut dots, mut most) = ([0u64; 4], [0; 3]);
        for article in articles {
            for channel in Channel::ALL {
                let (at, mut query) = (channel as usize, self.look_up(channel));
                let terms = article.channel(channel);
                most[at] = terms.len().max(most[at]);
                for term in terms {
                    let own = query.next(term.id());
                    dots[at] += u64::from(term.q()) * u64::from(own.weighted);
                    if channel == Channel::Text && term.opens() && own.opens {
                        let weight = self.frequencies.weight(&self.weights, channel, term.id());
                        dots[OPENING] += u64::from(weight);
                    }
                }
            }
        }
        let of = |at: usize| Some(self.cosine(dots[at], at, norms[at]));
        let mut cosines = [None; 4];
        for channel in Channel::ALL {
            let at = channel as usize;
            if counts(channel, self.terms(channel).len()) && counts(channel, most[at]) {
                cosines[at] = of(at);
            }
        }
        cosines[OPENING] = cosines[Channel::Text as usize].and(of(OPENING));
        cosines
    }

    /// The cosine of the article with a stored sum of articles, by channel; `norms` are the squared
    /// lengths of that sum.
    pub(super) fn sum(&self, sums: &Sums, norms: ByChannel<f64>) -> ByChannel<Option<f64>> {
        let mut cosines = [None; 4];
        for channel in Channel::ALL {
            let at = channel as usize;
            let own = &self.weighted[at];
            if !counts(channel, own.len()) || !counts(channel, sums[at].len()) {
                continue;
            }
            let value = |own: QueryTerm, sum: u32| u64::from(sum) * u64::from(own.weighted);
            cosines[at] = Some(self.cosine(dot(own, &sums[at], value), at, norms[at]));
        }
        if cosines[Channel::Text as usize].is_some() {
            let value = |own: QueryTerm, sum: u32| match own.opens {
                true => {
                    let weight = self.frequencies.weight(&self.weights, Channel::Text, own.id);
                    u64::from(sum) * u64::from(weight)
                }
                false => 0,
            };
            let dot = dot(&self.weighted[Channel::Text as usize], &sums[OPENING], value);
            cosines[OPENING] = Some(self.cosine(dot, OPENING, norms[OPENING]));
        }
        cosines
    }
}

/// Calls `value` with each term of a query that is in `sums` and with the term's sum, and adds up
/// the results. Uses a binary search for each term if `sums` has far more entries than the query
/// has terms.
fn dot(own: &[QueryTerm], sums: &[(u32, u32)], value: impl Fn(QueryTerm, u32) -> u64) -> u64 {
    if sums.len() < 16 * own.len() {
        let mut query = QueryTerms { left: own };
        return sums.iter().map(|&(id, sum)| value(query.next(id), sum)).sum();
    }
    let found = own.iter().filter_map(|term| {
        let at = sums.binary_search_by_key(&term.id, |s| s.0).ok()?;
        Some(value(*term, sums[at].1))
    });
    found.sum()
}

/// Whether a channel with this number of terms counts.
fn counts(channel: Channel, terms: usize) -> bool {
    terms >= if channel == Channel::Names { NAMES_MIN } else { 1 }
}

fn cosine(dot: u64, a: f64, b: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 { 0.0 } else { (dot as f64 / (a * b).sqrt()).min(1.0) }
}

/// The sums of terms, in order of term ids: in the channels the summed counts, in the opening the
/// number of articles.
pub(super) type Sums = ByChannel<Vec<(u32, u32)>>;

/// The squared length of sums, by channel.
pub(super) fn norms(sums: &Sums, frequencies: &Frequencies, weights: &Weights) -> ByChannel<f64> {
    let channels = [Channel::Title, Channel::Text, Channel::Names, Channel::Text];
    std::array::from_fn(|at| {
        let part = |&(id, sum): &(u32, u32)| {
            let weight = frequencies.weight(weights, channels[at], id);
            u64::from(sum) * u64::from(sum) * u64::from(weight)
        };
        sums[at].iter().map(part).sum::<u64>() as f64
    })
}

/// The cosine of two sums in the text channel, each given with its squared length.
pub(super) fn between(
    a: (&[(u32, u32)], f64),
    b: (&[(u32, u32)], f64),
    frequencies: &Frequencies,
    weights: &Weights,
) -> f64 {
    let (short, long) = if a.0.len() <= b.0.len() { (a.0, b.0) } else { (b.0, a.0) };
    let mut dot = 0.0;
    for &(id, sum) in short {
        if let Ok(at) = long.binary_search_by_key(&id, |s| s.0) {
            let weight = frequencies.weight(weights, Channel::Text, id);
            dot += f64::from(sum) * f64::from(long[at].1) * f64::from(weight);
        }
    }
    if a.1 <= 0.0 || b.1 <= 0.0 { 0.0 } else { (dot / (a.1 * b.1).sqrt()).min(1.0) }
}

/// The mean of the cosines, weighted by channel; 0 if there is none. A missing title counts as
/// `untitled` times the mean of the others: the headlines of unrelated articles have few words in
/// common, so without headlines the articles look more similar than they are.
pub(super) fn mean(cosines: ByChannel<Option<f64>>, settings: &Settings) -> f64 {
    let (mut sum, mut whole) = (0.0, 0.0);
    for (cosine, weight) in cosines.into_iter().zip(settings.tuning.channels) {
        if let Some(cosine) = cosine {
            sum += weight * cosine;
            whole += weight;
        }
    }
    if whole <= 0.0 {
        return 0.0;
    }
    let title = settings.tuning.channels[Channel::Title as usize];
    match cosines[Channel::Title as usize] {
        Some(_) => sum / whole,
        None => (sum + title * settings.tuning.untitled * sum / whole) / (whole + title),
    }
}

/// Whether two texts are twins: texts from one template about two occasions. The words of twins are
/// similar, and either one of the articles is of the kind `recurring`, or the names and numbers in
/// the texts differ.
pub(super) fn twins(
    cosines: ByChannel<Option<f64>>,
    kinds: [Kind; 2],
    settings: &Settings,
) -> bool {
    let [_, Some(text), names, _] = cosines else { return false };
    let names_differ = names.is_some_and(|names| names < settings.tuning.template_names * text);
    text >= settings.tuning.template && (kinds.contains(&Kind::Recurring) || names_differ)
}

/// The factor for the time between the publication times that two articles claim; 1 if either is
/// undated.
pub(super) fn time_factor(a: Option<EventTime>, b: Option<EventTime>, settings: &Settings) -> f64 {
    let (Some(a), Some(b)) = (a, b) else { return 1.0 };
    let sigmas = a.since(b).0 as f64 / (settings.tuning.time_sigma.0 as f64).max(1.0);
    1.0 - settings.tuning.time * (1.0 - (-0.5 * sigmas * sigmas).exp())
}

/// The toll on the score of a story with `size` articles, because a large story is similar to
/// everything.
pub(super) fn size_toll(size: u32, settings: &Settings) -> f64 {
    let of_size = 1.0 - 1.0 / f64::from(size.clamp(1, settings.tuning.size_full.max(1)));
    settings.tuning.size * of_size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Span;
    use crate::text::{Clean, words};

    fn terms(headline: &str, body: &str) -> Terms {
        let body_words = words(body, &crate::text::Limits::default());
        let clean = Clean { text: body.to_owned(), ..Default::default() };
        Terms::of(headline, &clean, &body_words, None, &Settings::default())
    }

    /// The naive version: applies the formula to all pairs of terms.
    fn naive(a: &[Term], b: &[Term], weigh: impl Fn(u32) -> f64) -> f64 {
        let length = |terms: &[Term]| -> f64 {
            terms.iter().map(|t| f64::from(t.q() * t.q()) * weigh(t.id())).sum()
        };
        let dot: f64 = a
            .iter()
            .flat_map(|x| b.iter().map(move |y| (x, y)))
            .filter(|(x, y)| x.id() == y.id())
            .map(|(x, y)| f64::from(x.q() * y.q()) * weigh(x.id()))
            .sum();
        dot / (length(a) * length(b)).sqrt()
    }

    #[test]
    fn cosines_match_the_formula() {
        let texts = ["a b c d d", "b c x y", "d d d d", "q r s", "a b c d d e f g h i j"];
        let all: Vec<Terms> = texts.iter().map(|t| terms("", t)).collect();
        let mut frequencies = Frequencies::default();
        all.iter().for_each(|t| frequencies.add(t, None));
        let weights = frequencies.weights(None);
        let settings = Settings::default();
        for a in &all {
            let query = Query::new(a, &frequencies, weights, &settings);
            for b in &all {
                let weigh = |id| f64::from(frequencies.weight(&weights, Channel::Text, id));
                let want = naive(a.channel(Channel::Text), b.channel(Channel::Text), weigh);
                let got = query.article(b).cosines[Channel::Text as usize].unwrap();
                assert!((got - want).abs() < 1e-9, "{got} {want}");
                let sum = b.channel(Channel::Text).iter().map(|t| (t.id(), t.q())).collect();
                let sums = [Vec::new(), sum, Vec::new(), Vec::new()];
                let norms = norms(&sums, &frequencies, &weights);
                let summed = query.sum(&sums, norms)[Channel::Text as usize].unwrap();
                assert!((summed - want).abs() < 1e-9, "{summed} {want}");
                let few = query.all([b].into_iter(), norms)[Channel::Text as usize];
                assert_eq!(few, Some(summed));
            }
        }
    }

    #[test]
    fn channels_missing_on_one_side_do_not_count() {
        let (with, without) = (terms("x", "a b"), terms("", "a b"));
        let frequencies = Frequencies::default();
        let settings = Settings::default();
        let query = Query::new(&with, &frequencies, frequencies.weights(None), &settings);
        let cosines = query.article(&without).cosines;
        assert!(cosines[0].is_none() && cosines[1].is_some() && cosines[2].is_none());
        assert_eq!(mean([None; 4], &settings), 0.0);
        assert_eq!(mean([Some(0.5), None, None, Some(0.5)], &settings), 0.5);
        let untitled = mean([None, Some(0.5), None, Some(0.5)], &settings);
        assert!(untitled < 0.5 && untitled > 0.5 * settings.tuning.untitled, "{untitled}");
    }

    #[test]
    fn twins_differ_in_names_or_recur() {
        let settings = Settings::default();
        for (text, names, kind, want) in [
            (Some(0.8), Some(0.1), Kind::Original, true),
            (Some(0.8), Some(0.6), Kind::Original, false),
            (Some(0.8), None, Kind::Original, false),
            (Some(0.8), Some(0.6), Kind::Recurring, true),
            (Some(0.1), Some(0.0), Kind::Recurring, false),
            (None, Some(0.0), Kind::Recurring, false),
        ] {
            let got = twins([None, text, names, None], [Kind::Original, kind], &settings);
            assert_eq!(got, want, "{text:?} {names:?} {kind:?}");
        }
    }

    #[test]
    fn time_and_size_lower_the_score() {
        let settings = Settings::default();
        let day = |n: i64| Some(EventTime(0).plus(Span::hours(24 * n)));
        assert_eq!(time_factor(None, day(9), &settings), 1.0);
        assert_eq!(time_factor(day(1), day(1), &settings), 1.0);
        let (near, far) =
            (time_factor(day(0), day(1), &settings), time_factor(day(9), day(0), &settings));
        assert!(near > far && far >= 1.0 - settings.tuning.time, "{near} {far}");
        assert_eq!(size_toll(1, &settings), 0.0);
        assert!(size_toll(20, &settings) > size_toll(2, &settings));
        assert_eq!(size_toll(20, &settings), size_toll(2_000, &settings));
    }

    #[test]
    fn few_shared_terms_are_narrow() {
        let mut settings = Settings::default();
        (settings.tuning.broad, settings.tuning.broad_share) = (4.0, 1.0);
        let frequencies = Frequencies::default();
        let own = terms("", "reef ferry tunnel vote captain island");
        let query = Query::new(&own, &frequencies, frequencies.weights(None), &settings);
        let breadth = |text| query.article(&terms("", text)).breadth;
        assert!((breadth("reef ferry tunnel harbour") - 3.0).abs() < 1e-9);
        let uneven = breadth("reef reef reef reef reef ferry");
        assert!(uneven > 1.0 && uneven < 2.0, "{uneven}");
        let long = "harbour pilot storm";
        for (text, want) in [
            (format!("{long} lighthouse"), 1.0),
            (format!("{long} reef"), 0.75),
            (format!("{long} reef ferry"), 0.5),
            (format!("{long} reef ferry tunnel vote captain"), 0.0),
            ("reef ferry".to_owned(), 0.0),
        ] {
            let other = terms("", &text);
            let narrow = query.narrowness(&other, query.article(&other).breadth, &settings);
            assert!((narrow - want).abs() < 1e-9, "{text}: {narrow}");
        }
    }
}
