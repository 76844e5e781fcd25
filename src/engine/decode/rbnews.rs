//! Decodes `RBNews`, the XML format of the Danish agency Ritzau: one item, or the list of items
//! that the queue of its web service returns (`XMLNewsQueuedResponse`).
//!
//! Each field is taken from the first of these that has a value:
//!
//! - uri, version: `NewsID`, `version`
//! - headline: `headline`, else `ContentShort` (the beginning of the text, if an item has no
//!   headline)
//! - body: `content`, which is escaped HTML
//! - provider: `origin` without its slashes, else `Ritzau`
//! - times: `PublishDate`, in Danish local time unless it has a zone
//! - status: canceled if `Annuleret` ("canceled") is true
//! - signals: `Korrektion` ("correction"), `NyVersion` ("new version")
//! - links: `Replaces` and `replacedID`, each ignored if its value is only a boolean
//! - ednote: `TilRedaktionen` ("to the editors")
//! - subjects: `section`, the parts of `strapline`, `IPTCList`
//! - `byLine`, `town` and `Priority`: byline, place and urgency; `HistID`: another identifier
//!
//! The format does not state the language. An element with `nil="true"` has no value.
//!
//! Sources: items that the web service sent, and open-source newsroom systems that read them. There
//! is no public specification.

use super::bounds::{HEADLINE_BYTES_MAX, PROVIDER_BYTES_MAX};
use super::repairs::Repairs;
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, EventTime, ItemType, Link, LinkKind, PubStatus};
use html5gum::{Token, Tokenizer};
use jiff::tz::TimeZone;

/// Names of root elements of a document with several items.
pub(super) const LISTS: [&str; 3] =
    ["XMLNewsQueuedResponse", "XMLNewsQueuedResult", "ListOfRBNews"];
/// The provider of an item that states no origin.
const PROVIDER: &str = "Ritzau";
/// The rule for Danish local time.
const DANISH_TIME: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// The items of a document.
pub(super) fn items(root: &Element) -> Vec<&Element> {
    if root.is("RBNews") {
        return vec![root];
    }
    let mut items = Vec::new();
    root.find_all("RBNews", &mut items);
    items
}

/// Decodes one item.
pub(super) fn article(item: &Element) -> Result<Article, Error> {
    let text = |name: &str| item.children(name).find_map(Element::text);
    let repairs = Repairs::default();
    let flag = |field, name: &str| {
        let value = text(name)?;
        repairs.parse(field, &value, truth)
    };
    let uri = text("NewsID").ok_or(Error::Missing("NewsID"))?;
    let created =
        text("PublishDate").and_then(|time| repairs.parse("versioncreated", &time, danish_time));
    let canceled = flag("pubstatus", "Annuleret") == Some(true);
    let signals = [("Korrektion", "sig:correction"), ("NyVersion", "sig:update")];
    let signals = signals.into_iter().filter(|(name, _)| flag("signals", name) == Some(true));
    let names = [text("origin").and_then(|origin| name_of(&origin)), Some(PROVIDER.to_owned())];
    let start = || repairs.stand_in("headline", HEADLINE_BYTES_MAX, [text("ContentShort")]);
    let body = item.at(&["content"]).map(Element::content).unwrap_or_default();
    Ok(Article {
        version: text("version"),
        provider: repairs.stand_in("provider", PROVIDER_BYTES_MAX, names),
        byline: text("byLine"),
        located: text("town"),
        headline: text("headline").or_else(start).unwrap_or_default(),
        body: nitf::body_of_text(&body, "html").unwrap_or_default(),
        kind: ItemType::Text,
        versioncreated: created,
        published: created,
        pubstatus: if canceled { PubStatus::Canceled } else { PubStatus::Usable },
        signals: signals.map(|(_, signal)| signal.to_owned()).collect(),
        ednote: item.at(&["TilRedaktionen"]).and_then(note),
        urgency: text("Priority").and_then(|priority| repairs.urgency(&priority)),
        subjects: subjects(item),
        links: links(&uri, [text("Replaces"), text("replacedID")]),
        altids: text("HistID").into_iter().collect(),
        flags: repairs.flags(),
        uri,
        ..Article::default()
    })
}

/// A boolean as defined by XML Schema.
fn truth(value: &str) -> Option<bool> {
    match value.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A time, which is in Danish local time if it has no zone.
fn danish_time(text: &str) -> Option<EventTime> {
    EventTime::parse_in(text, &TimeZone::posix(DANISH_TIME).ok()?)
}

/// The name in an origin such as `/ritzau/`.
fn name_of(origin: &str) -> Option<String> {
    let name = origin.trim_matches(|c: char| c == '/' || c.is_whitespace());
    (!name.is_empty()).then(|| name.to_owned())
}

/// A note to editors, which may be HTML.
fn note(element: &Element) -> Option<String> {
    let mut text = String::new();
    for token in Tokenizer::new(&element.content()).flatten() {
        match token {
            Token::String(part) => text.push_str(&String::from_utf8_lossy(&part)),
            Token::StartTag(tag) if tag.name.as_slice() == b"br" => text.push('\n'),
            Token::EndTag(tag) if tag.name.as_slice() == b"p" => text.push('\n'),
            _ => {}
        }
    }
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).filter(|line| !line.is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn subjects(item: &Element) -> Vec<String> {
    let text = |name: &str| item.children(name).find_map(Element::text);
    let strapline = text("strapline").unwrap_or_default();
    let parts = strapline.split('/').map(str::trim).filter(|part| !part.is_empty());
    let codes = item.children("IPTCList").flat_map(Element::elements).filter_map(Element::text);
    text("section").into_iter().chain(parts.map(str::to_owned)).chain(codes).collect()
}

/// The items that the item `uri` replaces.
fn links(uri: &str, replaced: [Option<String>; 2]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for other in replaced.into_iter().flatten() {
        let is_known = other == uri || links.iter().any(|link| link.to.uri == other);
        if !is_known && truth(&other).is_none() {
            let to = ArticleKey { uri: other, version: None };
            links.push(Link { kind: LinkKind::Replaces, to });
        }
    }
    links
}
