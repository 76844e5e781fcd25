//! Measures splitting 3.4 KB articles into words, computing their traces and fingerprints, and
//! preparing, aligning and verifying them. Compares this with crates that do part of this work.
//!
//! `cargo bench --bench fingerprint`. Compare figures only within one run: machines are noisy.

mod shelf;
mod wire;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gaoya::minhash::{MinHasher, MinHasher32};
use shelf::Shelf;
use std::hint::black_box;
use txtfp::{Canonicalizer, Fingerprinter, ShingleTokenizer, SimHashFingerprinter, WordTokenizer};
use wirefold_engine::article::{Article, ArticleMetadata, Body, EventTime, Sequence};
use wirefold_engine::candidates::Candidate;
use wirefold_engine::fingerprint::{self, Fingerprint, Limits, SamplingKey};
use wirefold_engine::prepare::prepare;
use wirefold_engine::text::{self, words};
use wirefold_engine::verdict::align::Aligner;
use wirefold_engine::verdict::{self, Arrival, Verdict};

/// Size of a text in bytes.
const BYTES: usize = 3_400;

fn texts() -> Vec<String> {
    let mut rng = wire::Rng(1);
    (0..200).map(|_| wire::text(&mut rng, BYTES)).collect()
}

/// The shingles of a text (four words each) as strings, the input of the other crates.
fn strings(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.windows(4).map(|run| run.join(" ")).collect()
}

fn fingerprints(criterion: &mut Criterion) {
    let texts = texts();
    let mut group = criterion.benchmark_group("3.4 KB");
    group.throughput(Throughput::Elements(1));
    let mut at = 0;
    let mut next = move || {
        at = (at + 1) % 200;
        at
    };
    let settings = text::Limits::default();
    group.bench_function("words", |b| b.iter(|| words(black_box(&texts[next()]), &settings)));
    let split: Vec<_> = texts.iter().map(|text| words(text, &settings)).collect();
    let print = |at: usize| Fingerprint::of(&split[at], &Limits::default(), SamplingKey(1));
    group.bench_function("fingerprint of words", |b| b.iter(|| print(next())));
    group.bench_function("trace of words", |b| b.iter(|| fingerprint::trace(&split[next()])));
    group.bench_function("wirefold: text to fingerprint", |b| {
        b.iter(|| {
            let words = words(black_box(&texts[next()]), &settings);
            Fingerprint::of(&words, &Limits::default(), SamplingKey(1))
        });
    });
    let engine = wirefold_engine::Settings::default();
    let articles: Vec<Article> = texts
        .iter()
        .map(|text| Article { body: Body::Plain(text.clone()), ..Article::default() })
        .collect();
    group.bench_function("wirefold: prepare, with story terms", |b| {
        b.iter(|| prepare(articles[next()].clone(), &engine, SamplingKey(1)));
    });
    let prints: Vec<Fingerprint> = (0..200).map(print).collect();
    group.bench_function("wirefold: align with a copy", |b| {
        b.iter(|| {
            let at = next();
            Aligner::of(&prints[at]).with(black_box(&prints[at]))
        });
    });
    group.bench_function("wirefold: align with an unrelated text", |b| {
        b.iter(|| {
            let at = next();
            Aligner::of(&prints[at]).with(black_box(&prints[(at + 1) % 200]))
        });
    });
    let shingles: Vec<Vec<String>> = texts.iter().map(|text| strings(text)).collect();
    group.bench_function("simhash: shingles to hash", |b| {
        b.iter(|| simhash::simhash_stream(shingles[next()].iter().map(String::as_str)));
    });
    let hasher = MinHasher32::new(20 * 5);
    group.bench_function("gaoya: shingles to MinHash 20 x 5", |b| {
        b.iter(|| hasher.create_signature(shingles[next()].iter()));
    });
    let txtfp = SimHashFingerprinter::new(
        Canonicalizer::default(),
        ShingleTokenizer { k: 4, inner: WordTokenizer },
    );
    group.bench_function("txtfp: text to SimHash", |b| {
        b.iter(|| txtfp.fingerprint(black_box(&texts[next()])).expect("the text has words"));
    });
    group.finish();
}

/// A text with every fortieth word replaced.
fn edited(text: &str) -> String {
    let words = text.split(' ').enumerate();
    words
        .map(|(at, word)| if at % 40 == 39 { "otherwise" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Verification and verdict of an edited copy: with its original as the only candidate, and with
/// eight unrelated candidates in addition.
fn verification(criterion: &mut Criterion) {
    let (text_settings, settings) = (text::Limits::default(), verdict::Settings::default());
    let print = |text: &str| {
        let words = words(text, &text_settings);
        let print = Fingerprint::of(&words, &Limits::default(), SamplingKey(1));
        (words, print)
    };
    let texts = texts();
    let mut shelf = Shelf::default();
    for text in &texts {
        let print = print(text).1;
        shelf.all.push((ArticleMetadata::default(), print, Verdict::default(), EventTime(0)));
    }
    let copies: Vec<_> = texts.iter().map(|text| print(&edited(text))).collect();
    let (about, clean) = (
        ArticleMetadata { uri: "urn:new".into(), ..ArticleMetadata::default() },
        text::Clean::default(),
    );
    let mut group = criterion.benchmark_group("3.4 KB");
    group.throughput(Throughput::Elements(1));
    for count in [1, 9] {
        let mut at = 0;
        group.bench_function(format!("wirefold: verify {count} and judge"), |b| {
            b.iter(|| {
                at = (at + 1) % texts.len();
                let (words, print) = &copies[at];
                let place = |n: usize| Sequence(((at + n) % texts.len()) as u64);
                let candidates: Vec<Candidate> = (0..count)
                    .map(|n| Candidate { sequence: place(n), shared: 9, equal: false })
                    .collect();
                let (about, clean, now) = (&about, &clean, EventTime(0));
                let new = Arrival { about, clean, words, print, now };
                verdict::judge(new, black_box(&candidates), &shelf, &settings)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fingerprints, verification);
criterion_main!(benches);
