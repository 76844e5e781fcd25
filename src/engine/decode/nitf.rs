//! Decodes IPTC NITF 3.x. A document is one article.
//!
//! Each field is taken from the first of these that has a value:
//!
//! - uri: `doc-id/@id-string`, `pubdata/@id`, `pubdata/@ex-ref`, else a digest of the content,
//!   because some agencies send no identifier. If `id-string` is `du-key/@key` followed by a
//!   counter, the counter is not part of the uri.
//! - version: `du-key/@version`, `du-key/@generation`, or that counter
//! - headline: `hedline/hl1`, `hedline`, `head/title`
//! - body: `body.content`
//! - provider: `distributor`, `doc-id/@regsrc`, `from-src/@src-name`, `doc.copyright/@holder`,
//!   `pubdata/@name`
//! - language: `xml:lang` or `lang` of `body`, `body.content`, `nitf`; `@baselang`
//! - times: `date.issue` (`versioncreated`), `pubdata/@date.publication` (`published`),
//!   `date.expire` (`expires`), and `date.release` (`embargoed`) if it is later than the issue or
//!   the status is `embargoed`
//! - status: `docdata/@management-status`
//! - ednote, all of them: `ed-msg/@info`, the comments of `revision-history`
//!
//! NITF markup is renamed to HTML where HTML has an equivalent. Media, editorial notes and the
//! element `body.end` are dropped from the text.
//!
//! Source: IPTC NITF 3.6, document type and documentation.

use super::Error;
use super::bounds::{
    HEADLINE_BYTES_MAX, LINE_BYTES_MAX, PROVIDER_BYTES_MAX, URI_BYTES_MAX, VERSION_BYTES_MAX,
};
use super::repairs::Repairs;
use super::xml::Element;
use crate::article::{Article, ArticleKey, Body, ItemType, Lang, Link, LinkKind};
use sha2::{Digest, Sha256};

/// Decodes the article of a document.
pub(super) fn article(root: &Element) -> Result<Article, Error> {
    let none = Element::default();
    let head = root.at(&["head"]).unwrap_or(&none);
    let data = head.at(&["docdata"]).unwrap_or(&none);
    let publication = head.at(&["pubdata"]).or_else(|| data.at(&["pubdata"])).unwrap_or(&none);
    let of = |name: &str, attribute: &str| data.at(&[name])?.attribute(attribute);
    let repairs = Repairs::default();
    let time = |field, name: &str| {
        let text = || data.at(&[name])?.text();
        repairs.time(field, &of(name, "norm").map(str::to_owned).or_else(text)?)
    };
    let issued = time("versioncreated", "date.issue");
    let released = time("embargoed", "date.release");
    let status = data.attribute("management-status").unwrap_or_default().to_ascii_lowercase();
    let embargoed = released.filter(|at| status == "embargoed" || issued.is_some_and(|i| *at > i));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let provider = provider(root, data, publication, &repairs);
    let mut article = Article {
        version: owned(of("du-key", "version").or(of("du-key", "generation"))),
        provider: provider.clone(),
        language: language(root, &repairs),
        kind: ItemType::Text,
        versioncreated: issued,
        published: publication
            .attribute("date.publication")
            .and_then(|text| repairs.time("published", text)),
        embargoed,
        expires: time("expires", "date.expire"),
        pubstatus: repairs.editorial_status(&status, embargoed.is_some()),
        ednote: ednote(head, data),
        slugline: slug(head)
            .or_else(|| repairs.stand_in("slugline", LINE_BYTES_MAX, [owned(of("du-key", "key"))])),
        urgency: of("urgency", "ed-urg")
            .or_else(|| head.at(&["urgency"])?.attribute("ed-urg"))
            .and_then(|urgency| repairs.urgency(urgency)),
        genre: genre(head),
        subjects: subjects(head),
        located: owned(of("evloc", "city")),
        links: links(data, provider.as_deref(), &repairs),
        usageterms: owned(of("doc.rights", "limitations")),
        ..Article::default()
    };
    fill_text(&mut article, root, &repairs);
    let id = of("doc-id", "id-string").map(|id| split_counter(id, of("du-key", "key")));
    let others = ["id", "ex-ref"].map(|name| owned(publication.attribute(name)));
    let (uri, counter) = id.unzip();
    article.uri = owned(uri)
        .or_else(|| repairs.stand_in("uri", URI_BYTES_MAX, others))
        .unwrap_or_else(|| format!("urn:nitf:{}", digest(&article, of("date.issue", "norm"))));
    let counter = owned(counter.flatten());
    article.version =
        article.version.or_else(|| repairs.stand_in("version", VERSION_BYTES_MAX, [counter]));
    article.flags = repairs.flags();
    Ok(article)
}

/// Splits an identifier such as `key_7` into key and counter. All versions of an article have the
/// same key.
fn split_counter<'a>(id: &'a str, key: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    let counter = || {
        let counter = id.strip_prefix(key?)?.strip_prefix(['_', '-', ':', '.', '/'])?;
        let number = !counter.is_empty() && counter.bytes().all(|b| b.is_ascii_digit());
        number.then_some((key?, Some(counter)))
    };
    counter().unwrap_or((id, None))
}

/// Sets the body of an article from NITF, and the headline, byline and place unless already set.
pub(super) fn fill_text(article: &mut Article, nitf: &Element, repairs: &Repairs) {
    let none = Element::default();
    let top = nitf.find("body.head").unwrap_or(&none);
    if article.headline.is_empty() {
        let paths: [&[&str]; 2] = [&["hedline", "hl1"], &["hedline"]];
        let headline = paths.into_iter().find_map(|path| top.at(path)?.text());
        let title = || nitf.at(&["head", "title"]).and_then(Element::text);
        article.headline = headline
            .or_else(|| repairs.stand_in("headline", HEADLINE_BYTES_MAX, [title()]))
            .unwrap_or_default();
    }
    let fill = |field: &mut Option<String>, element: Option<&Element>| {
        if field.is_none() {
            *field = element.and_then(Element::text);
        }
    };
    let dateline = top.find("dateline");
    fill(&mut article.byline, top.find("byline"));
    fill(&mut article.dateline, dateline);
    if article.located.is_none() {
        let place = dateline.and_then(|line| line.find("city").or(line.find("location")));
        let place = place.and_then(Element::text);
        article.located = repairs.stand_in("located", LINE_BYTES_MAX, [place]);
    }
    if let Some(content) = nitf.find("body.content") {
        let html = if content.has_text() { html(content) } else { String::new() };
        article.body = Body::Html(html);
    }
}

/// The content of an element as HTML.
pub(super) fn html(element: &Element) -> String {
    element.html(html_name).trim().to_owned()
}

/// A body that is given as a string inside XML; `None` if it is blank. It is HTML if its content
/// type or format `kind` contains `html`, or if it contains an end tag.
pub(super) fn body_of_text(text: &str, kind: &str) -> Option<Body> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let is_html = kind.to_ascii_lowercase().contains("html");
    let is_html = is_html || text.contains("</");
    let text = text.to_owned();
    Some(if is_html { Body::Html(text) } else { Body::Plain(text) })
}

/// The HTML name of an NITF element; `None` if it is not part of the running text.
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

/// The distributor, or the first value that can be used in its place.
fn provider(
    root: &Element,
    data: &Element,
    publication: &Element,
    repairs: &Repairs,
) -> Option<String> {
    let of = |path: &[&str], name: &str| data.at(path)?.attribute(name).map(str::to_owned);
    let others = || {
        [
            of(&["doc-id"], "regsrc"),
            of(&["del-list", "from-src"], "src-name"),
            of(&["doc.copyright"], "holder"),
            publication.attribute("name").map(str::to_owned),
        ]
    };
    let distributor = root.find("distributor").and_then(Element::text);
    distributor.or_else(|| repairs.stand_in("provider", PROVIDER_BYTES_MAX, others()))
}

fn language(root: &Element, repairs: &Repairs) -> Option<Lang> {
    let lang = |path: &[&str]| root.at(path).and_then(|e| e.attribute("lang"));
    let tag = lang(&["body"]).or_else(|| lang(&["body", "body.content"])).or_else(|| lang(&[]));
    let tag = tag.or_else(|| root.attribute("baselang"));
    tag.and_then(|tag| repairs.language(tag))
}

fn ednote(head: &Element, data: &Element) -> Option<String> {
    let stated = |of: &Element, name| of.attribute(name).map(str::to_owned).or_else(|| of.text());
    let messages = data.children("ed-msg").filter_map(|message| stated(message, "info"));
    let history = head.children("revision-history").chain(data.children("revision-history"));
    let comments = history.filter_map(|entry| stated(entry, "comment"));
    let notes: Vec<_> = messages.chain(comments).collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

/// The slug in a `meta` element of the head.
fn slug(head: &Element) -> Option<String> {
    const NAMES: [&str; 6] =
        ["slugline", "slug", "anpa-keyword", "ap-slugline", "ntb-stikkord", "NTBStikkord"];
    NAMES.into_iter().find_map(|name| meta(head, name))
}

/// The content of the `meta` element with this name.
fn meta(head: &Element, name: &str) -> Option<String> {
    let named =
        |meta: &&Element| meta.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(name));
    head.children("meta").find(named)?.attribute("content").map(str::to_owned)
}

/// The first property of the document that is not `current`.
fn genre(head: &Element) -> Option<String> {
    let mut all = Vec::new();
    head.find_all("tobject.property", &mut all);
    let mut types = all.into_iter().filter_map(|p| p.attribute("tobject.property.type"));
    types.find(|kind| !kind.eq_ignore_ascii_case("current")).map(str::to_owned)
}

/// For each subject, its most specific name or, if it has no name, its number.
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

/// A document with a management instruction for another document replaces that document. All
/// documents with the same `du-key` of a provider are versions of one article.
fn links(data: &Element, provider: Option<&str>, repairs: &Repairs) -> Vec<Link> {
    let link = |kind, uri: String| Link { kind, to: ArticleKey { uri, version: None } };
    let replaced = data.attribute("management-doc-idref");
    let key = data.at(&["du-key"]).and_then(|of| of.attribute("key"));
    let series = key.zip(provider).map(|(key, by)| format!("{by}:{key}"));
    let series = repairs.stand_in("links", URI_BYTES_MAX, [series]);
    let replaced = replaced.map(|uri| link(LinkKind::Replaces, uri.to_owned()));
    replaced.into_iter().chain(series.map(|uri| link(LinkKind::SeriesOf, uri))).collect()
}

/// An identifier for an article without one, derived from headline, issue time and body: the first
/// 96 bits of their SHA-256, in hexadecimal.
pub(super) fn digest(article: &Article, issued: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [&article.headline, issued.unwrap_or_default(), article.body.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
