//! IPTC NewsML 1.x: the items of a `NewsML` document.
//!
//! | read | from, the first that is there |
//! |---|---|
//! | uri, version | `ProviderId`, `DateId`, `NewsItemId` and `RevisionId`, joined as the specification joins them; else `PublicIdentifier` |
//! | headline | `NewsLines/HeadLine`, the headline of NITF within |
//! | body | the text of the component whose role is `Main`, else the first that is no caption: NITF, HTML or plain |
//! | provider | `Provider/Party`, `Source/Party`, `ProviderId` |
//! | language | `DescriptiveMetadata/Language`, `xml:lang` |
//! | times | `ThisRevisionCreated`, `FirstCreated`; `StatusWillChange/DateAndTime` as `embargoed` |
//! | status | `Status`; an embargo without an end is `withheld` |
//! | signals | `Instruction` |
//! | links | `DerivedFrom` |
//!
//! Source: IPTC NewsML 1.2, functional specification.

use super::xml::Element;
use super::{Error, nitf};
use crate::engine::article::{
    Article, ArticleKey, Body, EventTime, ItemType, Lang, Link, LinkKind, PubStatus,
};

/// The items of a document.
pub(super) fn items(root: &Element) -> Vec<&Element> {
    root.children("NewsItem").collect()
}

/// One item of a document.
pub(super) fn article(item: &Element) -> Result<Article, Error> {
    let none = Element::default();
    let identification = item.at(&["Identification"]).unwrap_or(&none);
    let identifier = identification.at(&["NewsIdentifier"]).unwrap_or(&none);
    let (uri, version) = key(identifier)?;
    let managed = item.at(&["NewsManagement"]).unwrap_or(&none);
    let administered = item.find("AdministrativeMetadata").unwrap_or(&none);
    let described = item.find("DescriptiveMetadata").unwrap_or(&none);
    let lines = item.find("NewsLines").unwrap_or(&none);
    let line = |name: &str| lines.children(name).find_map(Element::text);
    let time = |path: &[&str]| EventTime::parse(&managed.at(path)?.text()?);
    let party = |name: &str| administered.at(&[name, "Party"]).and_then(named);
    let status = managed.at(&["Status"]).and_then(named).unwrap_or_default().to_ascii_lowercase();
    let freed = time(&["StatusWillChange", "DateAndTime"]);
    let source = party("Source");
    let public = identifier.at(&["PublicIdentifier"]).and_then(Element::text);
    let mut article = Article {
        uri,
        version,
        provider: party("Provider")
            .or_else(|| source.clone())
            .or_else(|| identifier.at(&["ProviderId"]).and_then(Element::text)),
        credit: line("CreditLine"),
        infosource: source,
        byline: line("ByLine"),
        dateline: line("DateLine"),
        located: city(described),
        headline: line("HeadLine").unwrap_or_default(),
        language: language(item, described),
        versioncreated: time(&["ThisRevisionCreated"]),
        firstcreated: time(&["FirstCreated"]),
        embargoed: freed.filter(|_| status == "embargoed"),
        pubstatus: match status.as_str() {
            s if s.contains("cancel") || s == "killed" => PubStatus::Canceled,
            s if s.contains("withh") => PubStatus::Withheld,
            // An embargo without an end holds until something else is said.
            "embargoed" if freed.is_none() => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        signals: signals(managed),
        ednote: note(item, lines),
        slugline: line("SlugLine").or_else(|| identification.at(&["NameLabel"])?.text()),
        urgency: managed
            .at(&["Urgency"])
            .and_then(named)
            .and_then(|u| u.parse().ok())
            .filter(|u| (1..=9).contains(u)),
        genre: described
            .children("Genre")
            .filter_map(named)
            .find(|genre| !genre.eq_ignore_ascii_case("current")),
        subjects: subjects(described),
        links: links(managed),
        altids: public.into_iter().collect(),
        usageterms: item.find("UsageType").and_then(Element::text),
        ..Article::default()
    };
    fill_content(&mut article, item, managed);
    Ok(article)
}

/// The formal name of an element, else its text.
fn named(element: &Element) -> Option<String> {
    element.attribute("FormalName").map(str::to_owned).or_else(|| element.text())
}

/// The identity of an item, which all its revisions share, and its revision.
fn key(identifier: &Element) -> Result<(String, Option<String>), Error> {
    let text = |name: &str| identifier.at(&[name]).and_then(Element::text);
    let revision = text("RevisionId");
    match (text("NewsItemId"), text("PublicIdentifier")) {
        (Some(id), _) => {
            let parts = [text("ProviderId"), text("DateId"), Some(id)];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            Ok((format!("urn:newsml:{}", parts.join(":")), revision))
        }
        (None, Some(public)) => {
            let named = parted(&public);
            Ok((named.uri, revision.or(named.version)))
        }
        (None, None) => Err(Error::Missing("NewsItemId")),
    }
}

/// A public identifier (`urn:newsml:provider:date:item:revision`), parted into item and revision.
fn parted(public: &str) -> ArticleKey {
    let whole = || ArticleKey { uri: public.to_owned(), version: None };
    let newsml = public.to_ascii_lowercase().starts_with("urn:newsml:");
    let Some((uri, revision)) = public.rsplit_once(':') else { return whole() };
    if !newsml || uri.matches(':').count() < 4 {
        return whole();
    }
    let number = revision.trim_end_matches(['N', 'U', 'A']);
    ArticleKey { uri: uri.to_owned(), version: Some(number.to_owned()) }
}

fn language(item: &Element, described: &Element) -> Option<Lang> {
    let stated = described.children("Language").filter_map(named).find_map(|l| Lang::parse(&l));
    let component = item.at(&["NewsComponent"]).and_then(|c| c.attribute("lang"));
    stated.or_else(|| component.or(item.attribute("lang")).and_then(Lang::parse))
}

fn city(described: &Element) -> Option<String> {
    let mut all: Vec<&Element> = described.children("Location").collect();
    all.push(described);
    all.into_iter().flat_map(|of| of.children("Property")).find_map(|property| {
        let is_city = property.attribute("FormalName") == Some("City");
        property.attribute("Value").filter(|_| is_city).map(str::to_owned)
    })
}

fn subjects(described: &Element) -> Vec<String> {
    let coded = described.children("SubjectCode").flat_map(Element::elements);
    coded.filter_map(|code| code.attribute("FormalName")).map(str::to_owned).collect()
}

/// The instructions to the receiver, named as IPTC names signals.
fn signals(managed: &Element) -> Vec<String> {
    let all = managed.children("Instruction").filter_map(|i| i.attribute("FormalName"));
    all.map(|name| match name.to_lowercase().as_str() {
        "update" => "sig:update".to_owned(),
        "correction" | "rectify" | "rectification" => "sig:correction".to_owned(),
        other => other.to_owned(),
    })
    .collect()
}

/// The notes to editors: lines that are typed so, else the item's comments.
fn note(item: &Element, lines: &Element) -> Option<String> {
    let typed = lines.children("NewsLine").filter(|line| {
        let kind = line.at(&["NewsLineType"]).and_then(named).unwrap_or_default();
        kind.to_ascii_lowercase().contains("note")
    });
    let mut notes: Vec<_> =
        typed.filter_map(|line| line.at(&["NewsLineText"]).and_then(Element::text)).collect();
    if notes.is_empty() {
        notes.extend(item.children("Comment").filter_map(Element::text));
    }
    (!notes.is_empty()).then(|| notes.join("\n"))
}

fn links(managed: &Element) -> Vec<Link> {
    let derived = managed.children("DerivedFrom").filter_map(|from| from.attribute("NewsItem"));
    derived.map(|to| Link { kind: LinkKind::EvolvedFrom, to: parted(to) }).collect()
}

/// A piece of content, and the role of the component that holds it.
struct Piece<'a> {
    role: String,
    media: String,
    content: &'a Element,
}

fn pieces<'a>(component: &'a Element, role: &str, found: &mut Vec<Piece<'a>>) {
    let own = component.at(&["Role"]).and_then(named).map(|role| role.to_ascii_lowercase());
    let role = own.as_deref().unwrap_or(role);
    for element in component.elements() {
        if element.is("NewsComponent") {
            pieces(element, role, found);
        } else if element.is("ContentItem") {
            let media = element.at(&["MediaType"]).and_then(named).unwrap_or_default();
            let (role, media) = (role.to_owned(), media.to_ascii_lowercase());
            found.push(Piece { role, media, content: element });
        }
    }
}

fn fill_content(article: &mut Article, item: &Element, managed: &Element) {
    let mut all = Vec::new();
    for component in item.children("NewsComponent") {
        pieces(component, "", &mut all);
    }
    let written = |piece: &&Piece<'_>| {
        let text = piece.media.is_empty() || piece.media.contains("text");
        text && piece.content.at(&["DataContent"]).is_some_and(|data| data.text().is_some())
    };
    let is_caption = |piece: &&Piece<'_>| piece.role.contains("caption");
    let texts = || all.iter().filter(written);
    let main = texts().find(|piece| piece.role == "main");
    let body = main.or_else(|| texts().find(|piece| !is_caption(piece)));
    article.kind = kind(managed, body.is_some(), &all);
    let Some(piece) = body.or_else(|| texts().next()) else { return };
    let Some(data) = piece.content.at(&["DataContent"]) else { return };
    let format = piece.content.at(&["Format"]).and_then(named).unwrap_or_default();
    if data.find("body.content").is_some() {
        nitf::fill_text(article, data);
    } else if let Some(body) = data.find("body") {
        article.body = Body::Html(nitf::html(body));
    } else if data.elements().next().is_some() {
        article.body = Body::Html(nitf::html(data));
    } else {
        article.body = nitf::body_of_text(&data.content(), &format).unwrap_or_default();
    }
}

/// What an item is: what it is said to be, else text where it has one, else what it carries.
fn kind(managed: &Element, has_text: bool, all: &[Piece<'_>]) -> ItemType {
    let said = managed.at(&["NewsItemType"]).and_then(named).unwrap_or_default();
    if said.to_ascii_lowercase().contains("advisory") {
        return ItemType::Advisory;
    }
    let media = all.iter().map(|piece| piece.media.as_str()).find(|media| !media.contains("text"));
    match media.filter(|_| !has_text).unwrap_or_default() {
        m if m.contains("photo") || m.contains("picture") || m.contains("image") => {
            ItemType::Picture
        }
        m if m.contains("graphic") => ItemType::Graphic,
        m if m.contains("video") => ItemType::Video,
        m if m.contains("audio") => ItemType::Audio,
        _ => ItemType::Text,
    }
}
