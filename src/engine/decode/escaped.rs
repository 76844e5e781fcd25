//! Reads bodies whose markup was escaped once too often, so that readers of the feed would see its
//! tags: `&lt;p&gt;Quay closes.&lt;/p&gt;`.
//!
//! Such a body has no tag of its own. An article about markup has real tags, or mentions single
//! tags without their end tags, and is left unchanged.
//!
//! Cost: one search for `&lt;`, in bodies without tags only.

use crate::article::Body;
use memchr::memmem;

/// The end tags and line breaks by which escaped markup is recognized, in lower case.
const TAGS: [&str; 7] = ["/p", "/div", "br", "br/", "br /", "/li", "/section"];
/// Maximum length of a tag in bytes.
const TAG_MAX: usize = 16;

/// The body with its markup unescaped; `None` if its markup is not escaped.
pub(super) fn unescaped(body: &Body) -> Option<Body> {
    let source = body.as_str();
    let mut escaped = memmem::find_iter(source.as_bytes(), b"&lt;").peekable();
    escaped.peek()?;
    if source.contains('<') {
        return None;
    }
    let is_tag = |at: usize| {
        let rest = &source.as_bytes()[at + "&lt;".len()..];
        let rest = &rest[..rest.len().min(TAG_MAX)];
        let end = memmem::find(rest, b"&gt;").or_else(|| memchr::memchr(b'>', rest));
        let name = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        name.is_some_and(|name| TAGS.contains(&&*name.to_ascii_lowercase()))
    };
    if !escaped.any(is_tag) {
        return None;
    }
    let html =
        ["&lt;", "&gt;", "&quot;", "&#34;", "&#39;", "&apos;", "&#039;", "&amp;"]
            .into_iter()
            .zip(["<", ">", "\"", "\"", "'", "'", "'", "&"])
            .fold(source.to_owned(), |text, (from, to)| {
                if text.contains(from) { text.replace(from, to) } else { text }
            });
    Some(Body::Html(html))
}

#[cfg(test)]
mod tests {
    use super::unescaped;
    use crate::article::Body;

    #[test]
    fn only_escaped_markup_is_unescaped() {
        for (source, want) in [
            ("&lt;p&gt;Quai fermé.&lt;/p&gt;", Some("<p>Quai fermé.</p>")),
            (
                "&lt;p class=&quot;x&quot;&gt;A &amp;amp; B&lt;/P&gt;",
                Some("<p class=\"x\">A &amp; B</P>"),
            ),
            (
                "Kai gesperrt.&lt;br /&gt;Fähre fällt aus.",
                Some("Kai gesperrt.<br />Fähre fällt aus."),
            ),
            ("Причал закрыт.&lt;br>Паром отменён.", Some("Причал закрыт.<br>Паром отменён.")),
            ("Turnout &lt;30 %, 5 &lt; 6", None),
            ("The &lt;p&gt; tag opens a paragraph.", None),
            ("<p>Use &lt;br&gt; to break a line.</p>", None),
            ("", None),
        ] {
            let read =
                [Body::Plain(source.into()), Body::Html(source.into())].map(|b| unescaped(&b));
            let want = want.map(|want| Body::Html(want.into()));
            assert_eq!(read, [want.clone(), want], "{source}");
        }
    }
}
