//! Why two articles are, or are not, near enough for one story.
//!
//! Terms weigh by how frequent they are: with `--in FILE` in that file, else in the two articles alone,
//! which says little of what is rare.

use super::Args;
use super::texts::Texts;
use crate::cli::feed;
use crate::config::Config;
use crate::engine::state::State;
use crate::engine::story::{Terms, Together};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The score of the two, and the words behind its terms.
pub(super) struct Near {
    told: Together,
    words: BTreeMap<u32, String>,
    articles: usize,
}

impl Near {
    /// Compares the articles of `texts`.
    pub(super) fn compare(config: &Config, args: &Args, texts: &Texts) -> anyhow::Result<Self> {
        let state = match &args.r#in {
            Some(path) => {
                let feeds = [feed::Feed::open(path)?];
                feed::run(&feeds, &config.engine, config.input.format, |_| Ok(()))?
            }
            None => State::new(config.engine.clone(), feed::REPLAY_KEY),
        };
        let (a, b) = texts.sides();
        let told = state.stories().together(
            (&a.terms, a.about.claimed),
            (&b.terms, b.about.claimed),
            b.about.language,
        );
        let mut words = BTreeMap::new();
        for side in [a, b] {
            let (headline, language) = (&side.about.headline, side.about.language);
            words.extend(Terms::spelled(headline, &side.clean, &side.words, language));
        }
        Ok(Self { told, words, articles: state.live_articles() })
    }

    fn named(&self, terms: &[(u32, f64)]) -> Vec<(&str, f64)> {
        let word = |id: &u32| self.words.get(id).map_or("?", String::as_str);
        terms.iter().map(|(id, share)| (word(id), *share)).collect()
    }

    /// All of it, for machines.
    pub(super) fn json(&self) -> Value {
        let told = &self.told;
        let terms = |terms: &[(u32, f64)]| -> Value {
            self.named(terms).iter().map(|(t, s)| json!({ "term": t, "share": s })).collect()
        };
        let [title, text, names] = told.channels;
        json!({
            "score": told.score, "join": told.join, "lexical": told.lexical, "time": told.time,
            "title": title, "text": text, "names": names, "frequencies_of": self.articles,
            "shared": terms(&told.shared), "missing": terms(&told.missing),
        })
    }

    /// All of it, for a person.
    pub(super) fn lines(&self) -> Vec<String> {
        let told = &self.told;
        let verdict = if told.score >= told.join { "near enough" } else { "not near enough" };
        let mut lines = vec![format!(
            "\nas articles of one story they are {verdict}: score {:.3}, an article joins from {:.3}",
            told.score, told.join
        )];
        for (name, cosine) in ["title", "text", "names"].into_iter().zip(told.channels) {
            let cosine = cosine.map_or("-".to_owned(), |c| format!("{c:.3}"));
            lines.push(format!("   {name:<18} {cosine}"));
        }
        lines.push(format!("   {:<18} {:.3}", "time factor", told.time));
        lines.push(format!("   {:<18} of {} articles", "frequencies", self.articles));
        for (name, terms) in [("shared", &told.shared), ("missing", &told.missing)] {
            let named = self.named(terms);
            let named: Vec<String> = named.iter().map(|(t, s)| format!("{t} {s:.3}")).collect();
            lines.push(format!("   {name:<18} {}", named.join(", ")));
        }
        lines
    }
}
