//! Decodes RSS 2.0 (including RSS 1.0 and WordPress exports), Atom 1.0 and Atom 0.3 (a feed or one
//! entry).
//!
//! Each item or entry becomes an article. A field is taken from the first of these that has a
//! value:
//!
//! | field | RSS | Atom |
//! |---|---|---|
//! | uri | `guid`, `link`, else derived | `id`, `link`, else derived |
//! | version | none | `updated` |
//! | headline | `title`, `dc:title` | `title` |
//! | body | see `RSS_BODY` | `content`, `summary`, the text in Media RSS elements |
//! | provider | `dc:publisher`, the channel's `title` | the feed's `title` |
//! | byline | `dc:creator`, `author` | `author/name` |
//! | times | see `RSS_MODIFIED`, `RSS_PUBLISHED` | `updated`; `published` |
//! | language | `dc:language`, the channel's `language` | `xml:lang` |
//! | links | none | `predecessor-version`, `successor-version` (RFC 5829) |
//!
//! Items of RSS 1.0 are identified by `rdf:about`, regardless of `link`. Atom 0.3 uses `modified`
//! instead of `updated`, `issued` and `created` instead of `published`, `copyright` instead of
//! `rights`, and media types instead of the types of Atom 1.0.
//!
//! A derived uri is the hash of the title and the publication time, or of title and body if one of
//! these is missing. It is the same at every poll of the feed.
//!
//! Elements of other namespaces are not mistaken for those of the format: `media:title` is not a
//! title. RSS headlines are read as HTML by convention, Atom headlines only if `type` is `html`.
//!
//! Sources: RSS 2.0.11; RSS 1.0 with the modules Dublin Core and Content; Media RSS 1.5; RFC 4287;
//! RFC 5023 (drafts); the Atom 0.3 format specification.

use super::bounds::{
    BYLINE_BYTES_MAX, PROVIDER_BYTES_MAX, TERMS_BYTES_MAX, URI_BYTES_MAX, VERSION_BYTES_MAX,
};
use super::repairs::{Repairs, SharedValue};
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, Body, ItemType, Link, LinkKind, PubStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use html5gum::{Token, Tokenizer};
use sha2::{Digest, Sha256};

/// The elements that can contain the body of an RSS item, those with the full text first. If there
/// is none, the body is the text in Media RSS elements.
const RSS_BODY: [&str; 8] = [
    "content:encoded",
    "xhtml:body",
    "a10:content",
    "atom:content",
    "description",
    "dc:description",
    "dcterms:abstract",
    "itunes:summary",
];
/// The elements that can contain the time at which an RSS item was last modified.
const RSS_MODIFIED: [&str; 3] = ["atom:updated", "a10:updated", "dcterms:modified"];
/// The elements that can contain the publication time of an RSS item.
const RSS_PUBLISHED: [&str; 6] =
    ["pubDate", "dc:date", "dcterms:issued", "atom:published", "dcterms:created", "dcterms:date"];

/// The statuses of a post in a WordPress export.
const STATUSES: [&str; 8] =
    ["publish", "inherit", "future", "private", "draft", "pending", "auto-draft", "trash"];

/// The items of an RSS document.
pub(super) fn rss_items(root: &Element) -> Vec<&Element> {
    let within = root.children("channel").flat_map(|channel| channel.children("item"));
    within.chain(root.children("item")).collect()
}

/// The entries of an Atom document.
pub(super) fn atom_items(root: &Element) -> Vec<&Element> {
    if root.is("entry") { vec![root] } else { root.own("entry").collect() }
}

/// The properties of an RSS channel that apply to all its items.
pub(super) struct RssChannel {
    /// The title, used as the provider.
    title: SharedValue,
    /// The language tag.
    language: Option<String>,
    /// The terms of use.
    copyright: SharedValue,
}

impl RssChannel {
    /// Reads the channel of a document.
    pub(super) fn of(root: &Element) -> Self {
        let channel = root.at(&["channel"]);
        let text = |name: &str| channel?.prefixed(name).find_map(Element::text);
        Self {
            title: SharedValue::of(text("title"), PROVIDER_BYTES_MAX),
            language: text("language").or_else(|| text("dc:language")),
            copyright: SharedValue::of(text("copyright"), TERMS_BYTES_MAX),
        }
    }
}

/// Decodes one item of an RSS document.
pub(super) fn rss_article(item: &Element, channel: &RssChannel) -> Result<Article, Error> {
    let text = |name: &str| item.prefixed(name).find_map(Element::text);
    let first = |names: &[&str]| names.iter().find_map(|name| text(name));
    let repairs = Repairs::default();
    let time =
        |field, names: &[&str]| names.iter().find_map(|name| repairs.time(field, &text(name)?));
    let about = item.attribute("rdf:about").map(str::to_owned);
    let published = time("published", &RSS_PUBLISHED);
    let body = RSS_BODY.into_iter().find_map(|name| item.prefixed(name).find_map(html));
    let language = text("dc:language");
    let language = language.as_ref().or(channel.language.as_ref());
    let uri = about.or_else(|| text("guid"));
    let pages = || [text("link"), text("dc:identifier")];
    let uri = uri.or_else(|| repairs.stand_in("uri", URI_BYTES_MAX, pages()));
    let status = text("wp:status").unwrap_or_default();
    with_uri(Article {
        uri: uri.unwrap_or_default(),
        provider: text("dc:publisher").or_else(|| channel.title.for_item("provider", &repairs)),
        infosource: first(&["source", "dc:source"]),
        byline: first(&["dc:creator", "author"]),
        headline: first(&["title", "dc:title"]).map(|title| plain(&title)).unwrap_or_default(),
        body: body.or_else(|| media_text(item)).unwrap_or_default(),
        language: language.and_then(|tag| repairs.language(tag)),
        kind: match text("wp:post_type").as_deref() {
            None | Some("post" | "page") => ItemType::Text,
            Some(_) => ItemType::Other,
        },
        versioncreated: time("versioncreated", &RSS_MODIFIED).or(published),
        published,
        pubstatus: match repairs.known_status(&status, &STATUSES) {
            "trash" => PubStatus::Canceled,
            "draft" | "pending" | "private" | "auto-draft" => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        subjects: ["category", "dc:subject"]
            .into_iter()
            .flat_map(|name| item.prefixed(name).filter_map(Element::text))
            .collect(),
        usageterms: text("dc:rights")
            .or_else(|| channel.copyright.for_item("usageterms", &repairs)),
        flags: repairs.flags(),
        ..Article::default()
    })
}

/// Derives a uri for an article that has none.
fn with_uri(mut article: Article) -> Result<Article, Error> {
    if article.uri.is_empty() {
        let body = article.body.as_str().trim();
        if article.headline.is_empty() && body.is_empty() {
            return Err(Error::Missing("guid"));
        }
        let mut hash = Sha256::new();
        for text in [article.provider.as_deref().unwrap_or_default(), &article.headline] {
            hash.update(text);
            hash.update([0]);
        }
        match article.published.filter(|_| !article.headline.is_empty()) {
            Some(published) => hash.update(published.0.to_be_bytes()),
            None => hash.update(body),
        }
        let digest = hash.finalize();
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        article.uri = format!("urn:wirefold:item:{hex}");
    }
    Ok(article)
}

/// The properties of an Atom feed that apply to all its entries.
pub(super) struct AtomFeed {
    /// The title, used as the provider.
    title: SharedValue,
    /// The terms of use.
    rights: SharedValue,
    /// The name of the author, used as the byline.
    author: SharedValue,
    /// The language tag.
    language: Option<String>,
}

impl AtomFeed {
    /// Reads the feed. If the document is a single entry, only its language applies.
    pub(super) fn of(root: &Element) -> Self {
        let feed = if root.is("feed") { Some(root) } else { None };
        let text = |name: &str| feed.and_then(|feed| own_text(feed, name));
        Self {
            title: SharedValue::of(text("title"), PROVIDER_BYTES_MAX),
            rights: SharedValue::of(feed.and_then(rights), TERMS_BYTES_MAX),
            author: SharedValue::of(feed.and_then(author), BYLINE_BYTES_MAX),
            language: root.attribute("lang").map(str::to_owned),
        }
    }
}

/// The text of the first child in the format's own namespace.
fn own_text(of: &Element, name: &str) -> Option<String> {
    of.own(name).find_map(Element::text)
}

/// The terms of use of a feed or entry.
fn rights(of: &Element) -> Option<String> {
    own_text(of, "rights").or_else(|| own_text(of, "copyright"))
}

/// The name of the author of a feed or entry.
fn author(of: &Element) -> Option<String> {
    of.own("author").find_map(|author| own_text(author, "name"))
}

/// Decodes one entry of an Atom document.
pub(super) fn atom_article(entry: &Element, feed: &AtomFeed) -> Result<Article, Error> {
    let text = own_text;
    let repairs = Repairs::default();
    let time = |field, names: &[&str]| {
        names.iter().find_map(|name| repairs.time(field, &text(entry, name)?))
    };
    let modified = ["updated", "modified"];
    let source = entry.own("source").next();
    let page = || {
        let mut all = entry.own("link");
        let link = all.find(|l| l.attribute("rel").is_none_or(|rel| rel == "alternate"))?;
        link.attribute("href").map(str::to_owned)
    };
    let construct = |part| construct(part, "body", &repairs);
    let content = entry.own("content").find_map(construct);
    let summary = || entry.own("summary").find_map(construct);
    let body = content.or_else(summary).or_else(|| media_text(entry));
    let holder = entry.own("content").next();
    let language = holder.and_then(|content| content.attribute("lang"));
    let language = language.or(entry.attribute("lang")).or(feed.language.as_deref());
    let draft = entry.at(&["control", "draft"]).and_then(Element::text).unwrap_or_default();
    let subject = |c: &Element| c.attribute("label").or(c.attribute("term")).map(str::to_owned);
    let infosource = source.and_then(|source| text(source, "title"));
    with_uri(Article {
        uri: text(entry, "id")
            .or_else(|| repairs.stand_in("uri", URI_BYTES_MAX, [page()]))
            .unwrap_or_default(),
        version: repairs.stand_in(
            "version",
            VERSION_BYTES_MAX,
            modified.iter().map(|name| text(entry, name)),
        ),
        provider: feed
            .title
            .for_item("provider", &repairs)
            .or_else(|| repairs.stand_in("provider", PROVIDER_BYTES_MAX, [infosource.clone()])),
        infosource,
        byline: author(entry).or_else(|| feed.author.for_item("byline", &repairs)),
        headline: entry.own("title").find_map(|t| title(t, &repairs)).unwrap_or_default(),
        body: body.unwrap_or_default(),
        language: language.and_then(|tag| repairs.language(tag)),
        versioncreated: time("versioncreated", &modified),
        published: time("published", &["published", "issued", "created"])
            .or_else(|| time("versioncreated", &modified)),
        pubstatus: match repairs.known_status(&draft, &["yes", "no"]) {
            "yes" => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        subjects: entry.own("category").filter_map(subject).collect(),
        links: links(entry, &repairs),
        usageterms: rights(entry).or_else(|| feed.rights.for_item("usageterms", &repairs)),
        flags: repairs.flags(),
        ..Article::default()
    })
}

/// A body from escaped HTML or, as some feeds send it, from unescaped markup.
fn html(part: &Element) -> Option<Body> {
    if !part.has_text() {
        return None;
    }
    let marked = part.elements().next().is_some();
    let html = if marked { nitf::html(part) } else { part.content().trim().to_owned() };
    Some(Body::Html(html))
}

/// The body of an item or entry in Media RSS elements: the first `media:text` or, if there is none,
/// the first `media:description`. Elements of the item itself and of a media group come before
/// those of a single medium. Pictures are skipped, because a caption does not describe the item.
fn media_text(item: &Element) -> Option<Body> {
    let groups = || item.prefixed("media:group");
    let outer = || std::iter::once(item).chain(groups());
    let is_picture = |of: &&Element| {
        let kinds = [of.attribute("medium"), of.attribute("type")];
        kinds.into_iter().flatten().any(|kind| kind.starts_with("image"))
    };
    let all = || outer().flat_map(|within| within.prefixed("media:content"));
    let media = || all().filter(|of| !is_picture(of));
    let inner = || outer().chain(media());
    let named = |name| inner().find_map(|within| within.prefixed(name).find_map(html));
    named("media:text").or_else(|| named("media:description"))
}

/// The text for `field` in an Atom text construct or content element, depending on its type.
fn construct(part: &Element, field: &'static str, repairs: &Repairs) -> Option<Body> {
    let kind = text_type(part);
    if has_mode(part, "base64") {
        let encoded: String = part.content().split_whitespace().collect();
        let bytes = repairs.parse(field, &encoded, |encoded| STANDARD.decode(encoded).ok())?;
        let text = String::from_utf8_lossy(&bytes);
        if text.contains(char::REPLACEMENT_CHARACTER) {
            repairs.record_repaired_text();
        }
        return nitf::body_of_text(&text, &kind);
    }
    match kind.as_str() {
        "text" | "text/plain" => nitf::body_of_text(&part.content(), &kind),
        "xhtml" | "application/xhtml+xml" | "html" | "text/html" => html(part),
        _ => None,
    }
}

/// The type of an Atom text construct, without parameters.
fn text_type(part: &Element) -> String {
    let kind = part.attribute("type").unwrap_or("text").to_ascii_lowercase();
    kind.split(';').next().unwrap_or_default().trim().to_owned()
}

/// Whether a construct of Atom 0.3 has this mode.
fn has_mode(part: &Element, mode: &str) -> bool {
    part.attribute("mode").is_some_and(|found| found.eq_ignore_ascii_case(mode))
}

/// The headline of an Atom entry.
fn title(part: &Element, repairs: &Repairs) -> Option<String> {
    let text = match has_mode(part, "base64") {
        true => {
            let text = construct(part, "headline", repairs)?;
            text.as_str().split_whitespace().collect::<Vec<_>>().join(" ")
        }
        false => part.text()?,
    };
    let is_html = matches!(text_type(part).as_str(), "html" | "text/html");
    Some(if is_html { plain(&text) } else { text })
}

/// The text of an HTML headline.
fn plain(html: &str) -> String {
    if !html.contains(['&', '<']) {
        return html.to_owned();
    }
    let mut text = String::new();
    for token in Tokenizer::new(html).flatten() {
        if let Token::String(part) = token {
            text.push_str(&String::from_utf8_lossy(&part));
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The links to earlier and later versions of an Atom entry.
fn links(entry: &Element, repairs: &Repairs) -> Vec<Link> {
    let all = entry.own("link").filter_map(|link| {
        let kind = match link.attribute("rel")? {
            "predecessor-version" => LinkKind::Replaces,
            "successor-version" => LinkKind::ReplacedBy,
            _ => return None,
        };
        let Some(uri) = link.attribute("href").map(str::to_owned) else {
            repairs.record_unreadable("links");
            return None;
        };
        Some(Link { kind, to: ArticleKey { uri, version: None } })
    });
    all.collect()
}
