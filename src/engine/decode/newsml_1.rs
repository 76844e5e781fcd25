//! Decodes IPTC NewsML 1.x: the items of a `NewsML` document.
//!
//! Each field is taken from the first of these that has a value:
//!
//! - uri: `ProviderId`, `DateId` and `NewsItemId`, joined as specified; else `PublicIdentifier`
//!   without its revision; else a guid or `Duid`; else a digest of the content
//! - version: `RevisionId`, else the revision in `PublicIdentifier`
//! - headline: `NewsLines/HeadLine`, the headline in embedded NITF
//! - body: the text of the component with the role `Lead`, if any, followed by that of the
//!   component with a role such as `Main` or `Body`, else by the first other text that is not a
//!   caption or the like. The text is NITF, HTML or plain text
//! - provider: `Provider/Party`, `Source/Party`, `ProviderId`
//! - language: `DescriptiveMetadata/Language`, `xml:lang`
//! - times: `ThisRevisionCreated` (`versioncreated`), `FirstCreated` (`firstcreated`),
//!   `StatusWillChange/DateAndTime` (`embargoed`, if the status is `embargoed`)
//! - status: `Status`, or the instruction `Delete`; an embargo without an end time counts as
//!   `withheld`
//! - signals: `Instruction`
//! - links: `DerivedFrom`
//!
//! An item that is available in several languages becomes one article per language. The first one
//! has the uri of the item; the others are its translations with the uri `uri#language`.
//!
//! Source: IPTC NewsML 1.2, functional specification.

use super::bounds::{LINE_BYTES_MAX, PROVIDER_BYTES_MAX, URI_BYTES_MAX, VERSION_BYTES_MAX};
use super::newsml_1_content as content;
use super::repairs::Repairs;
use super::xml::Element;
use super::{Error, nitf};
use crate::article::{Article, ArticleKey, ItemType, Lang, Link, LinkKind, PubStatus};

/// Maximum number of languages of one item. Each language becomes an article.
const LANGUAGES_MAX: u32 = 50;

/// The items of a document.
pub(super) fn items(root: &Element) -> Vec<&Element> {
    root.children("NewsItem").collect()
}

/// The components with the translations of an item, one per language; `None` if there is only one.
pub(super) fn translations(item: &Element) -> Option<Vec<&Element>> {
    item.children("NewsComponent").map(content::translations).find(|parts| parts.len() > 1)
}

/// Decodes the articles of one item: one per language, or just one.
pub(super) fn articles(item: &Element) -> Vec<Result<Article, Error>> {
    let Some(parts) = translations(item) else { return vec![article(item, None)] };
    if parts.len() > LANGUAGES_MAX as usize {
        return vec![Err(Error::TooManyLanguages { languages: parts.len(), max: LANGUAGES_MAX })];
    }
    let mut original: Option<String> = None;
    let mut one = |part: &Element| {
        let mut article = article(item, Some(part))?;
        match &original {
            None => original = Some(article.uri.clone()),
            Some(first) => {
                let to = ArticleKey { uri: first.clone(), version: article.version.clone() };
                article.links.push(Link { kind: LinkKind::TranslationOf, to });
                let language = article.language.map(|l| l.as_str().to_owned()).unwrap_or_default();
                article.uri = format!("{}#{language}", article.uri);
            }
        }
        Ok(article)
    };
    parts.into_iter().map(&mut one).collect()
}

/// Decodes the article of an item, or of the component `part`, which contains one of the item's
/// languages.
fn article(item: &Element, part: Option<&Element>) -> Result<Article, Error> {
    let none = Element::default();
    let identification = item.at(&["Identification"]).unwrap_or(&none);
    let identifier = identification.at(&["NewsIdentifier"]).unwrap_or(&none);
    let managed = item.at(&["NewsManagement"]).unwrap_or(&none);
    let meta = content::ItemMetadata::of(item, part);
    let line =
        |name: &str| meta.lines.iter().flat_map(|of| of.children(name)).find_map(Element::text);
    let repairs = Repairs::default();
    let time = |field, path: &[&str]| repairs.time(field, &managed.at(path)?.text()?);
    let party = |name: &str| {
        let parties = meta.administrative.iter().flat_map(|of| of.children(name));
        parties.flat_map(|of| of.children("Party")).find_map(named)
    };
    let status = managed.at(&["Status"]).and_then(named).unwrap_or_default().to_ascii_lowercase();
    let signals = signals(managed);
    let deleted = signals.iter().any(|signal| signal == "delete");
    let status_change = time("embargoed", &["StatusWillChange", "DateAndTime"]);
    let source = party("Source");
    let provider_id = identifier.at(&["ProviderId"]).and_then(Element::text);
    let public = identifier.at(&["PublicIdentifier"]).and_then(Element::text);
    let (uri, version) = key(item, identifier, managed, &repairs).unzip();
    let sender = party("Provider").or_else(|| {
        repairs.stand_in("provider", PROVIDER_BYTES_MAX, [source.clone(), provider_id.clone()])
    });
    let label = || identification.at(&["NameLabel"]).and_then(Element::text);
    let mut article = Article {
        version: version.flatten(),
        provider: sender,
        credit: line("CreditLine"),
        infosource: source,
        byline: line("ByLine"),
        dateline: line("DateLine"),
        located: city(&meta.descriptive),
        headline: line("HeadLine").unwrap_or_default(),
        language: language(item, part, &meta, &repairs),
        versioncreated: time("versioncreated", &["ThisRevisionCreated"]),
        firstcreated: time("firstcreated", &["FirstCreated"]),
        embargoed: status_change.filter(|_| status == "embargoed"),
        pubstatus: match deleted {
            true => PubStatus::Canceled,
            false => repairs.editorial_status(&status, status_change.is_some()),
        },
        signals,
        ednote: note(item, &meta.lines),
        slugline: line("SlugLine")
            .or_else(|| repairs.stand_in("slugline", LINE_BYTES_MAX, [label()])),
        urgency: managed
            .at(&["Urgency"])
            .and_then(named)
            .and_then(|urgency| repairs.urgency(&urgency)),
        genre: genre(&meta.descriptive),
        subjects: subjects(&meta.descriptive),
        links: links(managed, &repairs),
        altids: public.into_iter().collect(),
        usageterms: item.find("UsageType").and_then(Element::text),
        ..Article::default()
    };
    fill_content(&mut article, item, part, managed, &repairs);
    article.uri = uri.unwrap_or_else(|| {
        let issued = article.firstcreated.map(|time| time.to_string());
        let digest = nitf::digest(&article, issued.as_deref());
        let provider_id = provider_id.filter(|id| id.len() <= PROVIDER_BYTES_MAX);
        format!("urn:newsml:{}:{digest}", provider_id.unwrap_or_default())
    });
    article.flags = repairs.flags();
    Ok(article)
}

/// The `FormalName` of an element, else its text.
fn named(element: &Element) -> Option<String> {
    content::formal_name(element)
}

/// The uri of an item, which all its revisions share, and its revision.
fn key(
    item: &Element,
    identifier: &Element,
    managed: &Element,
    repairs: &Repairs,
) -> Option<(String, Option<String>)> {
    let text = |name: &str| identifier.at(&[name]).and_then(Element::text);
    let revision = text("RevisionId");
    let joined = |parts: [Option<String>; 3]| {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        format!("urn:newsml:{}", parts.join(":"))
    };
    if let Some(id) = text("NewsItemId") {
        let bare = revision.as_deref().and_then(|r| id.strip_suffix(&format!("-v{r}")));
        let id = bare.unwrap_or(&id).to_owned();
        return Some((joined([text("ProviderId"), date(identifier, managed), Some(id)]), revision));
    }
    if let Some(public) = repairs.stand_in("uri", URI_BYTES_MAX, [text("PublicIdentifier")]) {
        let key = split_revision(&public);
        let own = || repairs.stand_in("version", VERSION_BYTES_MAX, [key.version.clone()]);
        return Some((key.uri.clone(), revision.or_else(own)));
    }
    let guid = item.find("guid").and_then(Element::text);
    let duid = |of: &Element| of.attribute("Duid").map(str::to_owned);
    let ids = [guid, duid(item), item.children("NewsComponent").find_map(duid)];
    let ids = ids.map(|id| Some(joined([text("ProviderId"), None, Some(id?)])));
    repairs.stand_in("uri", URI_BYTES_MAX, ids).map(|uri| (uri, revision))
}

/// The date in the uri. It must be the same for all revisions. If `DateId` is the creation time of
/// this revision, the creation time of the first revision is used instead.
fn date(identifier: &Element, managed: &Element) -> Option<String> {
    let text = |of: &Element, name: &str| of.at(&[name]).and_then(Element::text);
    let date = text(identifier, "DateId")?;
    let first = text(managed, "FirstCreated");
    let moves = date.len() > 8 && text(managed, "ThisRevisionCreated").as_ref() == Some(&date);
    if moves { first.or(Some(date)) } else { Some(date) }
}

/// Splits a public identifier (`urn:newsml:provider:date:item:revision`) into item and revision.
fn split_revision(public: &str) -> ArticleKey {
    let whole = || ArticleKey { uri: public.to_owned(), version: None };
    let newsml = public.to_ascii_lowercase().starts_with("urn:newsml:");
    let Some((uri, revision)) = public.rsplit_once(':') else { return whole() };
    if !newsml || uri.matches(':').count() < 4 {
        return whole();
    }
    let number = revision.trim_end_matches(['N', 'U', 'A']);
    ArticleKey { uri: uri.to_owned(), version: Some(number.to_owned()) }
}

/// The language of the text, or of `part`.
fn language(
    item: &Element,
    part: Option<&Element>,
    meta: &content::ItemMetadata<'_>,
    repairs: &Repairs,
) -> Option<Lang> {
    if let Some(part) = part {
        // In an item with translations, texts whose language tag is unreadable were left out.
        // Record these tags.
        let components = item.children("NewsComponent");
        components.for_each(|component| content::read_languages(component, repairs));
        if let Some(language) = content::stated_language(part) {
            return Some(language);
        }
    }
    let stated = meta.descriptive.iter().flat_map(|of| of.children("Language")).filter_map(named);
    let of_text = || content::text_component(item).and_then(|text| text.attribute("lang"));
    let component = item.at(&["NewsComponent"]).and_then(|c| c.attribute("lang"));
    stated
        .filter_map(|tag| repairs.language(&tag))
        .next()
        .or_else(|| repairs.language(component.or_else(of_text).or(item.attribute("lang"))?))
}

fn city(described: &[&Element]) -> Option<String> {
    let mut all: Vec<&Element> = described.iter().flat_map(|of| of.children("Location")).collect();
    all.extend(described);
    all.into_iter().flat_map(|of| of.children("Property")).find_map(|property| {
        let is_city = property.attribute("FormalName") == Some("City");
        property.attribute("Value").filter(|_| is_city).map(str::to_owned)
    })
}

/// The first genre other than `current`.
fn genre(described: &[&Element]) -> Option<String> {
    let mut genres = described.iter().flat_map(|of| of.children("Genre")).filter_map(named);
    genres.find(|genre| !genre.eq_ignore_ascii_case("current"))
}

fn subjects(described: &[&Element]) -> Vec<String> {
    let coded = described.iter().flat_map(|of| of.children("SubjectCode"));
    let codes = coded.flat_map(Element::elements).filter_map(|code| code.attribute("FormalName"));
    codes.map(str::to_owned).collect()
}

/// The instructions to the receiver, as IPTC signal codes where such codes exist.
fn signals(managed: &Element) -> Vec<String> {
    let all = managed.children("Instruction").filter_map(named);
    all.map(|name| match name.to_lowercase().as_str() {
        "update" => "sig:update".to_owned(),
        "correction" | "rectify" | "rectification" => "sig:correction".to_owned(),
        other => other.to_owned(),
    })
    .collect()
}

/// The notes to editors: lines of the type note or advisory, else the comments of the item.
fn note(item: &Element, lines: &[&Element]) -> Option<String> {
    let typed = lines.iter().flat_map(|of| of.children("NewsLine")).filter(|line| {
        let kind = line.at(&["NewsLineType"]).and_then(named).unwrap_or_default();
        let kind = kind.to_ascii_lowercase();
        kind.contains("note") || kind.contains("advisory")
    });
    let mut notes: Vec<_> =
        typed.filter_map(|line| line.at(&["NewsLineText"]).and_then(Element::text)).collect();
    if notes.is_empty() {
        let is_text = |comment: &&Element| comment.attribute("FormalName").is_none();
        notes.extend(item.children("Comment").filter(is_text).filter_map(Element::text));
    }
    (!notes.is_empty()).then(|| notes.join("\n"))
}

fn links(managed: &Element, repairs: &Repairs) -> Vec<Link> {
    let derived = managed.children("DerivedFrom").filter_map(|from| {
        let item = from.attribute("NewsItem");
        if item.is_none() {
            repairs.record_unreadable("links");
        }
        item
    });
    derived.map(|to| Link { kind: LinkKind::EvolvedFrom, to: split_revision(to) }).collect()
}

/// Sets the kind and the text. An item without a body gets its first other text, such as a caption.
fn fill_content(
    article: &mut Article,
    item: &Element,
    part: Option<&Element>,
    managed: &Element,
    repairs: &Repairs,
) {
    let pieces = content::content_parts(item, part);
    let texts = content::body_parts(&pieces);
    article.kind = kind(managed, !texts.is_empty(), &pieces);
    let fallback = || pieces.iter().find(|piece| piece.has_text());
    for piece in texts.iter().copied().chain(fallback().filter(|_| texts.is_empty())) {
        content::add(article, piece, repairs);
    }
}

/// The kind of an item: an advisory if the item declares this, text if it has text, else its media
/// type.
fn kind(managed: &Element, has_text: bool, all: &[content::ContentPart<'_>]) -> ItemType {
    let declared = managed.at(&["NewsItemType"]).and_then(named).unwrap_or_default();
    if declared.to_ascii_lowercase().contains("advisory") {
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
