//! Measures story clustering alone: memory and time per live article, and how well bounded
//! retrieval agrees with exact retrieval.
//!
//! `cargo bench --bench story -- [ARTICLES | FILE.jsonl]`: by default 60,000 synthetic articles of
//! 3.4 KB, all live and all treated as originals, so that each one is scored twice. Prints CPU
//! microseconds per article; bytes per live article for terms, postings and stories; and the
//! agreement (Dice coefficient) of the article pairs that bounded and exact retrieval put into the
//! same story.

mod articles;
mod clock;
mod wire;

use articles::articles;
use clock::Clock;
use peak_alloc::PeakAlloc;
use std::collections::HashMap;
use std::time::Instant;
use wirefold_engine::Settings;
use wirefold_engine::article::{ArticleMetadata, EventTime, Sequence};
use wirefold_engine::decode::{Format, decode};
use wirefold_engine::prepare::prepare;
use wirefold_engine::stories::{Member, MemberLookup, Stories, StoryId, Terms};
use wirefold_engine::verdict::{Kind, UniqueOutcome, Validity};

/// Counts allocated bytes.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The live articles, each with the terms that story clustering keeps for it.
struct Shelf(Vec<(ArticleMetadata, Terms)>);

/// An article as a member of a story: an original that arrived one second after the previous one.
fn member<'a>(at: u64, about: &'a ArticleMetadata, terms: &'a Terms) -> Member<'a> {
    Member {
        sequence: Sequence(at),
        arrived: EventTime(at as i64 * 1_000),
        about,
        kind: Kind::Original,
        root: Sequence(at),
        words: 500,
        terms,
        standing: Validity::Valid,
        opening: "",
        unique: UniqueOutcome::Forwarded,
    }
}

impl MemberLookup for Shelf {
    fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
        let (about, terms) = self.0.get(sequence.0 as usize)?;
        Some(member(sequence.0, about, terms))
    }
}

/// Decodes and prepares articles; skips malformed ones.
fn read(lines: &[String], settings: &Settings) -> Vec<(ArticleMetadata, Terms)> {
    let mut all = Vec::with_capacity(lines.len());
    for line in lines {
        for article in decode(line.as_bytes(), None, Format::Auto, &settings.decode) {
            let Ok(article) = article else { continue };
            let new = prepare(article, settings, wirefold_engine::fingerprint::SamplingKey(1));
            all.push((new.about, new.terms));
        }
    }
    all
}

/// Clusters all articles and prints the cost. Returns the story of each article.
fn run(all: &[(ArticleMetadata, Terms)], settings: &Settings) -> Vec<Option<StoryId>> {
    let mut known = Shelf(all.iter().map(|(about, _)| (about.clone(), Terms::default())).collect());
    let (bytes, clock) = (ALLOCATED.current_usage(), Clock::start());
    let mut stories = Stories::new(&settings.stories, &settings.preferred_publishers);
    let mut second_looks = 0.0;
    for (at, (about, terms)) in (0..).zip(all) {
        let new = member(at, about, terms);
        let began = Instant::now();
        drop(stories.tick(new.arrived, new.sequence, &known));
        second_looks += began.elapsed().as_secs_f64();
        let placed = stories.assign(new, None, None, at + 1, &known);
        drop(stories.take_changes());
        known.0[at as usize].1 = placed.terms;
    }
    let (count, live) = (all.len(), stories.len());
    let each = 1e6 * clock.seconds() / count as f64;
    let second_looks = clock.each(second_looks, count);
    let bytes = (ALLOCATED.current_usage() - bytes) / count;
    println!(
        "{count} articles, {live} stories: {each:.1} us per article, {second_looks:.1} us of it to \
         re-score stories; {bytes} bytes per article"
    );
    (0..all.len() as u64).map(|at| stories.story_of(Sequence(at))).collect()
}

/// Number of pairs of items with equal keys.
fn pairs<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> f64 {
    let mut sizes: HashMap<K, f64> = HashMap::new();
    keys.for_each(|key| *sizes.entry(key).or_default() += 1.0);
    sizes.into_values().map(|n| n * (n - 1.0) / 2.0).sum()
}

fn main() {
    let settings = Settings::default();
    let file = std::env::args().find(|arg| arg.ends_with(".jsonl"));
    let lines: Vec<String> = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path).expect("the file can be read");
            text.lines().map(str::to_owned).collect()
        }
        None => {
            let count = std::env::args().filter_map(|arg| arg.parse().ok()).next();
            articles(3, count.unwrap_or(60_000), 3_400, 3)
        }
    };
    let all = read(&lines, &settings);
    let bounded = run(&all, &settings);
    let mut exact = settings;
    exact.stories.tuning.postings_max = u32::MAX;
    exact.stories.tuning.stories_max = 64;
    exact.stories.tuning.terms_listed = [u32::MAX; 3];
    let exact = run(&all, &exact);
    let both = pairs(bounded.iter().zip(&exact));
    let (by_bounded, by_exact) = (pairs(bounded.iter()), pairs(exact.iter()));
    println!(
        "pairs in one story: {by_bounded:.0} with bounded retrieval, {by_exact:.0} with exact \
         retrieval, {both:.0} with both: agreement {:.3}",
        2.0 * both / (by_bounded + by_exact)
    );
}
