//! Generates a wire for tests: articles of invented words, with copies, edits, versions and kills
//! as on a real wire.
//!
//! The result depends only on the seed. Word frequencies roughly follow Zipf's law.

use wirefold_engine::article::{Article, Body, EventTime, InputPosition, Lang};

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The `rank`-th word of an invented language: syllables that spell its number.
fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "do", "ke", "lu", "mi", "no", "pra", "ri", "sto", "ta", "ve", "wol", "xi", "yan",
        "zu", "gre",
    ];
    let mut left = rank + 1;
    let mut text = String::new();
    while left > 0 {
        text.push_str(SYLLABLES[left % 16]);
        left /= 16;
    }
    text
}

fn sentence(rng: &mut Rng, topic: usize) -> String {
    let mut words: Vec<String> = (0..8 + rng.below(10))
        .map(|_| match rng.below(12) {
            0 => (rng.below(9000) + 10).to_string(),
            1..=3 => word(4_000 + topic * 40 + rng.below(40)),
            _ => word((rng.unit().powi(3) * 4_000.0) as usize),
        })
        .collect();
    if let Some(first) = words[0].get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words.join(" ") + ". "
}

/// One article with its arrival time and input position.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) article: Article,
    pub(crate) stamp: EventTime,
    pub(crate) input: InputPosition,
}

/// Generates `count` articles, one every `apart_ms`: about half are originals, the others are
/// copies, edits, trimmed copies, new versions, corrections, kills and splices of earlier articles.
pub(crate) fn feed(seed: u64, count: usize, apart_ms: i64) -> Vec<Line> {
    let mut rng = Rng(seed);
    let mut lines: Vec<Line> = Vec::with_capacity(count);
    for n in 0..count {
        let mut article = if lines.is_empty() || rng.below(2) == 0 {
            original(&mut rng)
        } else {
            let back = lines.len() - 1 - rng.below(lines.len().min(200));
            let base = lines[back].article.clone();
            let other = lines[rng.below(lines.len())].article.clone();
            copy(&mut rng, base, &other)
        };
        if article.uri.is_empty() {
            article.uri = format!("urn:made-up:{n}");
        }
        article.provider = Some(format!("agency{}", rng.below(6)));
        article.language = Lang::parse("en");
        let stamp = EventTime(1_790_000_000_000 + n as i64 * apart_ms);
        article.versioncreated = Some(stamp);
        let input =
            InputPosition { topic: "made-up".into(), partition: 0, offset: n as i64, item: 0 };
        lines.push(Line { article, stamp, input });
    }
    lines
}

fn original(rng: &mut Rng) -> Article {
    let topic = rng.below(60);
    let headline = sentence(rng, topic);
    let sentences = 2 + rng.below(18);
    let body: String = (0..sentences).map(|_| sentence(rng, topic)).collect();
    Article {
        headline,
        body: Body::Plain(body),
        subjects: vec![format!("field {}", topic % 7), format!("topic {topic}")],
        located: Some(format!("Port {}", topic % 11)),
        ..Article::default()
    }
}

fn copy(rng: &mut Rng, base: Article, other: &Article) -> Article {
    let text = base.body.as_str().to_owned();
    let parts: Vec<&str> = text.split_inclusive(". ").collect();
    let fresh = Article { uri: String::new(), ..base.clone() };
    let with = |body: String| Article { body: Body::Plain(body), ..fresh.clone() };
    match rng.below(9) {
        0 => fresh,
        1 => Article { headline: sentence(rng, 1), ..fresh },
        2 => with(parts[..parts.len().div_ceil(2)].concat()),
        3 => with(format!("{text}{}{}", sentence(rng, 2), sentence(rng, 2))),
        4 => with(text.replacen("ta", "to", 3)),
        5 => with(format!(
            "{}{}",
            parts[..parts.len().div_ceil(2)].concat(),
            other.body.as_str().split_inclusive(". ").take(5).collect::<String>()
        )),
        6 => Article {
            version: Some("2".into()),
            body: Body::Plain(text + &sentence(rng, 3)),
            ..base
        },
        7 => with(text.replace('7', "8")),
        _ => Article {
            version: Some("9".into()),
            pubstatus: wirefold_engine::article::PubStatus::Canceled,
            ..base
        },
    }
}
