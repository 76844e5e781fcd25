//! Decodes IPTC NewsML-G2: a `newsItem`, or a `newsMessage` with several items.
//!
//! The same rules apply to both conformance levels and to the variants of different agencies. Names
//! are compared without regard to case and prefix; elements that are not needed are ignored. Each
//! field is taken from the first of these that has a value:
//!
//! - uri, version: `@guid`, `@version`
//! - headline: the main `headline`, else the first one that is not a sub-headline; the headline in
//!   embedded NITF; `itemMeta/title`
//! - body: `inlineXML` (XHTML, NITF) or `inlineData`, whichever comes first; else `description`,
//!   with preference for a caption
//! - provider: `provider`, `header/sender`, `copyrightHolder`, `infoSource`
//! - language: `contentMeta/language`, `xml:lang` of the text, the item or the message
//! - times: `versionCreated`; `firstCreated`, `contentMeta/contentCreated`; `published`;
//!   `embargoed` (no embargo if empty); `expires`
//! - signals: `signal` and `role` of the item
//! - status: `pubStatus`
//! - links, all of them: `link` and `itemMeta/link`, according to their relation (a `guidref`
//!   without relation means another version); and the item to which an `altId` refers, if a signal
//!   says that it is replaced
//!
//! Items of other kinds, such as `packageItem`, are not articles. Each is rejected separately; the
//! `newsItem`s next to it are still decoded.
//!
//! Source: IPTC NewsML-G2 2.35, specification and guidelines.

use super::bounds::{HEADLINE_BYTES_MAX, PROVIDER_BYTES_MAX};
use super::repairs::{Repairs, SharedValue};
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind, PubStatus};

/// The kinds of items that are not articles.
pub(super) const NO_ARTICLE: [&str; 5] =
    ["packageItem", "conceptItem", "knowledgeItem", "planningItem", "catalogItem"];

/// The items of a document.
pub(super) fn items(root: &Element) -> Vec<&Element> {
    if !root.is("newsMessage") {
        return vec![root];
    }
    let items: Vec<&Element> = root.children("itemSet").flat_map(Element::elements).collect();
    if !items.is_empty() {
        return items;
    }
    // Some messages omit the `itemSet`.
    let is_item = |e: &Element| e.is("newsItem") || NO_ARTICLE.iter().any(|name| e.is(name));
    root.elements().filter(|element| is_item(element)).collect()
}

/// The properties of a message that apply to all its items.
pub(super) struct MessageDefaults {
    /// The sender, used as the provider.
    sender: SharedValue,
    /// The language tag.
    language: Option<String>,
}

impl MessageDefaults {
    /// Reads the root element of a document.
    pub(super) fn of(root: &Element) -> Self {
        let sender = root.at(&["header", "sender"]).and_then(Element::text);
        Self {
            sender: SharedValue::of(sender, PROVIDER_BYTES_MAX),
            language: root.attribute("lang").map(str::to_owned),
        }
    }
}

/// Decodes one item of a document.
pub(super) fn article(item: &Element, message: &MessageDefaults) -> Result<Article, Error> {
    if let Some(name) = NO_ARTICLE.into_iter().find(|name| item.is(name)) {
        return Err(Error::NoArticle(name));
    }
    if !item.is("newsItem") {
        return Err(Error::Unknown);
    }
    let uri = item.attribute("guid").ok_or(Error::Missing("guid"))?;
    let none = Element::default();
    let meta = item.at(&["itemMeta"]).unwrap_or(&none);
    let about = item.at(&["contentMeta"]).unwrap_or(&none);
    let rights = item.at(&["rightsInfo"]).unwrap_or(&none);
    let kind = item_type(meta);
    let repairs = Repairs::default();
    let content = Content::of(item, &repairs);
    let language = language(item, about, &content, &repairs)
        .or_else(|| repairs.language(message.language.as_ref()?));
    let time = |of: &Element, field, name: &str| repairs.time(field, &of.at(&[name])?.text()?);
    let text = |name: &str| about.children(name).find_map(Element::text);
    let infosource = about.children("infoSource").find_map(named);
    let provider = meta.children("provider").find_map(named);
    let provider = provider.or_else(|| message.sender.for_item("provider", &repairs));
    let others = || [rights.children("copyrightHolder").find_map(named), infosource.clone()];
    let embargoed = time(meta, "embargoed", "embargoed");
    let mut article = Article {
        uri: uri.to_owned(),
        version: item.attribute("version").map(str::to_owned),
        provider: provider.or_else(|| repairs.stand_in("provider", PROVIDER_BYTES_MAX, others())),
        credit: text("creditline"),
        infosource,
        byline: text("by"),
        dateline: text("dateline"),
        located: about.children("located").find_map(named),
        headline: headline(about, language, &repairs).unwrap_or_default(),
        language,
        kind,
        versioncreated: time(meta, "versioncreated", "versionCreated"),
        firstcreated: time(meta, "firstcreated", "firstCreated")
            .or_else(|| time(about, "firstcreated", "contentCreated")),
        published: time(meta, "published", "published"),
        embargoed,
        expires: time(meta, "expires", "expires").or_else(|| time(about, "expires", "expires")),
        pubstatus: repairs.status(status(meta, &repairs), embargoed),
        signals: signals(meta, &repairs),
        ednote: note(meta),
        slugline: text("slugline"),
        urgency: text("urgency").and_then(|urgency| repairs.urgency(&urgency)),
        genre: about.children("genre").find_map(named),
        subjects: about.children("subject").filter_map(named).collect(),
        links: links(item, meta, &repairs)
            .into_iter()
            .chain(replaced(uri, meta, about, &repairs))
            .collect(),
        altids: altids(meta, about),
        usageterms: rights.children("usageTerms").find_map(Element::text),
        ..Article::default()
    };
    match content {
        Content::Nitf(nitf) => nitf::fill_text(&mut article, nitf, &repairs),
        Content::Body(body, _) => article.body = body,
        Content::None => article.body = caption(about),
    }
    if article.headline.is_empty() {
        let title = meta.at(&["title"]).and_then(Element::text);
        let title = repairs.stand_in("headline", HEADLINE_BYTES_MAX, [title]);
        article.headline = title.unwrap_or_default();
    }
    article.flags = repairs.flags();
    Ok(article)
}

/// The content of an item.
enum Content<'a> {
    /// Embedded NITF.
    Nitf(&'a Element),
    /// A body, and the language tag of its element.
    Body(Body, Option<&'a str>),
    /// No text.
    None,
}

impl<'a> Content<'a> {
    /// The first content with text.
    fn of(item: &'a Element, repairs: &Repairs) -> Self {
        let mut content = Self::None;
        for part in item.children("contentSet").flat_map(Element::elements) {
            content = if part.is("inlineXML") {
                Self::xml(part)
            } else if part.is("inlineData") {
                Self::data(part, repairs)
            } else {
                continue;
            };
            if !matches!(content, Self::None) {
                break;
            }
        }
        content
    }

    /// The content of an `inlineXML` element: NITF or XHTML.
    fn xml(part: &'a Element) -> Self {
        if let Some(nitf) = part.find("nitf").or_else(|| part.find("body.content").map(|_| part)) {
            return Self::Nitf(nitf);
        }
        let kind = part.attribute("contenttype").unwrap_or_default().to_ascii_lowercase();
        let (holder, prose) = match part.find("body") {
            Some(body) => (body, true),
            None => (part, kind.contains("html") || part.find("p").is_some()),
        };
        if !prose || !holder.has_text() {
            return Self::None;
        }
        let html_lang = part.at(&["html"]).and_then(|html| html.attribute("lang"));
        let lang = part.attribute("lang").or(holder.attribute("lang")).or(html_lang);
        Self::Body(Body::Html(html_of(holder)), lang)
    }

    /// The content of an `inlineData` element, unless it is not text. Encoded text is not read.
    fn data(part: &'a Element, repairs: &Repairs) -> Self {
        let kind = part.attribute("contenttype").unwrap_or("text/plain").to_ascii_lowercase();
        if !kind.starts_with("text/") {
            return Self::None;
        }
        if part.attribute("encoding").is_some() {
            repairs.record_unreadable("body");
            return Self::None;
        }
        match nitf::body_of_text(&part.content(), &kind) {
            Some(body) => Self::Body(body, part.attribute("lang")),
            None => Self::None,
        }
    }
}

/// The markup of a body. A `header` repeats the metadata of the item, so it is dropped unless it is
/// the only text.
fn html_of(body: &Element) -> String {
    let only_header = |element: &Element| element.is("header") || !element.has_text();
    let html = if body.elements().all(only_header) {
        body.html(|name| Some(name))
    } else {
        body.html(|name| (name != "header").then_some(name))
    };
    html.trim().to_owned()
}

/// The name that an element states: its `name`, literal, text, code without scheme, or uri.
fn named(element: &Element) -> Option<String> {
    if let Some(name) = element.children("name").find_map(Element::text) {
        return Some(name);
    }
    if let Some(literal) = element.attribute("literal") {
        return Some(literal.to_owned());
    }
    if let Some(text) = element.elements().next().is_none().then(|| element.text()).flatten() {
        return Some(text);
    }
    if let Some(code) = element.attribute("qcode") {
        return Some(code.split_once(':').map_or(code, |(_, code)| code).to_owned());
    }
    element.attribute("uri").map(str::to_owned)
}

/// The last part of the `qcode` or `uri` of an element.
fn code(element: &Element) -> Option<&str> {
    let concept = element.attribute("qcode").or(element.attribute("uri"));
    concept.and_then(|concept| concept.rsplit([':', '/', '#']).next())
}

fn item_type(meta: &Element) -> ItemType {
    let class = meta.at(&["itemClass"]).and_then(code).unwrap_or("text").to_ascii_lowercase();
    match class.as_str() {
        "picture" | "photo" | "image" => ItemType::Picture,
        "video" => ItemType::Video,
        "audio" => ItemType::Audio,
        "graphic" | "animated" => ItemType::Graphic,
        "advisory" => ItemType::Advisory,
        "text" => ItemType::Text,
        _ => ItemType::Other,
    }
}

/// The last part of a role, in lower case.
fn role(element: &Element) -> String {
    let role = element.attribute("role").unwrap_or_default();
    role.rsplit([':', '/']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The main headline, preferably one in the language of the text.
fn headline(about: &Element, language: Option<Lang>, repairs: &Repairs) -> Option<String> {
    let all = || about.children("headline").filter(|headline| headline.has_text());
    let main =
        || all().filter(|headline| matches!(role(headline).as_str(), "" | "main" | "headline"));
    let same = |headline: &&Element| {
        let own_language = headline.attribute("lang").and_then(|tag| repairs.language(tag));
        own_language.is_some() && own_language == language
    };
    let preferred = main().find(same).or_else(|| main().next());
    preferred.or_else(|| all().find(|headline| !role(headline).starts_with("sub")))?.text()
}

/// The language of the text. If the metadata lists languages, this is the language of the text
/// element if it is listed, else the first language. Otherwise it is the language of the text
/// element or of the item.
fn language(
    item: &Element,
    about: &Element,
    content: &Content<'_>,
    repairs: &Repairs,
) -> Option<Lang> {
    let tags = about.children("language").filter_map(|l| l.attribute("tag").or_else(|| code(l)));
    let stated: Vec<Lang> = tags.filter_map(|tag| repairs.language(tag)).collect();
    let text_tag = match content {
        Content::Body(_, lang) => *lang,
        Content::Nitf(nitf) => nitf.attribute("lang"),
        Content::None => None,
    };
    let of_text = text_tag.and_then(|tag| repairs.language(tag));
    let listed = of_text.filter(|language| stated.contains(language));
    let language = listed.or(stated.first().copied()).or(of_text);
    language.or_else(|| repairs.language(item.attribute("lang")?))
}

fn altids(meta: &Element, about: &Element) -> Vec<String> {
    let all = meta.children("altId").chain(about.children("altId"));
    all.filter_map(|id| id.text().or_else(|| id.attribute("id").map(str::to_owned))).collect()
}

fn status(meta: &Element, repairs: &Repairs) -> PubStatus {
    let stated = |status: &Element| code(status).map(str::to_owned).or_else(|| status.text());
    let status = meta.at(&["pubStatus"]).and_then(stated).unwrap_or_default().to_ascii_lowercase();
    let status = repairs.known_status(&status, &["usable", "withh", "cancel"]);
    if status.contains("cancel") {
        PubStatus::Canceled
    } else if status.contains("withh") {
        PubStatus::Withheld
    } else {
        PubStatus::Usable
    }
}

fn signals(meta: &Element, repairs: &Repairs) -> Vec<String> {
    let coded = |signal: &Element| {
        let code = signal.attribute("qcode").or(signal.attribute("literal"));
        let code = code.or(signal.attribute("uri")).map(str::to_lowercase);
        if code.is_none() && signal.has_text() {
            repairs.record_unreadable("signals");
        }
        code
    };
    ["signal", "role"].into_iter().flat_map(|name| meta.children(name)).filter_map(coded).collect()
}

/// The notes to editors, the private ones last.
fn note(meta: &Element) -> Option<String> {
    let mut all: Vec<_> = meta.children("edNote").collect();
    let private = |note: &&Element| role(note).contains("private");
    all.sort_by_key(private);
    let notes: Vec<_> = all.into_iter().filter_map(Element::text).collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

fn links(item: &Element, meta: &Element, repairs: &Repairs) -> Vec<Link> {
    let all = meta.children("link").chain(item.children("link"));
    all.filter_map(|link| {
        let guid = link.attribute("guidref");
        let to = guid.or(link.attribute("residref")).or(link.attribute("href"));
        let relation = link.attribute("rel").or(link.attribute("reluri")).unwrap_or_default();
        let relation = relation.rsplit([':', '/', '#']).next().unwrap_or_default();
        let kind = match relation.to_ascii_lowercase().as_str() {
            "replaces" | "previousversion" | "supersedes" => LinkKind::Replaces,
            "replacedby" | "supersededby" | "isreplacedby" => LinkKind::ReplacedBy,
            "evolvedfrom" | "derivedfrom" | "rewriteof" | "isrewriteof" | "updateof" => {
                LinkKind::EvolvedFrom
            }
            "versionof" | "isversionof" | "" if guid.is_some() || !relation.is_empty() => {
                LinkKind::VersionOf
            }
            "translationof" | "translationfrom" | "translatedfrom" | "istranslationof" => {
                LinkKind::TranslationOf
            }
            _ => return None,
        };
        let Some(to) = to else {
            repairs.record_unreadable("links");
            return None;
        };
        let version = link.attribute("version").map(str::to_owned);
        Some(Link { kind, to: ArticleKey { uri: to.to_owned(), version } })
    })
    .collect()
}

/// The item that this item replaces, if a signal says that it replaces another item and an `altId`
/// of the type `:refuno` identifies that item. The uri of the replaced item is the uri of this
/// item, in which the identifier in that `altId` takes the place of this item's own `:uno`.
fn replaced(uri: &str, meta: &Element, about: &Element, repairs: &Repairs) -> Option<Link> {
    signals(meta, repairs).iter().find(|signal| signal.ends_with(":replace"))?;
    let named = |ends: &str| {
        let mut all = about.children("altId").chain(meta.children("altId"));
        all.find(|id| id.attribute("type").is_some_and(|t| t.ends_with(ends)))?.text()
    };
    let (this, replaced) = (named(":uno")?, named(":refuno")?);
    let to = ArticleKey { uri: uri.replacen(&this, &replaced, 1), version: None };
    (to.uri != uri).then_some(Link { kind: LinkKind::Replaces, to })
}

/// The caption or else another description. It is used as the body of items without text.
fn caption(about: &Element) -> Body {
    let all = || about.children("description");
    let caption = all().find(|text| role(text) == "caption" && text.has_text());
    let text = caption.and_then(Element::text).or_else(|| all().find_map(Element::text));
    Body::Plain(text.unwrap_or_default())
}
