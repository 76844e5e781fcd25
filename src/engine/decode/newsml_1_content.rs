//! The tree of components of an item of NewsML 1.x: which of them holds the text, which only goes
//! with it, and in which languages the item speaks.
//!
//! A component has a role, its own or that of the one that holds it. Agencies put headlines, style
//! sheets, contacts and captions into components of their own, beside that of the text.

use super::nitf;
use super::xml::Element;
use crate::article::{Article, Body, Lang};

/// Roles of components that go with a text.
const ASIDE: [&str; 16] = [
    "caption",
    "contact",
    "headline",
    "keyword",
    "logo",
    "photo",
    "picture",
    "graphic",
    "video",
    "audio",
    "stylesheet",
    "subheadline",
    "thumbnail",
    "title",
    "tweettext",
    "preview",
];

/// Roles of components that hold the text, or the part that comes first.
const LEAD: &str = "lead";
const TEXT: [&str; 5] = ["main", "body", "bodytext", "story", "text"];
/// Roles of shortened texts, which count where there is no other.
const SHORT: [&str; 4] = ["abstract", "summary", "teaser", "synopsis"];

/// The formal name of an element, else its text.
pub(super) fn named(element: &Element) -> Option<String> {
    element.attribute("FormalName").map(str::to_owned).or_else(|| element.text())
}

fn role(component: &Element) -> Option<String> {
    component.at(&["Role"]).and_then(named).map(|role| role.to_ascii_lowercase())
}

fn aside(component: &Element) -> bool {
    role(component).is_some_and(|role| ASIDE.contains(&role.as_str()))
}

/// What an item says about itself, outermost first.
#[derive(Default)]
pub(super) struct ItemMetadata<'a> {
    pub(super) lines: Vec<&'a Element>,
    pub(super) administered: Vec<&'a Element>,
    pub(super) described: Vec<&'a Element>,
}

impl<'a> ItemMetadata<'a> {
    /// Of the part first, where there is one; of what goes with the text last.
    pub(super) fn of(item: &'a Element, part: Option<&'a Element>) -> Self {
        let mut meta = Self::default();
        if let Some(part) = part {
            meta.gather(part, Asides::Out);
            // What stands around the parts says nothing of the text of one.
            let around = |component: &&Element| !std::ptr::eq(*component, part);
            for component in item.children("NewsComponent").filter(around) {
                meta.own(component);
            }
            return meta;
        }
        meta.gather(item, Asides::Out);
        meta.gather_asides(item);
        meta
    }

    fn own(&mut self, component: &'a Element) {
        let named = [
            ("NewsLines", &mut self.lines),
            ("AdministrativeMetadata", &mut self.administered),
            ("DescriptiveMetadata", &mut self.described),
        ];
        for (name, all) in named {
            all.extend(component.children(name));
        }
    }

    fn gather(&mut self, component: &'a Element, asides: Asides) {
        self.own(component);
        for inner in component.children("NewsComponent") {
            if matches!(asides, Asides::In) || !aside(inner) {
                self.gather(inner, asides);
            }
        }
    }

    /// What [`ItemMetadata::gather`] leaves out without its asides.
    fn gather_asides(&mut self, component: &'a Element) {
        for inner in component.children("NewsComponent") {
            match aside(inner) {
                true => self.gather(inner, Asides::In),
                false => self.gather_asides(inner),
            }
        }
    }
}

/// Whether components that go with the text are looked into.
#[derive(Clone, Copy)]
enum Asides {
    In,
    Out,
}

/// The language that a component states for itself.
pub(super) fn stated_language(component: &Element) -> Option<Lang> {
    let own = component.attribute("lang").and_then(Lang::parse);
    own.or_else(|| {
        let described = component.at(&["DescriptiveMetadata"])?;
        described.children("Language").filter_map(named).find_map(|l| Lang::parse(&l))
    })
}

/// The components that say the same in different languages, one each; none where there is no choice.
pub(super) fn by_language(component: &Element) -> Vec<&Element> {
    let mut found: Vec<(&Element, Lang)> = Vec::new();
    for inner in component.children("NewsComponent").filter(|inner| !aside(inner)) {
        let Some(language) = stated_language(inner) else { continue };
        if found.iter().all(|(_, known)| *known != language) && of_text(inner).is_some() {
            found.push((inner, language));
        }
    }
    if found.len() > 1 {
        return found.into_iter().map(|(component, _)| component).collect();
    }
    let deeper = component.children("NewsComponent").map(by_language);
    deeper.into_iter().find(|parts| parts.len() > 1).unwrap_or_default()
}

/// The innermost component that holds the text within `outer`, itself included.
pub(super) fn of_text(outer: &Element) -> Option<&Element> {
    let inner = outer.children("NewsComponent").filter(|inner| !aside(inner)).find_map(of_text);
    inner.or_else(|| {
        let written = |content: &Element| ContentPart::of(content, "").written();
        outer.children("ContentItem").any(written).then_some(outer)
    })
}

/// A piece of content, and the role of the component that holds it.
pub(super) struct ContentPart<'a> {
    pub(super) role: String,
    pub(super) media: String,
    content: &'a Element,
}

impl<'a> ContentPart<'a> {
    fn of(content: &'a Element, role: &str) -> Self {
        let name = |name: &str| content.at(&[name]).and_then(named).unwrap_or_default();
        let media = format!("{} {}", name("MediaType"), name("MimeType")).trim().to_lowercase();
        Self { role: role.to_owned(), media, content }
    }

    /// Whether it holds text to read.
    pub(super) fn written(&self) -> bool {
        let text = self.media.is_empty() || self.media.contains("text");
        let readable = text && !self.media.contains("css");
        let data = self.content.at(&["DataContent"]);
        readable && data.is_some_and(Element::has_text)
    }

    fn is(&self, roles: &[&str]) -> bool {
        roles.contains(&self.role.as_str())
    }
}

/// All pieces of an item, or of a part of it.
pub(super) fn pieces<'a>(item: &'a Element, part: Option<&'a Element>) -> Vec<ContentPart<'a>> {
    let mut found = Vec::new();
    match part {
        Some(part) => collect(part, "", &mut found),
        None => {
            for component in item.children("NewsComponent") {
                collect(component, "", &mut found);
            }
        }
    }
    found
}

fn collect<'a>(component: &'a Element, outer: &str, found: &mut Vec<ContentPart<'a>>) {
    let own = role(component);
    let role = own.as_deref().unwrap_or(outer);
    for element in component.elements() {
        if element.is("NewsComponent") {
            collect(element, role, found);
        } else if element.is("ContentItem") {
            found.push(ContentPart::of(element, role));
        }
    }
}

/// The pieces that are the text, in order: the lead and what follows it.
pub(super) fn texts<'p, 'a>(pieces: &'p [ContentPart<'a>]) -> Vec<&'p ContentPart<'a>> {
    let of = |roles: &[&str]| pieces.iter().find(|piece| piece.is(roles) && piece.written());
    let any = |piece: &&ContentPart<'_>| {
        let beside = ASIDE.iter().any(|aside| piece.role.contains(aside));
        piece.written() && !beside && !piece.is(&SHORT) && !piece.is(&[LEAD])
    };
    let main = TEXT.iter().find_map(|role| of(&[role])).or_else(|| pieces.iter().find(any));
    let (lead, short) = (of(&[LEAD]), || of(&SHORT));
    let found: Vec<_> = lead.into_iter().chain(main).collect();
    if found.is_empty() { short().into_iter().collect() } else { found }
}

/// Adds the text of a piece to the article.
pub(super) fn add(article: &mut Article, piece: &ContentPart<'_>) {
    let Some(data) = piece.content.at(&["DataContent"]) else { return };
    let before = std::mem::take(&mut article.body);
    if data.find("body.content").is_some() {
        nitf::fill_text(article, data);
    } else if let Some(body) = data.find("body") {
        article.body = Body::Html(nitf::html(body));
    } else if data.elements().next().is_some() {
        article.body = Body::Html(nitf::html(data));
    } else {
        let format = piece.content.at(&["Format"]).and_then(named).unwrap_or_default();
        article.body = nitf::body_of_text(&data.content(), &format).unwrap_or_default();
    }
    article.body = joined(before, std::mem::take(&mut article.body));
}

/// Two parts of a text; what the second repeats of the first is left out.
fn joined(first: Body, second: Body) -> Body {
    let (a, b) = (first.published().trim(), second.published().trim());
    if a.is_empty() || b.starts_with(a) {
        return second;
    }
    if b.is_empty() {
        return first;
    }
    match (&first, &second) {
        (Body::Plain(a), Body::Plain(b)) => Body::Plain(format!("{a}\n\n{b}")),
        _ => Body::Html(format!("{}\n{}", marked(&first), marked(&second))),
    }
}

fn marked(body: &Body) -> String {
    match body {
        Body::Html(html) => html.clone(),
        Body::Plain(text) => {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            let paragraphs = escaped.split("\n\n").map(|p| format!("<p>{p}</p>"));
            paragraphs.collect::<Vec<_>>().join("\n")
        }
    }
}
