//! The subjects, places and languages of a story, counted over the articles that joined it.
//!
//! In: the subjects, the place and the language of each article that joins. Out: their names, the
//! most frequent first. A redelivery is not counted. Articles that were withdrawn or that have left
//! the window since they joined stay counted, so the counts are part of the story's record.
//!
//! The first [`TAGS_MAX`] distinct subjects, places and languages of a story are counted; further
//! ones are not. Of each article, only the first [`ARTICLE_TAGS_MAX`] subjects and places count. A
//! name longer than [`TAG_BYTES_MAX`] is left out instead of truncated, because the start of a code
//! may be another code.
//!
//! Most stories have a single article, so the tags are stored as packed bytes: about 50 per story
//! instead of 350 for three vectors of strings. They are unpacked when an article joins and when
//! the state of the story is published.

use crate::article::{Article, Lang};
use serde::{Deserialize, Serialize};

/// Maximum number of subjects, of places and of languages of a story.
pub const TAGS_MAX: usize = 12;
/// Maximum number of subjects and of places of an article that are counted.
pub const ARTICLE_TAGS_MAX: usize = 5;
/// Maximum length of a subject or place, in bytes.
pub const TAG_BYTES_MAX: usize = 64;

/// The subjects, places and languages of a story, each with the number of articles, in the order in
/// which they first occurred.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "TagLists", into = "TagLists")]
pub struct StoryTags {
    /// [`TagLists`], encoded with postcard; empty if there are none.
    packed: Box<[u8]>,
}

/// The unpacked form of [`StoryTags`], which is also the form in the record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct TagLists {
    subjects: Vec<(Box<str>, u32)>,
    places: Vec<(Box<str>, u32)>,
    languages: Vec<(Lang, u32)>,
}

/// Adds `count` articles with `tag`.
fn add<T: PartialEq>(all: &mut Vec<(T, u32)>, tag: T, count: u32) {
    match all.iter().position(|(known, _)| *known == tag) {
        Some(at) => all[at].1 = all[at].1.saturating_add(count),
        None if all.len() < TAGS_MAX => all.push((tag, count)),
        None => {}
    }
}

/// Adds the distinct names of one article, at most [`ARTICLE_TAGS_MAX`] of them.
fn add_names<'a>(all: &mut Vec<(Box<str>, u32)>, names: impl Iterator<Item = &'a str>) {
    let mut own: Vec<&str> = Vec::new();
    for name in names.map(str::trim).filter(|n| !n.is_empty() && n.len() <= TAG_BYTES_MAX) {
        if own.len() < ARTICLE_TAGS_MAX && !own.contains(&name) {
            own.push(name);
        }
    }
    own.into_iter().for_each(|name| add(all, name.into(), 1));
}

/// The tags, the most frequent first; among equals, the one that occurred first.
fn by_count<T>(all: &[(T, u32)]) -> impl Iterator<Item = &T> {
    let mut all: Vec<&(T, u32)> = all.iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all.into_iter().map(|(tag, _)| tag)
}

impl From<TagLists> for StoryTags {
    fn from(lists: TagLists) -> Self {
        if lists == TagLists::default() {
            return Self::default();
        }
        let packed = postcard::to_extend(&lists, Vec::new());
        Self { packed: packed.expect("postcard can encode lists of tags").into() }
    }
}

impl From<StoryTags> for TagLists {
    fn from(tags: StoryTags) -> Self {
        tags.lists()
    }
}

impl StoryTags {
    /// The tags of a story whose record has none: only its language is known.
    pub(crate) fn of_language(language: Option<Lang>, articles: u32) -> Self {
        let languages = language.map(|language| (language, articles)).into_iter().collect();
        TagLists { languages, ..TagLists::default() }.into()
    }

    fn lists(&self) -> TagLists {
        if self.packed.is_empty() {
            return TagLists::default();
        }
        postcard::from_bytes(&self.packed).expect("the bytes were packed by this type")
    }

    /// Counts an article, whose language has been determined.
    pub fn count(&mut self, article: &Article, language: Option<Lang>) {
        let mut lists = self.lists();
        add_names(&mut lists.subjects, article.subjects.iter().map(String::as_str));
        let places = article.located.iter().chain(&article.places).map(String::as_str);
        add_names(&mut lists.places, places);
        if let Some(language) = language {
            add(&mut lists.languages, language, 1);
        }
        *self = lists.into();
    }

    /// Adds the counts of a story that is absorbed.
    pub(super) fn absorb(&mut self, other: &Self) {
        let (mut lists, other) = (self.lists(), other.lists());
        other.subjects.into_iter().for_each(|(tag, n)| add(&mut lists.subjects, tag, n));
        other.places.into_iter().for_each(|(tag, n)| add(&mut lists.places, tag, n));
        other.languages.into_iter().for_each(|(tag, n)| add(&mut lists.languages, tag, n));
        *self = lists.into();
    }

    /// The subjects, the most frequent first.
    pub fn subjects(&self) -> Vec<String> {
        by_count(&self.lists().subjects).map(|tag| (**tag).to_owned()).collect()
    }

    /// The places, the most frequent first.
    pub fn places(&self) -> Vec<String> {
        by_count(&self.lists().places).map(|tag| (**tag).to_owned()).collect()
    }

    /// The languages, the most frequent first.
    pub fn languages(&self) -> Vec<Lang> {
        by_count(&self.lists().languages).copied().collect()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.packed.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(subjects: &[&str], place: &str) -> Article {
        Article {
            subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(),
            located: Some(place.to_owned()),
            ..Article::default()
        }
    }

    #[test]
    fn tags_are_listed_by_the_number_of_articles() {
        let mut tags = StoryTags::default();
        tags.count(&article(&["shipping", "weather", "shipping"], "Marel"), Lang::parse("en"));
        tags.count(&article(&["weather", " "], "Marel"), Lang::parse("de"));
        tags.count(&article(&["rescue"], "Port Seltz"), Lang::parse("de"));
        assert_eq!(tags.subjects(), ["weather", "shipping", "rescue"]);
        assert_eq!(tags.places(), ["Marel", "Port Seltz"]);
        assert_eq!(tags.languages(), [Lang::parse("de").unwrap(), Lang::parse("en").unwrap()]);
        let mut other = StoryTags::default();
        other.count(&article(&["rescue"], "Port Seltz"), Lang::parse("en"));
        other.count(&article(&["rescue"], "Port Seltz"), None);
        tags.absorb(&other);
        assert!(tags.bytes() < 80, "{}", tags.bytes());
        assert_eq!(tags.subjects(), ["rescue", "weather", "shipping"]);
        assert_eq!(tags.places(), ["Port Seltz", "Marel"]);
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let many: Vec<String> = (0..2 * TAGS_MAX).map(|n| format!("s{n}")).collect();
        let mut tags = StoryTags::default();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        tags.count(&article(&names, &"x".repeat(TAG_BYTES_MAX + 1)), None);
        assert_eq!(tags.subjects(), names[..ARTICLE_TAGS_MAX]);
        assert_eq!(tags.places(), [""; 0], "the start of a long name is another name");
        for name in &names {
            tags.count(&article(&[name], &"x".repeat(TAG_BYTES_MAX)), None);
        }
        assert_eq!(tags.subjects().len(), TAGS_MAX);
        assert_eq!(tags.places().len(), 1);
        tags.count(&article(&[names[TAGS_MAX - 1]], ""), None);
        assert!(tags.subjects().contains(&many[TAGS_MAX - 1]));
        assert!(!tags.subjects().contains(&many[TAGS_MAX]));
    }
}
