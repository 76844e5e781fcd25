//! A live article, and what was decided about it.

use crate::article::{ArticleKey, ArticleMetadata, EventTime, InputPosition, Sequence};
use crate::candidates::PostingKeys;
use crate::fingerprint::Fingerprint;
use crate::stories::{StoryId, Terms};
use crate::verdict::names::NameKeys;
use crate::verdict::{UniqueOutcome, Validity, Verdict};

/// What was decided about an article when it arrived, reduced to what later articles need.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The root of its chain: itself for an original.
    pub root: Sequence,
    /// Its story on arrival; absent if it never joins one.
    pub story: Option<StoryId>,
    /// The whole verdict, because copies inherit its relations.
    pub verdict: Verdict,
}

impl Decision {
    /// The decision to keep for the article at `own`.
    pub fn new(verdict: Verdict, own: Sequence, story: Option<StoryId>) -> Self {
        let root = verdict.relation.root.as_ref().and_then(|t| t.sequence).unwrap_or(own);
        Self { root, story, verdict }
    }
}

/// A live article.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The input position of its bytes.
    pub input: InputPosition,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// Its metadata.
    pub about: ArticleMetadata,
    /// The keys of the names in `about`.
    pub names: NameKeys,
    /// Its fingerprint.
    pub print: Fingerprint,
    /// Its terms, as stored.
    pub terms: Terms,
    /// Posting keys of its edge pieces, including removed ones.
    pub edges: Box<[u32]>,
    /// What was decided on arrival.
    pub decision: Decision,
    /// Its current validity.
    pub standing: Validity,
    /// The article that last changed its validity.
    pub changed_by: Option<Box<ArticleKey>>,
    /// Its first sentence, at most
    /// [`LEAD_SENTENCE_BYTES_MAX`](crate::stories::LEAD_SENTENCE_BYTES_MAX) bytes; empty if the
    /// text is short, because the fingerprint then contains the whole text.
    pub lead_sentence: Box<str>,
    /// Its validity when its embargo ended; absent while it waits, and if it had no embargo.
    pub lifted: Option<Validity>,
}

impl Entry {
    /// The start of its text: the whole text if it is short, otherwise the first sentence.
    pub(super) fn opening(&self) -> &str {
        match &*self.print.short_text {
            "" => &self.lead_sentence,
            text => text,
        }
    }

    /// Whether it went to the unique topic.
    pub fn unique(&self) -> UniqueOutcome {
        match (self.decision.verdict.pass.outcome(), self.lifted) {
            (UniqueOutcome::Embargoed, Some(Validity::Valid)) => UniqueOutcome::Forwarded,
            (UniqueOutcome::Embargoed, Some(_)) => UniqueOutcome::Held,
            (outcome, _) => outcome,
        }
    }

    /// The index keys of this article besides those of its text. `previous` is the newest earlier
    /// article with the same uri.
    pub(super) fn keys(&self, previous: Option<Sequence>) -> PostingKeys<'_> {
        let uris = self.decision.verdict.targets().map(|target| target.key.uri.as_str());
        PostingKeys::of(&self.edges, uris.filter(|uri| *uri != self.about.uri), previous)
    }
}
