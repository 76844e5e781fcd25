//! Articles, relations and stories as the API sends them.
//!
//! What is not known is absent. Times are RFC 3339 in UTC; `claimed` is the publisher's own clock,
//! `arrived` the log's.

use crate::daemon::publish::article::{EvidenceInfo, ItemKind, item_kind};
use crate::daemon::publish::data::rounded;
use crate::daemon::snapshot::story::SnapshotStory;
use crate::daemon::snapshot::{Snapshot, SnapshotArticle};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wirefold_engine::article::{ArticleKey, EventTime, NoticeOrder, PubStatus, Sequence};
use wirefold_engine::verdict::{self, Kind, RelationTarget, Validity};

/// Providers that a story's row names.
const PROVIDERS: usize = 12;

/// An article, named.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ArticleRef {
    /// Its id; absent when it is not live any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.1200")]
    id: Option<String>,
    /// Its uri.
    uri: String,
    /// Its version, where the wire gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Who sent it, where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

/// A live article.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ArticleRow {
    /// Its id: the shard, and its place there.
    #[schema(example = "0.1234")]
    id: String,
    /// The provider's identifier, stable over versions.
    uri: String,
    /// The version as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The origin that it credits.
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<String>,
    /// The main headline; may be empty.
    headline: String,
    /// The slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    slugline: Option<String>,
    /// The language, stated or else detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// What the item is.
    #[serde(rename = "type")]
    item: ItemKind,
    /// The time that it claims for itself, by the publisher's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
    /// When it arrived, by the log's clock.
    arrived: String,
    /// Words of its cleaned body.
    words: usize,
    /// What it is: the best match.
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    /// The rule that decided, by its stable name.
    rule: String,
    /// Of which article it is that.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRef>,
    /// The first article of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<ArticleRef>,
    /// Links from here to the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<u32>,
    /// Share of words that no earlier article had.
    #[serde(skip_serializing_if = "Option::is_none")]
    novelty: Option<f64>,
    /// Those words, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    novel_words: Option<u32>,
    /// Figures that no earlier article had there.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_numbers: Option<u32>,
    /// Stable flag names.
    flags: Vec<String>,
    /// How it stands now: `stands`, `superseded`, `uncorrected` or `withdrawn`.
    standing: &'static str,
    /// The article that changed how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<ArticleRef>,
    /// What a notice orders: `kill`, `hold` or `release`.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    /// Not to be published before.
    #[serde(skip_serializing_if = "Option::is_none")]
    embargoed: Option<String>,
    /// The publishing status: `usable`, `withheld` or `canceled`.
    pubstatus: &'static str,
    /// Its story; absent for what never joins one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "00ab34cd56ef7890")]
    story: Option<String>,
}

/// One relation between an article and an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct RelationRow {
    /// The kind.
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    /// Of which article.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRef>,
    /// The first article of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<ArticleRef>,
    /// Links from here to the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<u32>,
    /// The rule that decided, by its stable name.
    rule: String,
    /// What it rests on; absent where no text was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceInfo>,
    /// Shared runs, where they explain the kind: words of the cleaned texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passages: Vec<PassageRow>,
}

/// A run of words that two articles share: from the first to one past the last.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct PassageRow {
    /// In this article.
    words: [u32; 2],
    /// In the other.
    of_words: [u32; 2],
}

/// A live story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct StoryRow {
    /// Its id, for good.
    #[schema(example = "00ab34cd56ef7890")]
    id: String,
    /// The headline of the lead.
    headline: String,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Standing members.
    size: u32,
    /// Independent publishers.
    publishers: u32,
    /// All live members.
    articles: u32,
    /// The lead article.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead: Option<ArticleRef>,
    /// Why it leads.
    lead_reason: String,
    /// When the first member arrived.
    first_seen: String,
    /// When the last member arrived.
    last_seen: String,
    /// Changes whenever the story does; to be compared for equality.
    changed: String,
    /// Articles of late, each counting half as much after an hour, a copy a quarter of an own text.
    rise: f64,
    /// The story that it grew out of.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    /// Stories in other languages, linked as translations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    /// What to look at.
    badges: Badges,
    /// Members by kind.
    kinds: BTreeMap<&'static str, u32>,
    /// Members by provider: at most 12, most articles first.
    providers: Vec<Provider>,
}

/// Counts of what to look at in a story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Badges {
    /// Members that are withdrawn.
    withdrawn: u32,
    /// Members that others have corrected.
    uncorrected: u32,
    /// Standing articles, of any story, that carry withdrawn or uncorrected text of this one.
    carried: u32,
    /// Corrections.
    corrections: u32,
    /// Members that a person should look at.
    needs_review: u32,
    /// Copies with other figures.
    changed_numbers: u32,
    /// Members with an embargo that has an end.
    embargoed: u32,
}

/// The badges by which stories are filtered.
pub(super) const BADGES: [&str; 7] = [
    "withdrawn",
    "uncorrected",
    "carried",
    "corrections",
    "needs_review",
    "changed_numbers",
    "embargoed",
];

/// A provider of a story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Provider {
    /// Its name.
    name: String,
    /// Its members.
    articles: u32,
}

/// The id of an article.
pub(super) fn article_id(shard: u32, sequence: Sequence) -> String {
    format!("{shard}.{}", sequence.0)
}

fn standing(standing: Validity) -> &'static str {
    match standing {
        Validity::Stands => "stands",
        Validity::Superseded => "superseded",
        Validity::Uncorrected => "uncorrected",
        Validity::Withdrawn => "withdrawn",
    }
}

/// A desk with its shard, for making rows.
#[derive(Clone, Copy)]
pub(super) struct RowContext<'a> {
    pub(super) shard: u32,
    pub(super) desk: &'a Snapshot,
}

impl RowContext<'_> {
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
        }
    }

    /// What a relation points to.
    pub(super) fn target(self, target: &Option<RelationTarget>) -> Option<ArticleRef> {
        target.as_ref().map(|target| self.named(&target.key, target.sequence))
    }

    /// An article's row.
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
            of: self.target(&relation.of),
            root: self.target(&relation.root),
            chain: relation.of.as_ref().map(|_| relation.chain),
            novelty: novelty.map(|novelty| rounded(novelty.share.get())),
            novel_words: novelty.map(|novelty| novelty.words),
            new_numbers: novelty.map(|novelty| novelty.numbers),
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

    /// A relation.
    pub(super) fn relation(self, from: &verdict::Relation) -> RelationRow {
        let passages = from.passages.iter().map(|p| PassageRow {
            words: [p.start_word, p.end_word],
            of_words: [p.of_start_word, p.of_end_word],
        });
        RelationRow {
            kind: from.kind,
            of: self.target(&from.of),
            root: self.target(&from.root),
            chain: from.of.as_ref().map(|_| from.chain),
            rule: from.rule.to_string(),
            evidence: EvidenceInfo::of(&from.evidence),
            passages: passages.collect(),
        }
    }

    /// A story's row.
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
            rise: (counts.heat.at(clock) * 100.0).round() / 100.0,
            follows: summary.follows.map(|id| id.to_string()),
            related: summary.related.iter().map(ToString::to_string).collect(),
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

/// How many members of a story one of [`BADGES`] counts.
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
