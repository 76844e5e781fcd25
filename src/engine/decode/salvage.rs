//! Reads the items of an XML feed that is not well formed as a whole, because it is cut off or one
//! item is broken. Each item becomes a separate document, so that only the broken item is lost.
//!
//! ```text
//! <rss><channel><item>1</item><item><b>2</item><item>3</it
//!
//! <rss><channel><item>1</item></channel></rss>
//! <rss><channel><item><b>2</item></channel></rss>           rejected when it is parsed
//! no document for the third item
//! ```
//!
//! Some publishers put HTML in a text element without escaping it, although it is not well-formed
//! XML: `<description>a<br>b</description>`. [`with_text_as_html`] makes such a document readable.
//!
//! Cost: linear in the text, plus a bounded copy of the head of the feed for each item.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The document of each item begins with a copy of the text before the first item, if that text has
/// at most this many bytes. If it is longer, only the start tags around the item are copied.
const HEAD_BYTES_MAX: usize = 4_096;
/// The XML declaration of an item's document.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
/// Maximum length in bytes of the namespace prefix of an item, including `<` and `:`.
const PREFIX_MAX: usize = 32;
/// The elements of RSS that contain HTML.
const TEXTS: [&str; 2] = ["description", "content:encoded"];
/// The names of the elements that are items in some format.
const ITEMS: [&str; 5] = ["item", "entry", "newsItem", "NewsItem", "RBNews"];

/// The items of a feed as documents; `None` for an item whose end tag is missing. The list is empty
/// if no item or more than `items_max` items are found.
pub(super) fn documents(text: &str, items_max: u32) -> Vec<Option<String>> {
    let Some((first, name)) = ITEMS.iter().filter_map(|name| first_item(text, name)).min() else {
        return Vec::new();
    };
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let (before, after) = frame(&text[..first]);
    let starts: Vec<usize> = item_starts(text, &open).collect();
    if starts.len() > items_max as usize {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let item = |(&start, end): (&usize, usize)| {
        let length = text[start..end].find(&close)? + close.len();
        Some([&before, &text[start..start + length], &after].concat())
    };
    starts.iter().zip(ends).map(item).collect()
}

/// The document with the unescaped HTML of its text elements in CDATA sections; `None` if it has
/// none. Text that also contains escaped tags is not changed, because the escaped tags would become
/// visible as text.
pub(super) fn with_text_as_html(document: &str) -> Option<String> {
    const ESCAPED: [&str; 5] = ["<![CDATA[", "]]>", "&lt;", "&#60;", "&#x3"];
    let (mut fixed, mut rest, mut is_changed) = (String::new(), document, false);
    while let Some(at) = rest.find('<') {
        fixed.push_str(&rest[..at]);
        rest = &rest[at..];
        let (tag, after) = rest.split_at(rest.find('>')? + 1);
        fixed.push_str(tag);
        rest = after;
        let name = tag.split(['<', '>', ' ', '\n']).nth(1).filter(|name| TEXTS.contains(name));
        let Some(name) = name else { continue };
        if tag.ends_with("/>") {
            continue;
        }
        let (inner, after) = after.split_at(after.find(&format!("</{name}>"))?);
        if inner.contains('<') && !ESCAPED.iter().any(|escaped| inner.contains(escaped)) {
            fixed.extend(["<![CDATA[", inner, "]]>"]);
            is_changed = true;
        } else {
            fixed.push_str(inner);
        }
        rest = after;
    }
    fixed.push_str(rest);
    is_changed.then_some(fixed)
}

/// The offset of the first element with this name, and its name with the prefix.
fn first_item<'a>(text: &'a str, name: &str) -> Option<(usize, &'a str)> {
    text.match_indices(name).find_map(|(at, _)| {
        let before = &text.as_bytes()[at.saturating_sub(PREFIX_MAX)..at];
        let open = at - before.len() + before.iter().rposition(|byte| *byte == b'<')?;
        let prefix = &text[open + 1..at];
        let is_prefix = prefix.is_empty()
            || prefix.ends_with(':')
                && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':');
        let end = at + name.len();
        (is_prefix && ends_name(text, end)).then(|| (open, &text[open + 1..end]))
    })
}

/// The offsets of the elements whose start tag begins with `open`.
fn item_starts(text: &str, open: &str) -> impl Iterator<Item = usize> {
    text.match_indices(open).map(|(at, _)| at).filter(move |at| ends_name(text, at + open.len()))
}

/// Whether the name of an element ends at `at`.
fn ends_name(text: &str, at: usize) -> bool {
    text[at..].starts_with([' ', '\t', '\r', '\n', '>', '/'])
}

/// The text to put before and after an item. Before the item, this is the head of the feed or, if
/// that is too long, the start tags that are still open at its end. After the item, it is the
/// corresponding end tags.
fn frame(head: &str) -> (String, String) {
    let mut reader = Reader::from_str(head);
    reader.config_mut().allow_dangling_amp = true;
    let (mut open, mut start) = (Vec::new(), 0);
    let mut declared_until = 0;
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(head.len()).min(head.len());
        match event {
            Ok(Event::Start(tag)) => {
                let name = tag.name().as_ref().to_owned();
                open.push((name, head.get(start..at).unwrap_or_default()));
            }
            Ok(Event::End(_)) => drop(open.pop()),
            Ok(Event::Decl(_)) => declared_until = at,
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
        start = at;
    }
    let mut before = DECLARATION.to_owned();
    match head.get(declared_until..).filter(|head| head.len() <= HEAD_BYTES_MAX) {
        Some(head) => before.push_str(head),
        None => open.iter().for_each(|(_, tag)| before.push_str(tag)),
    }
    let after = open.iter().rev().map(|(name, _)| format!("</{name}>")).collect();
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::{documents, with_text_as_html};

    fn items(text: &str) -> Vec<Option<String>> {
        let short = |document: String| document.split_once("?>\n").unwrap().1.to_owned();
        documents(text, 3).into_iter().map(|document| document.map(short)).collect()
    }

    #[test]
    fn each_complete_item_becomes_a_document() {
        let doc =
            |item: &str| Some(format!("<rss><channel><title>W</title>{item}</channel></rss>"));
        let head = "<?xml version=\"1.0\"?><rss><channel><title>W</title>";
        assert_eq!(
            items(&format!("{head}<item>1</item> <item a=\"b\"><c>2</item><itemised/><item>3")),
            [doc("<item>1</item>"), doc("<item a=\"b\"><c>2</item>"), None]
        );
        assert_eq!(
            items("<a:feed x='y'><a:entry>1</a:entry><a:entry>"),
            [Some("<a:feed x='y'><a:entry>1</a:entry></a:feed>".to_owned()), None]
        );
        assert!(items("<rss><channel>").is_empty());
        assert!(items(&"<rss><item>1</item>".repeat(4)).is_empty());
    }

    #[test]
    fn unescaped_html_becomes_text() {
        for (text, want) in [
            ("<a><description>b<br>c</description></a>", Some("<![CDATA[b<br>c]]>")),
            ("<a><description a='b'>b<c>&amp;</description></a>", Some("<![CDATA[b<c>&amp;]]>")),
            ("<content:encoded><p>b<p></content:encoded>", Some("<![CDATA[<p>b<p>]]>")),
            ("<a><description>b &lt;b&gt;<br></description></a>", None),
            ("<description><![CDATA[<br>]]></description>", None),
            ("<description>b</description><br>", None),
            ("<description><br>", None),
            ("<description/><br>", None),
        ] {
            let fixed = with_text_as_html(text);
            assert_eq!(fixed.is_some(), want.is_some(), "{text}");
            let fixed = fixed.unwrap_or_default();
            assert!(fixed.contains(want.unwrap_or_default()), "{fixed}");
        }
    }
}
