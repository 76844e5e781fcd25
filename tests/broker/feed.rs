//! A synthetic wire: the number of a record determines its content.
//!
//! About half of the records are new texts, whose words partly come from one of 500 topics. The
//! others relate to a recent text: copies, shortened and edited copies, updates, corrections and
//! kills. One record in 23 is malformed.

use serde_json::{Value, json};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How a record relates to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    New,
    Copy,
    Cut,
    Edited,
    Update,
    Correction,
    Kill,
}

/// One of this many records is malformed.
const MALFORMED_EVERY: u64 = 23;
/// To choose the text that a record repeats, one of the last `BACK` records is drawn at random. If
/// the drawn record is itself a copy, the last new text before it is repeated. The first `BACK`
/// records are new texts.
const BACK: u64 = 30;

fn relation(n: u64) -> Relation {
    match random(n) % 100 {
        _ if n < BACK => Relation::New,
        0..50 => Relation::New,
        50..65 => Relation::Copy,
        65..73 => Relation::Cut,
        73..82 => Relation::Edited,
        82..92 => Relation::Update,
        92..97 => Relation::Correction,
        _ => Relation::Kill,
    }
}

/// The number of the earlier new text that a record repeats.
fn base(n: u64) -> u64 {
    let from = n - 1 - random(n + 7) % BACK;
    (0..=from).rev().find(|n| relation(*n) == Relation::New).unwrap_or(0)
}

/// The words of a new text. Texts of one topic share some of them.
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

/// The payload of record `n`.
pub(crate) fn payload(n: usize) -> Vec<u8> {
    let n = n as u64;
    if n % MALFORMED_EVERY == MALFORMED_EVERY - 1 {
        return format!("{{\"uri\": \"urn:made-up:{n}\", \u{0}\u{ff}").into_bytes();
    }
    let relation = relation(n);
    let source = if relation == Relation::New { n } else { base(n) };
    let mut words = words(source);
    match relation {
        Relation::Cut => words.truncate(words.len() / 2),
        Relation::Edited => words[3..].iter_mut().step_by(9).for_each(|word| word.push('q')),
        Relation::Update => {
            words.extend((0..12).map(|place| format!("u{}", random(n * 77 + place))))
        }
        Relation::Correction => words[5] = format!("c{}", random(n) % 1_000),
        Relation::New | Relation::Copy | Relation::Kill => {}
    }
    let same_item = matches!(relation, Relation::Update | Relation::Correction | Relation::Kill);
    let uri = format!("urn:made-up:{}", if same_item { source } else { n });
    let provider = if same_item { source % 5 } else { n % 5 };
    let mut article = json!({
        "uri": uri, "headline": words[..5].join(" "), "body": words.join(" "), "language": "en",
        "provider": format!("agency{provider}"), "version": n.to_string(),
    });
    let mut set = |key: &str, value: &str| article[key] = Value::from(value);
    match relation {
        Relation::Kill => set("pubstatus", "canceled"),
        Relation::Correction => set("headline", &format!("CORRECTED: {}", words[..5].join(" "))),
        _ => {}
    }
    serde_json::to_vec(&article).unwrap()
}
