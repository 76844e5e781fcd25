//! Recognizes elements that publishers add to the text of an article: captions, bylines, embedded
//! posts, forms for newsletters, and links to other articles. If two publishers have the same text,
//! each adds other elements to it, and some of these quote the headline, so they would hide that
//! one text is a copy of the other.
//!
//! | element | recognized by |
//! |---|---|
//! | `figcaption`, `aside` | its name |
//! | caption, byline, embedded post, related links, share buttons | its class ([`CLASSES`]) |
//! | `<p><strong><a>Read also: ...</a></strong></p>` | a paragraph that is only a bold link |
//! | `<p><a>..</a> first appeared on <a>..</a></p>` | a list of wordings ([`syndicated`]) |
//!
//! An element that is long is part of the text, whatever its name: some pages keep the whole
//! article in an `aside`, or in an element of the class `author`.
//!
//! Cost: elements with more than [`PIECES_MAX`] pieces are not examined.

use super::markup::{Markup, MarkupPiece};
use super::syndicated;

/// The classes of elements that are not part of the text.
const CLASSES: [&str; 42] = [
    "wp-caption-text",
    "wp-element-caption",
    "caption",
    "caption-text",
    "image-caption",
    "photo-caption",
    "media-caption",
    "picture-caption",
    "figure-caption",
    "twitter-tweet",
    "instagram-media",
    "tiktok-embed",
    "fb-post",
    "bluesky-embed",
    "mastodon-embed",
    "telegram-post",
    "author",
    "authors",
    "byline",
    "post-author",
    "article-author",
    "entry-author",
    "entry-meta",
    "post-meta",
    "article-meta",
    "entry-date",
    "post-date",
    "article-date",
    "publish-date",
    "related",
    "related-posts",
    "related-articles",
    "related-links",
    "related-content",
    "read-more",
    "read-also",
    "jp-relatedposts",
    "newsletter",
    "newsletter-signup",
    "sharedaddy",
    "share-buttons",
    "social-share",
];
/// Maximum number of pieces in an element that is not part of the text.
const PIECES_MAX: usize = 120;
/// Maximum number of characters in an element that is not part of the text.
const CHARACTERS_MAX: usize = 800;
/// Maximum number of pieces in a paragraph that is only a link.
const LINK_PIECES_MAX: usize = 12;
/// Maximum number of characters in a paragraph that is only a link.
const LINK_CHARACTERS_MAX: usize = 200;

/// Whether an element with this name is not part of the text.
pub(super) fn is_aside(name: &[u8]) -> bool {
    matches!(name, b"figcaption" | b"aside")
}

/// Whether one of the classes in the value of a `class` attribute is listed.
pub(super) fn has_class(value: &[u8]) -> bool {
    let mut classes = value.split(u8::is_ascii_whitespace).filter(|class| class.len() > 5);
    classes.any(|class| CLASSES.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(class)))
}

/// Whether the element from the start tag at `at` to the end tag at `close` is furniture: its name
/// or class marks it as `aside` and it is short enough, or it is a paragraph that is only a bold
/// link.
pub(super) fn is_short(
    markup: &Markup<'_>,
    at: usize,
    close: usize,
    aside: bool,
    name: &[u8],
) -> bool {
    let inner = markup.pieces.get(at + 1..close).unwrap_or_default();
    if aside {
        return inner.len() <= PIECES_MAX && characters(inner) <= CHARACTERS_MAX;
    }
    name == b"p"
        && inner.len() <= LINK_PIECES_MAX
        && (is_bold_link(markup, inner)
            || syndicated::surrounds_links(&outside_links(markup, inner)))
}

/// The text outside of links; empty if there are no links.
fn outside_links(markup: &Markup<'_>, pieces: &[MarkupPiece]) -> String {
    let (mut links, mut has_links, mut text) = (0i32, false, String::new());
    for piece in pieces {
        match piece {
            MarkupPiece::Text { value, .. } if links == 0 => text.extend([value.as_str(), " "]),
            MarkupPiece::Text { .. } => {}
            MarkupPiece::Start(start) if markup.name(start.name) == b"a" => {
                links += i32::from(!start.empty);
                has_links = true;
            }
            MarkupPiece::End(name) if markup.name(*name) == b"a" => links -= 1,
            MarkupPiece::Start(_) | MarkupPiece::End(_) => {}
        }
    }
    if has_links { text } else { String::new() }
}

/// The number of characters in the text of `pieces`.
fn characters(pieces: &[MarkupPiece]) -> usize {
    let text = |piece: &MarkupPiece| match piece {
        MarkupPiece::Text { value, .. } => value.chars().count(),
        MarkupPiece::Start(_) | MarkupPiece::End(_) => 0,
    };
    pieces.iter().map(text).sum()
}

/// Whether all of the text is both in a link and emphasized.
fn is_bold_link(markup: &Markup<'_>, pieces: &[MarkupPiece]) -> bool {
    let (mut links, mut bold, mut has_text) = (0i32, 0i32, false);
    for piece in pieces {
        let (name, change) = match piece {
            MarkupPiece::Text { value, .. } if value.trim().is_empty() => continue,
            MarkupPiece::Text { .. } if links > 0 && bold > 0 => {
                has_text = true;
                continue;
            }
            MarkupPiece::Text { .. } => return false,
            MarkupPiece::Start(start) => (start.name, i32::from(!start.empty)),
            MarkupPiece::End(name) => (*name, -1),
        };
        match markup.name(name) {
            b"a" => links += change,
            b"strong" | b"b" | b"em" | b"i" => bold += change,
            _ => {}
        }
    }
    has_text && characters(pieces) <= LINK_CHARACTERS_MAX
}
