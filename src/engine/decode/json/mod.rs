//! Decodes JSON: plain objects, IPTC ninjs 1.x to 3.x, AP Media API and JSON Feed. All of them are
//! read by the same rules, field by field.
//!
//! A strict schema check would reject real feeds, so the decoder reads the fields it needs from
//! whichever name has them and ignores the rest. Names are compared without case and underscores:
//! `versionCreated` (ninjs 3) equals `versioncreated` (ninjs 1).
//!
//! Each field is taken from the first of these names that has a value:
//!
//! - uri: `altids.itemid` (AP items, whose `uri` is the address of a query), `uri`, `guid`, `id`,
//!   `url`, `link`
//! - headline: `headlines[]` (role `main`, else the first), `headline`, `headline_main`, `title`,
//!   `name`
//! - body: `bodies[]` (HTML before text), `body_html`, `body_xhtml`, `content_html`, `body`,
//!   `body_text`, `body_main`, `text`, `content_text`, `articleBody`; else `descriptions[]`,
//!   `description*`, `caption`, `summary`
//! - provider: `provider`, `source`, `publisher`, `copyrightholder`, `infosources[]`
//! - language: `language`, `lang`, `inLanguage`
//! - versioncreated: `versioncreated`, `dateModified`
//! - published: `published`, `firstpublished`, `contentcreated`, `datePublished`, `publishedAt`,
//!   `pubDate`
//! - other times: `firstcreated`; `embargoed`, `embargo`; `expires`
//! - links, all of them: `replaces`, `replacedby`, `evolvedfrom`, `rewriteof`, `translationof`,
//!   `versionof`
//!
//! A record is one object, an array of objects, or an object without a uri that contains
//! `data.item`, `data.items[].item`, or an object or a list under `item`, `article`, `story`,
//! `result`, `doc` or their plural. A JSON Schema is rejected. Items of a JSON Feed inherit the
//! title and the language of the feed.
//!
//! Unescaped control characters in strings are accepted: JSON forbids them, but feeds send them.
//! Null counts as absent. Invalid UTF-8 and escaped unpaired surrogates become U+FFFD and set a
//! flag on the article. An unreadable value sets a flag too, or rejects the item if the field is
//! required.
//!
//! Sources: IPTC ninjs 1.0 to 3.1, JSON schemas and user guide; JSON Feed 1.1.

mod fields;
mod text;

use super::bounds::{self, PROVIDER_BYTES_MAX};
use super::repairs::Repairs;
use super::{Error, Settings, part};
use crate::article::{Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind, PubStatus};
use fields::{FieldList, FieldReader, Fields, RoleText};
use std::borrow::Cow;
use std::ops::Range;
use text::is_empty;

/// Whether invalid UTF-8 in the record was replaced with U+FFFD.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The record was valid UTF-8.
    Utf8,
    /// Invalid bytes were replaced.
    Repaired,
}

/// Decodes a record. Appends to `ranges` the byte range in `text` of each item that is in a list.
pub(super) fn decode(
    text: &str,
    encoding: Encoding,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Vec<Result<Article, Error>> {
    match items(text, settings) {
        Err(error @ Error::Syntax { .. }) => match EscapedControls::of(text) {
            Some(repaired) if items(&repaired.text, settings).is_ok() => {
                let all = decode(&repaired.text, encoding, settings, ranges);
                ranges.iter_mut().for_each(|range| *range = repaired.original(range));
                all
            }
            _ => vec![Err(error)],
        },
        Err(error) => vec![Err(error)],
        Ok(JsonRecord { items, .. }) if items.is_empty() => vec![Err(Error::Empty)],
        Ok(JsonRecord { items, shared }) => {
            let one = |item: JsonItem<'_>| {
                let repairs = Repairs::default();
                if encoding == Encoding::Repaired && item.text.contains('\u{fffd}') {
                    repairs.record_repaired_text();
                }
                let mut article = article(&item.fields()?, &repairs)?;
                shared.fill(&mut article, &repairs)?;
                article.flags = repairs.flags();
                super::finish(article, settings)
            };
            ranges.extend(items.iter().filter_map(|item| item.range(text)));
            items.into_iter().map(one).collect()
        }
    }
}

/// A record split into items.
struct JsonRecord<'a> {
    /// The items, not decoded yet.
    items: Vec<JsonItem<'a>>,
    /// The defaults that the feed sets for all items.
    shared: FeedDefaults,
}

/// The defaults that a JSON Feed sets for all its items.
struct FeedDefaults {
    /// The title of the feed, used as the provider, or the error that it is too long.
    title: Result<Option<String>, Error>,
    /// The language of the feed.
    language: Option<Lang>,
    /// Whether the title had an unpaired surrogate.
    repaired: bool,
}

impl Default for FeedDefaults {
    fn default() -> Self {
        Self { title: Ok(None), language: None, repaired: false }
    }
}

impl FeedDefaults {
    /// The defaults of `feed`; none unless it is a JSON Feed.
    fn of(feed: &Fields<'_>) -> Self {
        if !feed.text("version").is_some_and(|v| v.text.contains("jsonfeed.org/")) {
            return Self::default();
        }
        let (title, language) = (feed.text("title"), feed.text("language"));
        let repaired = title.as_ref().is_some_and(|title| title.repaired);
        let title = title.map(|title| title.text.into_owned());
        Self {
            title: bounds::check_shared("provider", title, PROVIDER_BYTES_MAX),
            language: language.and_then(|language| Lang::parse(&language.text)),
            repaired,
        }
    }

    /// Sets the provider and language of an article that has none.
    fn fill(&self, article: &mut Article, repairs: &Repairs) -> Result<(), Error> {
        if article.provider.is_none() {
            article.provider.clone_from(&self.title.clone()?);
            if self.repaired {
                repairs.record_repaired_text();
            }
        }
        article.language = article.language.or(self.language);
        Ok(())
    }
}

/// One item of a record.
struct JsonItem<'a> {
    /// The JSON text of the item.
    text: &'a str,
    /// The fields, already parsed if the item is the record itself.
    fields: Option<Fields<'a>>,
}

impl<'a> JsonItem<'a> {
    /// The byte range of the item in `text`, if it is nested in the record.
    fn range(&self, text: &str) -> Option<Range<usize>> {
        self.fields.is_none().then(|| part::range(text.as_bytes(), self.text))
    }

    /// Parses the fields, unless they already are.
    fn fields(self) -> Result<Fields<'a>, Error> {
        match self.fields {
            Some(fields) => Ok(fields),
            None if self.text.starts_with('{') => Fields::read(self.text),
            None => {
                Err(Error::Syntax { format: "JSON", kind: "not an object", line: 1, column: 1 })
            }
        }
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

/// A JSON text in which the control characters inside strings have been escaped.
struct EscapedControls {
    /// The repaired text.
    text: String,
    /// For each escape, the offset of its end in the repaired and in the original text.
    offsets: Vec<(usize, usize)>,
}

impl EscapedControls {
    /// Escapes the control characters in `text`; `None` if it has none inside strings.
    fn of(text: &str) -> Option<Self> {
        let mut repaired = String::with_capacity(text.len() + 64);
        let (mut in_string, mut escaped, mut offsets) = (false, false, Vec::new());
        for (at, c) in text.char_indices() {
            if in_string && c < ' ' {
                use std::fmt::Write;
                // A backslash before a raw control character escapes that character: drop it.
                if escaped {
                    repaired.pop();
                }
                write!(repaired, "\\u{:04x}", u32::from(c)).ok()?;
                offsets.push((repaired.len(), at + c.len_utf8()));
                escaped = false;
                continue;
            }
            in_string ^= c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
            repaired.push(c);
        }
        (!offsets.is_empty()).then_some(Self { text: repaired, offsets })
    }

    /// Maps a range of the repaired text to the original text.
    fn original(&self, range: &Range<usize>) -> Range<usize> {
        let moved = |at: usize| match self.offsets.partition_point(|(to, _)| *to <= at) {
            0 => at,
            next => self.offsets[next - 1].1 + at - self.offsets[next - 1].0,
        };
        moved(range.start)..moved(range.end)
    }
}

/// Splits a record into items.
fn items<'a>(text: &'a str, settings: &Settings) -> Result<JsonRecord<'a>, Error> {
    if text.starts_with('[') {
        return listed(text, settings).map(JsonRecord::of);
    }
    let fields = Fields::read(text)?;
    if fields.raw("uri").is_some() {
        return Ok(JsonRecord::one(text, fields));
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
    let wrapped = WRAPPERS.iter().filter_map(|name| fields.raw(name));
    match wrapped.into_iter().find(|raw| raw.starts_with(['{', '['])) {
        Some(raw) if fields.raw("id").is_none() => {
            let all = if raw.starts_with('{') { vec![raw] } else { listed(raw, settings)? };
            Ok(JsonRecord { shared: FeedDefaults::of(&fields), ..JsonRecord::of(all) })
        }
        _ => Ok(JsonRecord::one(text, fields)),
    }
}

/// Field names under which an object that is not an article itself contains articles.
const WRAPPERS: [&str; 10] = [
    "item", "items", "article", "articles", "story", "stories", "result", "results", "doc", "docs",
];

/// The entries of a list of items, not parsed yet.
fn listed<'a>(raw: &'a str, settings: &Settings) -> Result<Vec<&'a str>, Error> {
    let list = FieldList::read(raw, settings.items_max as usize)?;
    if list.count > settings.items_max as usize {
        return Err(Error::TooMany { items: list.count, max: settings.items_max });
    }
    Ok(list.entries)
}

/// Decodes the article of one object.
fn article(fields: &Fields<'_>, repairs: &Repairs) -> Result<Article, Error> {
    let schema = |text: text::JsonText<'_>| text.text.contains("json-schema.org");
    if fields.raw("uri").is_none() && fields.text("$schema").is_some_and(schema) {
        return Err(Error::NoArticle("JSON Schema"));
    }
    let from = FieldReader { fields, repairs };
    let uri = uri(&from)?;
    let owned = |field, names: &[&str]| from.first(field, names).map(Cow::into_owned);
    let infosource = from.name("infosource", &["infosources", "infosource"])?;
    let provider = ["provider", "source", "publisher", "copyrightholder"];
    let language = from.name("language", &["language", "lang", "inlanguage"])?;
    Ok(Article {
        uri,
        version: owned("version", &["version"]),
        provider: from.name("provider", &provider)?.or_else(|| infosource.clone()),
        credit: owned("credit", &["creditline", "credit", "descriptioncreditline"]),
        infosource,
        byline: byline(&from)?,
        dateline: owned("dateline", &["dateline"]),
        located: owned("located", &["located"]),
        headline: headline(&from)?.unwrap_or_default().trim().to_owned(),
        body: body(&from)?,
        language: language.and_then(|language| repairs.language(&language)),
        kind: item_type(&from),
        versioncreated: from.time("versioncreated", &["versioncreated", "datemodified"]),
        firstcreated: from.time("firstcreated", &["firstcreated"]),
        published: from.time("published", &PUBLISHED),
        embargoed: from.time("embargoed", &["embargoed", "embargo"]),
        expires: from.time("expires", &["expires"]),
        pubstatus: status(&from),
        signals: signals(&from)?,
        ednote: owned("ednote", &["ednote", "editorialnote"]),
        slugline: owned("slugline", &["slugline", "slug"]),
        urgency: from.first("urgency", &["urgency"]).and_then(|u| repairs.urgency(&u)),
        genre: from.name("genre", &["genres", "genre"])?,
        subjects: [from.names("subjects", "subjects")?, from.names("subjects", "subject")?]
            .concat(),
        links: links(&from)?,
        altids: from
            .parts("altids", "altids")?
            .into_iter()
            .map(|part| part.value.into_owned())
            .collect(),
        usageterms: owned("usageterms", &["usageterms"]),
        ..Article::default()
    })
}

/// Names of the publication time.
const PUBLISHED: [&str; 6] =
    ["published", "firstpublished", "contentcreated", "datepublished", "publishedat", "pubdate"];

/// The uri. AP items have theirs in `altids.itemid`.
fn uri(from: &FieldReader<'_, '_>) -> Result<String, Error> {
    let altids = from.fields.raw("altids").and_then(Fields::of_object);
    let item_id = altids.as_ref().and_then(|ids| from.within(ids).first("altids", &["itemid"]));
    match item_id {
        Some(item_id) => Ok(item_id.into_owned()),
        None => from.required("uri", &["uri", "guid", "id", "url", "link"]).map(Cow::into_owned),
    }
}

fn byline(from: &FieldReader<'_, '_>) -> Result<Option<String>, Error> {
    if let Some(byline) = from.first("byline", &["byline", "by"]) {
        return Ok(Some(byline.into_owned()));
    }
    let authors = from.names("byline", "authors")?.join(", ");
    Ok(Some(authors).filter(|names| !names.is_empty()))
}

fn item_type(from: &FieldReader<'_, '_>) -> ItemType {
    match from.first("type", &["type"]).as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("picture" | "photo" | "image") => ItemType::Picture,
        Some("video") => ItemType::Video,
        Some("audio") => ItemType::Audio,
        Some("graphic") => ItemType::Graphic,
        Some("advisory") => ItemType::Advisory,
        Some("composite" | "component" | "event" | "planning") => ItemType::Other,
        _ => ItemType::Text,
    }
}

fn headline<'a>(from: &FieldReader<'_, 'a>) -> Result<Option<Cow<'a, str>>, Error> {
    let mut parts = from.parts("headline", "headlines")?;
    let main = parts.iter().position(|p| p.role.as_deref() == Some("main")).unwrap_or(0);
    if main < parts.len() {
        return Ok(Some(parts.swap_remove(main).value));
    }
    Ok(from.first("headline", &["headline", "headlinemain", "title", "name"]))
}

/// The body, or else the caption.
///
/// # Errors
/// If there is neither, but a value for one of them was unreadable.
fn body(from: &FieldReader<'_, '_>) -> Result<Body, Error> {
    let body = match text_body(from)? {
        Some(body) => body,
        None => caption(from)?,
    };
    if body.as_str().is_empty() && from.repairs.is_unreadable("body") {
        return Err(Error::NotText("body"));
    }
    Ok(body)
}

/// The body. Entries of `bodies` that are only a summary or caption are used if there is no other.
fn text_body(from: &FieldReader<'_, '_>) -> Result<Option<Body>, Error> {
    let mut parts = from.parts("body", "bodies")?;
    let aside = |p: &RoleText<'_>| {
        let role = p.role.as_deref().unwrap_or_default().to_ascii_lowercase();
        ["summary", "abstract", "lead", "teaser", "caption"].contains(&role.as_str())
    };
    if !parts.iter().all(aside) {
        parts.retain(|p| !aside(p));
    }
    let markup = |p: &RoleText<'_>| {
        let hints = [p.content_type.as_deref(), p.role.as_deref()];
        hints.into_iter().flatten().any(|t| t.to_ascii_lowercase().contains("html"))
    };
    if let Some(at) = parts.iter().position(markup) {
        return Ok(Some(Body::Html(parts.swap_remove(at).value.into_owned())));
    }
    if let Some(part) = parts.into_iter().next() {
        return Ok(Some(Body::Plain(part.value.into_owned())));
    }
    if let Some(html) = from.first("body", &["bodyhtml", "bodyxhtml", "contenthtml"]) {
        return Ok(Some(Body::Html(html.into_owned())));
    }
    let names = ["body", "bodytext", "bodymain", "text", "contenttext", "articlebody"];
    Ok(from.first("body", &names).map(|text| Body::Plain(text.into_owned())))
}

/// The caption or description, which replaces the body of items without text.
fn caption(from: &FieldReader<'_, '_>) -> Result<Body, Error> {
    if let Some(part) = from.parts("body", "descriptions")?.into_iter().next() {
        return Ok(Body::Plain(part.value.into_owned()));
    }
    if let Some(html) = from.first("body", &["descriptionhtml"]) {
        return Ok(Body::Html(html.into_owned()));
    }
    let names = [
        "descriptiontext",
        "descriptioncaption",
        "description",
        "caption",
        "descriptionsummary",
        "summary",
    ];
    let plain = from.first("body", &names);
    Ok(Body::Plain(plain.map(Cow::into_owned).unwrap_or_default()))
}

fn status(from: &FieldReader<'_, '_>) -> PubStatus {
    let status = from.first("pubstatus", &["pubstatus", "status"]);
    let status = status.unwrap_or_default().to_ascii_lowercase();
    let killed = ["killed", "withdrawn", "retracted"].contains(&status.as_str());
    if status.contains("cancel") || killed {
        PubStatus::Canceled
    } else if status.contains("withh") {
        PubStatus::Withheld
    } else {
        PubStatus::Usable
    }
}

fn signals(from: &FieldReader<'_, '_>) -> Result<Vec<String>, Error> {
    let mut signals = Vec::new();
    for name in ["signals", "signal", "edstat", "editorialtypes"] {
        let named = from.names("signals", name)?;
        signals.extend(named.into_iter().map(|signal| signal.to_lowercase()));
    }
    Ok(signals)
}

fn links(from: &FieldReader<'_, '_>) -> Result<Vec<Link>, Error> {
    let mut links = Vec::new();
    for (name, kind) in [
        ("replaces", LinkKind::Replaces),
        ("replacedby", LinkKind::ReplacedBy),
        ("evolvedfrom", LinkKind::EvolvedFrom),
        ("rewriteof", LinkKind::EvolvedFrom),
        ("versionof", LinkKind::VersionOf),
        ("translationof", LinkKind::TranslationOf),
    ] {
        for raw in from.entries("links", name)? {
            links.extend(target(from, raw).map(|to| Link { kind, to }));
        }
    }
    Ok(links)
}

/// The target of a link, which is written as a uri or as an object with a uri.
fn target<'a>(from: &FieldReader<'_, 'a>, raw: &'a str) -> Option<ArticleKey> {
    let Some(object) = Fields::of_object(raw) else {
        let uri = from.text("links", raw)?;
        return Some(ArticleKey { uri: uri.into_owned(), version: None });
    };
    let within = from.within(&object);
    let Some(uri) = within.first("links", &["uri", "guid", "id"]) else {
        if !is_empty(raw) {
            from.repairs.record_unreadable("links");
        }
        return None;
    };
    let version = within.first("links", &["version"]).map(Cow::into_owned);
    Some(ArticleKey { uri: uri.into_owned(), version })
}
