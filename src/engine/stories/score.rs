//! How near two articles, or an article and a story, are: the one place where similarity of stories
//! is computed.
//!
//! In each channel the cosine of saturated counts, weighted by the frequencies as they are now:
//! `sum q_a q_b W / sqrt(sum q_a^2 W . sum q_b^2 W)`. A fourth cosine is that of the openings, in which
//! each term counts once. Those that both sides have are averaged by `channels`; names count only where
//! both sides have [`NAMES_MIN`] of them, and where a side has no headline, that counts as a low cosine
//! (`untitled`). Nothing weighted is kept, save for the length of a story's centroid, which its record
//! carries.
//!
//! Cost: some 4 ns a term of the other side: the article's own terms stand in a small table.

use super::Settings;
use super::frequencies::{Frequencies, Weights};
use super::packed::UnpackedTerms;
use super::terms::{Channel, Term, Terms};
use crate::article::EventTime;
use crate::verdict::Kind;

/// Names below this number say nothing.
pub(super) const NAMES_MIN: usize = 4;

/// A number each for the channels in their order, and for the opening.
pub(super) type ByChannel<T> = [T; 4];
/// The place of the opening among them.
pub(super) const OPENING: usize = 3;

/// Set in the value of a term that stands in the opening.
const OPENS: u32 = 1 << 31;

/// The terms of one side, ready to be compared with many others.
#[derive(Debug)]
pub(super) struct Query<'a> {
    terms: &'a Terms,
    frequencies: &'a Frequencies,
    weights: Weights,
    tables: [WeightTable; 3],
    norms: ByChannel<f64>,
    unit: [f32; 3],
}

/// Terms to `q W`, by open addressing; 0 is an empty place.
#[derive(Debug)]
struct WeightTable {
    places: Vec<(u32, u32)>,
}

impl WeightTable {
    fn new(terms: usize) -> Self {
        Self { places: vec![(0, 0); (2 * terms.max(1)).next_power_of_two()] }
    }

    fn put(&mut self, id: u32, value: u32) {
        let mask = self.places.len() - 1;
        let mut at = id as usize & mask;
        while self.places[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = (id, value);
    }

    fn get(&self, id: u32) -> u32 {
        let mask = self.places.len() - 1;
        let mut at = id as usize & mask;
        loop {
            let (held, value) = self.places[at];
            if value == 0 || held == id {
                return value;
            }
            at = (at + 1) & mask;
        }
    }
}

impl<'a> Query<'a> {
    /// Prepares `terms`; channels weigh as `settings` say.
    pub(super) fn new(
        terms: &'a Terms,
        frequencies: &'a Frequencies,
        weights: Weights,
        settings: &Settings,
    ) -> Self {
        let mut norms = [0.0; 4];
        let tables = Channel::ALL.map(|channel| {
            let own = terms.channel(channel);
            let mut table = WeightTable::new(own.len());
            let (mut norm, mut opening) = (0u64, 0u64);
            for term in own {
                let weight = frequencies.weight(&weights, channel, term.id());
                norm += u64::from(term.q() * term.q()) * u64::from(weight);
                opening += u64::from(term.opens()) * u64::from(weight);
                let opens = if term.opens() { OPENS } else { 0 };
                table.put(term.id(), (term.q() * weight.max(1)) | opens);
            }
            norms[channel as usize] = norm as f64;
            if channel == Channel::Text {
                norms[OPENING] = opening as f64;
            }
            table
        });
        let unit = Channel::ALL.map(|channel| {
            let norm = norms[channel as usize].sqrt().max(1.0);
            (settings.channels[channel as usize] / norm) as f32
        });
        Self { terms, frequencies, weights, tables, norms, unit }
    }

    /// The terms of a channel.
    pub(super) fn terms(&self, channel: Channel) -> UnpackedTerms<'a> {
        self.terms.channel(channel)
    }

    /// What one shared term adds to the first, rough score.
    pub(super) fn weight(&self, channel: Channel, term: Term) -> f32 {
        let value = self.tables[channel as usize].get(term.id()) & !OPENS;
        value as f32 * self.unit[channel as usize]
    }

    /// The cosine with another article by channel; `None` where one side says nothing.
    pub(super) fn article(&self, other: &Terms) -> ByChannel<Option<f64>> {
        let mut cosines = [None; 4];
        for channel in Channel::ALL {
            let (own, terms) = (self.terms(channel), other.channel(channel));
            if !says(channel, own.len()) || !says(channel, terms.len()) {
                continue;
            }
            let table = &self.tables[channel as usize];
            let (mut dot, mut norm, mut both_open, mut opening) = (0u64, 0u64, 0u64, 0u64);
            for term in terms {
                let weight = u64::from(self.frequencies.weight(&self.weights, channel, term.id()));
                let own = table.get(term.id());
                let opens = u64::from(term.opens()) * weight;
                norm += u64::from(term.q() * term.q()) * weight;
                dot += u64::from(term.q()) * u64::from(own & !OPENS);
                opening += opens;
                both_open += u64::from(own >> 31) * opens;
            }
            cosines[channel as usize] =
                Some(cosine(dot, self.norms[channel as usize], norm as f64));
            if channel == Channel::Text {
                cosines[OPENING] = Some(cosine(both_open, self.norms[OPENING], opening as f64));
            }
        }
        cosines
    }

    /// The cosine with the sum of a few articles by channel, whose squared lengths are `norms`.
    pub(super) fn all<'b>(
        &self,
        articles: impl Iterator<Item = &'b Terms>,
        norms: ByChannel<f64>,
    ) -> ByChannel<Option<f64>> {
        let (mut dots, mut most) = ([0u64; 4], [0; 3]);
        for article in articles {
            for channel in Channel::ALL {
                let (at, table) = (channel as usize, &self.tables[channel as usize]);
                let terms = article.channel(channel);
                most[at] = terms.len().max(most[at]);
                for term in terms {
                    let own = table.get(term.id());
                    dots[at] += u64::from(term.q()) * u64::from(own & !OPENS);
                    if channel == Channel::Text && term.opens() && own & OPENS != 0 {
                        let weight = self.frequencies.weight(&self.weights, channel, term.id());
                        dots[OPENING] += u64::from(weight);
                    }
                }
            }
        }
        let of = |at: usize| Some(cosine(dots[at], self.norms[at], norms[at]));
        let mut cosines = [None; 4];
        for channel in Channel::ALL {
            let at = channel as usize;
            if says(channel, self.terms(channel).len()) && says(channel, most[at]) {
                cosines[at] = of(at);
            }
        }
        cosines[OPENING] = cosines[Channel::Text as usize].and(of(OPENING));
        cosines
    }

    /// The cosine with a sum of articles by channel, whose squared lengths are `norms`.
    pub(super) fn sum(&self, sums: &Sums, norms: ByChannel<f64>) -> ByChannel<Option<f64>> {
        let mut cosines = [None; 4];
        for channel in Channel::ALL {
            let (own, table) = (self.terms(channel), &self.tables[channel as usize]);
            let at = channel as usize;
            if !says(channel, own.len()) || !says(channel, sums[at].len()) {
                continue;
            }
            let value =
                |&(id, sum): &(u32, u32)| u64::from(sum) * u64::from(table.get(id) & !OPENS);
            cosines[at] = Some(cosine(dot(own, &sums[at], value), self.norms[at], norms[at]));
        }
        if cosines[Channel::Text as usize].is_some() {
            let table = &self.tables[Channel::Text as usize];
            let value = |&(id, sum): &(u32, u32)| {
                let opens = u64::from(table.get(id) >> 31);
                let weight = self.frequencies.weight(&self.weights, Channel::Text, id);
                u64::from(sum) * opens * u64::from(weight)
            };
            let dot = dot(self.terms(Channel::Text), &sums[OPENING], value);
            cosines[OPENING] = Some(cosine(dot, self.norms[OPENING], norms[OPENING]));
        }
        cosines
    }
}

/// Adds up `value` over the terms of `own` in `sums`: along the shorter of the two.
fn dot(own: UnpackedTerms<'_>, sums: &[(u32, u32)], value: impl Fn(&(u32, u32)) -> u64) -> u64 {
    if sums.len() < 16 * own.len() {
        return sums.iter().map(value).sum();
    }
    let held = |term: Term| sums.binary_search_by_key(&term.id(), |s| s.0).ok();
    own.filter_map(held).map(|at| value(&sums[at])).sum()
}

fn says(channel: Channel, terms: usize) -> bool {
    terms >= if channel == Channel::Names { NAMES_MIN } else { 1 }
}

fn cosine(dot: u64, a: f64, b: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 { 0.0 } else { (dot as f64 / (a * b).sqrt()).min(1.0) }
}

/// Terms and their sums, in order of ids: counts of the channels, articles of the opening.
pub(super) type Sums = ByChannel<Vec<(u32, u32)>>;

/// The squared length of a sum, by channel.
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

/// The cosine of two sums in the channel of text.
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

/// The mean of the channels that are there, by their weights; 0 of none. A missing title counts as
/// `untitled` of the mean of the others: strangers share few words of a headline, so without one they
/// look nearer than they are.
pub(super) fn mean(cosines: ByChannel<Option<f64>>, settings: &Settings) -> f64 {
    let (mut sum, mut whole) = (0.0, 0.0);
    for (cosine, weight) in cosines.into_iter().zip(settings.channels) {
        if let Some(cosine) = cosine {
            sum += weight * cosine;
            whole += weight;
        }
    }
    if whole <= 0.0 {
        return 0.0;
    }
    let title = settings.channels[Channel::Title as usize];
    match cosines[Channel::Title as usize] {
        Some(_) => sum / whole,
        None => (sum + title * settings.untitled * sum / whole) / (whole + title),
    }
}

/// Whether two texts are twins: of one template about two occasions. They are alike in their words, and
/// one is of a kind that recurs or their names and figures are others.
pub(super) fn twins(
    cosines: ByChannel<Option<f64>>,
    kinds: [Kind; 2],
    settings: &Settings,
) -> bool {
    let [_, Some(text), names, _] = cosines else { return false };
    let others = names.is_some_and(|names| names < settings.template_names * text);
    text >= settings.template && (kinds.contains(&Kind::Recurring) || others)
}

/// What is left of a score when two articles claim times so far apart; 1 where a side is undated.
pub(super) fn time_factor(a: Option<EventTime>, b: Option<EventTime>, settings: &Settings) -> f64 {
    let (Some(a), Some(b)) = (a, b) else { return 1.0 };
    let sigmas = a.since(b).0 as f64 / (settings.time_sigma.0 as f64).max(1.0);
    1.0 - settings.time * (1.0 - (-0.5 * sigmas * sigmas).exp())
}

/// What a score is lessened by for a story of `size` articles, among so many `stories`. A large story is near
/// to everything, in a crowded window all the more: there, texts of one template about many firms would
/// gather in it, so that names which agree with its centroid, `names`, lift the toll.
pub(super) fn size_toll(size: u32, names: f64, stories: usize, settings: &Settings) -> f64 {
    let lifted = settings.crowding(stories) * (settings.size_names * names).min(1.0);
    let of_size = 1.0 - 1.0 / f64::from(size.clamp(1, settings.size_full.max(1)));
    settings.size_among(stories) * of_size * (1.0 - lifted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Span;
    use crate::text::{Clean, words};

    fn terms(headline: &str, body: &str) -> Terms {
        let body_words = words(body, &crate::text::Settings::default());
        let clean = Clean { text: body.to_owned(), anchors: Vec::new() };
        Terms::of(headline, &clean, &body_words, None, &Settings::default())
    }

    /// The naive twin: the formula over all pairs of terms.
    fn naive(a: UnpackedTerms<'_>, b: UnpackedTerms<'_>, weigh: impl Fn(u32) -> f64) -> f64 {
        let length = |terms: UnpackedTerms<'_>| -> f64 {
            terms.map(|t| f64::from(t.q() * t.q()) * weigh(t.id())).sum()
        };
        let dot: f64 = a
            .clone()
            .flat_map(|x| b.clone().map(move |y| (x, y)))
            .filter(|(x, y)| x.id() == y.id())
            .map(|(x, y)| f64::from(x.q() * y.q()) * weigh(x.id()))
            .sum();
        dot / (length(a) * length(b)).sqrt()
    }

    #[test]
    fn cosines_are_those_of_the_formula() {
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
                let got = query.article(b)[Channel::Text as usize].unwrap();
                assert!((got - want).abs() < 1e-9, "{got} {want}");
                let sum = b.channel(Channel::Text).map(|t| (t.id(), t.q())).collect();
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
    fn a_channel_that_a_side_lacks_does_not_count() {
        let (with, without) = (terms("x", "a b"), terms("", "a b"));
        let frequencies = Frequencies::default();
        let settings = Settings::default();
        let query = Query::new(&with, &frequencies, frequencies.weights(None), &settings);
        let cosines = query.article(&without);
        assert!(cosines[0].is_none() && cosines[1].is_some() && cosines[2].is_none());
        assert_eq!(mean([None; 4], &settings), 0.0);
        assert_eq!(mean([Some(0.5), None, None, Some(0.5)], &settings), 0.5);
        let untitled = mean([None, Some(0.5), None, Some(0.5)], &settings);
        assert!(untitled < 0.5 && untitled > 0.5 * settings.untitled, "{untitled}");
    }

    #[test]
    fn twins_are_alike_but_for_their_names_or_known_to_recur() {
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
    fn time_and_size_take_their_toll() {
        let settings = Settings::default();
        let day = |n: i64| Some(EventTime(0).plus(Span::hours(24 * n)));
        assert_eq!(time_factor(None, day(9), &settings), 1.0);
        assert_eq!(time_factor(day(1), day(1), &settings), 1.0);
        let (near, far) =
            (time_factor(day(0), day(1), &settings), time_factor(day(9), day(0), &settings));
        assert!(near > far && far >= 1.0 - settings.time, "{near} {far}");
        assert_eq!(size_toll(1, 0.0, 0, &settings), 0.0);
        assert!(size_toll(20, 0.0, 0, &settings) > size_toll(2, 0.0, 0, &settings));
        assert_eq!(size_toll(20, 0.0, 0, &settings), size_toll(2_000, 0.0, 0, &settings));
    }

    #[test]
    fn names_lift_the_toll_of_size_in_a_crowd() {
        let settings = Settings::default();
        let toll = |size, names, live| size_toll(size, names, live, &settings);
        assert_eq!(toll(1, 0.0, 1 << 20), 0.0, "an article alone is no large story");
        assert_eq!(toll(100, 0.0, 100), toll(100, 1.0, 100), "in a quiet window names do nothing");
        assert!(toll(100, 0.0, 100) < toll(100, 0.0, 1 << 20));
        assert!(toll(100, 0.3, 1 << 20) < toll(100, 0.1, 1 << 20));
        assert_eq!(toll(100, 1.0, 1 << 20), 0.0);
    }
}
