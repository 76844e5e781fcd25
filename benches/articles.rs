//! A synthetic wire of complete articles, some of them copies. Deterministic. Benches include this
//! file as a module next to [`wire`](super::wire).

use super::wire::{Rng, text, word};

/// `count` articles of about `bytes` bytes, as JSON. Of ten articles, `copies` repeat an earlier
/// one with three words changed. An article and its copies have the same `dup_group`.
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
            let (day, hour, minute) = (1 + at / 86_400 % 28, at / 3_600 % 24, at / 60 % 60);
            serde_json::json!({
                "id": format!("urn:bench:{at}"), "title": headline, "body": body, "lang": "en",
                "source": format!("agency-{}", at % 20), "dup_group": format!("group-{group}"),
                "published": format!("2026-03-{day:02}T{hour:02}:{minute:02}:00Z"),
            })
            .to_string()
        })
        .collect()
}
