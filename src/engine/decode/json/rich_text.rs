//! Collects the text of a tree of nodes, in which editors such as ProseMirror, Slate, Lexical,
//! Editor.js, Quill and Draft.js, and the content systems that use them, store a body.
//!
//! ```text
//! {"type": "doc", "content": [
//!     {"type": "paragraph", "content": [{"type": "text", "text": "The quay "},
//!                                       {"type": "text", "text": "closes."}]}]}   The quay closes.
//! ```
//!
//! [`FieldReader::content`](super::fields::FieldReader::content) reads the blocks and puts an empty
//! line between them. This module reads the runs of text within a block, and joins them without a
//! space.

use super::fields::{FieldList, Fields};
use super::text::{JsonText, TextValue};

/// The types of nodes that are part of a line.
const INLINE: [&str; 14] = [
    "text",
    "span",
    "link",
    "hyperlink",
    "entryhyperlink",
    "assethyperlink",
    "autolink",
    "inline",
    "mention",
    "tag",
    "emoji",
    "hardbreak",
    "linebreak",
    "br",
];
/// The types of nodes that are not text, although they may contain a caption or a title.
const MEDIA: [&str; 16] = [
    "image",
    "img",
    "figure",
    "picture",
    "photo",
    "gallery",
    "video",
    "audio",
    "embed",
    "iframe",
    "oembed",
    "file",
    "embeddedassetblock",
    "embeddedentryblock",
    "advertisement",
    "linktool",
];
/// Maximum depth of a node within a line.
const INLINE_DEPTH_MAX: u32 = 8;

/// The type of a node, in lower case and without separators.
fn node_type(node: &Fields<'_>) -> Option<String> {
    let stated = node.text("type").or_else(|| node.text("nodetype"))?.text.to_ascii_lowercase();
    Some(stated.replace(['-', '_'], ""))
}

/// Whether an object is a node of a tree. A node may be without text.
pub(super) fn is_node(object: &Fields<'_>) -> bool {
    node_type(object).is_some() || object.raw("component").is_some()
}

/// Whether a node is a picture, a video or something else that is not text.
pub(super) fn is_media(object: &Fields<'_>) -> bool {
    node_type(object).is_some_and(|name| MEDIA.contains(&&*name))
}

/// The text of `entries`, which the block `owner` has in its field `name`, if they form a line.
pub(super) fn line(
    owner: &Fields<'_>,
    name: &str,
    raw: &str,
    entries_max: usize,
) -> Option<String> {
    if !raw.starts_with('[') {
        return None;
    }
    let is_line = match name {
        "ops" => true,
        "children" | "content" => node_type(owner).is_some(),
        _ => false,
    };
    if !is_line {
        return None;
    }
    let list = FieldList::read(raw, entries_max).ok()?;
    let first = Fields::of_object(list.entries.first()?)?;
    let is_inline = match node_type(&first) {
        Some(name) => INLINE.contains(&&*name),
        None => first.raw("text").or_else(|| first.raw("insert")).is_some(),
    };
    is_inline.then(|| list.entries.iter().map(|raw| inline_text(raw, 0)).collect())
}

/// The text of a node within a line, with its spaces.
fn inline_text(raw: &str, depth: u32) -> String {
    let Some(node) = Fields::of_object(raw).filter(|_| depth < INLINE_DEPTH_MAX) else {
        return String::new();
    };
    let strings = ["text", "value", "insert"].into_iter().filter_map(|name| node.raw(name));
    if let Some(raw) = strings.into_iter().find(|raw| raw.starts_with('"')) {
        return JsonText::of(raw).text.into_owned();
    }
    if node_type(&node).is_some_and(|name| ["hardbreak", "linebreak", "br"].contains(&&*name)) {
        return "\n".to_owned();
    }
    let children = node.raw("children").or_else(|| node.raw("content"));
    let Some(raw) = children.filter(|raw| raw.starts_with('[')) else { return String::new() };
    let list = FieldList::read(raw, super::super::bounds::ENTRIES_MAX);
    list.map(|list| list.entries.iter().map(|raw| inline_text(raw, depth + 1)).collect())
        .unwrap_or_default()
}

/// The languages that name the translations of a text: `{"en-US": "..", "fr": ".."}`.
const LANGUAGES: [&str; 34] = [
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "fi", "pl", "cs", "sk", "hu",
    "ro", "bg", "el", "ru", "uk", "tr", "ar", "he", "fa", "ur", "hi", "bn", "zh", "ja", "ko", "vi",
    "th", "hr",
];

/// Whether a field name, as written, is a language tag with or without a region.
pub(super) fn is_language(name: &str) -> bool {
    let mut parts = name.split(['-', '_']);
    let language = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_region = |part: &str| {
        (2..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    LANGUAGES.contains(&&*language) && parts.all(is_region)
}

/// Whether a value is text, or may contain text.
pub(super) fn may_be_text(raw: &str) -> bool {
    raw.starts_with(['{', '[']) || matches!(TextValue::of(raw), TextValue::RepairedText(_))
}
