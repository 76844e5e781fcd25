//! Plain JSON, IPTC ninjs 1.x to 3.x, AP Media API and JSON Feed, told apart field by field.
//!
//! A strict schema check would refuse real feeds, so what is needed is read where it stands and the
//! rest is ignored. Names are compared without case and without underscores (`versionCreated` of
//! ninjs 3 is `versioncreated` of ninjs 1).
//!
//! | read | from, the first that is there |
//! |---|---|
//! | uri | `uri`, `guid`, `id`, `url`, `link` |
//! | headline | `headlines[]` (role `main`, else the first), `headline`, `headline_main`, `title`, `name` |
//! | body | `bodies[]` (HTML before text), `body_html`, `body_xhtml`, `body`, `body_text`, `body_main`, `text`, `articleBody`; else `descriptions[]`, `description_*`, `caption`, `summary` |
//! | provider | `provider`, `source`, `publisher`, `copyrightholder`, `infosources[]` |
//! | language | `language`, `lang`, `inLanguage` |
//! | times | `versioncreated`, `published`, `firstpublished`, `firstcreated`, `contentcreated`, `embargoed`, `embargo`, `expires` |
//! | links | `replaces`, `replacedby`, `evolvedfrom`, `rewriteof`, `translationof`, `versionof` |
//!
//! A record may be one object, an array of them, or an object without a uri that holds `data.item`,
//! `data.items[].item`, or one or a list under `item`, `article`, `story`, `result`, `doc` or their
//! plural. A JSON Schema is none. Control characters that stand raw within text, which JSON forbids
//! and feeds send, are taken as escaped. The uri of an item of AP is `altids.itemid`: its own
//! `uri` is the address of a query. Items of a JSON Feed take title and language of their feed.
//!
//! What is null counts as absent. Bytes that are not UTF-8 and escaped halves of surrogate pairs
//! become U+FFFD, and the article is flagged; so is a field that is there and cannot be read,
//! unless the article cannot do without it.
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

/// Whether bytes of a record that were not UTF-8 have become U+FFFD.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Repaired,
}

/// The articles of a record; `ranges` gets the bytes of each that is in a list.
pub(super) fn decode(
    text: &str,
    encoding: Encoding,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Vec<Result<Article, Error>> {
    match items(text, settings) {
        Err(error @ Error::Syntax { .. }) => match EscapedControls::of(text) {
            Some(mended) if items(&mended.text, settings).is_ok() => {
                let all = decode(&mended.text, encoding, settings, ranges);
                ranges.iter_mut().for_each(|range| *range = mended.before(range));
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
                    repairs.text();
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

/// The items of a record, and what its feed says for all of them.
struct JsonRecord<'a> {
    items: Vec<JsonItem<'a>>,
    shared: FeedDefaults,
}

/// What a feed says for all its items.
struct FeedDefaults {
    title: Result<Option<String>, Error>,
    language: Option<Lang>,
    repaired: bool,
}

impl Default for FeedDefaults {
    fn default() -> Self {
        Self { title: Ok(None), language: None, repaired: false }
    }
}

impl FeedDefaults {
    fn of(feed: &Fields<'_>) -> Self {
        if !feed.text("version").is_some_and(|v| v.text.contains("jsonfeed.org/")) {
            return Self::default();
        }
        let (title, language) = (feed.text("title"), feed.text("language"));
        let repaired = title.as_ref().is_some_and(|title| title.repaired);
        let title = title.map(|title| title.text.into_owned());
        Self {
            title: bounds::shared("provider", title, PROVIDER_BYTES_MAX),
            language: language.and_then(|language| Lang::parse(&language.text)),
            repaired,
        }
    }

    /// Fills in what the item does not say itself.
    fn fill(&self, article: &mut Article, repairs: &Repairs) -> Result<(), Error> {
        if article.provider.is_none() {
            article.provider.clone_from(&self.title.clone()?);
            if self.repaired {
                repairs.text();
            }
        }
        article.language = article.language.or(self.language);
        Ok(())
    }
}

/// An item of a record, whose fields may have been read.
struct JsonItem<'a> {
    text: &'a str,
    fields: Option<Fields<'a>>,
}

impl<'a> JsonItem<'a> {
    /// Its bytes in `text`, if it is in a list.
    fn range(&self, text: &str) -> Option<Range<usize>> {
        self.fields.is_none().then(|| part::range(text.as_bytes(), self.text))
    }

    fn fields(self) -> Result<Fields<'a>, Error> {
        match self.fields {
            Some(fields) => Ok(fields),
            None if self.text.starts_with('{') => Fields::read(self.text),
            None => Err(Error::Syntax { format: "JSON", kind: "no object", line: 1, column: 1 }),
        }
    }
}

impl<'a> JsonRecord<'a> {
    fn of(texts: Vec<&'a str>) -> Self {
        let items = texts.into_iter().map(|text| JsonItem { text, fields: None }).collect();
        Self { items, shared: FeedDefaults::default() }
    }

    fn one(text: &'a str, fields: Fields<'a>) -> Self {
        let items = vec![JsonItem { text, fields: Some(fields) }];
        Self { items, shared: FeedDefaults::default() }
    }
}

/// The text with the control characters within strings escaped.
struct EscapedControls {
    text: String,
    /// After each escape: where that is in this text, and where in the one before.
    places: Vec<(usize, usize)>,
}

impl EscapedControls {
    /// Mends `text`; `None` where there is nothing to mend.
    fn of(text: &str) -> Option<Self> {
        let mut mended = String::with_capacity(text.len() + 64);
        let (mut within, mut escaped, mut places) = (false, false, Vec::new());
        for (at, c) in text.char_indices() {
            if within && c < ' ' {
                use std::fmt::Write;
                // A backslash before a raw line break means the line break.
                if escaped {
                    mended.pop();
                }
                write!(mended, "\\u{:04x}", u32::from(c)).ok()?;
                places.push((mended.len(), at + c.len_utf8()));
                escaped = false;
                continue;
            }
            within ^= c == '"' && !escaped;
            escaped = within && c == '\\' && !escaped;
            mended.push(c);
        }
        (!places.is_empty()).then_some(Self { text: mended, places })
    }

    /// A range of this text, as it was before.
    fn before(&self, range: &Range<usize>) -> Range<usize> {
        let moved = |at: usize| match self.places.partition_point(|(to, _)| *to <= at) {
            0 => at,
            next => self.places[next - 1].1 + at - self.places[next - 1].0,
        };
        moved(range.start)..moved(range.end)
    }
}

/// The items of a record.
fn items<'a>(text: &'a str, settings: &Settings) -> Result<JsonRecord<'a>, Error> {
    if text.starts_with('[') {
        return listed(text, settings).map(JsonRecord::of);
    }
    let fields = Fields::read(text)?;
    if fields.raw("uri").is_some() {
        return Ok(JsonRecord::one(text, fields));
    }
    // The `id` beside `data` names the request that was answered.
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

/// Names under which an object that is none itself holds articles.
const WRAPPERS: [&str; 10] = [
    "item", "items", "article", "articles", "story", "stories", "result", "results", "doc", "docs",
];

/// The entries of a list of items.
fn listed<'a>(raw: &'a str, settings: &Settings) -> Result<Vec<&'a str>, Error> {
    let list = FieldList::read(raw, settings.items_max as usize)?;
    if list.count > settings.items_max as usize {
        return Err(Error::TooMany { items: list.count, max: settings.items_max });
    }
    Ok(list.entries)
}

fn article(fields: &Fields<'_>, repairs: &Repairs) -> Result<Article, Error> {
    let schema = |text: text::RepairedText<'_>| text.text.contains("json-schema.org");
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

/// Names of the time of publication.
const PUBLISHED: [&str; 6] =
    ["published", "firstpublished", "contentcreated", "datepublished", "publishedat", "pubdate"];

fn uri(from: &FieldReader<'_, '_>) -> Result<String, Error> {
    let altids = from.fields.raw("altids").and_then(Fields::of_object);
    let own = altids.as_ref().and_then(|ids| from.within(ids).first("altids", &["itemid"]));
    match own {
        Some(own) => Ok(own.into_owned()),
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

/// The text, or what stands for it.
///
/// # Errors
/// When there is none, and one that could not be read.
fn body(from: &FieldReader<'_, '_>) -> Result<Body, Error> {
    let found = match text_body(from)? {
        Some(body) => body,
        None => caption(from)?,
    };
    if found.published().is_empty() && from.repairs.lost("body") {
        return Err(Error::NotText("body"));
    }
    Ok(found)
}

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
        let said = [p.content_type.as_deref(), p.role.as_deref()];
        said.into_iter().flatten().any(|t| t.to_ascii_lowercase().contains("html"))
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

/// The caption of a picture, sound or film, or what stands for the text where there is none.
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
    let said = from.first("pubstatus", &["pubstatus", "status"]);
    let said = said.unwrap_or_default().to_ascii_lowercase();
    if said.contains("cancel") || ["killed", "withdrawn", "retracted"].contains(&said.as_str()) {
        PubStatus::Canceled
    } else if said.contains("withh") {
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

/// What a link points to: a uri, or an object that holds one.
fn target<'a>(from: &FieldReader<'_, 'a>, raw: &'a str) -> Option<ArticleKey> {
    let Some(object) = Fields::of_object(raw) else {
        let uri = from.text("links", raw)?;
        return Some(ArticleKey { uri: uri.into_owned(), version: None });
    };
    let within = from.within(&object);
    let Some(uri) = within.first("links", &["uri", "guid", "id"]) else {
        if !is_empty(raw) {
            from.repairs.unreadable("links");
        }
        return None;
    };
    let version = within.first("links", &["version"]).map(Cow::into_owned);
    Some(ArticleKey { uri: uri.into_owned(), version })
}
