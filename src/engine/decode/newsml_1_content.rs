//! Interprets the component tree of a NewsML 1.x item: finds the components that contain the text,
//! those that are only supplementary, and the languages in which the item is available.
//!
//! A component has its own role or inherits that of its parent. Agencies put headlines, style
//! sheets, contacts and captions into separate components next to the text.

use super::nitf;
use super::repairs::Repairs;
use super::xml::Element;
use crate::article::{Article, Body, Lang};

/// Roles of supplementary components, which do not contain the text.
const SUPPLEMENTARY: [&str; 16] = [
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

/// The role of a component with the first part of the text.
const LEAD: &str = "lead";
/// Roles of components that contain the text, in order of preference.
const TEXT: [&str; 5] = ["main", "body", "bodytext", "story", "text"];
/// Roles of abridged texts, which are used only if there is no other text.
const SHORT: [&str; 4] = ["abstract", "summary", "teaser", "synopsis"];

/// The `FormalName` of an element, else its text.
pub(super) fn formal_name(element: &Element) -> Option<String> {
    element.attribute("FormalName").map(str::to_owned).or_else(|| element.text())
}

/// The component's own role in lower case.
fn role(component: &Element) -> Option<String> {
    component.at(&["Role"]).and_then(formal_name).map(|role| role.to_ascii_lowercase())
}

/// Whether the component's own role is a supplementary one.
fn supplementary(component: &Element) -> bool {
    role(component).is_some_and(|role| SUPPLEMENTARY.contains(&role.as_str()))
}

/// The metadata elements of an item, in order of preference.
#[derive(Default)]
pub(super) struct ItemMetadata<'a> {
    /// The `NewsLines` elements.
    pub(super) lines: Vec<&'a Element>,
    /// The `AdministrativeMetadata` elements.
    pub(super) administrative: Vec<&'a Element>,
    /// The `DescriptiveMetadata` elements.
    pub(super) descriptive: Vec<&'a Element>,
}

impl<'a> ItemMetadata<'a> {
    /// Collects the metadata of an item and its components, outermost first and supplementary
    /// components last. If `part` is given, collects the metadata of this component instead,
    /// followed by that of the other top-level components.
    pub(super) fn of(item: &'a Element, part: Option<&'a Element>) -> Self {
        let mut meta = Self::default();
        if let Some(part) = part {
            meta.gather(part, Supplementary::Exclude);
            // The metadata nested in other components does not describe this part.
            let other = |component: &&Element| !std::ptr::eq(*component, part);
            for component in item.children("NewsComponent").filter(other) {
                meta.add(component);
            }
            return meta;
        }
        meta.gather(item, Supplementary::Exclude);
        meta.gather_supplementary(item);
        meta
    }

    /// Adds the metadata of one component.
    fn add(&mut self, component: &'a Element) {
        let named = [
            ("NewsLines", &mut self.lines),
            ("AdministrativeMetadata", &mut self.administrative),
            ("DescriptiveMetadata", &mut self.descriptive),
        ];
        for (name, all) in named {
            all.extend(component.children(name));
        }
    }

    /// Adds the metadata of a component and its descendants.
    fn gather(&mut self, component: &'a Element, supplementary_parts: Supplementary) {
        self.add(component);
        for inner in component.children("NewsComponent") {
            let include = matches!(supplementary_parts, Supplementary::Include);
            if include || !supplementary(inner) {
                self.gather(inner, supplementary_parts);
            }
        }
    }

    /// Adds what [`ItemMetadata::gather`] excludes: the supplementary components.
    fn gather_supplementary(&mut self, component: &'a Element) {
        for inner in component.children("NewsComponent") {
            match supplementary(inner) {
                true => self.gather(inner, Supplementary::Include),
                false => self.gather_supplementary(inner),
            }
        }
    }
}

/// Whether to descend into supplementary components.
#[derive(Clone, Copy)]
enum Supplementary {
    Include,
    Exclude,
}

/// The language that a component states for itself.
pub(super) fn stated_language(component: &Element) -> Option<Lang> {
    let language = component.attribute("lang").and_then(Lang::parse);
    language.or_else(|| {
        let described = component.at(&["DescriptiveMetadata"])?;
        described.children("Language").filter_map(formal_name).find_map(|l| Lang::parse(&l))
    })
}

/// Reads the languages of a component and its descendants in order to record unreadable ones.
pub(super) fn read_languages(component: &Element, repairs: &Repairs) {
    let tag = component.attribute("lang").map(str::to_owned);
    let described = component.children("DescriptiveMetadata");
    let described = described.flat_map(|of| of.children("Language")).filter_map(formal_name);
    for tag in tag.into_iter().chain(described) {
        repairs.language(&tag);
    }
    for inner in component.children("NewsComponent").filter(|inner| !supplementary(inner)) {
        read_languages(inner, repairs);
    }
}

/// The components with the translations of a text, one per language; empty if there is only one
/// language.
pub(super) fn translations(component: &Element) -> Vec<&Element> {
    let mut found: Vec<(&Element, Lang)> = Vec::new();
    for inner in component.children("NewsComponent").filter(|inner| !supplementary(inner)) {
        let Some(language) = stated_language(inner) else { continue };
        let new = found.iter().all(|(_, other)| *other != language);
        if new && text_component(inner).is_some() {
            found.push((inner, language));
        }
    }
    if found.len() > 1 {
        return found.into_iter().map(|(component, _)| component).collect();
    }
    let deeper = component.children("NewsComponent").map(translations);
    deeper.into_iter().find(|parts| parts.len() > 1).unwrap_or_default()
}

/// The innermost component with text in `outer`, including `outer` itself.
pub(super) fn text_component(outer: &Element) -> Option<&Element> {
    let mut components = outer.children("NewsComponent").filter(|inner| !supplementary(inner));
    let inner = components.find_map(text_component);
    inner.or_else(|| {
        let written = |content: &Element| ContentPart::of(content, "").has_text();
        outer.children("ContentItem").any(written).then_some(outer)
    })
}

/// A `ContentItem`.
pub(super) struct ContentPart<'a> {
    /// The role of the component that contains it, in lower case.
    pub(super) role: String,
    /// The media type and MIME type, in lower case.
    pub(super) media: String,
    /// The element.
    content: &'a Element,
}

impl<'a> ContentPart<'a> {
    fn of(content: &'a Element, role: &str) -> Self {
        let name = |name: &str| content.at(&[name]).and_then(formal_name).unwrap_or_default();
        let media = format!("{} {}", name("MediaType"), name("MimeType")).trim().to_lowercase();
        Self { role: role.to_owned(), media, content }
    }

    /// Whether it contains text other than a style sheet.
    pub(super) fn has_text(&self) -> bool {
        let text = self.media.is_empty() || self.media.contains("text");
        let readable = text && !self.media.contains("css");
        let data = self.content.at(&["DataContent"]);
        readable && data.is_some_and(Element::has_text)
    }

    /// Whether it has one of these roles.
    fn is(&self, roles: &[&str]) -> bool {
        roles.contains(&self.role.as_str())
    }
}

/// All content parts of an item, or of its component `part`.
pub(super) fn content_parts<'a>(
    item: &'a Element,
    part: Option<&'a Element>,
) -> Vec<ContentPart<'a>> {
    let mut pieces = Vec::new();
    match part {
        Some(part) => collect(part, "", &mut pieces),
        None => {
            for component in item.children("NewsComponent") {
                collect(component, "", &mut pieces);
            }
        }
    }
    pieces
}

/// Appends the content parts of a component. A component without a role inherits the role `outer`.
fn collect<'a>(component: &'a Element, outer: &str, pieces: &mut Vec<ContentPart<'a>>) {
    let own = role(component);
    let role = own.as_deref().unwrap_or(outer);
    for element in component.elements() {
        if element.is("NewsComponent") {
            collect(element, role, pieces);
        } else if element.is("ContentItem") {
            pieces.push(ContentPart::of(element, role));
        }
    }
}

/// The content parts that form the body: the lead, then the main text. If there is neither, an
/// abridged text.
pub(super) fn body_parts<'p, 'a>(pieces: &'p [ContentPart<'a>]) -> Vec<&'p ContentPart<'a>> {
    let of = |roles: &[&str]| pieces.iter().find(|piece| piece.is(roles) && piece.has_text());
    let any = |piece: &&ContentPart<'_>| {
        let extra = SUPPLEMENTARY.iter().any(|role| piece.role.contains(role));
        piece.has_text() && !extra && !piece.is(&SHORT) && !piece.is(&[LEAD])
    };
    let main = TEXT.iter().find_map(|role| of(&[role])).or_else(|| pieces.iter().find(any));
    let (lead, short) = (of(&[LEAD]), || of(&SHORT));
    let texts: Vec<_> = lead.into_iter().chain(main).collect();
    if texts.is_empty() { short().into_iter().collect() } else { texts }
}

/// Appends the text of a content part to the body of the article.
pub(super) fn add(article: &mut Article, piece: &ContentPart<'_>, repairs: &Repairs) {
    let Some(data) = piece.content.at(&["DataContent"]) else { return };
    let before = std::mem::take(&mut article.body);
    if data.find("body.content").is_some() {
        nitf::fill_text(article, data, repairs);
    } else if let Some(body) = data.find("body") {
        article.body = Body::Html(nitf::html(body));
    } else if data.elements().next().is_some() {
        article.body = Body::Html(nitf::html(data));
    } else {
        let format = piece.content.at(&["Format"]).and_then(formal_name).unwrap_or_default();
        article.body = nitf::body_of_text(&data.content(), &format).unwrap_or_default();
    }
    article.body = joined(before, std::mem::take(&mut article.body));
}

/// Concatenates two bodies. If the second one starts with the first one, the result is the second
/// one.
fn joined(first: Body, second: Body) -> Body {
    let (a, b) = (first.as_str().trim(), second.as_str().trim());
    if a.is_empty() || b.starts_with(a) {
        return second;
    }
    if b.is_empty() {
        return first;
    }
    match (&first, &second) {
        (Body::Plain(a), Body::Plain(b)) => Body::Plain(format!("{a}\n\n{b}")),
        _ => Body::Html(format!("{}\n{}", to_html(&first), to_html(&second))),
    }
}

/// A body as HTML.
fn to_html(body: &Body) -> String {
    match body {
        Body::Html(html) => html.clone(),
        Body::Plain(text) => {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            let paragraphs = escaped.split("\n\n").map(|p| format!("<p>{p}</p>"));
            paragraphs.collect::<Vec<_>>().join("\n")
        }
    }
}
