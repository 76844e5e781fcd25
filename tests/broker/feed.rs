//! A made-up wire: what a record holds is a function of its number.
//!
//! Of a hundred records some fifty are new texts, half of those under a topic that others share; the
//! rest are copies, cut and edited copies, updates, corrections and kills of recent ones. One in 23
//! is broken.

use serde_json::{Value, json};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a record is to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    New,
    Copy,
    Cut,
    Edited,
    Update,
    Correction,
    Kill,
}

const BROKEN_EVERY: u64 = 23;
/// How far back a record looks for the one that it repeats.
const BACK: u64 = 30;

fn part(n: u64) -> Part {
    match random(n) % 100 {
        _ if n < BACK => Part::New,
        0..50 => Part::New,
        50..65 => Part::Copy,
        65..73 => Part::Cut,
        73..82 => Part::Edited,
        82..92 => Part::Update,
        92..97 => Part::Correction,
        _ => Part::Kill,
    }
}

/// The earlier new text that a record repeats.
fn base(n: u64) -> u64 {
    let from = n - 1 - random(n + 7) % BACK;
    (0..=from).rev().find(|n| part(*n) == Part::New).unwrap_or(0)
}

/// A new text's words; those of a topic share some.
fn words(n: u64) -> Vec<String> {
    let topic = random(n / 40 + 3) % 500;
    (0..25 + random(n + 11) % 40)
        .map(|place| match random(n * 1_000 + place) {
            word if word % 6 == 0 => format!("t{topic}x{}", word / 6 % 12),
            word if word % 17 == 0 => format!("{}", word / 17 % 900 + 10),
            word => format!("w{}", word % 30_000),
        })
        .collect()
}

/// The value of record `n`.
pub(crate) fn payload(n: usize) -> Vec<u8> {
    let n = n as u64;
    if n % BROKEN_EVERY == BROKEN_EVERY - 1 {
        return format!("{{\"uri\": \"urn:made-up:{n}\", \u{0}\u{ff}").into_bytes();
    }
    let part = part(n);
    let of = if part == Part::New { n } else { base(n) };
    let mut words = words(of);
    match part {
        Part::Cut => words.truncate(words.len() / 2),
        Part::Edited => words[3..].iter_mut().step_by(9).for_each(|word| word.push('q')),
        Part::Update => words.extend((0..12).map(|place| format!("u{}", random(n * 77 + place)))),
        Part::Correction => words[5] = format!("c{}", random(n) % 1_000),
        Part::New | Part::Copy | Part::Kill => {}
    }
    let same_item = matches!(part, Part::Update | Part::Correction | Part::Kill);
    let uri = format!("urn:made-up:{}", if same_item { of } else { n });
    let provider = if same_item { of % 5 } else { n % 5 };
    let mut article = json!({
        "uri": uri, "headline": words[..5].join(" "), "body": words.join(" "), "language": "en",
        "provider": format!("agency{provider}"), "version": n.to_string(),
    });
    let mut say = |key: &str, value: &str| article[key] = Value::from(value);
    match part {
        Part::Kill => say("pubstatus", "canceled"),
        Part::Correction => say("headline", &format!("CORRECTED: {}", words[..5].join(" "))),
        _ => {}
    }
    serde_json::to_vec(&article).unwrap()
}
