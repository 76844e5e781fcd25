//! Why two articles are, or are not, near enough for one story: the score with all its parts.
//!
//! In: the terms of both, and the frequencies as they are now. Out: [`PairScore`], computed by the same
//! [`score`](super::score) that decides. A story of one article is what the second one meets; in a
//! larger story the centroid and other members have their say as well.

use super::Stories;
use super::score::{self, Query};
use super::terms::{Channel, Term, Terms};
use crate::article::{EventTime, Lang};
use std::cmp::Reverse;

/// Terms that are named, each way.
const NAMED: usize = 12;

/// The score of two articles.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScore {
    /// The cosine of titles, text, names and openings; `None` where a side says nothing.
    pub channels: [Option<f64>; 4],
    /// Their mean by the weights of the channels.
    pub lexical: f64,
    /// What is left of it for the time between them; 1 where a side is undated.
    pub time: f64,
    /// The score: both multiplied.
    pub score: f64,
    /// The score from which an article joins as it arrives.
    pub join: f64,
    /// The score from which a story of one article joins at a second look.
    pub join_again: f64,
    /// The terms of headline and body that both have, by what they add to the cosine, heaviest first.
    pub shared: Vec<(u32, f64)>,
    /// The terms that one side alone has, by their share of its length, heaviest first.
    pub missing: Vec<(u32, f64)>,
}

impl Stories {
    /// Compares two articles in `language` by all their terms and the times that they claim.
    pub fn together(
        &self,
        a: (&Terms, Option<EventTime>),
        b: (&Terms, Option<EventTime>),
        language: Option<Lang>,
    ) -> PairScore {
        let settings = &self.settings;
        let weights = self.frequencies.weights(language);
        let cut = |terms: &Terms| terms.cut(&self.frequencies, &weights, settings);
        let (ours, theirs) = (cut(a.0), cut(b.0));
        let query = Query::new(&ours, &self.frequencies, weights, settings);
        let channels = query.article(&theirs);
        let lexical = score::mean(channels, settings);
        let time = score::time_factor(a.1, b.1, settings);
        let weigh = |id: u32| f64::from(self.frequencies.weight(&weights, Channel::Text, id));
        let text =
            [&ours, &theirs].map(|terms| terms.channel(Channel::Text).collect::<Vec<Term>>());
        let [x, y] = text.each_ref().map(|terms| {
            terms.iter().map(|t| f64::from(t.q() * t.q()) * weigh(t.id())).sum::<f64>().max(1.0)
        });
        let held = |terms: &[Term], id: u32| {
            terms.binary_search_by_key(&id, |t| t.id()).ok().map(|at| f64::from(terms[at].q()))
        };
        let both = |term: &Term| {
            let dot = f64::from(term.q()) * held(&text[1], term.id())? * weigh(term.id());
            Some((term.id(), dot / (x * y).sqrt()))
        };
        let alone = |own: &[Term], other: &[Term], length: f64| -> Vec<(u32, f64)> {
            let own = own.iter().filter(|t| held(other, t.id()).is_none());
            own.map(|t| (t.id(), f64::from(t.q() * t.q()) * weigh(t.id()) / length)).collect()
        };
        let mut shared: Vec<(u32, f64)> = text[0].iter().filter_map(both).collect();
        let mut missing = alone(&text[0], &text[1], x);
        missing.extend(alone(&text[1], &text[0], y));
        for terms in [&mut shared, &mut missing] {
            terms.sort_by_key(|&(id, share)| (Reverse((share * 1e9) as u64), id));
            terms.truncate(NAMED);
        }
        PairScore {
            channels,
            lexical,
            time,
            score: lexical * time,
            join: settings.join_among(self.len()),
            join_again: settings.join_again_among(self.len()),
            shared,
            missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Span;
    use crate::stories::Settings;
    use crate::text::{Clean, words};

    fn terms(text: &str) -> Terms {
        let all = words(text, &crate::text::Settings::default());
        let clean = Clean { text: text.to_owned(), anchors: Vec::new() };
        Terms::of("", &clean, &all, None, &Settings::default())
    }

    #[test]
    fn the_parts_are_those_of_the_score() {
        let stories = Stories::new(&Settings::default());
        let (a, b) = (terms("ferry reef island captain"), terms("ferry reef tunnel vote"));
        let day = |n: i64| Some(EventTime(0).plus(Span::hours(24 * n)));
        let same = stories.together((&a, day(1)), (&a, day(1)), None);
        assert!(same.channels[1] == Some(1.0) && same.missing.is_empty(), "{same:?}");
        assert!(
            same.score < 1.0,
            "without a headline even the same text is not quite near: {same:?}"
        );
        assert_eq!(same.shared.len(), 4);
        let some = stories.together((&a, day(1)), (&b, None), None);
        assert!((some.channels[1].unwrap() - 0.5).abs() < 1e-9 && some.time == 1.0, "{some:?}");
        assert!((some.lexical / same.lexical - 0.5).abs() < 1e-9, "{some:?}");
        assert_eq!((some.shared.len(), some.missing.len()), (2, 4));
        let parts: f64 = some.shared.iter().map(|s| s.1).sum();
        assert!((parts - 0.5).abs() < 1e-9, "what is shared adds up to the cosine: {parts}");
        let far = stories.together((&a, day(1)), (&b, day(9)), None);
        assert!(far.score < some.score);
    }
}
