//! Explains why two articles are close enough for one story, or why not: breaks their score down
//! into its parts.
//!
//! In: the terms of both articles, and the current frequencies. Out: a [`PairScore`], computed by
//! [`score`](super::score), as are the scores that decide which story an article joins. The second
//! article of a story joins by this score with the first article; in a larger story, the centroid
//! and other members count as well.

use super::Stories;
use super::score::{self, ArticleMatch, Query};
use super::terms::{Channel, Term, Terms};
use crate::article::{EventTime, Lang};
use std::cmp::Reverse;

/// Maximum number of terms listed as shared, and of terms listed as missing.
const LISTED: usize = 12;

/// The score of two articles.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScore {
    /// The cosines of titles, text, names and openings; `None` where an article has too few terms.
    pub channels: [Option<f64>; 4],
    /// The mean of the cosines, weighted by channel.
    pub lexical: f64,
    /// The factor for the time between the articles; 1 if an article is undated.
    pub time: f64,
    /// The amount subtracted because the articles share few words.
    pub narrow: f64,
    /// The score: `lexical * time - narrow`.
    pub score: f64,
    /// The lowest score with which an arriving article joins a story that has no rival.
    pub join: f64,
    /// The lowest score with which a story of one article joins another at a second look.
    pub join_again: f64,
    /// The terms in the headline and body of both articles, with their contributions to the cosine,
    /// heaviest first.
    pub shared: Vec<(u32, f64)>,
    /// The terms that occur in only one article, with their share of the squared length of that
    /// article's term vector, heaviest first.
    pub missing: Vec<(u32, f64)>,
}

impl Stories {
    /// Compares two articles in `language`, given their terms and the publication times that they
    /// claim.
    pub fn compare(
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
        let ArticleMatch { cosines: channels, breadth } = query.article(&theirs);
        let lexical = score::mean(channels, settings);
        let time = score::time_factor(a.1, b.1, settings);
        let narrow = settings.tuning.narrow * query.narrowness(&theirs, breadth, settings);
        let weigh = |id: u32| f64::from(self.frequencies.weight(&weights, Channel::Text, id));
        let text = [&ours, &theirs].map(|terms| terms.channel(Channel::Text));
        let [x, y] = text.map(|terms| {
            terms.iter().map(|t| f64::from(t.q() * t.q()) * weigh(t.id())).sum::<f64>().max(1.0)
        });
        let count_in = |terms: &[Term], id: u32| {
            terms.binary_search_by_key(&id, |t| t.id()).ok().map(|at| f64::from(terms[at].q()))
        };
        let both = |term: &Term| {
            let dot = f64::from(term.q()) * count_in(text[1], term.id())? * weigh(term.id());
            Some((term.id(), dot / (x * y).sqrt()))
        };
        let alone = |own: &[Term], other: &[Term], length: f64| -> Vec<(u32, f64)> {
            let own = own.iter().filter(|t| count_in(other, t.id()).is_none());
            own.map(|t| (t.id(), f64::from(t.q() * t.q()) * weigh(t.id()) / length)).collect()
        };
        let mut shared: Vec<(u32, f64)> = text[0].iter().filter_map(both).collect();
        let mut missing = alone(text[0], text[1], x);
        missing.extend(alone(text[1], text[0], y));
        for terms in [&mut shared, &mut missing] {
            terms.sort_by_key(|&(id, share)| (Reverse((share * 1e9) as u64), id));
            terms.truncate(LISTED);
        }
        PairScore {
            channels,
            lexical,
            time,
            narrow,
            score: lexical * time - narrow,
            join: settings.join.get(),
            join_again: settings.join_again.get(),
            shared,
            missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{PreferredPublishers, Span};
    use crate::stories::Settings;
    use crate::text::{Clean, words};

    fn terms(text: &str) -> Terms {
        let all = words(text, &crate::text::Limits::default());
        let clean = Clean { text: text.to_owned(), ..Default::default() };
        Terms::of("", &clean, &all, None, &Settings::default())
    }

    #[test]
    fn parts_add_up_to_the_score() {
        let stories = Stories::new(&Settings::default(), &PreferredPublishers::default());
        let (a, b) = (terms("ferry reef island captain"), terms("ferry reef tunnel vote"));
        let day = |n: i64| Some(EventTime(0).plus(Span::hours(24 * n)));
        let same = stories.compare((&a, day(1)), (&a, day(1)), None);
        assert!(same.channels[1] == Some(1.0) && same.missing.is_empty(), "{same:?}");
        assert!(
            same.score < 1.0,
            "without a headline, even the same text scores below 1: {same:?}"
        );
        assert_eq!(same.shared.len(), 4);
        let some = stories.compare((&a, day(1)), (&b, None), None);
        assert!((some.channels[1].unwrap() - 0.5).abs() < 1e-9 && some.time == 1.0, "{some:?}");
        assert!((some.lexical / same.lexical - 0.5).abs() < 1e-9, "{some:?}");
        assert_eq!((some.shared.len(), some.missing.len()), (2, 4));
        let parts: f64 = some.shared.iter().map(|s| s.1).sum();
        assert!((parts - 0.5).abs() < 1e-9, "the shared terms add up to the cosine: {parts}");
        let far = stories.compare((&a, day(1)), (&b, day(9)), None);
        assert!(far.score < some.score);
    }
}
