//! Learned boilerplate: pieces at the edges of otherwise unrelated texts. They are removed from new
//! articles before comparison.
//!
//! In: a new article with its edge pieces. Out: the article without known pieces, and pieces newly
//! learned from it. For example, once five unrelated reports have ended with "Seltzwire is owned by
//! its readers.", that paragraph is removed from the next one.
//!
//! A piece is learned when `roots_min` unrelated articles carry it. Two carriers are related if one
//! is a copy of the other or if they share samples outside the pieces that both carry. For a piece
//! that begins the text, they are also related if the next two words are the same ("Trade minister
//! Ada" is not boilerplate if the same words always follow); for a piece in the first third of a
//! text, also if they are in one story. Two guards prevent the engine from learning a flash, which
//! many providers place before a report of their own. Copies of a learned flash would not be found.
//!
//! - a piece in the first third of a text is counted per provider: a site's boilerplate comes
//!   before many unrelated reports of that site, whereas a flash comes before one report at each of
//!   many providers;
//! - a piece that is also the whole text of an article is not learned, and is forgotten if such an
//!   article arrives later.
//!
//! A text equal to an earlier one is left as it is, so that it still equals texts that arrived
//! before the piece was learned. An article still counts as a carrier of the pieces that were
//! removed from it. Apart from the learned pieces, this state is a function of the live articles:
//! each keeps the posting keys of its pieces.
//!
//! A structural rule (words around an earlier text are boilerplate if they are few) was rejected
//! because it would call short expansions reprints; counting head pieces of all providers together
//! was rejected because it would learn flashes.

use super::State;
use super::entry::Entry;
use crate::article::Sequence;
use crate::fingerprint::{Fingerprint, SamplingKey, sample_of, shingles};
use crate::prepare::Prepared;
use crate::stories::StoryId;
use crate::text::pieces::{Edge, PIECES_MAX, Piece, pieces};
use crate::text::{self, words};
use std::collections::BTreeMap;
use std::ops::Range;

/// Maximum number of rounds of removal for one text.
const ROUNDS_MAX: usize = 6;
/// Maximum number of words next to a known piece, for example a date or page number, that are
/// removed together with the piece.
const OUTSIDE_MAX: usize = 12;

/// The edges of a new article.
#[derive(Debug, Default)]
pub(super) struct ArticleEdges {
    /// Posting keys of its pieces, including removed ones.
    pub(super) keys: Vec<u32>,
    /// Whether boilerplate was removed.
    pub(super) trimmed: bool,
    /// Hashes of its known pieces.
    seen: Vec<u64>,
}

impl State {
    /// Removes known boilerplate from a new article. The state does not change.
    pub(super) fn take_off(&self, new: &mut Prepared) -> ArticleEdges {
        let mut edges = ArticleEdges::default();
        let came_before = self.index.whole(new.fingerprint.content_hash).any(|sequence| {
            self.live
                .get(sequence)
                .is_some_and(|that| that.print.content_hash == new.fingerprint.content_hash)
        });
        for _ in 0..ROUNDS_MAX {
            self.note(new, &mut edges);
            let Some(range) = self.own_range(new).filter(|_| !came_before) else { break };
            let clean = std::mem::take(&mut new.clean).cut(range);
            new.clean = text::own(clean, &new.about.headline);
            new.words = words(&new.clean.text, &self.settings.tuning.text);
            new.edge_pieces = pieces(&new.clean.text, &new.words);
            edges.trimmed = true;
        }
        if edges.trimmed {
            new.fingerprint =
                Fingerprint::of(&new.words, &self.settings.tuning.fingerprint, self.key)
                    .with_text(&new.clean);
            new.terms = new.terms_of(&new.clean, &new.words, &self.settings);
        }
        edges
    }

    /// Adds the pieces of a new article to `edges`: their keys to `keys`, and the hashes of those
    /// that are known boilerplate to `seen`.
    fn note(&self, new: &Prepared, edges: &mut ArticleEdges) {
        let ArticleEdges { keys, seen, .. } = edges;
        for piece in &new.edge_pieces {
            if keys.len() < 2 * PIECES_MAX && !keys.contains(&key(piece)) {
                keys.push(key(piece));
            }
            if self.furniture.knows(piece.hash, self.clock) {
                seen.push(piece.hash);
            }
        }
    }

    /// Updates the last-seen times of the known pieces of a new article.
    pub(super) fn mark_boilerplate_seen(&mut self, edges: &ArticleEdges) {
        for &hash in &edges.seen {
            self.furniture.record_sighting(hash, self.clock);
        }
    }

    /// The byte range of the text of a new article without its known pieces; `None` if it has no
    /// known pieces, or if no words would remain.
    fn own_range(&self, new: &Prepared) -> Option<Range<usize>> {
        let all = 0..new.clean.text.len();
        let total = new.words.hashes.len();
        let known = |edge: Edge| {
            new.edge_pieces.iter().filter(move |p| {
                let outside = match p.edge {
                    Edge::Head => p.words.start,
                    Edge::Foot => total - p.words.end,
                };
                p.edge == edge && outside <= OUTSIDE_MAX && self.furniture.knows(p.hash, self.clock)
            })
        };
        let start = known(Edge::Head).map(|p| p.bytes.end).max().unwrap_or(all.start);
        let end = known(Edge::Foot).map(|p| p.bytes.start).min().unwrap_or(all.end);
        let holds_words = |range: &Range<usize>| {
            *range != all
                && new
                    .clean
                    .text
                    .get(range.clone())
                    .is_some_and(|t| t.chars().any(char::is_alphanumeric))
        };
        [start..end, all.start..end, start..all.end].into_iter().find(holds_words)
    }

    /// Learns the pieces that are boilerplate now that the newest article also carries them. That
    /// article must already be live.
    pub(super) fn learn(&mut self, new: &[Piece], hashes: &[u64]) {
        let roots_min = usize::from(self.settings.tuning.boilerplate.roots_min);
        if roots_min == 0 {
            return;
        }
        let mut learned = Vec::new();
        let mut samples = None;
        for piece in new.iter().filter(|p| p.figures <= p.plain_words()) {
            if self.furniture.knows(piece.hash, self.clock) {
                continue;
            }
            let carriers = self.index.carriers(key(piece));
            if carriers.len() < roots_min || self.index.whole(piece.hash).next().is_some() {
                continue;
            }
            let samples =
                samples.get_or_insert_with(|| BoilerplateSamples::of(new, hashes, self.key));
            let leads = 3 * piece.words.start < hashes.len();
            if self.is_boilerplate(&carriers, piece, leads, samples) {
                learned.push(piece.hash);
            }
        }
        for hash in learned {
            self.furniture.record_sighting(hash, self.clock);
        }
    }

    /// Whether enough carriers of a piece are unrelated. Carriers with too few other words do not
    /// count.
    fn is_boilerplate(
        &self,
        carriers: &[Sequence],
        piece: &Piece,
        leads: bool,
        samples: &BoilerplateSamples,
    ) -> bool {
        let settings = &self.settings.tuning.boilerplate;
        let roots_min = usize::from(settings.roots_min);
        let mut families: BTreeMap<Option<&str>, Vec<PieceCarrier<'_>>> = BTreeMap::new();
        let (mut roots, mut repeats, mut most) = (0, 0, 0);
        for &sequence in carriers {
            let Some(entry) = self.live.get(sequence) else { continue };
            let provider = entry.about.provider.as_deref();
            let beside = entry.print.plain_words().saturating_sub(piece.plain_words());
            if beside < settings.own_words_min as usize || leads && provider.is_none() {
                continue;
            }
            let new = PieceCarrier::of(sequence, entry, piece);
            let known = families.entry(provider.filter(|_| leads)).or_default();
            let one_story =
                |that: &PieceCarrier<'_>| leads && new.story.is_some() && new.story == that.story;
            if known.iter().any(|that| {
                that.root == new.root
                    || that.next.is_some() && that.next == new.next
                    || one_story(that)
                    || samples.related(new.entry, that.entry, settings.related)
            }) {
                continue;
            }
            known.push(new);
            roots += 1;
            repeats += usize::from(known.len() > 1);
            most = most.max(known.len());
            let enough = match leads {
                true => repeats + 1 >= roots_min && 2 * most > roots_min,
                false => roots >= roots_min,
            };
            if enough {
                return true;
            }
        }
        false
    }
}

/// A carrier of a piece, with the data that can show that it is related to another carrier.
struct PieceCarrier<'a> {
    /// The article.
    entry: &'a Entry,
    /// The root of its chain of copies.
    root: Sequence,
    /// The story it joined on arrival.
    story: Option<StoryId>,
    /// Trace bytes of the two words after a piece that begins the text.
    next: Option<[u8; 2]>,
}

impl<'a> PieceCarrier<'a> {
    fn of(own: Sequence, entry: &'a Entry, piece: &Piece) -> Self {
        let copy = entry.decision.verdict.relation.kind.joins_its_match();
        let root = if copy { entry.decision.root } else { own };
        let behind = (piece.words.start == 0).then_some(piece.words.end);
        let next = behind.and_then(|at| entry.print.trace.get(at..)?.first_chunk().copied());
        Self { entry, root, story: entry.decision.story, next }
    }
}

/// The posting key of a piece.
fn key(piece: &Piece) -> u32 {
    (piece.hash >> 32) as u32
}

/// The samples within the pieces of the newest article. A sample that two carriers share because
/// both carry the piece says nothing about the rest of their texts.
struct BoilerplateSamples {
    /// Posting keys of the pieces.
    keys: Vec<u32>,
    /// Samples in ascending order, each with a bit set of the pieces that contain it.
    within: Vec<(u32, u32)>,
}

impl BoilerplateSamples {
    /// The samples within `pieces` of a text with these word hashes.
    fn of(pieces: &[Piece], hashes: &[u64], flood: SamplingKey) -> Self {
        let mut within: Vec<(u32, u32)> = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            let bit = 1 << at;
            let all = shingles(&hashes[piece.words.clone()]);
            within.extend(all.into_iter().map(|shingle| (sample_of(shingle, flood), bit)));
        }
        within.sort_unstable();
        within.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= if same { next.1 } else { 0 };
            same
        });
        Self { keys: pieces.iter().map(key).collect(), within }
    }

    /// The bit set of the pieces that an article carries.
    fn carried(&self, entry: &Entry) -> u32 {
        let carries = |key: &u32| entry.edges.contains(key);
        let bits = self.keys.iter().enumerate().filter(|(_, key)| carries(key));
        bits.fold(0, |set, (at, _)| set | 1 << at)
    }

    /// Whether two carriers share at least two samples, and at least `share` of the smaller set,
    /// not counting samples within pieces that both carry.
    fn related(&self, a: &Entry, b: &Entry, share: f64) -> bool {
        let both = self.carried(a) & self.carried(b);
        let own = |sample: &&u32| {
            let at = self.within.binary_search_by_key(*sample, |(s, _)| *s);
            at.map_or(true, |at| self.within[at].1 & both == 0)
        };
        let (a, b) = (&a.print.samples, &b.print.samples);
        let shared = a.iter().filter(|s| b.binary_search(s).is_ok()).filter(own).count();
        let least = a.iter().filter(own).count().min(b.iter().filter(own).count());
        shared >= 2 && shared as f64 >= share * least as f64
    }
}
