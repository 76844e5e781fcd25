//! Why two articles are, or are not, near enough for one story.
//!
//! Terms weigh by how frequent they are: with `--in FILE` in that file, else in the two articles alone,
//! which says little of what is rare.

use super::Args;
use super::texts::SharedText;
use crate::cli::feed;
use crate::config::Config;
use crate::daemon::publish::why;
use wirefold_engine::state::State;

/// The score of the two, and the words behind its terms.
pub(super) struct StoryPairScore(why::StoryComparison);

impl StoryPairScore {
    /// Compares the articles of `texts`.
    pub(super) fn compare(
        config: &Config,
        args: &Args,
        texts: &SharedText,
    ) -> anyhow::Result<Self> {
        let state = match &args.r#in {
            Some(path) => {
                let feeds = [feed::FeedFile::open(path)?];
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
        Ok(Self(why::StoryComparison::of(&told, [a, b], state.live_articles())))
    }

    /// All of it, for machines.
    pub(super) fn told(&self) -> &why::StoryComparison {
        &self.0
    }

    /// All of it, for a person.
    pub(super) fn lines(&self) -> Vec<String> {
        let told = &self.0;
        let verdict = match told.score {
            score if score >= told.join => "near enough",
            score if score >= told.join_again => "near enough at a second look",
            _ => "not near enough",
        };
        let verdict = format!(
            "as articles of one story they are {verdict}: score {:.3}; one joins from {:.3} as it \
             arrives, from {:.3} while its story is still of one article",
            told.score, told.join, told.join_again
        );
        let mut lines = vec![String::new(), verdict];
        for channel in &told.channels {
            let cosine = channel.cosine.map_or("-".to_owned(), |c| format!("{c:.3}"));
            lines.push(format!("   {:<18} {cosine}", channel.name));
        }
        lines.push(format!("   {:<18} {:.3}", "time factor", told.time));
        lines.push(format!("   {:<18} of {} articles", "frequencies", told.frequencies_of));
        for (name, terms) in [("shared", &told.shared), ("missing", &told.missing)] {
            let named = terms.iter().map(|term| format!("{} {:.3}", term.term, term.share));
            lines.push(format!("   {name:<18} {}", named.collect::<Vec<_>>().join(", ")));
        }
        lines
    }
}
