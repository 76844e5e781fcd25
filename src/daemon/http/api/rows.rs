//! The JSON form of articles, relations and stories.
//!
//! Unknown values are absent. Times are RFC 3339 in UTC. `claimed` is a time by the publisher's
//! clock, and `arrived` is a time by the engine's clock.

use super::linked::{self, LinkedStory};
use crate::daemon::publish::article::{EvidenceInfo, ItemKind, item_kind};
use crate::daemon::publish::data::{TextRange, UniqueInfo, rounded};
use crate::daemon::snapshot::story::SnapshotStory;
use crate::daemon::snapshot::{Snapshot, SnapshotArticle};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wirefold_engine::article::{ArticleKey, EventTime, NoticeOrder, PubStatus, Sequence};
use wirefold_engine::verdict::{self, Kind, RelationTarget, Validity};

/// Maximum number of providers listed per story.
const PROVIDERS: usize = 12;

/// A reference to an article.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ArticleRef {
    /// The article's id; absent if it is no longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.1200")]
    id: Option<String>,
    /// The article's uri.
    uri: String,
    /// The article's version, if the provider sends one.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The provider that sent the article; absent if it is no longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The article's headline; absent if it is no longer live or has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<String>,
    /// Whether the article went to the unique topic; absent if it is no longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<UniqueInfo>,
}

/// A live article.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ArticleRow {
    /// The article's id: shard and sequence number.
    #[schema(example = "0.1234")]
    id: String,
    /// The provider's identifier, which is the same for all versions of the article.
    uri: String,
    /// The version, as sent by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The provider that sent the article.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The source the article credits, such as another agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<String>,
    /// The main headline; may be empty.
    headline: String,
    /// The slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    slugline: Option<String>,
    /// The language (BCP 47 primary subtag), as declared by the provider or otherwise as detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// The type of item.
    #[serde(rename = "type")]
    item: ItemKind,
    /// The time that the article states for itself, by the publisher's clock (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
    /// When the article arrived, in engine time (RFC 3339, UTC).
    arrived: String,
    /// Number of words of the cleaned body.
    words: usize,
    /// The kind of the relation that best describes the article; `original` if nothing matched.
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    /// The name of the rule that decided the kind. The names are stable.
    rule: String,
    /// The article that the relation refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRef>,
    /// The first article in the chain of relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<ArticleRef>,
    /// Number of links from this article to `root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<u32>,
    /// Share of the article's words, from 0 to 1, that no earlier article in the window contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    novelty: Option<f64>,
    /// Number of new words.
    #[serde(skip_serializing_if = "Option::is_none")]
    novel_words: Option<u32>,
    /// Number of figures that do not occur in the same place in any earlier article.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_numbers: Option<u32>,
    /// Whether the article went to the unique topic.
    unique: UniqueInfo,
    /// The article that it replaced in the unique topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<ArticleRef>,
    /// Flag names. The names are stable.
    flags: Vec<String>,
    /// The article's current validity: `stands` (valid), `superseded`, `uncorrected` or
    /// `withdrawn`.
    standing: &'static str,
    /// The article that changed the validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<ArticleRef>,
    /// What a notice orders: `kill`, `hold` or `release`; absent if the article is not a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    /// End of the embargo (RFC 3339, UTC); the article must not be published before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    embargoed: Option<String>,
    /// The publishing status: `usable`, `withheld` or `canceled`.
    pubstatus: &'static str,
    /// The id of the article's story; absent if it never joins one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "00ab34cd56ef7890")]
    story: Option<String>,
}

/// One relation between an article and an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct RelationRow {
    /// How the article relates to the other.
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    /// The other article.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRef>,
    /// The first article in the chain of relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<ArticleRef>,
    /// Number of links from this article to `root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<u32>,
    /// The name of the rule that decided the kind. The names are stable.
    rule: String,
    /// The measures the decision is based on; absent if no text was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceInfo>,
    /// The shared passages, in words of the cleaned texts; present if they explain the kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passages: Vec<PassageRow>,
}

/// A run of words that two articles share: its first word (counted from 0), and the position after
/// its last word.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct PassageRow {
    /// The run in this article. The same as `range`.
    words: [u32; 2],
    /// The run in the other article. The same as `of_range`.
    of_words: [u32; 2],
    /// The run in this article, as a range of words in its cleaned text.
    range: TextRange,
    /// The run in the other article, as a range of words in its cleaned text.
    of_range: TextRange,
}

/// A live story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct StoryRow {
    /// The story's id, which never changes.
    #[schema(example = "00ab34cd56ef7890")]
    id: String,
    /// The headline of the lead article.
    headline: String,
    /// The story's language (BCP 47 primary subtag).
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Number of live members that are not withdrawn.
    size: u32,
    /// Number of independent publishers.
    publishers: u32,
    /// Number of live members, including withdrawn ones.
    articles: u32,
    /// The lead article.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead: Option<ArticleRef>,
    /// The reason the lead article leads (a stable name).
    lead_reason: String,
    /// When the first member arrived, in engine time (RFC 3339, UTC).
    first_seen: String,
    /// When the last member arrived, in engine time (RFC 3339, UTC).
    last_seen: String,
    /// An opaque value that changes whenever the story changes.
    changed: String,
    /// How fast the story grows: the sum of the weights of the articles that joined it. A weight is
    /// initially 1, or 1/4 for a duplicate, reprint or excerpt, and halves every hour; a redelivery
    /// has no weight. Rounded to four decimals.
    rise: f64,
    /// The engine time for which `rise` was computed (RFC 3339, UTC).
    rise_at: String,
    /// The first sentence of the lead, without markup, at most 160 bytes: a longer one is cut after
    /// a word and ends with `…`. Absent if the lead has no text, and for articles that arrived
    /// before Wirefold kept their first sentences.
    #[serde(skip_serializing_if = "String::is_empty")]
    lead_sentence: String,
    /// The subjects of the articles that joined, as sent, most frequent first; at most 12.
    subjects: Vec<String>,
    /// The places where the articles that joined were written, and the places that they are about,
    /// as sent, most frequent first; at most 12.
    places: Vec<String>,
    /// The languages (BCP 47 primary subtags) of the articles that joined, most frequent first; at
    /// most 12.
    languages: Vec<String>,
    /// The id of the story that this one continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    /// Number of stages of the running story that this story belongs to, counted up to 50; absent
    /// if there is no other stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    saga_stages: Option<usize>,
    /// The ids of stories in other languages that are about the same event: they share names,
    /// places or figures with this story, or an article states that it is a translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    /// The live stories in `related`, with their languages, headlines and what they share with this
    /// story.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkedStory>,
    /// Counts of members and carriers that need attention.
    badges: Badges,
    /// Number of members by kind.
    kinds: BTreeMap<&'static str, u32>,
    /// Number of members by provider, for at most 12 providers, those with the most members first.
    providers: Vec<Provider>,
}

/// Counts of a story's members, and of carriers, that need attention.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Badges {
    /// Number of withdrawn members.
    withdrawn: u32,
    /// Number of members that another article corrected.
    uncorrected: u32,
    /// Number of valid articles, of any story, that contain withdrawn or uncorrected text of this
    /// story.
    carried: u32,
    /// Number of members that are corrections.
    corrections: u32,
    /// Number of members flagged for review.
    needs_review: u32,
    /// Number of copies whose figures differ.
    changed_numbers: u32,
    /// Number of members with an embargo that has an end time.
    embargoed: u32,
}

/// The badges by which stories can be filtered.
pub(super) const BADGES: [&str; 7] = [
    "withdrawn",
    "uncorrected",
    "carried",
    "corrections",
    "needs_review",
    "changed_numbers",
    "embargoed",
];

/// A provider with members in a story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Provider {
    /// The provider's name.
    name: String,
    /// Number of its members.
    articles: u32,
}

/// The id of an article: `<shard>.<sequence>`.
pub(super) fn article_id(shard: u32, sequence: Sequence) -> String {
    format!("{shard}.{}", sequence.0)
}

/// The name of a validity.
fn standing(standing: Validity) -> &'static str {
    match standing {
        Validity::Valid => "stands",
        Validity::Superseded => "superseded",
        Validity::Uncorrected => "uncorrected",
        Validity::Withdrawn => "withdrawn",
    }
}

/// A snapshot and its shard, needed to render rows.
#[derive(Clone, Copy)]
pub(super) struct RowContext<'a> {
    /// The shard's number.
    pub(super) shard: u32,
    /// The snapshot.
    pub(super) desk: &'a Snapshot,
}

impl RowContext<'_> {
    /// A reference to the article at `sequence`, or to the article with this key if `sequence` is
    /// `None`.
    fn named(self, key: &ArticleKey, sequence: Option<Sequence>) -> ArticleRef {
        let live = match sequence {
            Some(sequence) => self.desk.article(sequence).map(|article| (sequence, article)),
            None => self.desk.of_key(key),
        };
        ArticleRef {
            id: live.map(|(sequence, _)| article_id(self.shard, sequence)),
            uri: key.uri.clone(),
            version: key.version.clone(),
            provider: live.and_then(|(_, article)| article.entry.about.provider.clone()),
            headline: live
                .map(|(_, article)| article.entry.about.headline.clone())
                .filter(|headline| !headline.is_empty()),
            unique: live.map(|(_, article)| UniqueInfo::of(article.entry.unique())),
        }
    }

    /// A reference to the article that a relation points to.
    pub(super) fn target(self, target: Option<&RelationTarget>) -> Option<ArticleRef> {
        target.map(|target| self.named(&target.key, target.sequence))
    }

    /// A reference to the article that, according to the verdict, is replaced in the unique topic.
    pub(super) fn replaces(self, verdict: &verdict::Verdict) -> Option<ArticleRef> {
        verdict.pass.replaces().map(|key| self.named(key, None))
    }

    /// An article in the form that the API sends.
    pub(super) fn row(self, sequence: Sequence, article: &SnapshotArticle) -> ArticleRow {
        let entry = &*article.entry;
        let (about, verdict) = (&entry.about, &entry.decision.verdict);
        let relation = &verdict.relation;
        let novelty = verdict.novelty.as_ref();
        ArticleRow {
            id: article_id(self.shard, sequence),
            uri: about.uri.clone(),
            version: about.version.clone(),
            provider: about.provider.clone(),
            credit: about.credit.clone(),
            headline: about.headline.clone(),
            slugline: about.slugline.clone(),
            language: about.language.map(|language| language.as_str().to_owned()),
            item: item_kind(about.kind, about.marks.shape),
            claimed: about.claimed.map(|at| at.to_string()),
            arrived: entry.arrived.to_string(),
            words: entry.print.words(),
            kind: relation.kind,
            rule: relation.rule.to_string(),
            of: self.target(relation.of.as_deref()),
            root: self.target(relation.root.as_deref()),
            chain: relation.of.as_ref().map(|_| relation.chain),
            novelty: novelty.map(|novelty| rounded(novelty.share.get())),
            novel_words: novelty.map(|novelty| novelty.words),
            new_numbers: novelty.map(|novelty| novelty.numbers),
            unique: UniqueInfo::of(entry.unique()),
            replaces: self.replaces(verdict),
            flags: verdict.flags.clone(),
            standing: standing(entry.standing),
            changed_by: entry.changed_by.as_ref().map(|key| self.named(key, None)),
            order: about.marks.order.map(|order| match order {
                NoticeOrder::Kill => "kill",
                NoticeOrder::Hold => "hold",
                NoticeOrder::Release => "release",
            }),
            embargoed: about.embargoed.map(|at| at.to_string()),
            pubstatus: match about.pubstatus {
                PubStatus::Usable => "usable",
                PubStatus::Withheld => "withheld",
                PubStatus::Canceled => "canceled",
            },
            story: article.story.map(|id| id.to_string()),
        }
    }

    /// The row of the article at `sequence`, if it is live.
    pub(super) fn row_at(self, sequence: Sequence) -> Option<ArticleRow> {
        Some(self.row(sequence, self.desk.article(sequence)?))
    }

    /// A relation in the form that the API sends.
    pub(super) fn relation(self, from: &verdict::Relation) -> RelationRow {
        let passages = from.passages.iter().map(|p| PassageRow {
            words: [p.start_word, p.end_word],
            of_words: [p.of_start_word, p.of_end_word],
            range: TextRange::of_words((p.start_word, p.end_word)),
            of_range: TextRange::of_words((p.of_start_word, p.of_end_word)),
        });
        RelationRow {
            kind: from.kind,
            of: self.target(from.of.as_deref()),
            root: self.target(from.root.as_deref()),
            chain: from.of.as_ref().map(|_| from.chain),
            rule: from.rule.to_string(),
            evidence: EvidenceInfo::of(&from.evidence),
            passages: passages.collect(),
        }
    }

    /// A story in the form that the API sends.
    pub(super) fn story(self, story: &SnapshotStory) -> StoryRow {
        let (summary, counts) = (&story.summary, &story.counts);
        let kinds = Kind::ALL.into_iter().map(|kind| (kind.as_str(), counts.of_kind(kind)));
        let mut providers: Vec<Provider> = counts
            .providers
            .iter()
            .map(|(name, articles)| Provider { name: name.to_owned(), articles })
            .collect();
        providers
            .sort_by(|a, b| (Reverse(a.articles), &a.name).cmp(&(Reverse(b.articles), &b.name)));
        providers.truncate(PROVIDERS);
        let clock = self.desk.clock.unwrap_or(EventTime(0));
        StoryRow {
            id: summary.id.to_string(),
            headline: summary.headline.clone(),
            language: summary.language.map(|language| language.as_str().to_owned()),
            size: summary.size,
            publishers: summary.publishers,
            articles: counts.articles,
            lead: summary.lead.as_ref().map(|key| self.named(key, None)),
            lead_reason: summary.lead_reason.clone(),
            first_seen: summary.first_seen.to_string(),
            last_seen: summary.last_seen.to_string(),
            changed: format!("{}.{}", self.shard, story.changed),
            rise: rounded(summary.rise.at(clock)),
            rise_at: clock.to_string(),
            lead_sentence: summary.lead_sentence.clone(),
            subjects: summary.tags.subjects(),
            places: summary.tags.places(),
            languages: summary.tags.languages().iter().map(|l| l.as_str().to_owned()).collect(),
            follows: summary.follows.map(|id| id.to_string()),
            saga_stages: self.saga_stages(summary.id),
            related: summary.related.iter().map(ToString::to_string).collect(),
            links: linked::links(self.desk, summary),
            badges: Badges {
                withdrawn: counts.withdrawn,
                uncorrected: counts.uncorrected,
                carried: counts.carried,
                corrections: counts.corrections,
                needs_review: counts.needs_review,
                changed_numbers: counts.changed_numbers,
                embargoed: counts.embargoed,
            },
            kinds: kinds.filter(|(_, count)| *count > 0).collect(),
            providers,
        }
    }
}

/// The count of one of [`BADGES`].
pub(super) fn badge(story: &SnapshotStory, name: &str) -> u32 {
    let counts = &story.counts;
    match name {
        "withdrawn" => counts.withdrawn,
        "uncorrected" => counts.uncorrected,
        "carried" => counts.carried,
        "corrections" => counts.corrections,
        "needs_review" => counts.needs_review,
        "changed_numbers" => counts.changed_numbers,
        "embargoed" => counts.embargoed,
        _ => 0,
    }
}
