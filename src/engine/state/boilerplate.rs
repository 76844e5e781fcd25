//! Learned furniture: pieces at the edges of texts that have nothing else in common are taken off new
//! articles before these are compared.
//!
//! A piece is learned when `roots_min` unrelated articles carry it. Carriers are related when one is a
//! copy of the other, or, above the text, in one story, or when their samples agree beyond the pieces that both carry. Two guards keep a
//! flash of one paragraph from being learned, which would switch off its own deduplication:
//!
//! - a piece within the first third of a text counts for its provider alone: the furniture of a site
//!   stands above many unrelated reports of that site, a flash above one report at each of many;
//! - a piece that stands as an article of its own is none, and one that comes to is forgotten.
//!
//! What stands behind a piece that begins the text must differ, too: the first words of a sentence
//! ("Trade minister Ada") are no piece of their own when the next ones are always the same.
//!
//! A text that equals an earlier one is left as it is, and so equals what came before the piece was
//! learned. What is taken off still counts as carried. State beside the learned pieces is a function
//! of the live articles: each keeps the posting keys of its pieces.
//!
//! Tried: a rule of structure (all of the earlier text kept, few words more) finds as many wrapped
//! copies but calls short expansions reprints; counting the head pieces of all providers together
//! learns sooner, and learns a flash.

use super::State;
use super::live::Entry;
use crate::article::Sequence;
use crate::fingerprint::{Fingerprint, FloodKey, sample_of, shingles};
use crate::prepare::Prepared;
use crate::stories::{StoryId, Terms};
use crate::text::pieces::{Edge, PIECES_MAX, Piece, pieces};
use crate::text::{self, words};
use std::collections::BTreeMap;
use std::ops::Range;

/// Passes over a text.
const ROUNDS_MAX: usize = 6;
/// Words that may stand outside a known piece and go with it: a changing date, a page number.
const OUTSIDE_MAX: usize = 12;

/// The edges of a new article.
#[derive(Debug, Default)]
pub(super) struct ArticleEdges {
    /// Posting keys of its pieces, those taken off included.
    pub(super) keys: Vec<u32>,
    /// Whether something was taken off.
    pub(super) taken_off: bool,
    /// Hashes of those that are known.
    seen: Vec<u64>,
}

impl State {
    /// Takes known furniture off a new article. The state stays as it is.
    pub(super) fn take_off(&self, new: &mut Prepared) -> ArticleEdges {
        let mut edges = ArticleEdges::default();
        let came_before = self.index.whole(new.print.content).any(|sequence| {
            self.live.get(sequence).is_some_and(|that| that.print.content == new.print.content)
        });
        for _ in 0..ROUNDS_MAX {
            self.note(new, &mut edges);
            let Some(own) = self.own_range(new).filter(|_| !came_before) else { break };
            let clean = std::mem::take(&mut new.clean).cut(own);
            new.clean = text::own(clean, &new.about.headline);
            new.words = words(&new.clean.text, &self.settings.text);
            new.pieces = pieces(&new.clean.text, &new.words);
            edges.taken_off = true;
        }
        if edges.taken_off {
            new.print = Fingerprint::of(&new.words, &self.settings.fingerprint, self.key);
            let (headline, language) = (&new.article.headline, new.about.language);
            let story = &self.settings.story;
            new.terms = Terms::of(headline, &new.clean, &new.words, language, story);
        }
        edges
    }

    /// Notes the pieces of a new article: their keys, and which are known.
    fn note(&self, new: &Prepared, edges: &mut ArticleEdges) {
        let ArticleEdges { keys, seen, .. } = edges;
        for piece in &new.pieces {
            if keys.len() < 2 * PIECES_MAX && !keys.contains(&key(piece)) {
                keys.push(key(piece));
            }
            if self.furniture.knows(piece.hash, self.clock) {
                seen.push(piece.hash);
            }
        }
    }

    /// Known pieces were seen.
    pub(super) fn see(&mut self, edges: &ArticleEdges) {
        for &hash in &edges.seen {
            self.furniture.see(hash, self.clock);
        }
    }

    /// What is left of a new article without its known pieces; `None` where it has none, or has
    /// nothing else.
    fn own_range(&self, new: &Prepared) -> Option<Range<usize>> {
        let all = 0..new.clean.text.len();
        let total = new.words.hashes.len();
        let known = |edge: Edge| {
            new.pieces.iter().filter(move |p| {
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

    /// Learns what the newest article, live already, shows to be furniture.
    pub(super) fn learn(&mut self, new: &[Piece], hashes: &[u64]) {
        let roots_min = usize::from(self.settings.index.furniture.roots_min);
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
            if self.is_furniture(&carriers, piece, leads, samples) {
                learned.push(piece.hash);
            }
        }
        for hash in learned {
            self.furniture.see(hash, self.clock);
        }
    }

    /// Whether enough of the carriers of a piece are no kin, of those whose text is long enough to tell.
    fn is_furniture(
        &self,
        carriers: &[Sequence],
        piece: &Piece,
        leads: bool,
        samples: &BoilerplateSamples,
    ) -> bool {
        let settings = &self.settings.index.furniture;
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

/// A carrier of a piece, beside others.
struct PieceCarrier<'a> {
    entry: &'a Entry,
    /// The first article of the chain of copies that it is in.
    root: Sequence,
    story: Option<StoryId>,
    /// The two words behind a piece that begins the text, by their bytes in the trace.
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

/// The key that a piece is posted under.
fn key(piece: &Piece) -> u32 {
    (piece.hash >> 32) as u32
}

/// The samples that stand in the pieces of the newest article: those that two carriers share because
/// both carry the piece say nothing of their other text.
struct BoilerplateSamples {
    /// Posting keys of the pieces.
    keys: Vec<u32>,
    /// Samples in order, each with the pieces that it stands in, as a bit set.
    within: Vec<(u32, u32)>,
}

impl BoilerplateSamples {
    fn of(pieces: &[Piece], hashes: &[u64], flood: FloodKey) -> Self {
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

    /// The pieces that an article carries.
    fn carried(&self, entry: &Entry) -> u32 {
        let carries = |key: &u32| entry.edges.contains(key);
        let bits = self.keys.iter().enumerate().filter(|(_, key)| carries(key));
        bits.fold(0, |set, (at, _)| set | 1 << at)
    }

    /// Whether two carriers share so much of the samples that no common piece accounts for.
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
