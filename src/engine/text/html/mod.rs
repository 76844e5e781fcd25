//! Converts markup to text and records the position of every character in the source.
//!
//! In: a published body. Out: [`Clean`] text without tags, in which entities are decoded, white
//! space is collapsed and blocks are separated by an empty line. `<p>One
//! <b>two</b>.</p><p>Three</p>` gives `One two.\n\nThree`.
//!
//! Comments are removed, and so is everything that is not visible to a reader: scripts, styles, and
//! elements hidden by attributes ([`hidden`]). Elements that each publisher adds to a text are
//! removed too: captions, bylines, embedded posts, links to other articles ([`furniture`]), and the
//! last line of an article from a feed ([`syndicated`]). Lines that refer to another article are
//! removed from markup and from plain text ([`read_also`]). The tokenizer follows the WHATWG HTML
//! specification, so broken markup gives the same text as in a browser, except that an element that
//! is never closed does not hide the rest of the article ([`markup`]).
//!
//! If a text consists only of such elements and hidden ones, they are kept: a script on the page
//! may make the text visible, and the body of a picture is its caption.
//!
//! A body declared as plain text is read as markup if it contains an end tag, `<p>` or `<br>`.
//! Otherwise only its entities are decoded. (`<ABC>` alone is a ticker symbol, not a tag.)

mod builder;
mod furniture;
mod hidden;
mod markup;
mod read_also;
mod syndicated;

use super::{Anchor, Clean};
use crate::article::Body;
use builder::TextBuilder;
use hidden::Attributes;
use markup::Markup;
use memchr::{memchr, memchr_iter};

/// The text of a body.
pub(super) fn text(body: &Body) -> Clean {
    if let Some(source) = plain(body) {
        let anchors = vec![Anchor { clean: 0, published: 0 }];
        return Clean { text: source.to_owned(), anchors, ..Clean::default() };
    }
    let source = body.as_str();
    let mut build = TextBuilder::default();
    if matches!(body, Body::Html(_)) || marked_up(source.as_bytes()) {
        let markup = Markup::read(source);
        build.marked_up(&markup, Attributes::Respected);
        if build.text.is_empty() {
            build = TextBuilder::default();
            build.marked_up(&markup, Attributes::Ignored);
        }
    } else {
        build.decoded(source, 0);
    }
    let own = syndicated::without_last_line(&build.text).len();
    build.text.truncate(own);
    read_also::removed(build.finish(source))
}

/// The text of a plain body that contains neither markup nor entities nor lines that refer to other
/// articles.
pub(super) fn plain(body: &Body) -> Option<&str> {
    let Body::Plain(text) = body else { return None };
    let bytes = text.as_bytes();
    let is_plain = !marked_up(bytes) && memchr(b'&', bytes).is_none() && !read_also::is_in(text);
    is_plain.then(|| syndicated::without_last_line(text))
}

/// Whether a body declared as plain text contains markup.
fn marked_up(bytes: &[u8]) -> bool {
    memchr_iter(b'<', bytes).any(|at| {
        let rest = &bytes[at + 1..];
        let is = |name: &[u8]| {
            rest.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
                && rest.get(name.len()).is_some_and(|b| b" />".contains(b))
        };
        (rest.first() == Some(&b'/') && rest.get(1).is_some_and(u8::is_ascii_alphabetic))
            || is(b"p")
            || is(b"br")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(source: &str) -> Clean {
        text(&Body::Html(source.into()))
    }

    #[test]
    fn markup_becomes_text() {
        for (source, want) in [
            ("<p>One <b>two</b>.</p>\n<p>Three</p>", "One two.\n\nThree"),
            ("a<br/>b<br>c", "a\nb\nc"),
            ("x<script>if (a < b) alert('<p>')</script>y", "xy"),
            ("<style>p {}</style>z", "z"),
            ("a &amp; b &lt;c&gt; &#8364;5 &nbsp; d", "a & b <c> €5 d"),
            ("<img src=x onerror=alert(1)>pic", "pic"),
            ("<td>1</td><td>2</td>", "1 2"),
            ("<!-- no -->yes<p", "yes"),
            ("caf&eacute; &unknown; AT&T", "café &unknown; AT&T"),
            ("", ""),
        ] {
            assert_eq!(html(source).text, want, "{source}");
        }
    }

    #[test]
    fn unclosed_elements_do_not_hide_the_rest_of_the_article() {
        for (source, want) in [
            ("<!doctype html><head><title>x</title><meta charset=utf-8><body><p>a b</p>", "a b"),
            ("<head><title>x</title><p>a b</p>", "a b"),
            ("<head><meta name=x>a b<p>c", "a b\n\nc"),
            ("<head><style>p {}</style><script>x()</script><b>a</b> b", "a b"),
            ("<head><title>x</title><docdata><note>y</note></docdata></head><p>a</p>", "a"),
            ("<html><head><title>x</title></head><body></body></html>", ""),
            ("<p>a</p><svg class=icon /><p>b</p>", "a\n\nb"),
            ("a <svg class=icon> b <path d=m /> c", "a b c"),
            ("<p>a</p><svg><p>b</p></svg>", "a\n\nb"),
            ("a<svg><text>x</text><foreignObject><p>y</p></foreignObject></svg>b", "ab"),
            ("a<svg><svg>x</svg>y</svg>b", "ab"),
            ("a<svg><g></svg>b</g>c", "abc"),
            ("a<math><mi>x</mi>b", "axb"),
            ("<p>a</p><iframe/><p>b</p>", "a\n\nb"),
            ("a<iframe src=x />b<iframe src=y>no frames</iframe>c", "abc"),
            ("a<iframe>b<p>c</p>", "ab\n\nc"),
            ("a<script src=x /><p>b</p><script>if (c < d) e()</script>", "a\n\nb"),
            ("a<script src=x />c()</script>b", "ab"),
            ("a<script>c()<p>b</p>", "a\n\nb"),
            ("a<script><!-- <script> </script>b", "ab"),
            ("a<style/>b", "ab"),
            ("a<style>p {}<p>b", "a\n\nb"),
            ("a<title>b<p>c", "a\n\nb\n\nc"),
            ("<p>a</p><!-- b <p>c</p>", "a\n\nb\n\nc"),
            ("<p>a<!-- x --></p><!-- b <!-- <p>c</p>", "a\n\nb\n\nc"),
            ("a<!-->b<!--->c<!-- x --!>d", "abcd"),
            ("<p>a</p><a href=\"x>é b</a><p>c</p>", "a\n\né b\n\nc"),
            ("a<i title='ü>é</i>b<i title=\"x>c</i>", "a éb c"),
            ("a<a href=\"x", "a"),
            ("a<textarea>b <i>c</i>", "ab c"),
            ("a<textarea>x</textarea>b", "ab"),
            ("a<noscript>b", "ab"),
            ("a<noscript><img src=x>x</noscript>b", "ab"),
            ("a<template>b", "ab"),
            ("a<template><p>x</p></template>b", "ab"),
            ("a<select><option>b<p>c", "ab\n\nc"),
            ("a<select><option>x</select>b", "ab"),
            ("a<object data=x>b", "ab"),
            ("a<object><object>x</object>y</object>b", "ab"),
            ("a<object>b</select>c", "abc"),
            ("<div>a<object>x</div>b</object>c", "a\n\nbc"),
            ("</svg></script></head>a", "a"),
        ] {
            assert_eq!(html(source).text, want, "{source}");
        }
    }

    #[test]
    fn elements_hidden_by_attributes_are_removed() {
        for (source, want) in [
            ("<p>a</p><div hidden>x</div><p>b</p>", "a\n\nb"),
            ("<p>a</p><div hidden=hidden><div>x</div>y</div><p>b</p>", "a\n\nb"),
            ("a <span style='color:red; Display : none !important'>x</span>b", "a b"),
            ("a <span style=visibility:hidden>x</span>b", "a b"),
            ("a <span style='font-size:0.0px'>x</span>b", "a b"),
            ("a <i aria-hidden=true>x</i>b", "a b"),
            // Not hidden.
            ("a <i aria-hidden=false>b</i>", "a b"),
            ("a <i style='display:none;display:inline'>b</i>", "a b"),
            ("a <i style='font-size:0.9em'>b</i>", "a b"),
            ("a <i hidden=until-found>b</i>", "a b"),
            ("a <input hidden>b<br hidden>c", "a b\nc"),
            // End tag missing or optional.
            ("<p>a</p><div hidden>b<p>c</p>", "a\n\nb\n\nc"),
            ("<p>a</p><div hidden/><p>b</p>", "a\n\nb"),
            ("<p>a</p><p hidden>x<p>b</p>", "a\n\nb"),
            ("<div><p hidden>x</div>a", "a"),
            ("<p hidden>x<div>a</div></p>b", "a\n\nb"),
            ("<ul><li>a<li hidden>x<li>b</ul>c", "a\n\nb\n\nc"),
            ("<ul><li hidden>x<ul><li>y</li></ul>z</li><li>a</li></ul>", "a"),
            ("<tr><td>a<td hidden>x<td>b</tr>", "a b"),
            ("<div><section hidden>x</div>a</section>", "a"),
            ("<p>a</p><p hidden>b", "a\n\nb"),
            ("<p>a</p><figure><img src=x><figcaption>x</figcaption></figure><p>b</p>", "a\n\nb"),
            ("<div class='wp-caption'><p class=\"wp-caption-text\">x</p></div><p>a</p>", "a"),
            ("<p>a</p><aside class=related><h3>x</h3><ul><li>y</li></ul></aside>b", "a\n\nb"),
            ("<div class='post-author'>x <time>20.11.</time></div><p>a</p>", "a"),
            ("<blockquote class=twitter-tweet><p>x</p>y <a>z</a></blockquote><p>a</p>", "a"),
            ("<p>a</p><p><strong><a href=/1>Lire aussi : x</a></strong></p><p>b</p>", "a\n\nb"),
            ("<p>a</p><p><a href=/1><b>Читайте также: x</b></a></p><p>b</p>", "a\n\nb"),
            ("<p>a</p><p><em><a href=/1>Lesen Sie auch: x</a></em> </p><p>b</p>", "a\n\nb"),
            ("<p>a b</p><p>The post <a>x</a> appeared first on <a>y</a>.</p>", "a b"),
            ("<p>a</p><p><a>x</a> first appeared on <a>y</a>.</p><p>b</p>", "a\n\nb"),
            ("<p>a</p><p><a>x</a>最先出现在<a>y</a>。</p>", "a"),
            ("<p>a</p><p><a>x</a> yazısı ilk önce <a>y</a> üzerinde ortaya çıktı.</p>", "a"),
            // Not furniture.
            (
                "<p>a</p><p>The virus first appeared on <a>x</a>.</p>",
                "a\n\nThe virus first appeared on x.",
            ),
            ("<p>a</p><p><strong>b</strong> <a href=/1>c</a></p>", "a\n\nb c"),
            ("<p>a</p><p><a href=/1>b</a></p><blockquote>c</blockquote>", "a\n\nb\n\nc"),
            ("<p>a</p><aside>b<p>c</p>", "a\n\nb\n\nc"),
            ("<div class='author-report'><p>a</p></div><figcaption>b", "a\n\nb"),
            // All of the text is hidden.
            ("<figure><figcaption>a</figcaption></figure>", "a"),
            ("<div hidden><p>a</p><script>c()</script></div>", "a"),
            ("<body style=display:none><p>a</p><i hidden>b</i></body>", "a\n\nb"),
            ("<script>c()</script>", ""),
        ] {
            assert_eq!(html(source).text, want, "{source}");
        }
    }

    #[test]
    fn plain_bodies_are_read_as_text_or_markup() {
        let plain = |source: &str| text(&Body::Plain(source.into())).text;
        assert_eq!(plain("Oil Co <ABC> fell\n  to 3"), "Oil Co <ABC> fell\n  to 3");
        assert_eq!(plain("Tom &amp; Co\n<ABC>"), "Tom & Co\n<ABC>");
        assert_eq!(plain("<p>One</p><p>Two"), "One\n\nTwo");
        assert_eq!(plain("a < b and c > d"), "a < b and c > d");
    }

    #[test]
    fn characters_map_to_their_published_position() {
        for source in [
            "<p>Größe &amp; <i>Maß</i></p><p>zwei</p>",
            "ü &euro; x",
            "plain",
            "<p>ein</>s\r\nzwei\r\n\r\ndrei “ vier</p>",
            "<p>ein</></>< zwei “ drei</>\r\nvier</p>",
            "<p>¤</h>\n</></><d r='“>n und mehr",
            "<p>drei&gt&#62 acht &ltb &ampamp R&D &notit; ü &copyvier<r</s='’y>\n\nÅ</p>",
        ] {
            for clean in [html(source), text(&Body::Plain(source.into()))] {
                let published: Vec<char> = source.chars().collect();
                for (at, c) in clean.text.char_indices().filter(|(_, c)| c.is_alphabetic()) {
                    let place = clean.published(at) as usize;
                    assert_eq!(published[place], c, "{source}: {at} {:?}", clean.anchors);
                }
            }
        }
    }

    /// Hostile bodies of `n` parts. Some HTML readers take quadratic time for each of these bodies.
    #[test]
    fn conversion_takes_linear_time() {
        let parts = [
            "<script/>",
            "<script>",
            "<svg>",
            "<div hidden>",
            "<p hidden>",
            "<li hidden><ul>",
            "<td hidden><table>",
            "<title>",
            "<head>",
            "<head><title>",
            "</svg>",
            "<svg></p>",
            "<object></object>",
            "<iframe/></iframe>",
            "<i hidden></p>",
            "<p><svg>",
            "<style><p></style>",
            "<!-- ",
            "<a b=\"> '",
        ];
        for part in parts {
            let took = |n: usize| {
                let source = part.repeat(n) + "end";
                // The shortest of three runs, because other tests use the caches at the same time.
                let once = |_| {
                    let began = cpu_time::ThreadTime::now();
                    assert!(html(&source).text.ends_with("end"), "{part}");
                    began.elapsed().as_secs_f64()
                };
                (0..3).map(once).fold(f64::INFINITY, f64::min)
            };
            let (few, many) = (took(1_000), took(8_000));
            assert!(
                many < 40.0 * few.max(0.002),
                "{part}: {few} s, then {many} s for 8 times as much"
            );
        }
    }

    /// Pieces of markup that can only hide the text between their own tags, not text after them.
    fn piece() -> impl Strategy<Value = (String, bool)> {
        let shown = prop_oneof![
            Just("<p>"),
            Just("</p>"),
            Just("<div>"),
            Just("</div>"),
            Just("<svg class=i />"),
            Just("<iframe/>"),
            Just("<script/>"),
            Just("<style/>"),
            Just("</object>"),
            Just("<template/>"),
            Just("<br>"),
            Just("<b>"),
            Just("</b>"),
            Just("<math>"),
            Just("</svg>"),
            Just("<head>"),
            Just("</noscript>"),
            Just("<i hidden/>"),
        ];
        let hidden = prop_oneof![
            Just(("<svg>", "</svg>")),
            Just(("<iframe>", "</iframe>")),
            Just(("<select>", "</select>")),
            Just(("<object>", "</object>")),
            Just(("<template>", "</template>")),
            Just(("<q hidden>", "</q>")),
            Just(("<q style='display:none'>", "</q>")),
            Just(("<noscript>", "</noscript>")),
        ];
        prop_oneof![
            shown.prop_map(|tag| (tag.to_owned(), true)),
            hidden.prop_map(|(open, close)| (format!("{open}hid{close}"), false)),
        ]
    }

    proptest! {
        #[test]
        fn text_outside_hidden_elements_is_kept(
            pieces in prop::collection::vec(piece(), 1..12)
        ) {
            let (mut source, mut want) = (String::from("w0 "), vec!["w0".to_owned()]);
            for (n, (piece, _)) in (1..).zip(&pieces) {
                source += &format!("{piece} w{n} ");
                want.push(format!("w{n}"));
            }
            let clean = html(&source);
            let words: Vec<&str> = clean.text.split_whitespace().collect();
            prop_assert_eq!(words, want, "{}", source);
        }

        #[test]
        fn any_markup_gives_rising_offsets_within_the_body(
            source in "(&(gt|lt|copy|#6[02]);?|</>|<p|<b [a-z]='|[a-z<>/&;#x '!\\r\\né“-]){0,90}",
        ) {
            let clean = html(&source);
            let places = (0..=clean.text.len()).filter(|at| clean.text.is_char_boundary(*at));
            let places: Vec<u32> = places.map(|at| clean.published(at)).collect();
            prop_assert!(places.is_sorted(), "{:?} {:?}", source, places);
            prop_assert!(places.iter().all(|place| *place <= source.chars().count() as u32));
        }
    }
}
