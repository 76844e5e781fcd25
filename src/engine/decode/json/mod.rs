//! Decodes JSON: plain objects, IPTC ninjs 1.x to 3.x, AP Media API and JSON Feed. The same rules
//! apply to all of them, field by field.
//!
//! A strict schema check would reject real feeds, so the decoder looks for each field under all
//! names in use and ignores all other fields. Names are compared without regard to case,
//! underscores and hyphens: `versionCreated` (ninjs 3) equals `versioncreated` (ninjs 1).
//!
//! Each field is taken from the first of these names that has a value:
//!
//! - uri: `altids.itemid` (AP items, whose `uri` is the address of a query), then `names::URI`
//! - headline: `headlines[]` (role `main`, else the first), then `names::HEADLINE`
//! - body: `bodies[]` (HTML before text), then `names::HTML_BODY`, then `names::BODY`; else
//!   `descriptions[]`, then `names::CAPTION`
//! - provider: `names::PROVIDER`, `names::PROVIDER_STAND_INS`, `infosources[]`; else the credit,
//!   except for pictures
//! - note to editors: `names::NOTE`; byline: `byline`, `by`, else `authors`, `author`
//! - language: `language`, `lang`, `inLanguage`, `languageCode`
//! - versioncreated: `names::VERSION_CREATED`
//! - published: `names::PUBLISHED`
//! - other times: `firstcreated`; `embargoed`, `embargo`; `expires`
//! - links, all of them: `replaces`, `replacedby`, `evolvedfrom`, `rewriteof`, `translationof`,
//!   `versionof`
//!
//! In addition to the formats named above, these names cover the exports of NewsAPI, Event
//! Registry, the Guardian, news-please, miniflux, Superdesk, Arc, Drupal, WordPress and the digital
//! wires of dpa. The text of a field may be nested, as in `{"title": {"rendered": "B"}}`, and
//! headline and body may be inside `fields`.
//!
//! A record is one object, an array of objects, a sequence of objects (NDJSON), an envelope around
//! one of these, or an object that has no uri and contains `data.item`, `data.items[].item`,
//! `hits.hits[]._source`, or an object or a list under one of `names::WRAPPERS`. A JSON Schema is
//! rejected. Items of a JSON Feed inherit the title and the language of the feed. If a list is cut
//! off or has a broken entry, the other entries are still read. Of a JSON-LD graph, only the
//! articles are read. In the bulk format of search engines, the id may be in the action line
//! ([`bulk`]).
//!
//! The article may also be nested in an object that has the article's id: the hit of a search
//! engine (`_source`), a resource of JSON:API (`attributes`), a record of the Kafka REST proxy
//! (`value` beside `key`), an entry of Contentful (`fields` beside `sys`). Any value may name its
//! type, as in DynamoDB and Avro ([`tagged`]), and a text may be a tree of nodes ([`rich_text`]) or
//! an object with one text for each language.
//!
//! Some deviations from JSON that feeds send are accepted (see [`standard`]). Null counts as
//! absent. Invalid UTF-8 and escaped unpaired surrogates become U+FFFD, and a flag is set on the
//! article. An unreadable value also sets a flag or, if the field is required, rejects the item.
//!
//! Sources: IPTC ninjs 1.0 to 3.1, JSON schemas and user guide; JSON Feed 1.1.

mod broken;
mod bulk;
mod envelope;
mod fields;
mod items;
mod names;
mod rich_text;
mod standard;
mod tagged;
mod text;

use super::bounds::{BYLINE_BYTES_MAX, PROVIDER_BYTES_MAX};
use super::repairs::Repairs;
use super::{Error, Settings};
use crate::article::{Article, ArticleKey, Body, EventTime, ItemType, Link, LinkKind, PubStatus};
use bulk::Action;
pub(super) use envelope::embedded_document;
use fields::{FieldReader, Fields, RoleText};
use items::{JsonItem, JsonRecord, NOT_AN_OBJECT, items};
use names::{
    BODY, CAPTION, HEADLINE, HTML_BODY, NOTE, PROVIDER, PROVIDER_STAND_INS, PUBLISHED, URI,
    VERSION_CREATED,
};
use standard::StandardJson;
use std::borrow::Cow;
use std::ops::Range;
use text::is_empty;

/// The known values of `pubStatus`.
const STATUSES: [&str; 7] =
    ["usable", "withh", "cancel", "embargo", "killed", "withdrawn", "retracted"];

/// Whether invalid UTF-8 in the record was replaced with U+FFFD.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The record was valid UTF-8.
    Utf8,
    /// Invalid bytes were replaced.
    Repaired,
    /// The record is in a character set that was guessed.
    Guessed,
}

impl Encoding {
    /// Whether `text`, a part of the record, may differ from what was sent.
    fn changes(self, text: &str) -> bool {
        match self {
            Self::Utf8 => false,
            Self::Repaired => text.contains(char::REPLACEMENT_CHARACTER),
            Self::Guessed => !text.is_ascii(),
        }
    }
}

/// Decodes a record. For each item in a list, appends its byte range in `text` to `ranges`.
pub(super) fn decode(
    text: &str,
    encoding: Encoding,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Vec<Result<Article, Error>> {
    match items(text, settings) {
        Err(error @ Error::Syntax { .. }) => standardized(text, encoding, settings, ranges)
            .or_else(|| broken(text, encoding, settings, ranges))
            .unwrap_or_else(|| vec![Err(error)]),
        Err(error) => vec![Err(error)],
        Ok(JsonRecord { items, .. }) if items.is_empty() => vec![Err(Error::Empty)],
        Ok(JsonRecord { items, shared }) => {
            let one = |item: JsonItem<'_>| {
                let repairs = Repairs::default();
                if encoding.changes(item.text) {
                    repairs.record_repaired_text();
                }
                let mut article = article(&item.fields()?, &repairs)?;
                shared.fill(&mut article, &repairs);
                article.flags = repairs.flags();
                super::finish(article, settings)
            };
            ranges.extend(items.iter().filter_map(|item| item.range(text)));
            items.into_iter().map(one).collect()
        }
    }
}

/// Rewrites a record that is not valid JSON, and decodes it. `None` if it is still not valid JSON.
fn standardized(
    text: &str,
    encoding: Encoding,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Option<Vec<Result<Article, Error>>> {
    let standard = StandardJson::of(text)?;
    items(&standard.text, settings).ok()?;
    let encoding = if standard.has_invalid_bytes { Encoding::Repaired } else { encoding };
    let articles = decode(&standard.text, encoding, settings, ranges);
    ranges.iter_mut().for_each(|range| *range = standard.original(range));
    Some(articles)
}

/// The rewritten text of a JSON value that only becomes valid when it is rewritten as in
/// [`decode`].
pub(super) fn rewritten(text: &str) -> Option<String> {
    let standard = StandardJson::of(text)?.text;
    serde_json::from_str::<serde::de::IgnoredAny>(&standard).ok()?;
    Some(standard)
}

/// Whether a line is an action of the bulk format of search engines, so that an article follows.
pub(super) fn is_bulk_action(line: &str) -> bool {
    Action::of(line).is_some_and(|action| !action.deletes)
}

/// Decodes the parts of a record that is not valid JSON. `None` if none of them is an article.
fn broken(
    text: &str,
    encoding: Encoding,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Option<Vec<Result<Article, Error>>> {
    let (mut articles, mut places, mut action) = (Vec::new(), Vec::new(), None);
    for part in broken::parts(text) {
        let value = text.get(part.range.clone()).unwrap_or_default();
        let (start, mut inner) = (part.range.start, Vec::new());
        let preceding: Option<Action<'_>> = action.take();
        if let Some(next) = Action::of(value).filter(|_| preceding.is_none()) {
            if next.deletes {
                articles.push(Err(Error::NoArticle("a deleted row")));
                places.push(part.range);
            } else {
                action = Some(next);
            }
            continue;
        }
        let read = match part.error {
            None if preceding.is_some() && value.starts_with('{') => {
                let hit = preceding.map(|action| action.hit(value)).unwrap_or_default();
                decode(&hit, encoding, settings, &mut Vec::new())
            }
            Some(error) => {
                let value = value.trim_end_matches(|c: char| c.is_whitespace() || c == ',');
                standardized(value, encoding, settings, &mut inner)
                    .unwrap_or_else(|| vec![Err(error)])
            }
            None if value.starts_with('{') => decode(value, encoding, settings, &mut inner),
            None => vec![Err(NOT_AN_OBJECT)],
        };
        let nested = inner.into_iter().map(|range| range.start + start..range.end + start);
        match nested.len() == read.len() {
            true => places.extend(nested),
            false => places.extend(std::iter::repeat_n(part.range, read.len())),
        }
        articles.extend(read);
        if articles.len() > settings.items_max as usize {
            let (items, max) = (articles.len(), settings.items_max);
            return Some(vec![Err(Error::TooMany { items, max })]);
        }
    }
    if !articles.iter().any(Result::is_ok) {
        return None;
    }
    ranges.extend(places);
    Some(articles)
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
    let credit = owned("credit", &["creditline", "credit", "descriptioncreditline"]);
    let embargoed = from.time("embargoed", &["embargoed", "embargo"]);
    let language = from.name("language", &["language", "lang", "inlanguage", "languagecode"])?;
    Ok(Article {
        uri,
        version: owned("version", &["version", "currentversion"]),
        provider: provider(&from, infosource.as_deref(), credit.as_deref())?,
        credit,
        infosource,
        byline: byline(&from)?,
        dateline: owned("dateline", &["dateline"]),
        located: owned("located", &["located"]),
        headline: headline(&from)?.unwrap_or_default().trim().to_owned(),
        body: body(&from)?,
        language: language.and_then(|language| repairs.language(&language)),
        kind: item_type(&from),
        versioncreated: from.time("versioncreated", &VERSION_CREATED),
        firstcreated: from.time("firstcreated", &["firstcreated"]),
        published: from.time("published", &PUBLISHED),
        embargoed,
        expires: from.time("expires", &["expires"]),
        pubstatus: repairs.status(status(&from, embargoed), embargoed),
        signals: signals(&from)?,
        ednote: from.content("ednote", &NOTE).map(Cow::into_owned),
        slugline: owned("slugline", &["slugline", "slug"]),
        urgency: from.first("urgency", &["urgency"]).and_then(|u| repairs.urgency(&u)),
        genre: from.name("genre", &["genres", "genre"])?,
        subjects: [from.names("subjects", "subjects")?, from.names("subjects", "subject")?]
            .concat(),
        places: [from.names("places", "places")?, from.names("places", "place")?].concat(),
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

/// The uri. In AP items it is in `altids.itemid`. The `@id` of JSON-LD is used if it is absolute; a
/// relative one, such as `#article`, is the same on every page. The last resort is a source that is
/// the address of the article, as in the output of trafilatura.
fn uri(from: &FieldReader<'_, '_>) -> Result<String, Error> {
    let altids = from.fields.raw("altids").and_then(Fields::of_object);
    let item_id = altids.as_ref().and_then(|ids| from.within(ids).first("altids", &["itemid"]));
    if let Some(item_id) = item_id {
        return Ok(item_id.into_owned());
    }
    let is_absolute = |id: &Cow<'_, str>| id.starts_with("urn:") || id.contains("://");
    let is_page = |address: &Cow<'_, str>| {
        let host_and_path = address.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
        host_and_path.is_some_and(|rest| rest.contains('/'))
    };
    let source = || from.fields.text("source").map(|source| source.text).filter(is_page);
    let uri = from.required("uri", &URI);
    let other = || from.first("uri", &["@id"]).filter(is_absolute).or_else(source);
    uri.or_else(|error| other().ok_or(error)).map(Cow::into_owned)
}

/// The provider. If no other field names it, the credit is used, except for pictures, whose credit
/// may name anyone. A name that does not come from one of the provider fields is ignored if it is
/// too long.
fn provider(
    from: &FieldReader<'_, '_>,
    infosource: Option<&str>,
    credit: Option<&str>,
) -> Result<Option<String>, Error> {
    let named = from.name("provider", &PROVIDER)?;
    if named.as_ref().is_some_and(|name| !name.contains("://")) {
        return Ok(named);
    }
    let mut others = Vec::new();
    for name in PROVIDER_STAND_INS {
        others.push(from.name("provider", &[name])?);
    }
    // In feed readers, `origin` is the feed of an entry. Elsewhere it is a text with other
    // meanings.
    if from.fields.raw("origin").is_some_and(|raw| raw.starts_with('{')) {
        others.push(from.name("provider", &["origin"])?);
    }
    others.push(named);
    let credit = credit.filter(|_| item_type(from) != ItemType::Picture);
    others.push(infosource.or(credit).map(str::to_owned));
    Ok(from.repairs.stand_in("provider", PROVIDER_BYTES_MAX, others))
}

fn byline(from: &FieldReader<'_, '_>) -> Result<Option<String>, Error> {
    let is_object = from.fields.raw("byline").is_some_and(|raw| raw.starts_with('{'));
    if is_object {
        return from.name("byline", &["byline"]);
    }
    if let Some(byline) = from.first("byline", &["byline", "by"]) {
        return Ok(Some(byline.into_owned()));
    }
    let authors = [from.names("byline", "authors")?, from.names("byline", "author")?].concat();
    let authors = Some(authors.join(", ")).filter(|names| !names.is_empty());
    Ok(from.repairs.stand_in("byline", BYLINE_BYTES_MAX, [authors]))
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
    Ok(from.content("headline", &HEADLINE).or_else(|| within_fields(from, "headline", &HEADLINE)))
}

/// The first text in the nested object `fields`, where the Guardian and others put headline and
/// body.
fn within_fields<'a>(
    from: &FieldReader<'_, 'a>,
    field: &'static str,
    names: &[&str],
) -> Option<Cow<'a, str>> {
    let fields = from.fields.raw("fields").and_then(Fields::of_object)?;
    from.within(&fields).content(field, names)
}

/// The body or, if there is none, the caption.
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

/// The body. Entries of `bodies` that are only a summary or caption are used if there is no other
/// text.
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
    if let Some(html) = from.content("body", &HTML_BODY) {
        return Ok(Some(Body::Html(nitf_content(&html).to_owned())));
    }
    let text = from.content("body", &BODY).or_else(|| within_fields(from, "body", &BODY));
    Ok(text.map(|text| Body::Plain(with_lead(from, text.into_owned()))))
}

/// The content of a NITF document, without its headline and byline. Other HTML is unchanged.
fn nitf_content(html: &str) -> &str {
    let inner = html.split_once("<body.content>");
    inner.and_then(|(_, rest)| rest.split_once("</body.content>")).map_or(html, |(inner, _)| inner)
}

/// The body after the lead paragraph, which Joomla and Factiva keep in a field of its own.
fn with_lead(from: &FieldReader<'_, '_>, text: String) -> String {
    const PAIRS: [[&str; 2]; 2] = [["introtext", "fulltext"], ["lp", "td"]];
    let pair = PAIRS.iter().find(|pair| pair.iter().all(|name| from.fields.has(name)));
    let lead = pair.and_then(|[lead, _]| from.content("body", &[lead]));
    match lead.filter(|lead| !text.contains(&**lead)) {
        Some(lead) => format!("{lead}\n\n{text}"),
        None => text,
    }
}

/// The caption or description, which is used as the body of items without text.
fn caption(from: &FieldReader<'_, '_>) -> Result<Body, Error> {
    if let Some(part) = from.parts("body", "descriptions")?.into_iter().next() {
        return Ok(Body::Plain(part.value.into_owned()));
    }
    if let Some(html) = from.first("body", &["descriptionhtml"]) {
        return Ok(Body::Html(html.into_owned()));
    }
    let plain = from.content("body", &CAPTION).or_else(|| within_fields(from, "body", &CAPTION));
    Ok(Body::Plain(plain.map(Cow::into_owned).unwrap_or_default()))
}

/// The status. An embargo without an end time lasts until a later version lifts it.
fn status(from: &FieldReader<'_, '_>, embargoed: Option<EventTime>) -> PubStatus {
    let stated = from.first("pubstatus", &["pubstatus"]).map(|status| status.to_ascii_lowercase());
    if let Some(status) = &stated {
        from.repairs.known_status(status, &STATUSES);
    }
    // `status` contains the status in the content system, so unknown values are normal.
    let other = || from.first("pubstatus", &["status"]).map(|status| status.to_ascii_lowercase());
    let status = stated.or_else(other).unwrap_or_default();
    let killed = ["killed", "withdrawn", "retracted"].contains(&status.as_str());
    if status.contains("cancel") || killed {
        PubStatus::Canceled
    } else if status.contains("withh") || status.contains("embargo") && embargoed.is_none() {
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

/// The target of a link, which is either a uri or an object with a uri.
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
