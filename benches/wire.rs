//! Synthetic texts for the benches: invented words with a skewed, Zipf-like frequency distribution.
//!
//! The same seed gives the same texts. Benches include this file as a module.

/// The random number generator SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A random number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A random number in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The `rank`-th word of an invented language: `rank + 1` to base 16, with syllables as digits.
pub(crate) fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "do", "ke", "lu", "mi", "no", "pra", "ri", "sto", "ta", "ve", "wol", "xi", "yan",
        "zu", "gre",
    ];
    let (mut left, mut text) = (rank + 1, String::new());
    while left > 0 {
        text.push_str(SYLLABLES[left % 16]);
        left /= 16;
    }
    text
}

fn sentence(rng: &mut Rng, topic: usize) -> String {
    let mut words: Vec<String> = (0..10 + rng.below(16))
        .map(|_| match rng.below(16) {
            0 => (rng.below(9_000) + 10).to_string(),
            1..=3 => word(30_000 + topic * 40 + rng.below(40)),
            _ => word((rng.unit().powi(3) * 30_000.0) as usize),
        })
        .collect();
    words[0][0..1].make_ascii_uppercase();
    words.join(" ") + "."
}

/// A text of about `bytes` bytes on one of 2,000 topics, with three sentences per paragraph.
pub(crate) fn text(rng: &mut Rng, bytes: usize) -> String {
    let topic = rng.below(2_000);
    let (mut text, mut sentences) = (String::with_capacity(bytes + 200), 0);
    while text.len() < bytes {
        text.push_str(&sentence(rng, topic));
        sentences += 1;
        text.push_str(if sentences % 3 == 0 { "\n\n" } else { " " });
    }
    text
}
