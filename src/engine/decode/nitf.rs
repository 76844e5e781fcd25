//! IPTC NITF 3.x: one document, one article.
//!
//! | read | from, the first that is there |
//! |---|---|
//! | uri | `doc-id/@id-string` (less a counter that it adds to `du-key/@key`), `pubdata/@id` or `@ex-ref`, else derived from the content, as some agencies send none |
//! | version | `du-key/@version`, `@generation`, or that counter |
//! | headline | `hedline/hl1`, `head/title` |
//! | body | `body.content` |
//! | provider | `distributor`, `doc-id/@regsrc`, `from-src`, `doc.copyright/@holder`, `pubdata/@name` |
//! | language | `xml:lang` or `lang` of `body`, `body.content`, `nitf`; `@baselang` |
//! | times | `date.issue` as `versioncreated`, `pubdata/@date.publication` as `published`, `date.release` as `embargoed` where it comes after the issue or the status says so, `date.expire` |
//! | status | `docdata/@management-status` |
//! | ednote | `ed-msg/@info`, the comments of `revision-history` |
//!
//! Names of markup become those of HTML where HTML has one; pictures within a text are left out.
//!
//! Source: IPTC NITF 3.6, document type and documentation.

use super::Error;
use super::repairs::Repairs;
use super::xml::Element;
use crate::article::{Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind, PubStatus};
use sha2::{Digest, Sha256};

/// The article of a document.
pub(super) fn article(root: &Element) -> Result<Article, Error> {
    let none = Element::default();
    let head = root.at(&["head"]).unwrap_or(&none);
    let data = head.at(&["docdata"]).unwrap_or(&none);
    let publication = head.at(&["pubdata"]).or_else(|| data.at(&["pubdata"])).unwrap_or(&none);
    let of = |name: &str, attribute: &str| data.at(&[name])?.attribute(attribute);
    let repairs = Repairs::default();
    let time = |field, name: &str| repairs.time(field, of(name, "norm")?);
    let issued = time("versioncreated", "date.issue");
    let released = time("embargoed", "date.release");
    let status = data.attribute("management-status").unwrap_or_default().to_ascii_lowercase();
    let embargoed = released.filter(|at| status == "embargoed" || issued.is_some_and(|i| *at > i));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mut article = Article {
        version: owned(of("du-key", "version").or(of("du-key", "generation"))),
        provider: provider(root, data, publication),
        language: language(root, &repairs),
        kind: ItemType::Text,
        versioncreated: issued,
        published: publication
            .attribute("date.publication")
            .and_then(|text| repairs.time("published", text)),
        embargoed,
        expires: time("expires", "date.expire"),
        pubstatus: match status.as_str() {
            s if s.contains("cancel") || s == "killed" => PubStatus::Canceled,
            s if s.contains("withh") => PubStatus::Withheld,
            // An embargo without an end holds until something else is said.
            "embargoed" if embargoed.is_none() => PubStatus::Withheld,
            _ => PubStatus::Usable,
        },
        ednote: ednote(head, data),
        slugline: slug(head).or_else(|| owned(of("du-key", "key"))),
        urgency: of("urgency", "ed-urg")
            .or_else(|| head.at(&["urgency"])?.attribute("ed-urg"))
            .and_then(|urgency| repairs.urgency(urgency)),
        genre: genre(head),
        subjects: subjects(head),
        located: owned(of("evloc", "city")),
        links: links(data),
        usageterms: owned(of("doc.rights", "limitations")),
        ..Article::default()
    };
    fill_text(&mut article, root);
    let id = of("doc-id", "id-string").map(|id| parted(id, of("du-key", "key")));
    let other = || publication.attribute("id").or(publication.attribute("ex-ref"));
    let (uri, counter) = id.or_else(|| Some((other()?, None))).unzip();
    article.uri = match uri {
        Some(uri) => uri.to_owned(),
        None => format!("urn:nitf:{}", digest(&article, of("date.issue", "norm"))),
    };
    article.version = article.version.or_else(|| owned(counter.flatten()));
    article.flags = repairs.flags();
    Ok(article)
}

/// An identifier parted into the key that a story keeps while it is developed and a counter behind
/// it (`key_7`), where it is made so.
fn parted<'a>(id: &'a str, key: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    let counter = || {
        let counter = id.strip_prefix(key?)?.strip_prefix(['_', '-', ':', '.', '/'])?;
        let number = !counter.is_empty() && counter.bytes().all(|b| b.is_ascii_digit());
        number.then_some((key?, Some(counter)))
    };
    counter().unwrap_or((id, None))
}

/// Fills what the text of an NITF document says, where the article does not have it yet.
pub(super) fn fill_text(article: &mut Article, nitf: &Element) {
    let none = Element::default();
    let top = nitf.find("body.head").unwrap_or(&none);
    if article.headline.is_empty() {
        let paths: [(&Element, &[&str]); 3] =
            [(top, &["hedline", "hl1"]), (top, &["hedline"]), (nitf, &["head", "title"])];
        let mut found = paths.into_iter().filter_map(|(of, path)| of.at(path)?.text());
        article.headline = found.next().unwrap_or_default();
    }
    let fill = |field: &mut Option<String>, found: Option<&Element>| {
        if field.is_none() {
            *field = found.and_then(Element::text);
        }
    };
    let dateline = top.find("dateline");
    fill(&mut article.byline, top.find("byline"));
    fill(&mut article.dateline, dateline);
    fill(
        &mut article.located,
        dateline.and_then(|line| line.find("city").or(line.find("location"))),
    );
    if let Some(content) = nitf.find("body.content") {
        let html = if content.has_text() { html(content) } else { String::new() };
        article.body = Body::Html(html);
    }
}

/// The markup of an element that holds running text, in the names of HTML.
pub(super) fn html(element: &Element) -> String {
    element.html(html_name).trim().to_owned()
}

/// A body that stands as text within XML, of a content type or format that may say what it is;
/// absent when empty.
pub(super) fn body_of_text(text: &str, kind: &str) -> Option<Body> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let marked = kind.to_ascii_lowercase().contains("html");
    let marked = marked || text.contains("</");
    let text = text.to_owned();
    Some(if marked { Body::Html(text) } else { Body::Plain(text) })
}

/// The name in HTML of an element of NITF; `None` for what is no running text.
fn html_name(name: &str) -> Option<&str> {
    Some(match name {
        "media" | "body.end" | "ednote" => return None,
        "hl1" => "h1",
        "hl2" => "h2",
        "block" => "div",
        "bq" => "blockquote",
        "datasource" | "credit" | "note" => "p",
        "body.head" | "body.content" => "section",
        name => name,
    })
}

fn provider(root: &Element, data: &Element, publication: &Element) -> Option<String> {
    let distributor = root.find("distributor").and_then(Element::text);
    let of = |path: &[&str], name: &str| data.at(path)?.attribute(name).map(str::to_owned);
    distributor
        .or_else(|| of(&["doc-id"], "regsrc"))
        .or_else(|| of(&["del-list", "from-src"], "src-name"))
        .or_else(|| of(&["doc.copyright"], "holder"))
        .or_else(|| publication.attribute("name").map(str::to_owned))
}

fn language(root: &Element, repairs: &Repairs) -> Option<Lang> {
    let lang = |path: &[&str]| root.at(path).and_then(|e| e.attribute("lang"));
    let said = lang(&["body"]).or_else(|| lang(&["body", "body.content"])).or_else(|| lang(&[]));
    let said = said.or_else(|| root.attribute("baselang"));
    said.and_then(|tag| repairs.language(tag))
}

fn ednote(head: &Element, data: &Element) -> Option<String> {
    let messages = data.children("ed-msg").filter_map(|m| m.attribute("info"));
    let history = head.children("revision-history").chain(data.children("revision-history"));
    let notes: Vec<_> = messages.chain(history.filter_map(|h| h.attribute("comment"))).collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

/// The slug that a head's `meta` carries.
fn slug(head: &Element) -> Option<String> {
    const NAMES: [&str; 6] =
        ["slugline", "slug", "anpa-keyword", "ap-slugline", "ntb-stikkord", "NTBStikkord"];
    NAMES.into_iter().find_map(|name| meta(head, name))
}

fn meta(head: &Element, name: &str) -> Option<String> {
    let named =
        |meta: &&Element| meta.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(name));
    head.children("meta").find(named)?.attribute("content").map(str::to_owned)
}

/// What the property of the document says beyond that it is current.
fn genre(head: &Element) -> Option<String> {
    let mut all = Vec::new();
    head.find_all("tobject.property", &mut all);
    let mut types = all.into_iter().filter_map(|p| p.attribute("tobject.property.type"));
    types.find(|kind| !kind.eq_ignore_ascii_case("current")).map(str::to_owned)
}

/// The finest name that each subject has, else its number.
fn subjects(head: &Element) -> Vec<String> {
    const FINEST_FIRST: [&str; 4] = [
        "tobject.subject.detail",
        "tobject.subject.matter",
        "tobject.subject.type",
        "tobject.subject.refnum",
    ];
    let mut all = Vec::new();
    head.find_all("tobject.subject", &mut all);
    let name = |s: &Element| FINEST_FIRST.iter().find_map(|n| s.attribute(n)).map(str::to_owned);
    all.into_iter().filter_map(name).collect()
}

/// A document that says what becomes of another takes its place.
fn links(data: &Element) -> Vec<Link> {
    let to = data.attribute("management-doc-idref");
    let link = |uri: &str| Link {
        kind: LinkKind::Replaces,
        to: ArticleKey { uri: uri.to_owned(), version: None },
    };
    to.map(link).into_iter().collect()
}

/// A name for an article that its sender gave none: of the same content the same.
pub(super) fn digest(article: &Article, issued: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [&article.headline, issued.unwrap_or_default(), article.body.published()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
