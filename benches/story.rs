//! Stories alone: what a live article costs in memory and time, and how far the bounded retrieval
//! finds what an exact one finds.
//!
//! `cargo bench --bench story -- [ARTICLES | FILE.jsonl]`: 60,000 made-up ones of 3.4 KB by default, all
//! live, none called a copy, so that each is scored twice. Prints microseconds an article of the
//! thread's own time, bytes a live article of terms, postings and stories, and of the pairs that exact
//! retrieval puts together the share that the bounded one does.

mod articles;
mod clock;
mod wire;

use articles::articles;
use clock::Clock;
use peak_alloc::PeakAlloc;
use std::collections::HashMap;
use std::time::Instant;
use wirefold_engine::Settings;
use wirefold_engine::article::{About, EventTime, Sequence};
use wirefold_engine::decode::{Format, decode};
use wirefold_engine::prepare::prepare;
use wirefold_engine::stories::{Member, MemberLookup, Stories, StoryId, Terms};
use wirefold_engine::verdict::{Kind, Validity};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The live articles, with the terms that are kept of them.
struct Shelf(Vec<(About, Terms)>);

/// An article as stories see it: one a second, an original.
fn member<'a>(at: u64, about: &'a About, terms: &'a Terms) -> Member<'a> {
    Member {
        sequence: Sequence(at),
        arrived: EventTime(at as i64 * 1_000),
        about,
        kind: Kind::Original,
        root: Sequence(at),
        words: 500,
        terms,
        standing: Validity::Stands,
    }
}

impl MemberLookup for Shelf {
    fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
        let (about, terms) = self.0.get(sequence.0 as usize)?;
        Some(member(sequence.0, about, terms))
    }
}

/// Articles with all their terms.
fn read(lines: &[String], settings: &Settings) -> Vec<(About, Terms)> {
    let mut all = Vec::with_capacity(lines.len());
    for line in lines {
        for article in decode(line.as_bytes(), None, Format::Auto, &settings.wire) {
            let Ok(article) = article else { continue };
            let new = prepare(article, settings, wirefold_engine::fingerprint::FloodKey(1));
            all.push((new.about, new.terms));
        }
    }
    all
}

/// Stories of all of them; prints what they cost. Gives the story of each.
fn run(all: &[(About, Terms)], settings: &Settings) -> Vec<Option<StoryId>> {
    let mut known = Shelf(all.iter().map(|(about, _)| (about.clone(), Terms::default())).collect());
    let (bytes, clock) = (ALLOCATED.current_usage(), Clock::start());
    let mut stories = Stories::new(&settings.story);
    let mut looks = 0.0;
    for (at, (about, terms)) in (0..).zip(all) {
        let new = member(at, about, terms);
        let began = Instant::now();
        drop(stories.tick(new.arrived, new.sequence, &known));
        looks += began.elapsed().as_secs_f64();
        let placed = stories.take_in(new, None, None, at + 1, &known);
        drop(stories.take_changes());
        known.0[at as usize].1 = placed.terms;
    }
    let (count, live) = (all.len(), stories.len());
    let (each, looks) = (1e6 * clock.seconds() / count as f64, clock.each(looks, count));
    let bytes = (ALLOCATED.current_usage() - bytes) / count;
    println!(
        "{count} articles, {live} stories: {each:.1} us an article, {looks:.1} of them for second looks; {bytes} bytes"
    );
    (0..all.len() as u64).map(|at| stories.story_of(Sequence(at))).collect()
}

/// Pairs that are together.
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
            let text = std::fs::read_to_string(path).expect("the file is there");
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
    exact.story.postings_max = u32::MAX;
    exact.story.stories_max = 64;
    exact.story.terms_listed = [u32::MAX; 3];
    let exact = run(&all, &exact);
    let both = pairs(bounded.iter().zip(&exact));
    let (found, wanted) = (pairs(bounded.iter()), pairs(exact.iter()));
    println!(
        "pairs together: {found:.0}, by exact retrieval {wanted:.0}, of both {both:.0}: agreement {:.3}",
        2.0 * both / (found + wanted)
    );
}
