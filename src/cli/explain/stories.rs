//! Explains why two articles are, or are not, similar enough for one story.
//!
//! Terms are weighted by how rare they are in the file given by `--in`. Without `--in`, no term
//! frequencies are known, and the score differs from the one that the daemon would compute.

use super::Args;
use super::texts::SharedText;
use crate::cli::feed;
use crate::config::Config;
use crate::daemon::pipeline::offline::NoOutputs;
use crate::daemon::publish::why;

/// The story score of two articles, with its terms as readable words.
pub(super) struct StoryPairScore(why::StoryComparison);

impl StoryPairScore {
    /// Compares the articles of `texts`.
    pub(super) fn compare(
        config: &Config,
        args: &Args,
        texts: &SharedText,
    ) -> anyhow::Result<Self> {
        let feeds: Vec<_> =
            args.r#in.iter().map(|path| feed::FeedFile::open(path)).collect::<Result<_, _>>()?;
        let format = config.input.format;
        let shard = feed::run(&feeds, &config.engine, format, NoOutputs, |_, _| Ok(()))?;
        let state = shard.state();
        let (a, b) = texts.sides();
        let score = state.stories().compare(
            (&a.terms, a.about.claimed),
            (&b.terms, b.about.claimed),
            b.about.language,
        );
        Ok(Self(why::StoryComparison::of(&score, [a, b], state.live_articles())))
    }

    /// The comparison, for JSON output.
    pub(super) fn comparison(&self) -> &why::StoryComparison {
        &self.0
    }

    /// The comparison as lines of text.
    pub(super) fn lines(&self) -> Vec<String> {
        let comparison = &self.0;
        let verdict = match comparison.score {
            score if score >= comparison.join => "similar enough for one story",
            score if score >= comparison.join_again => "similar enough when re-scored",
            _ => "not similar enough for one story",
        };
        let verdict = format!(
            "{verdict}: score {:.3}; an arriving article joins a story at {:.3}, a story of one \
             article joins another at {:.3} when re-scored",
            comparison.score, comparison.join, comparison.join_again
        );
        let mut lines = vec![String::new(), verdict];
        for channel in &comparison.channels {
            let cosine = channel.cosine.map_or("-".to_owned(), |c| format!("{c:.3}"));
            lines.push(format!("   {:<18} {cosine}", channel.name));
        }
        lines.push(format!("   {:<18} {:.3}", "time factor", comparison.time));
        lines.push(format!("   {:<18} {:.3}", "few-terms penalty", comparison.narrow));
        lines.push(format!(
            "   {:<18} from {} articles",
            "term frequencies", comparison.frequencies_of
        ));
        for (name, terms) in [("shared", &comparison.shared), ("missing", &comparison.missing)] {
            let named = terms.iter().map(|term| format!("{} {:.3}", term.term, term.share));
            lines.push(format!("   {name:<18} {}", named.collect::<Vec<_>>().join(", ")));
        }
        lines
    }
}
