//! Measures the candidate index with 10,000, 100,000 and 1,000,000 live articles: the mean time of
//! a lookup with insertion and expiry, and the longest single step.
//!
//! `cargo bench --bench index`. There is one pass per size and no statistics, because only the
//! growth of the time matters.

mod wire;

use std::time::{Duration, Instant};
use wirefold_engine::article::Sequence;
use wirefold_engine::candidates::{self, Index, PostingKeys};
use wirefold_engine::fingerprint::{Fingerprint, Limits, SamplingKey};
use wirefold_engine::text::{self, words};

/// Articles measured per size: enough that each table is rebuilt. With a million live articles, the
/// rebuilds of all tables fall within the same few thousand insertions, so a shorter run could miss
/// them.
const MEASURED: usize = 300_000;

/// The fingerprint `base` with random samples, content hashes and SimHash.
fn random_print(rng: &mut wire::Rng, base: &Fingerprint) -> Fingerprint {
    let mut print = base.clone();
    print.samples.iter_mut().for_each(|sample| *sample = rng.next() as u32);
    print.samples.sort_unstable();
    (print.content_hash, print.masked, print.simhash.0) = (rng.next(), rng.next(), rng.next());
    print
}

fn main() {
    let mut rng = wire::Rng(7);
    let body = wire::text(&mut rng, 1_100);
    let all = words(&body, &text::Limits::default());
    let base = Fingerprint::of(&all, &Limits::default(), SamplingKey(1));
    println!("{} samples per article", base.samples.len());
    for live in [10_000, 100_000, 1_000_000] {
        let mut index = Index::new(&candidates::Limits::default(), Sequence(0));
        let mut longest = Duration::ZERO;
        for _ in 0..live {
            let new = random_print(&mut rng, &base);
            let started = Instant::now();
            index.insert(&new, &PostingKeys::default());
            longest = longest.max(started.elapsed());
        }
        let news: Vec<Fingerprint> = (0..MEASURED).map(|_| random_print(&mut rng, &base)).collect();
        let started = Instant::now();
        let mut found = 0;
        for new in &news {
            let began = Instant::now();
            let (candidates, places) = index.look_up(new);
            found += candidates.len();
            index.insert_at(new, &PostingKeys::default(), &places);
            index.expire();
            longest = longest.max(began.elapsed());
        }
        let each = started.elapsed() / MEASURED as u32;
        println!(
            "{live:>9} live: {each:?} per article, longest step {longest:?}, {found} candidates"
        );
    }
}
