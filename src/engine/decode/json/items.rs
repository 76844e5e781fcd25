//! Splits a JSON record into items: the entries of lists, wrappers and envelopes.

use super::super::bounds::PROVIDER_BYTES_MAX;
use super::super::repairs::{Repairs, SharedValue};
use super::super::{Error, Settings, part};
use super::envelope::{self, ENVELOPES_MAX, Payload};
use super::fields::{FieldList, FieldReader, Fields};
use super::names::{BODY, CAPTION, HEADLINE, HTML_BODY, OBJECTS, URI, WRAPPERS};
use super::text::is_empty;
use crate::article::Article;
use std::borrow::Cow;
use std::ops::Range;

/// The error for an item that is not a JSON object.
pub(super) const NOT_AN_OBJECT: Error =
    Error::Syntax { format: "JSON", kind: "not an object", line: 1, column: 1 };

/// A record split into items.
pub(super) struct JsonRecord<'a> {
    /// The items, not decoded yet.
    pub(super) items: Vec<JsonItem<'a>>,
    /// The defaults that the feed sets for all items.
    pub(super) shared: FeedDefaults,
}

/// The defaults that a JSON Feed sets for all its items.
#[derive(Default)]
pub(super) struct FeedDefaults {
    /// The title of the feed, used as the provider.
    title: SharedValue,
    /// The language tag of the feed.
    language: Option<String>,
    /// Which of these values were unreadable or repaired.
    repairs: Repairs,
}

impl FeedDefaults {
    /// The defaults of `feed`; none unless it is a JSON Feed.
    fn of(feed: &Fields<'_>) -> Self {
        if !feed.text("version").is_some_and(|v| v.text.contains("jsonfeed.org/")) {
            return Self::default();
        }
        let repairs = Repairs::default();
        let from = FieldReader { fields: feed, repairs: &repairs };
        let text = |field, name: &str| from.first(field, &[name]).map(Cow::into_owned);
        let title = SharedValue::of(text("provider", "title"), PROVIDER_BYTES_MAX);
        let language = text("language", "language");
        Self { title, language, repairs }
    }

    /// Sets the provider and the language of an article if they are missing.
    pub(super) fn fill(&self, article: &mut Article, repairs: &Repairs) {
        if article.provider.is_none() || article.language.is_none() {
            repairs.add(&self.repairs);
        }
        if article.provider.is_none() {
            article.provider = self.title.for_item("provider", repairs);
        }
        if article.language.is_none() {
            article.language = self.language.as_ref().and_then(|tag| repairs.language(tag));
        }
    }
}

/// One item of a record.
pub(super) struct JsonItem<'a> {
    /// The JSON text of the item.
    pub(super) text: &'a str,
    /// The fields, already parsed if the item is the record itself.
    fields: Option<Fields<'a>>,
}

impl<'a> JsonItem<'a> {
    /// The byte range of the item in `text`, if it is nested in the record.
    pub(super) fn range(&self, text: &str) -> Option<Range<usize>> {
        self.fields.is_none().then(|| part::range(text.as_bytes(), self.text))
    }

    /// Parses the fields unless they are already parsed.
    pub(super) fn fields(self) -> Result<Fields<'a>, Error> {
        let mut fields = match self.fields {
            Some(fields) => fields,
            None if self.text.starts_with('{') => Fields::read(self.text)?,
            None => return Err(NOT_AN_OBJECT),
        };
        for _ in 0..ENVELOPES_MAX {
            match envelope::payload(&fields)? {
                Some(Payload::Json(inner)) if inner.starts_with('{') => {
                    fields = Fields::read(inner)?;
                }
                _ => break,
            }
        }
        Ok(without_shell(fields))
    }
}

impl<'a> JsonRecord<'a> {
    /// A record with nested items, without feed defaults.
    fn of(texts: Vec<&'a str>) -> Self {
        let items = texts.into_iter().map(|text| JsonItem { text, fields: None }).collect();
        Self { items, shared: FeedDefaults::default() }
    }

    /// A record that is itself the item.
    fn one(text: &'a str, fields: Fields<'a>) -> Self {
        let items = vec![JsonItem { text, fields: Some(fields) }];
        Self { items, shared: FeedDefaults::default() }
    }
}

/// Splits a record into items.
pub(super) fn items<'a>(text: &'a str, settings: &Settings) -> Result<JsonRecord<'a>, Error> {
    items_within(text, settings, 0)
}

/// Splits a record, or a value nested in `depth` wrappers and envelopes, into items.
fn items_within<'a>(
    text: &'a str,
    settings: &Settings,
    depth: u32,
) -> Result<JsonRecord<'a>, Error> {
    if text.starts_with('[') {
        return listed(text, settings).map(JsonRecord::of);
    }
    let fields = Fields::read(text)?;
    if fields.has("uri") || depth == ENVELOPES_MAX {
        return Ok(JsonRecord::one(text, fields));
    }
    if let Some(Payload::Json(inner)) = envelope::payload(&fields)? {
        return items_within(inner, settings, depth + 1);
    }
    // In an API response, an `id` next to `data` identifies the request, not an article.
    if let Some(data) = fields.raw("data").and_then(Fields::of_object) {
        if let Some(item) = data.raw("item") {
            return Ok(JsonRecord::of(vec![item]));
        }
        if let Some(all) = data.raw("items").filter(|raw| raw.starts_with('[')) {
            let bare = |raw| Fields::of_object(raw).and_then(|f| f.raw("item")).unwrap_or(raw);
            return Ok(JsonRecord::of(listed(all, settings)?.into_iter().map(bare).collect()));
        }
    }
    if let Some(articles) = linked_data(&fields, settings)? {
        return Ok(JsonRecord::of(articles));
    }
    let Some(raw) = wrapped(&fields) else {
        // A wrapper with an unknown name: `{"search": {"items": []}}`.
        let only = fields.only().filter(|raw| raw.starts_with(['{', '[']) && !is_empty(raw));
        return match only.filter(|_| !has_any_text(&fields)) {
            Some(raw) => items_within(raw, settings, depth + 1),
            None => Ok(JsonRecord::one(text, fields)),
        };
    };
    let shared = FeedDefaults::of(&fields);
    let inner = match Fields::of_object(raw) {
        // One wrapper inside another: `{"articles": {"results": []}}`.
        Some(inner) if !is_article(&inner) => items_within(raw, settings, depth + 1)?,
        Some(_) => JsonRecord::of(vec![raw]),
        None => items_within(raw, settings, depth + 1)?,
    };
    Ok(JsonRecord { shared, ..inner })
}

/// The articles in the graph of a JSON-LD document, which also describes the page, its publisher
/// and its pictures; `None` if there is no graph with an article.
fn linked_data<'a>(
    fields: &Fields<'a>,
    settings: &Settings,
) -> Result<Option<Vec<&'a str>>, Error> {
    let Some(graph) = fields.raw("@graph").filter(|raw| raw.starts_with('[')) else {
        return Ok(None);
    };
    let is_article = |raw: &&str| {
        Fields::of_object(raw).is_some_and(|node| {
            let names_article = |raw: &str| raw.contains("Article") || raw.contains("Posting");
            node.raw("articlebody").is_some() || node.raw("@type").is_some_and(names_article)
        })
    };
    let articles: Vec<&str> = listed(graph, settings)?.into_iter().filter(is_article).collect();
    Ok((!articles.is_empty()).then_some(articles))
}

/// If the article is nested in an object that has the article's id: the nested fields, with the id
/// added. This is so in a search engine hit, a JSON:API resource, a record of the Kafka REST proxy,
/// and a Contentful entry, whose dates are added too. Other objects are returned unchanged.
fn without_shell(fields: Fields<'_>) -> Fields<'_> {
    if has_any_text(&fields) {
        return fields;
    }
    let object = |name: &str| fields.raw(name).and_then(Fields::of_object);
    let system = object("sys");
    let hit = || fields.raw("index").and_then(|_| object("source"));
    let entry = || system.as_ref().and_then(|_| object("fields"));
    let record = || fields.raw("key").or(fields.raw("offset")).and_then(|_| object("value"));
    let shell = || object("attributes").or_else(entry).or_else(record).filter(has_text);
    let Some(mut inner) = hit().or_else(shell) else { return fields };
    if !URI.iter().any(|name| inner.has(name)) {
        inner.fill(system.as_ref().unwrap_or(&fields), "id");
    }
    if let Some(system) = &system {
        inner.fill(system, "createdat");
        inner.fill(system, "updatedat");
    }
    inner
}

/// Whether an object has a field for the text of an article.
fn has_any_text(fields: &Fields<'_>) -> bool {
    const LISTS: [&str; 2] = ["bodies", "descriptions"];
    let names = [&HEADLINE[..], &HTML_BODY, &BODY, &CAPTION, &LISTS].into_iter().flatten();
    names.into_iter().any(|name| fields.raw(name).is_some())
}

/// The object or list that a wrapper contains.
fn wrapped<'a>(fields: &Fields<'a>) -> Option<&'a str> {
    let nested = |name: &&str| fields.raw(name).filter(|raw| raw.starts_with(['{', '[']));
    // An article may have its own text in a field called `article` or `story`.
    let holds_articles = |raw: &&str| !has_text(fields) || may_hold_articles(raw);
    if fields.raw("id").is_some() {
        return None;
    }
    let wrapped = WRAPPERS.iter().find_map(|name| nested(name).filter(holds_articles));
    wrapped.or_else(|| if is_article(fields) { None } else { OBJECTS.iter().find_map(nested) })
}

/// Whether a value may contain articles: it is a list that is empty or whose first entry is an
/// object, or an object that is an article.
fn may_hold_articles(raw: &str) -> bool {
    match raw.strip_prefix('[') {
        Some(list) => list.trim_start().starts_with(['{', ']']),
        None => Fields::of_object(raw).is_some_and(|fields| is_article(&fields)),
    }
}

/// Whether an object has a headline, title or body of its own.
fn has_text(fields: &Fields<'_>) -> bool {
    ["headline", "title", "body"].into_iter().any(|name| fields.raw(name).is_some())
}

/// Whether an object has one of the fields by which an article is recognized.
fn is_article(fields: &Fields<'_>) -> bool {
    let names = ["uri", "urn", "guid", "id", "uuid", "url", "link", "title", "headline"];
    names.iter().any(|name| fields.has(name))
}

/// The entries of a list of items, not parsed yet.
fn listed<'a>(raw: &'a str, settings: &Settings) -> Result<Vec<&'a str>, Error> {
    let list = FieldList::read(raw, settings.items_max as usize)?;
    if list.count > settings.items_max as usize {
        return Err(Error::TooMany { items: list.count, max: settings.items_max });
    }
    Ok(list.entries)
}
