//! A made-up wire of whole articles, with copies. Benches include this file beside [`wire`](super::wire).

use super::wire::{Rng, text, word};

/// A wire of `count` articles of about `bytes` bytes as plain JSON, of which `copies` in ten repeat an
/// earlier one with a few words changed; `dup_group` says which belong together.
pub(crate) fn articles(seed: u64, count: usize, bytes: usize, copies: usize) -> Vec<String> {
    let mut rng = Rng(seed);
    let mut texts: Vec<(String, usize)> = Vec::with_capacity(count);
    (0..count)
        .map(|at| {
            let (body, group) = match at > 0 && rng.below(10) < copies {
                true => {
                    let (mut body, group) = texts[rng.below(texts.len())].clone();
                    for _ in 0..3 {
                        let new = word(rng.below(30_000));
                        let from = body[..body.len() / 2].rfind(' ').unwrap_or(0);
                        let to = body[from + 1..].find(' ').map_or(body.len(), |n| from + 1 + n);
                        body.replace_range(from + 1..to, &new);
                    }
                    (body, group)
                }
                false => (text(&mut rng, bytes), at),
            };
            let headline: String = body.split(' ').take(8).collect::<Vec<_>>().join(" ");
            texts.push((body.clone(), group));
            serde_json::json!({
                "id": format!("urn:bench:{at}"), "title": headline, "body": body, "lang": "en",
                "source": format!("agency-{}", at % 20), "dup_group": format!("group-{group}"),
                "published": format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + at / 86_400 % 28, at / 3_600 % 24, at / 60 % 60),
            })
            .to_string()
        })
        .collect()
}
