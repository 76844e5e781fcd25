//! The language of an article, parsed from the tags that agencies send.

use serde::{Deserialize, Serialize};

/// A primary language subtag of BCP 47 in lower case: `en`, `zh`, `yue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Lang([u8; 3]);

impl Serialize for Lang {
    /// Serialized as text in human-readable formats and as three bytes in binary formats.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.serialize_str(self.as_str()) } else { self.0.serialize(to) }
    }
}

impl Lang {
    /// Parses the primary subtag of a language tag: `en-GB`, `EN` and `eng` are `en`. `None` if the
    /// subtag is not two or three letters, or if it means an unknown language or no language.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut code = [0; 3];
        for (to, from) in code.iter_mut().zip(primary.bytes()) {
            *to = from.to_ascii_lowercase();
        }
        if Self::NONE.contains(&&code) {
            return None;
        }
        Some(Self::SHORT.iter().find(|(long, _)| **long == code).map_or(
            Self(code),
            |(_, short)| {
                let [a, b] = **short;
                Self([a, b, 0])
            },
        ))
    }

    /// The subtags for an unknown, mixed or uncoded language, and for no language.
    const NONE: [&[u8; 3]; 4] = [b"und", b"mul", b"mis", b"zxx"];

    /// Whether a language tag is blank, or means an unknown language or no language.
    pub fn means_none(tag: &str) -> bool {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        primary.is_empty() || Self::NONE.iter().any(|n| primary.as_bytes().eq_ignore_ascii_case(*n))
    }

    /// Three-letter codes (ISO 639-2, B and T) of languages that also have a two-letter code, which
    /// BCP 47 requires.
    #[rustfmt::skip]
    const SHORT: &[(&[u8; 3], &[u8; 2])] = &[
        (b"afr", b"af"), (b"alb", b"sq"), (b"ara", b"ar"), (b"arm", b"hy"), (b"aze", b"az"),
        (b"baq", b"eu"), (b"bel", b"be"), (b"ben", b"bn"), (b"bos", b"bs"), (b"bul", b"bg"),
        (b"cat", b"ca"), (b"ces", b"cs"), (b"chi", b"zh"), (b"cym", b"cy"), (b"cze", b"cs"),
        (b"dan", b"da"), (b"deu", b"de"), (b"dut", b"nl"), (b"ell", b"el"), (b"eng", b"en"),
        (b"est", b"et"), (b"eus", b"eu"), (b"fas", b"fa"), (b"fin", b"fi"), (b"fra", b"fr"),
        (b"fre", b"fr"), (b"geo", b"ka"), (b"ger", b"de"), (b"gle", b"ga"), (b"glg", b"gl"),
        (b"gre", b"el"), (b"heb", b"he"), (b"hin", b"hi"), (b"hrv", b"hr"), (b"hun", b"hu"),
        (b"hye", b"hy"), (b"ice", b"is"), (b"ind", b"id"), (b"isl", b"is"), (b"ita", b"it"),
        (b"jpn", b"ja"), (b"kat", b"ka"), (b"kaz", b"kk"), (b"kor", b"ko"), (b"lav", b"lv"),
        (b"lit", b"lt"), (b"mac", b"mk"), (b"may", b"ms"), (b"mkd", b"mk"), (b"mlt", b"mt"),
        (b"msa", b"ms"), (b"nld", b"nl"), (b"nno", b"nn"), (b"nob", b"nb"), (b"nor", b"no"),
        (b"per", b"fa"), (b"pol", b"pl"), (b"por", b"pt"), (b"ron", b"ro"), (b"rum", b"ro"),
        (b"rus", b"ru"), (b"slk", b"sk"), (b"slo", b"sk"), (b"slv", b"sl"), (b"spa", b"es"),
        (b"sqi", b"sq"), (b"srp", b"sr"), (b"swa", b"sw"), (b"swe", b"sv"), (b"tam", b"ta"),
        (b"tha", b"th"), (b"tur", b"tr"), (b"ukr", b"uk"), (b"urd", b"ur"), (b"vie", b"vi"),
        (b"wel", b"cy"), (b"zho", b"zh"),
    ];

    /// The subtag as text.
    pub fn as_str(&self) -> &str {
        let len = if self.0[2] == 0 { 2 } else { 3 };
        std::str::from_utf8(&self.0[..len]).unwrap_or("und")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_primary_subtag() {
        let read = |tag: &str| Lang::parse(tag).map(|l| l.as_str().to_owned());
        assert_eq!(read("en-GB").as_deref(), Some("en"));
        assert_eq!(read("DE_at").as_deref(), Some("de"));
        assert_eq!(read("yue").as_deref(), Some("yue"));
        assert_eq!(read("swe").as_deref(), Some("sv"));
        assert_eq!(read("GER-AT").as_deref(), Some("de"));
        assert_eq!(read("english"), None);
        assert_eq!(read("und"), None);
        assert_eq!(read(""), None);
    }
}
