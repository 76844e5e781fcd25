//! Splits a blast radius into several events, so that each fits a Kafka record.
//!
//! A carrier takes about 300 bytes as JSON, so 10,000 of them exceed the default record limit of
//! one megabyte. The limit used here is a constant and not the topic's limit, so that the same
//! input always gives the same events.
//!
//! ```text
//! 10,000 carriers of 300 bytes   about 12 events; `carriers_unlisted` counts those still to come
//! ```

use crate::event::{ArticleMention, Carrier, EventKind, Radius, RadiusPart};

/// Maximum size of the carriers in one event, in bytes of JSON.
const PART_BYTES: usize = 256 << 10;

/// Splits an event if it has too many carriers.
pub(super) fn of(what: EventKind) -> Vec<EventKind> {
    let split = |radius: Box<Radius>, what: fn(Box<Radius>) -> EventKind| {
        parts(*radius).into_iter().map(|part| what(Box::new(part))).collect()
    };
    match what {
        EventKind::Withdrawn(radius) => split(radius, EventKind::Withdrawn),
        EventKind::Corrected(radius) => split(radius, EventKind::Corrected),
        other => vec![other],
    }
}

/// Splits a radius. In each part, `carriers_unlisted` counts the carriers that neither this part
/// nor an earlier one lists.
fn parts(mut radius: Radius) -> Vec<Radius> {
    let carriers = std::mem::take(&mut radius.carriers);
    let mut more = radius.carriers_unlisted + carriers.len() as u32;
    let (mut lists, mut bytes): (Vec<Vec<Carrier>>, usize) = (vec![Vec::new()], 0);
    for carrier in carriers {
        let size = json_bytes(&carrier);
        bytes += size;
        match lists.last_mut() {
            Some(list) if list.is_empty() || bytes <= PART_BYTES => list.push(carrier),
            _ => {
                lists.push(vec![carrier]);
                bytes = size;
            }
        }
    }
    let of = lists.len() as u32;
    let part = |(number, carriers): (u32, Vec<Carrier>)| {
        more -= carriers.len() as u32;
        let part = (of > 1).then_some(RadiusPart { number, of });
        Radius { carriers, carriers_unlisted: more, part, ..radius.clone() }
    };
    (1..).zip(lists).map(part).collect()
}

/// Upper bound on the bytes of a carrier as JSON.
fn json_bytes(carrier: &Carrier) -> usize {
    const NAMES: usize = concat!(
        r#"{"uri":"","version":"","provider":"","headline":"","unique":"forwarded","#,
        r#""certainty":"certain","passages":[],"ranges":[]},"#
    )
    .len();
    const PASSAGE: usize = concat!(
        "[4294967295,4294967295],",
        r#"{"start":4294967295,"end":4294967295,"unit":"word"},"#
    )
    .len();
    let ArticleMention { key, provider, headline, .. } = &carrier.article;
    let texts = [Some(&key.uri), key.version.as_ref(), provider.as_ref(), headline.as_ref()];
    let texts = texts.into_iter().flatten().map(|text| escaped(text));
    NAMES + texts.sum::<usize>() + PASSAGE * carrier.passages.len()
}

/// Bytes of a text as JSON.
fn escaped(text: &str) -> usize {
    let bytes = |byte| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{ArticleKey, EventTime, Sequence};
    use crate::event::{Certainty, Unsearched};
    use crate::verdict::Scope;

    fn key(uri: String) -> ArticleKey {
        ArticleKey { uri, version: Some("1".into()) }
    }

    fn radius(carriers: usize, uri_bytes: usize) -> Radius {
        let carrier = |n| Carrier {
            sequence: Sequence(n as u64),
            article: key(format!("{n}{}", "\"".repeat(uri_bytes))).into(),
            certainty: Certainty::Certain,
            passages: vec![(0, 10)],
        };
        Radius {
            by: key("k".into()).into(),
            of: None,
            carriers: (0..carriers).map(carrier).collect(),
            carriers_unlisted: 7,
            part: None,
            unsearched: Unsearched::default(),
            searched_from: EventTime(0),
            story: None,
            story_headline: None,
            scope: Scope::Window,
            confidence: None,
        }
    }

    #[test]
    fn many_carriers_are_split_and_each_part_counts_the_rest() {
        for (carriers, uri_bytes) in [(0, 1), (1, 1), (3, 300_000), (10_000, 40), (100_000, 90)] {
            let whole = radius(carriers, uri_bytes);
            let parts = parts(whole.clone());
            let named: Vec<Carrier> = parts.iter().flat_map(|p| p.carriers.clone()).collect();
            assert_eq!(named, whole.carriers);
            let mut left = 7 + carriers as u32;
            for (number, part) in (1..).zip(&parts) {
                left -= part.carriers.len() as u32;
                assert_eq!(part.carriers_unlisted, left);
                let of = parts.len() as u32;
                assert_eq!(part.part, (of > 1).then_some(RadiusPart { number, of }));
                let bytes: usize = part.carriers.iter().map(json_bytes).sum();
                assert!(bytes <= PART_BYTES || part.carriers.len() == 1, "{bytes}");
            }
            assert_eq!(parts.len() > 1, carriers > 1_000 || uri_bytes > 1_000, "{carriers}");
        }
    }
}
