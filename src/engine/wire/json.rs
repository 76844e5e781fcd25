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
//! Sources: IPTC ninjs 1.0 to 3.1, JSON schemas and user guide; JSON Feed 1.1.

mod fields;

use super::{Error, Settings, part};
use crate::engine::article::{
    Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind, PubStatus,
};
use fields::{Fields, Part, list, scalar, syntax};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::Range;

/// The articles of a record; `ranges` gets the bytes of each that stands in a list.
pub(super) fn decode(
    text: &str,
    settings: &Settings,
    ranges: &mut Vec<Range<usize>>,
) -> Vec<Result<Article, Error>> {
    match items(text) {
        Err(error @ Error::Syntax { .. }) => match Mended::of(text) {
            Some(mended) if items(&mended.text).is_ok() => {
                let all = decode(&mended.text, settings, ranges);
                ranges.iter_mut().for_each(|range| *range = mended.before(range));
                all
            }
            _ => vec![Err(error)],
        },
        Err(error) => vec![Err(error)],
        Ok(Record { items, .. }) if items.is_empty() => vec![Err(Error::Empty)],
        Ok(Record { items, .. }) if items.len() > settings.items_max as usize => {
            vec![Err(Error::TooMany { items: items.len(), max: settings.items_max })]
        }
        Ok(Record { items, title, language }) => {
            let of_feed = |mut article: Article| {
                article.provider = article.provider.or_else(|| title.clone());
                article.language = article.language.or(language);
                article
            };
            ranges.extend(items.iter().filter_map(|item| item.range(text)));
            let one = |item: Item<'_>| article(item.fields()?, settings).map(of_feed);
            items.into_iter().map(one).collect()
        }
    }
}

/// The items of a record, and what its feed says for all of them.
struct Record<'a> {
    items: Vec<Item<'a>>,
    title: Option<String>,
    language: Option<Lang>,
}

/// An item of a record.
enum Item<'a> {
    Unread(&'a str),
    Read(Fields<'a>),
}

impl<'a> Item<'a> {
    /// Its bytes in `text`, if it stands in a list.
    fn range(&self, text: &str) -> Option<Range<usize>> {
        match self {
            Self::Unread(item) => Some(part::range(text.as_bytes(), item)),
            Self::Read(_) => None,
        }
    }

    fn fields(self) -> Result<Fields<'a>, Error> {
        match self {
            Self::Read(fields) => Ok(fields),
            Self::Unread(text) if text.starts_with('{') => Fields::read(text),
            Self::Unread(_) => {
                Err(Error::Syntax { format: "JSON", kind: "no object", line: 1, column: 1 })
            }
        }
    }
}

impl<'a> Record<'a> {
    fn of(items: Vec<&'a str>) -> Self {
        let items = items.into_iter().map(Item::Unread).collect();
        Self { items, title: None, language: None }
    }

    fn one(fields: Fields<'a>) -> Self {
        Self { items: vec![Item::Read(fields)], title: None, language: None }
    }
}

/// The text with the control characters within strings escaped.
struct Mended {
    text: String,
    /// After each escape: where that is in this text, and where in the one before.
    places: Vec<(usize, usize)>,
}

impl Mended {
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
fn items(text: &str) -> Result<Record<'_>, Error> {
    if text.starts_with('[') {
        return list(text).map(Record::of).map_err(|e| syntax(&e));
    }
    let fields = Fields::read(text)?;
    if fields.raw("uri").is_some() {
        return Ok(Record::one(fields));
    }
    // The `id` beside `data` names the request that was answered.
    if let Some(data) = fields.raw("data").and_then(|data| Fields::read(data).ok()) {
        if let Some(item) = data.raw("item") {
            return Ok(Record::of(vec![item]));
        }
        if let Some(Ok(all)) = data.raw("items").map(list) {
            let bare = |raw| Fields::read(raw).ok().and_then(|f| f.raw("item")).unwrap_or(raw);
            return Ok(Record::of(all.into_iter().map(bare).collect()));
        }
    }
    if fields.raw("id").is_none()
        && let Some(all) = WRAPPERS.iter().find_map(|name| wrapped(fields.raw(name)?))
    {
        let feed = fields.text("version").is_some_and(|v| v.contains("jsonfeed.org/"));
        let said = |name| fields.text(name).filter(|_| feed).map(Cow::into_owned);
        let language = said("language").as_deref().and_then(Lang::parse);
        return Ok(Record { title: said("title"), language, ..Record::of(all) });
    }
    Ok(Record::one(fields))
}

/// Names under which an object that is none itself holds articles.
const WRAPPERS: [&str; 10] = [
    "item", "items", "article", "articles", "story", "stories", "result", "results", "doc", "docs",
];

/// The articles under a wrapper's name: a list, or one.
fn wrapped(raw: &str) -> Option<Vec<&str>> {
    if raw.starts_with('{') { Some(vec![raw]) } else { list(raw).ok() }
}

fn article(fields: Fields<'_>, settings: &Settings) -> Result<Article, Error> {
    if fields.raw("uri").is_none()
        && fields.text("$schema").is_some_and(|schema| schema.contains("json-schema.org"))
    {
        return Err(Error::NoArticle("JSON Schema"));
    }
    let altids = fields.raw("altids").and_then(|raw| Fields::read(raw).ok());
    let uri = match altids.as_ref().and_then(|ids| ids.text("itemid")) {
        Some(own) => own,
        None => fields
            .required(&["uri", "guid", "id"], "uri")?
            .or_else(|| fields.first(&["url", "link"]))
            .ok_or(Error::Missing("uri"))?,
    };
    let kind = item_type(&fields);
    let headline = headline(&fields).unwrap_or_default().trim().to_owned();
    let body = body(&fields)?;
    let owned = |names: &[&str]| fields.first(names).map(Cow::into_owned);
    let one = |names: &[&str]| names.iter().find_map(|name| fields.names(name).into_iter().next());
    let infosource = one(&["infosources", "infosource"]);
    let article = Article {
        uri: uri.into_owned(),
        version: owned(&["version"]),
        provider: one(&["provider", "source", "publisher", "copyrightholder"])
            .or_else(|| infosource.clone()),
        credit: owned(&["creditline", "credit", "descriptioncreditline"]),
        infosource,
        byline: owned(&["byline", "by"])
            .or_else(|| Some(fields.names("authors").join(", ")).filter(|names| !names.is_empty())),
        dateline: owned(&["dateline"]),
        located: owned(&["located"]),
        headline,
        body,
        language: one(&["language", "lang", "inlanguage"]).as_deref().and_then(Lang::parse),
        kind,
        versioncreated: fields.time(&["versioncreated", "datemodified"]),
        firstcreated: fields.time(&["firstcreated"]),
        published: fields.time(&[
            "published",
            "firstpublished",
            "contentcreated",
            "datepublished",
            "publishedat",
            "pubdate",
        ]),
        embargoed: fields.time(&["embargoed", "embargo"]),
        expires: fields.time(&["expires"]),
        pubstatus: status(&fields),
        signals: signals(&fields),
        ednote: owned(&["ednote", "editorialnote"]),
        slugline: owned(&["slugline", "slug"]),
        urgency: owned(&["urgency"]).and_then(|u| u.parse().ok()).filter(|u| (1..=9).contains(u)),
        genre: one(&["genres", "genre"]),
        subjects: [fields.names("subjects"), fields.names("subject")].concat(),
        links: links(&fields),
        altids: fields.parts("altids").into_iter().map(|p| p.value.into_owned()).collect(),
        usageterms: owned(&["usageterms"]),
        marks: Default::default(),
    };
    super::finish(article, settings)
}

fn item_type(fields: &Fields<'_>) -> ItemType {
    match fields.text("type").as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("picture" | "photo" | "image") => ItemType::Picture,
        Some("video") => ItemType::Video,
        Some("audio") => ItemType::Audio,
        Some("graphic") => ItemType::Graphic,
        Some("advisory") => ItemType::Advisory,
        Some("composite" | "component" | "event" | "planning") => ItemType::Other,
        _ => ItemType::Text,
    }
}

fn headline<'a>(fields: &Fields<'a>) -> Option<Cow<'a, str>> {
    let mut parts = fields.parts("headlines");
    let main = parts.iter().position(|p| p.role.as_deref() == Some("main")).unwrap_or(0);
    if main < parts.len() {
        return Some(parts.swap_remove(main).value);
    }
    fields.first(&["headline", "headlinemain", "title", "name"])
}

fn body(fields: &Fields<'_>) -> Result<Body, Error> {
    let mut parts = fields.parts("bodies");
    let aside = |p: &Part<'_>| {
        let role = p.role.as_deref().unwrap_or_default().to_ascii_lowercase();
        ["summary", "abstract", "lead", "teaser", "caption"].contains(&role.as_str())
    };
    if !parts.iter().all(aside) {
        parts.retain(|p| !aside(p));
    }
    let markup = |p: &Part<'_>| {
        let said = [p.content_type.as_deref(), p.role.as_deref()];
        said.into_iter().flatten().any(|t| t.to_ascii_lowercase().contains("html"))
    };
    if let Some(at) = parts.iter().position(markup) {
        return Ok(Body::Html(parts.swap_remove(at).value.into_owned()));
    }
    if let Some(part) = parts.into_iter().next() {
        return Ok(Body::Plain(part.value.into_owned()));
    }
    if let Some(html) = fields.first(&["bodyhtml", "bodyxhtml", "contenthtml"]) {
        return Ok(Body::Html(html.into_owned()));
    }
    let plain = fields.required(&["body", "bodytext", "bodymain", "text"], "body")?;
    let other = ["bodytext", "bodymain", "text", "contenttext", "articlebody"];
    let plain = plain.or_else(|| fields.first(&other));
    Ok(plain.map_or_else(|| caption(fields), |text| Body::Plain(text.into_owned())))
}

/// The caption of a picture, sound or film, or what stands for the text where there is none.
fn caption(fields: &Fields<'_>) -> Body {
    if let Some(part) = fields.parts("descriptions").into_iter().next() {
        return Body::Plain(part.value.into_owned());
    }
    if let Some(html) = fields.text("descriptionhtml") {
        return Body::Html(html.into_owned());
    }
    let plain = fields.first(&[
        "descriptiontext",
        "descriptioncaption",
        "description",
        "caption",
        "descriptionsummary",
        "summary",
    ]);
    Body::Plain(plain.map(Cow::into_owned).unwrap_or_default())
}

fn status(fields: &Fields<'_>) -> PubStatus {
    let said = fields.first(&["pubstatus", "status"]).unwrap_or_default().to_ascii_lowercase();
    if said.contains("cancel") || ["killed", "withdrawn", "retracted"].contains(&said.as_str()) {
        PubStatus::Canceled
    } else if said.contains("withh") {
        PubStatus::Withheld
    } else {
        PubStatus::Usable
    }
}

fn signals(fields: &Fields<'_>) -> Vec<String> {
    let names = ["signals", "signal", "edstat", "editorialtypes"];
    let all = names.into_iter().flat_map(|name| fields.names(name));
    all.map(|signal| signal.to_lowercase()).collect()
}

fn links(fields: &Fields<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    for (name, kind) in [
        ("replaces", LinkKind::Replaces),
        ("replacedby", LinkKind::ReplacedBy),
        ("evolvedfrom", LinkKind::EvolvedFrom),
        ("rewriteof", LinkKind::EvolvedFrom),
        ("versionof", LinkKind::VersionOf),
        ("translationof", LinkKind::TranslationOf),
    ] {
        let Some(raw) = fields.raw(name) else { continue };
        let all: Vec<&RawValue> = serde_json::from_str(raw)
            .or_else(|_| serde_json::from_str(raw).map(|one| vec![one]))
            .unwrap_or_default();
        for one in all {
            let key = match Fields::read(one.get()) {
                Ok(object) => object
                    .first(&["uri", "guid", "id"])
                    .map(|uri| (uri.into_owned(), object.text("version").map(Cow::into_owned))),
                Err(_) => scalar(one.get()).map(|uri| (uri.into_owned(), None)),
            };
            links.extend(key.map(|(uri, version)| Link { kind, to: ArticleKey { uri, version } }));
        }
    }
    links
}
