//! IPTC NewsML-G2: a `newsItem`, or a `newsMessage` that carries several items.
//!
//! Both conformance levels and the habits of agencies are read alike; names are compared without
//! case and without prefix, and what is not needed is ignored.
//!
//! | read | from, the first that is there |
//! |---|---|
//! | uri, version | `@guid`, `@version` |
//! | headline | `headline` (the main one, else the first that is no sub-headline), the headline of NITF within, `itemMeta/title` |
//! | body | `inlineXML` (XHTML, NITF), `inlineData`; else `description` (caption first) |
//! | provider | `provider`, `header/sender`, `copyrightHolder`, `infoSource` |
//! | language | `contentMeta/language`, the text's or the item's `xml:lang` |
//! | times | `versionCreated`; `firstCreated`, `contentMeta/contentCreated`; `published`, `embargoed`, `expires` |
//! | signals | `signal`, and `role` of the item |
//! | status | `pubStatus`; feeds that send an empty `embargoed` mean none |
//! | links | `link` and `itemMeta/link` by relation; a guid without relation is an earlier version; a signal to replace what an `altId` refers to |
//!
//! An item of another kind (`packageItem`, `conceptItem` ...) holds no article and is refused by its
//! name, each by itself: the articles beside it are read.
//!
//! Source: IPTC NewsML-G2 2.35, specification and guidelines.

use super::bounds::{self, PROVIDER_BYTES_MAX};
use super::repairs::Repairs;
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind, PubStatus};

/// The kinds of item that hold no article.
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
    // Some messages leave the set out.
    let item = |name: &Element| name.is("newsItem") || NO_ARTICLE.iter().any(|n| name.is(n));
    root.elements().filter(|element| item(element)).collect()
}

/// What a message says for all its items.
pub(super) struct MessageDefaults {
    sender: Result<Option<String>, Error>,
    language: Option<Lang>,
}

impl MessageDefaults {
    pub(super) fn of(root: &Element) -> Self {
        let sender = root.at(&["header", "sender"]).and_then(Element::text);
        Self {
            sender: bounds::shared("provider", sender, PROVIDER_BYTES_MAX),
            language: root.attribute("lang").and_then(Lang::parse),
        }
    }
}

/// One item of a document.
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
    let content = Content::of(item);
    let repairs = Repairs::default();
    let language = language(item, about, &content, &repairs).or(message.language);
    let time = |of: &Element, field, name: &str| repairs.time(field, &of.at(&[name])?.text()?);
    let text = |name: &str| about.children(name).find_map(Element::text);
    let infosource = about.children("infoSource").find_map(named);
    let provider = match meta.children("provider").find_map(named) {
        None => message.sender.clone()?,
        own => own,
    };
    let mut article = Article {
        uri: uri.to_owned(),
        version: item.attribute("version").map(str::to_owned),
        provider: provider
            .or_else(|| rights.children("copyrightHolder").find_map(named))
            .or_else(|| infosource.clone()),
        credit: text("creditline"),
        infosource,
        byline: text("by"),
        dateline: text("dateline"),
        located: about.children("located").find_map(named),
        headline: headline(about, language).unwrap_or_default(),
        language,
        kind,
        versioncreated: time(meta, "versioncreated", "versionCreated"),
        firstcreated: time(meta, "firstcreated", "firstCreated")
            .or_else(|| time(about, "firstcreated", "contentCreated")),
        published: time(meta, "published", "published"),
        embargoed: time(meta, "embargoed", "embargoed"),
        expires: time(meta, "expires", "expires").or_else(|| time(about, "expires", "expires")),
        pubstatus: status(meta),
        signals: signals(meta),
        ednote: note(meta),
        slugline: text("slugline"),
        urgency: text("urgency").and_then(|urgency| repairs.urgency(&urgency)),
        genre: about.children("genre").find_map(named),
        subjects: about.children("subject").filter_map(named).collect(),
        links: links(item, meta).into_iter().chain(replaced(uri, meta, about)).collect(),
        altids: [meta, about]
            .into_iter()
            .flat_map(|of| of.children("altId"))
            .filter_map(|id| id.text().or_else(|| id.attribute("id").map(str::to_owned)))
            .collect(),
        usageterms: rights.children("usageTerms").find_map(Element::text),
        flags: repairs.flags(),
        ..Article::default()
    };
    match content {
        Content::Nitf(nitf) => nitf::fill_text(&mut article, nitf),
        Content::Body(body, _) => article.body = body,
        Content::None => article.body = caption(about),
    }
    if article.headline.is_empty() {
        let title = meta.at(&["title"]).and_then(Element::text);
        article.headline = title.unwrap_or_default();
    }
    Ok(article)
}

/// The text that an item carries.
enum Content<'a> {
    Nitf(&'a Element),
    /// The body, and the language that its element states.
    Body(Body, Option<&'a str>),
    None,
}

impl<'a> Content<'a> {
    fn of(item: &'a Element) -> Self {
        let mut found = Self::None;
        for part in item.children("contentSet").flat_map(Element::elements) {
            found = if part.is("inlineXML") {
                Self::xml(part)
            } else if part.is("inlineData") {
                Self::data(part)
            } else {
                continue;
            };
            if !matches!(found, Self::None) {
                break;
            }
        }
        found
    }

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
        Self::Body(Body::Html(prose_of(holder)), lang)
    }

    fn data(part: &'a Element) -> Self {
        let kind = part.attribute("contenttype").unwrap_or("text/plain").to_ascii_lowercase();
        if part.attribute("encoding").is_some() || !kind.starts_with("text/") {
            return Self::None;
        }
        match nitf::body_of_text(&part.content(), &kind) {
            Some(body) => Self::Body(body, part.attribute("lang")),
            None => Self::None,
        }
    }
}

/// The markup of a body, without the header that repeats the item's particulars in it.
fn prose_of(body: &Element) -> String {
    let headless = |element: &Element| element.is("header") || !element.has_text();
    let html = if body.elements().all(headless) {
        body.html(|name| Some(name))
    } else {
        body.html(|name| (name != "header").then_some(name))
    };
    html.trim().to_owned()
}

/// What an element names: its name, its literal, or its code less the scheme.
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

/// The code of a `qcode`, or the last part of a concept's uri.
fn code(element: &Element) -> Option<&str> {
    let said = element.attribute("qcode").or(element.attribute("uri"));
    said.and_then(|said| said.rsplit([':', '/', '#']).next())
}

fn item_type(meta: &Element) -> ItemType {
    let said = meta.at(&["itemClass"]).and_then(code).unwrap_or("text").to_ascii_lowercase();
    match said.as_str() {
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

/// The main headline; of several, that in the language of the text.
fn headline(about: &Element, language: Option<Lang>) -> Option<String> {
    let all = || about.children("headline").filter(|headline| headline.has_text());
    let main =
        || all().filter(|headline| matches!(role(headline).as_str(), "" | "main" | "headline"));
    let same = |headline: &&Element| {
        let said = headline.attribute("lang").and_then(Lang::parse);
        said.is_some() && said == language
    };
    let found = main().find(same).or_else(|| main().next());
    found.or_else(|| all().find(|headline| !role(headline).starts_with("sub")))?.text()
}

/// The language of the text: the one that is stated, or among several that of the text's element.
fn language(
    item: &Element,
    about: &Element,
    content: &Content<'_>,
    repairs: &Repairs,
) -> Option<Lang> {
    let tags = about.children("language").filter_map(|l| l.attribute("tag").or_else(|| code(l)));
    let stated: Vec<Lang> = tags.filter_map(|tag| repairs.language(tag)).collect();
    let texts = match content {
        Content::Body(_, lang) => *lang,
        Content::Nitf(nitf) => nitf.attribute("lang"),
        Content::None => None,
    };
    let texts = texts.and_then(|tag| repairs.language(tag));
    let among = texts.filter(|text| stated.contains(text)).or(stated.first().copied());
    among.or(texts).or_else(|| repairs.language(item.attribute("lang")?))
}

fn status(meta: &Element) -> PubStatus {
    let said = meta.at(&["pubStatus"]).and_then(code).unwrap_or_default().to_ascii_lowercase();
    if said.contains("cancel") {
        PubStatus::Canceled
    } else if said.contains("withh") {
        PubStatus::Withheld
    } else {
        PubStatus::Usable
    }
}

fn signals(meta: &Element) -> Vec<String> {
    let coded = |signal: &Element| {
        let code = signal.attribute("qcode").or(signal.attribute("literal"));
        code.or(signal.attribute("uri")).map(str::to_lowercase)
    };
    ["signal", "role"].into_iter().flat_map(|name| meta.children(name)).filter_map(coded).collect()
}

/// The notes to editors, those for all before those for some.
fn note(meta: &Element) -> Option<String> {
    let mut all: Vec<_> = meta.children("edNote").collect();
    let private = |note: &&Element| role(note).contains("private");
    all.sort_by_key(private);
    let notes: Vec<_> = all.into_iter().filter_map(Element::text).collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

fn links(item: &Element, meta: &Element) -> Vec<Link> {
    let all = meta.children("link").chain(item.children("link"));
    all.filter_map(|link| {
        let guid = link.attribute("guidref");
        let to = guid.or(link.attribute("residref")).or(link.attribute("href"))?;
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
        let version = link.attribute("version").map(str::to_owned);
        Some(Link { kind, to: ArticleKey { uri: to.to_owned(), version } })
    })
    .collect()
}

/// What an item takes the place of, where a signal says so and an identifier names it: the uri of the
/// item with that identifier in the place of its own.
fn replaced(uri: &str, meta: &Element, about: &Element) -> Option<Link> {
    signals(meta).iter().find(|signal| signal.ends_with(":replace"))?;
    let named = |ends: &str| {
        let mut all = about.children("altId").chain(meta.children("altId"));
        all.find(|id| id.attribute("type").is_some_and(|t| t.ends_with(ends)))?.text()
    };
    let (own, other) = (named(":uno")?, named(":refuno")?);
    let to = ArticleKey { uri: uri.replacen(&own, &other, 1), version: None };
    (to.uri != uri).then_some(Link { kind: LinkKind::Replaces, to })
}

/// The caption of a picture, sound or film, or what stands for the text where there is none.
fn caption(about: &Element) -> Body {
    let all = || about.children("description");
    let caption = all().find(|text| role(text) == "caption" && text.has_text());
    let text = caption.and_then(Element::text).or_else(|| all().find_map(Element::text));
    Body::Plain(text.unwrap_or_default())
}
