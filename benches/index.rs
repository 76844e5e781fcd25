//! The index at 10 thousand, 100 thousand and a million live articles: a query and an insertion, the
//! longest of them, and the memory that it holds.
//!
//! `cargo bench --bench index`. One pass each, no statistics: what counts is how time grows.

mod wire;

use std::time::{Duration, Instant};
use wirefold_engine::article::Sequence;
use wirefold_engine::candidates::{self, Index, PostingKeys};
use wirefold_engine::fingerprint::{Fingerprint, FloodKey, Settings};
use wirefold_engine::text::{self, words};

/// So many that each table is rebuilt: at a million live all of them are, within the same few thousand
/// articles.
const MEASURED: usize = 300_000;

/// Fingerprints of texts of 1.1 KB; beyond the first few thousand the samples alone are made up, which
/// is what the index sees of a text.
fn print(rng: &mut wire::Rng, base: &Fingerprint) -> Fingerprint {
    let mut print = base.clone();
    print.samples.iter_mut().for_each(|sample| *sample = rng.next() as u32);
    print.samples.sort_unstable();
    (print.content, print.masked, print.simhash.0) = (rng.next(), rng.next(), rng.next());
    print
}

fn main() {
    let mut rng = wire::Rng(7);
    let body = wire::text(&mut rng, 1_100);
    let all = words(&body, &text::Settings::default());
    let base = Fingerprint::of(&all, &Settings::default(), FloodKey(1));
    println!("{} samples an article", base.samples.len());
    for live in [10_000, 100_000, 1_000_000] {
        let mut index = Index::new(&candidates::Settings::default(), Sequence(0));
        let mut longest = Duration::ZERO;
        for _ in 0..live {
            let new = print(&mut rng, &base);
            let started = Instant::now();
            index.insert(&new, &PostingKeys::default());
            longest = longest.max(started.elapsed());
        }
        let news: Vec<Fingerprint> = (0..MEASURED).map(|_| print(&mut rng, &base)).collect();
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
        println!("{live:>9} live: {each:?} an article, longest step {longest:?}, {found} found");
    }
}
