//! Decodes RSS 2.0 (including RSS 1.0 and WordPress exports) and Atom 1.0 (a feed or one entry).
//!
//! Each item or entry becomes an article. A field is taken from the first of these that has a
//! value:
//!
//! | read | RSS | Atom |
//! |---|---|---|
//! | uri | `guid`, `link`, else derived | `id`, `link`, else derived |
//! | version | none | `updated` |
//! | headline | `title` | `title` |
//! | body | `content:encoded`, `description` | `content`, `summary` |
//! | provider | `dc:publisher`, the channel's `title` | the feed's `title` |
//! | byline | `dc:creator`, `author` | `author/name` |
//! | times | `atom:updated`, `dcterms:modified`; `pubDate`, `dc:date` | `updated`; `published` |
//! | language | `dc:language`, the channel's `language` | `xml:lang` |
//! | links | none | `predecessor-version`, `successor-version` (RFC 5829) |
//!
//! A derived uri is the hash of the title and the publication time, or of title and body if one of
//! these is missing: the same for every poll of the feed.
//!
//! Elements of other namespaces are not confused with those of the format: `media:title` is not a
//! title. RSS headlines are read as HTML by convention, Atom headlines only if `type` is `html`.
//!
//! Sources: RSS 2.0.11; RFC 4287; RFC 5023 (drafts).

use super::bounds::{self, BYLINE_BYTES_MAX, PROVIDER_BYTES_MAX, TERMS_BYTES_MAX};
use super::repairs::Repairs;
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, Body, ItemType, Link, LinkKind, PubStatus};
use html5gum::{Token, Tokenizer};
use sha2::{Digest, Sha256};

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
    /// The title, used as the provider, or the error that it is too long.
    title: Result<Option<String>, Error>,
    /// The language tag.
    language: Option<String>,
    /// The terms of use, or the error that they are too long.
    copyright: Result<Option<String>, Error>,
}

impl RssChannel {
    /// Reads the channel of a document.
    pub(super) fn of(root: &Element) -> Self {
        let channel = root.at(&["channel"]);
        let text = |name: &str| channel?.prefixed(name).find_map(Element::text);
        Self {
            title: bounds::check_shared("provider", text("title"), PROVIDER_BYTES_MAX),
            language: text("language").or_else(|| text("dc:language")),
            copyright: bounds::check_shared("usageterms", text("copyright"), TERMS_BYTES_MAX),
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
    let published = time("published", &["pubDate", "dc:date"]);
    let body = ["content:encoded", "description"]
        .into_iter()
        .find_map(|name| item.prefixed(name).find_map(html));
    let language = text("dc:language");
    let language = language.as_ref().or(channel.language.as_ref());
    let uri = first(&["guid", "link"]).or(about);
    with_uri(Article {
        uri: uri.unwrap_or_default(),
        provider: own_or(text("dc:publisher"), &channel.title)?,
        infosource: first(&["source", "dc:source"]),
        byline: first(&["dc:creator", "author"]),
        headline: text("title").map(|title| plain(&title)).unwrap_or_default(),
        body: body.unwrap_or_default(),
        language: language.and_then(|tag| repairs.language(tag)),
        kind: match text("wp:post_type").as_deref() {
            None | Some("post" | "page") => ItemType::Text,
            Some(_) => ItemType::Other,
        },
        versioncreated: time("versioncreated", &["atom:updated", "dcterms:modified"]).or(published),
        published,
        pubstatus: match text("wp:status").as_deref() {
            Some("trash") => PubStatus::Canceled,
            Some("draft" | "pending" | "private" | "auto-draft") => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        subjects: item.prefixed("category").filter_map(Element::text).collect(),
        usageterms: own_or(text("dc:rights"), &channel.copyright)?,
        flags: repairs.flags(),
        ..Article::default()
    })
}

/// Derives the uri of an article that has none.
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

/// The value of an item, or else that of its channel or feed.
fn own_or(
    own: Option<String>,
    shared: &Result<Option<String>, Error>,
) -> Result<Option<String>, Error> {
    if own.is_some() { Ok(own) } else { shared.clone() }
}

/// The properties of an Atom feed that apply to all its entries.
pub(super) struct AtomFeed {
    /// The title, used as the provider, or the error that it is too long.
    title: Result<Option<String>, Error>,
    /// The terms of use, or the error that they are too long.
    rights: Result<Option<String>, Error>,
    /// The name of the author, used as the byline, or the error that it is too long.
    author: Result<Option<String>, Error>,
    /// The language tag.
    language: Option<String>,
}

impl AtomFeed {
    /// Reads the feed. If the document is a single entry, only its language applies.
    pub(super) fn of(root: &Element) -> Self {
        let feed = if root.is("feed") { Some(root) } else { None };
        let text = |name: &str| feed.and_then(|feed| own_text(feed, name));
        Self {
            title: bounds::check_shared("provider", text("title"), PROVIDER_BYTES_MAX),
            rights: bounds::check_shared("usageterms", text("rights"), TERMS_BYTES_MAX),
            author: bounds::check_shared("byline", feed.and_then(author), BYLINE_BYTES_MAX),
            language: root.attribute("lang").map(str::to_owned),
        }
    }
}

/// The text of the first child in the format's own namespace.
fn own_text(of: &Element, name: &str) -> Option<String> {
    of.own(name).find_map(Element::text)
}

/// The name of the author of a feed or entry.
fn author(of: &Element) -> Option<String> {
    of.own("author").find_map(|author| own_text(author, "name"))
}

/// Decodes one entry of an Atom document.
pub(super) fn atom_article(entry: &Element, feed: &AtomFeed) -> Result<Article, Error> {
    let text = own_text;
    let repairs = Repairs::default();
    let time = |field, name: &str| repairs.time(field, &text(entry, name)?);
    let source = entry.own("source").next();
    let page = || {
        let mut all = entry.own("link");
        let link = all.find(|l| l.attribute("rel").is_none_or(|rel| rel == "alternate"))?;
        link.attribute("href").map(str::to_owned)
    };
    let content = entry.own("content").find_map(construct);
    let body = content.or_else(|| entry.own("summary").find_map(construct));
    let holder = entry.own("content").next();
    let language = holder.and_then(|content| content.attribute("lang"));
    let language = language.or(entry.attribute("lang")).or(feed.language.as_deref());
    let draft = entry.at(&["control", "draft"]).and_then(Element::text);
    let subject = |c: &Element| c.attribute("label").or(c.attribute("term")).map(str::to_owned);
    let infosource = source.and_then(|source| text(source, "title"));
    with_uri(Article {
        uri: text(entry, "id").or_else(page).unwrap_or_default(),
        version: text(entry, "updated"),
        provider: feed.title.clone()?.or_else(|| infosource.clone()),
        infosource,
        byline: own_or(author(entry), &feed.author)?,
        headline: entry.own("title").find_map(title).unwrap_or_default(),
        body: body.unwrap_or_default(),
        language: language.and_then(|tag| repairs.language(tag)),
        versioncreated: time("versioncreated", "updated"),
        published: time("published", "published").or_else(|| time("versioncreated", "updated")),
        pubstatus: match draft.as_deref() {
            Some("yes") => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        subjects: entry.own("category").filter_map(subject).collect(),
        links: links(entry),
        usageterms: own_or(text(entry, "rights"), &feed.rights)?,
        flags: repairs.flags(),
        ..Article::default()
    })
}

/// A body that is escaped HTML, or unescaped markup as some feeds send it.
fn html(part: &Element) -> Option<Body> {
    if !part.has_text() {
        return None;
    }
    let marked = part.elements().next().is_some();
    let html = if marked { nitf::html(part) } else { part.content().trim().to_owned() };
    Some(Body::Html(html))
}

/// The body in an Atom text construct or content element, depending on its type.
fn construct(part: &Element) -> Option<Body> {
    let kind = part.attribute("type").unwrap_or("text").to_ascii_lowercase();
    match kind.as_str() {
        "text" | "text/plain" => nitf::body_of_text(&part.content(), &kind),
        "xhtml" | "application/xhtml+xml" | "html" | "text/html" => html(part),
        _ => None,
    }
}

/// The headline of an Atom entry.
fn title(part: &Element) -> Option<String> {
    let text = part.text()?;
    Some(if part.attribute("type") == Some("html") { plain(&text) } else { text })
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
fn links(entry: &Element) -> Vec<Link> {
    let all = entry.own("link").filter_map(|link| {
        let kind = match link.attribute("rel")? {
            "predecessor-version" => LinkKind::Replaces,
            "successor-version" => LinkKind::ReplacedBy,
            _ => return None,
        };
        let uri = link.attribute("href")?.to_owned();
        Some(Link { kind, to: ArticleKey { uri, version: None } })
    });
    all.collect()
}
