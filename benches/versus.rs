//! The Rust side of `benches/versus`: the invented feed, and MinHash of the crate `gaoya`.
//!
//! - `versus feed COUNT` prints that many articles of 3.4 KB as JSON Lines, three in ten of them
//!   copies of an earlier one. `op` is how the copy was made, `dup_group` the group of texts with
//!   the same origin, and `donors` are the groups from which passages were spliced in.
//! - `versus gaoya FILE` prints for each article the similar earlier ones, as the programs in Python
//!   do: one line per pair, with the line numbers of both articles in FILE from 0, tab-separated.

mod wire;

use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use wire::{Rng, text, word};

/// The allocator of the `wirefold` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Size of an original in bytes.
const BYTES: usize = 3_400;
/// How many of ten articles are copies.
const COPIES: usize = 3;

/// Number of bands, hashes per band, and the minimum estimated similarity of a reported article.
/// Among the bandings of about 128 hashes, this one still finds nearly all texts with a similarity
/// of 0.5.
const BANDING: (usize, usize, f64) = (42, 3, 0.5);

/// An article of the feed.
#[derive(Debug, Clone)]
struct Text {
    headline: String,
    body: String,
    group: usize,
    donors: Vec<usize>,
}

impl Text {
    fn original(rng: &mut Rng, group: usize) -> Self {
        let body = text(rng, BYTES);
        Self { headline: headline(&body), body, group, donors: Vec::new() }
    }

    /// A copy of one of the earlier articles, and how it was made.
    fn copy(rng: &mut Rng, earlier: &[Self]) -> (Self, &'static str) {
        let mut copy = earlier[rng.below(earlier.len())].clone();
        let op = match rng.below(5) {
            0 => "verbatim",
            1 => {
                copy.change_words(rng);
                "words"
            }
            2 => {
                copy.body = start(&copy.body, 60 + rng.below(31)).to_owned();
                "cut"
            }
            3 => {
                copy.headline = headline(&text(rng, 100));
                "headline"
            }
            _ => {
                let donor = &earlier[rng.below(earlier.len())];
                copy.splice(rng, donor);
                "splice"
            }
        };
        (copy, op)
    }

    /// Replaces 3 to 12 words.
    fn change_words(&mut self, rng: &mut Rng) {
        let mut words: Vec<&str> = self.body.split(' ').collect();
        let new: Vec<String> = (0..3 + rng.below(10)).map(|_| word(rng.below(30_000))).collect();
        for word in &new {
            let at = rng.below(words.len());
            words[at] = word;
        }
        self.body = words.join(" ");
    }

    /// Keeps the first 60 to 90 percent and replaces the rest with the start of another text.
    fn splice(&mut self, rng: &mut Rng, donor: &Self) {
        let own = 60 + rng.below(31);
        self.body = format!("{}\n\n{}", start(&self.body, own), start(&donor.body, 100 - own));
        self.donors.push(donor.group);
        self.donors.extend(&donor.donors);
    }
}

/// The first words of a text.
fn headline(body: &str) -> String {
    body.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

/// The first `percent` of a text, up to a space.
fn start(body: &str, percent: usize) -> &str {
    let end = body.len() * percent / 100;
    &body[..body[..end].rfind(' ').unwrap_or(end)]
}

/// Writes the feed, one article a second.
fn write_feed(count: usize, out: &mut impl Write) -> std::io::Result<()> {
    let mut rng = Rng(3);
    let mut texts: Vec<Text> = Vec::with_capacity(count);
    for at in 0..count {
        let (new, op) = match at > 0 && rng.below(10) < COPIES {
            true => Text::copy(&mut rng, &texts),
            false => (Text::original(&mut rng, at), "original"),
        };
        let group = |number: &usize| format!("group-{number}");
        let (day, hour) = (1 + at / 86_400 % 28, at / 3_600 % 24);
        let article = json!({
            "id": format!("urn:bench:{at}"), "title": new.headline, "body": new.body, "lang": "en",
            "source": format!("agency-{}", at % 20),
            "published": format!("2026-03-{day:02}T{hour:02}:{:02}:{:02}Z", at / 60 % 60, at % 60),
            "dup_group": group(&new.group), "op": op,
            "donors": new.donors.iter().map(group).collect::<Vec<_>>(),
        });
        writeln!(out, "{article}")?;
        texts.push(new);
    }
    Ok(())
}

/// For each article, writes the earlier articles that MinHash over shingles of four words finds
/// similar.
fn write_matches(path: &str, out: &mut impl Write) -> std::io::Result<()> {
    let (bands, width, least) = BANDING;
    let hasher = MinHasher32::new(bands * width);
    let mut index = MinHashIndex::new(bands, width, least);
    for (at, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let article: Value = serde_json::from_str(&line?)?;
        let body = article["body"].as_str().unwrap_or_default().to_lowercase();
        let words: Vec<&str> =
            body.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        if words.is_empty() {
            continue;
        }
        let shingles = words.windows(words.len().min(4)).map(|run| run.join(" "));
        let signature = hasher.create_signature(shingles);
        index.query(&signature).into_iter().try_for_each(|other| writeln!(out, "{at}\t{other}"))?;
        index.insert(at, signature);
    }
    Ok(())
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = match args.as_slice() {
        ["feed", count] => write_feed(count.parse().expect("COUNT is a number"), &mut out),
        ["gaoya", path] => write_matches(path, &mut out),
        _ => panic!("usage: versus feed COUNT | versus gaoya FILE; see benches/versus"),
    };
    written.and_then(|()| out.flush()).expect("the file is read and the output is written");
}
