//! Families of publishers. A family is the set of names under which one publisher appears.
//!
//! In: a provider name, a credit or a host name. Out: the key of its family, which is empty if the
//! name has no letters or digits.
//!
//! ```text
//! Northwire, northwire.com, The Northwire, Northwire News Agency, Northwire - World    northwire
//! Daily News                                                                           dailynews
//! ```
//!
//! A section after a dash, a bar or a colon is left out, and so are generic words at the end of the
//! name, as long as a distinctive word remains. Abbreviations are not resolved here; the setting
//! `publishers` is for that.

/// The separators between the name of a publisher and a section. Each begins with a space or a
/// colon.
const SEPARATORS: [&str; 9] = [" - ", " – ", " — ", " | ", " / ", " » ", " > ", ": ", " ("];

/// Words at the end of a name that do not distinguish publishers.
const GENERIC: [&str; 51] = [
    "news",
    "newspaper",
    "agency",
    "service",
    "online",
    "rss",
    "feed",
    "feeds",
    "headlines",
    "stories",
    "opinion",
    "editorial",
    "web",
    "blog",
    "video",
    "live",
    "inc",
    "ltd",
    "llc",
    "plc",
    "gmbh",
    "ag",
    "world",
    "international",
    "business",
    "economy",
    "finance",
    "markets",
    "money",
    "sport",
    "sports",
    "politics",
    "technology",
    "tech",
    "science",
    "health",
    "culture",
    "entertainment",
    "nachrichten",
    "nachrichtenagentur",
    "wirtschaft",
    "politik",
    "actualités",
    "économie",
    "noticias",
    "economía",
    "deportes",
    "agencia",
    "notizie",
    "notícias",
    "nieuws",
];

/// Words that do not distinguish publishers when no other words of a name are left.
const INDISTINCT: [&str; 20] = [
    "the",
    "a",
    "daily",
    "weekly",
    "morning",
    "evening",
    "sunday",
    "saturday",
    "national",
    "local",
    "global",
    "city",
    "new",
    "press",
    "public",
    "united",
    "associated",
    "top",
    "breaking",
    "latest",
];

/// Second-level domains of countries, and hosts shared by many publishers. The publisher's name is
/// in the label before these.
const SHARED_DOMAINS: [&str; 17] = [
    "co",
    "com",
    "org",
    "net",
    "ac",
    "gov",
    "go",
    "blogspot",
    "wordpress",
    "substack",
    "medium",
    "tumblr",
    "typepad",
    "livejournal",
    "github",
    "wixsite",
    "weebly",
];

/// Generic endings of names that are written as one word, as in host names.
const ENDINGS: [&str; 4] = ["news", "online", "sports", "business"];

/// The key of the family to which a name belongs.
pub fn family(name: &str) -> String {
    let name = name.trim();
    match host_label(name) {
        Some(label) => key([label]),
        None => key(distinctive(&words(section_free(name)))),
    }
}

/// Whether two names belong to the same family.
pub fn same_family(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || {
        let family_of_a = family(a);
        !family_of_a.is_empty() && family_of_a == family(b)
    }
}

/// Whether two names are known and belong to different families.
pub fn are_different(a: Option<&str>, b: Option<&str>) -> bool {
    a.zip(b).is_some_and(|(a, b)| !same_family(a, b))
}

/// The label of a host name or web address that names its publisher; `None` for other names.
fn host_label(name: &str) -> Option<&str> {
    let host = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    let host = host.unwrap_or(name).split('/').next()?;
    let is_host = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let (labels, top) = host.rsplit_once('.')?;
    if !host.chars().all(is_host) || top.len() < 2 || top.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut labels = labels.rsplit('.');
    let label = labels.find(|label| !SHARED_DOMAINS.contains(&&*label.to_ascii_lowercase()))?;
    (label.len() > 2 || labels.next().is_none()).then_some(label)
}

/// The name with its section removed; the whole name if what is left would not be distinctive or
/// starts with a quotation mark.
fn section_free(name: &str) -> &str {
    let separates = |at: &usize| SEPARATORS.iter().any(|s| name[*at..].starts_with(s));
    let mut places = name.match_indices([' ', ':']).map(|(at, _)| at);
    let Some(head) = places.find(separates).map(|at| &name[..at]) else { return name };
    let is_quoted = head.starts_with(['"', '“', '«', '\'']);
    let distinct = words(head).iter().any(|word| !is_generic(word) && !is_indistinct(word));
    if distinct && !is_quoted { head } else { name }
}

fn words(name: &str) -> Vec<&str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// The words without `the` at the start, and without generic words at the end if a distinctive word
/// is left.
fn distinctive<'w, 'a>(words: &'w [&'a str]) -> impl Iterator<Item = &'a str> + use<'w, 'a> {
    let start = usize::from(words.len() > 1 && words[0].eq_ignore_ascii_case("the"));
    let end = words.iter().rposition(|word| !is_generic(word)).map_or(0, |last| last + 1);
    let own = words.get(start..end).unwrap_or_default();
    let own = if own.iter().all(|word| is_indistinct(word)) { &words[start..] } else { own };
    own.iter().copied()
}

fn is_generic(word: &str) -> bool {
    GENERIC.contains(&&*word.to_lowercase())
}

fn is_indistinct(word: &str) -> bool {
    INDISTINCT.contains(&&*word.to_lowercase())
}

/// The words in lower case, joined without separators because host names have no spaces. A leading
/// `the` and a generic ending are removed if a distinctive name is left.
fn key<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let characters = words.into_iter().flat_map(str::chars).filter(|c| c.is_alphanumeric());
    let whole: String = characters.flat_map(char::to_lowercase).collect();
    let is_name = |rest: &&str| rest.len() > 2 && !is_indistinct(rest) && !is_generic(rest);
    let name = whole.strip_prefix("the").filter(is_name).unwrap_or(&whole);
    let short = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending).filter(is_name));
    short.unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{family, same_family};

    #[test]
    fn names_of_one_publisher_are_in_one_family() {
        for (name, want) in [
            ("Northwire", "northwire"),
            ("NORTHWIRE", "northwire"),
            ("(Northwire)", "northwire"),
            ("northwire.com", "northwire"),
            ("https://www.northwire.co.uk/world/", "northwire"),
            ("feeds.northwire.example", "northwire"),
            ("The Northwire", "northwire"),
            ("Northwire News Agency", "northwire"),
            ("Northwire Business", "northwire"),
            ("Northwire - Coast", "northwire"),
            ("Northwire | Top stories", "northwire"),
            ("Northwire News: Sport", "northwire"),
            ("Harbour Times", "harbourtimes"),
            ("harbour-times.com", "harbourtimes"),
            ("harbourtimes.com.au", "harbourtimes"),
            ("Seltz Nachrichten", "seltz"),
            ("northwirenews.com", "northwire"),
            ("thenorthwire.example", "northwire"),
            ("Northwire Online News", "northwire"),
            ("Northwire (Web News)", "northwire"),
            ("northwire.wordpress.com", "northwire"),
        ] {
            assert_eq!(family(name), want, "{name}");
        }
    }

    #[test]
    fn names_of_different_publishers_are_in_different_families() {
        for (a, b) in [
            ("Daily News", "Daily Sport"),
            ("World News", "World Business"),
            ("Harbour Times", "Harbour Post"),
            ("Seltz Press", "Seltz Gazette"),
            ("harbour.blogspot.com", "seltz.blogspot.com"),
            ("dailynews.example", "dailysports.example"),
            ("News - World", "Sport - World"),
            ("\"harbour\" - Finder News", "\"harbour\" - Northwire"),
            ("National Press Agency", "National Agency"),
            ("", " "),
            ("—", "/"),
        ] {
            assert!(a == b || !same_family(a, b), "{a} {b}");
        }
    }
}
