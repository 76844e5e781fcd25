//! Tests that decoding takes time linear in the size of a record, whatever its structure.

use crate::wire_xml::decode;
use cpu_time::ThreadTime;
use std::time::Duration;
use wirefold_engine::text;

/// The maximum time for a record of four times the size, relative to the smaller record. Quadratic
/// work would take sixteen times as long.
const TIMES_MAX: u32 = 9;
/// Allowance for measurement noise.
const NOISE: Duration = Duration::from_millis(30);

/// The time of the shorter of two runs. Other processes disturbed that run less.
fn shorter_of_two(work: impl Fn()) -> Duration {
    let run = || {
        let before = ThreadTime::now();
        work();
        before.elapsed()
    };
    run().min(run())
}

/// Checks that a record of four times `size` does not take more than linear time.
fn check(shape: &str, size: usize, record: impl Fn(usize) -> String) {
    let of = |size| {
        let record = record(size);
        assert!(record.len() <= 4 << 20, "{shape}: {} bytes", record.len());
        shorter_of_two(|| assert!(!decode(record.as_bytes()).is_empty()))
    };
    let (one, four) = (of(size), of(4 * size));
    assert!(
        four <= one * TIMES_MAX + NOISE,
        "{shape}: {one:?}, but {four:?} for four times the size"
    );
}

fn repeated(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

#[test]
fn json_of_any_structure_is_decoded_in_linear_time() {
    let names = |size, name: fn(usize) -> String| {
        let names = repeated(size, |n| format!(",\"{}\":1", name(n)));
        format!("{{\"uri\":\"u\",\"headline\":\"h\"{names}}}")
    };
    check("names", 6_000, |size| names(size, |n| format!("k{n}")));
    check("names that fold", 6_000, |size| names(size, |n| format!("K_{n}")));
    check("names that fold to one", 6_000, |size| names(size, |n| "_".repeat(n % 99) + "Body"));
    check("parts", 4_000, |size| {
        let parts = repeated(size, |_| "{\"value\":\"b\"},".into());
        format!("{{\"uri\":\"u\",\"bodies\":[{parts}{{}}]}}")
    });
    check("nested lists", 50_000, |size| {
        format!("{{\"uri\":\"u\",\"body\":{}{}}}", "[".repeat(size), "]".repeat(size))
    });
    check("escapes", 10_000, |size| {
        format!("{{\"uri\":\"u\",\"body\":\"{}\"}}", "\\ud83d\\u0041".repeat(size))
    });
    check("raw control characters", 20_000, |size| {
        format!("{{\"uri\":\"u\",\"body\":\"{}\"}}", "\n".repeat(size))
    });
    check("items under the title of a feed", 100, |size| {
        let items = repeated(size, |n| format!("{{\"id\":{n},\"title\":\"t\"}},"));
        let title = "t".repeat(size * 500);
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1\",\
             \"title\":\"{title}\",\"items\":[{items}{{}}]}}"
        )
    });
}

#[test]
fn xml_of_any_structure_is_decoded_in_linear_time() {
    check("attributes", 10_000, |size| {
        format!(
            "<nitf>{}</nitf>",
            repeated(size / 100, |n| format!("<a {}/>", "a='' ".repeat(n % 100)))
        )
    });
    check("namespaces", 6_000, |size| {
        format!("<nitf {}/>", repeated(size, |n| format!("xmlns:n{n}='u' ")))
    });
    check("lines of news", 5_000, |size| {
        let lines = "<NewsLines/>".repeat(size);
        format!("<NewsML><NewsItem><NewsComponent>{lines}</NewsComponent></NewsItem></NewsML>")
    });
    check("components within components", 24, |size| {
        let content = format!(
            "<ContentItem><DataContent>{}</DataContent></ContentItem>",
            "t ".repeat(size * 2_000)
        );
        let open = "<NewsComponent xml:lang='en'>".repeat(size);
        let close = "</NewsComponent>".repeat(size);
        format!("<NewsML><NewsItem>{open}{content}{close}</NewsItem></NewsML>")
    });
    let entries = |size, one: fn(usize) -> String| repeated(size, one);
    check("items of a channel", 100, |size| {
        let junk = "<a/>".repeat(size * 40);
        let items = entries(size, |n| format!("<item><guid>{n}</guid><title>t</title></item>"));
        format!(
            "<rss><channel>{junk}<title>{}</title>{items}</channel></rss>",
            "t".repeat(size * 400)
        )
    });
    check("entries of a feed", 100, |size| {
        let junk = "<a/>".repeat(size * 40);
        let items = entries(size, |n| format!("<entry><id>{n}</id><title>t</title></entry>"));
        format!("<feed>{junk}<title>{}</title>{items}</feed>", "t".repeat(size * 400))
    });
    check("items of a message", 100, |size| {
        let junk = "<a/>".repeat(size * 40);
        let sender = format!("<header><sender>{}</sender></header>", "s".repeat(size * 400));
        let items = entries(size, |n| {
            format!(
                "<newsItem guid='{n}'><contentMeta><headline>h</headline></contentMeta></newsItem>"
            )
        });
        format!("<newsMessage>{junk}{sender}<itemSet>{items}</itemSet></newsMessage>")
    });
}

#[test]
fn teletype_of_any_structure_is_decoded_in_linear_time() {
    check("lines ahead of the text", 10_000, |size| {
        format!("\u{16}\u{1}a\u{1f}\nr i\n\u{2}{}\u{3}", "^Line<\n".repeat(size))
    });
    check("marks of a headline", 10_000, |size| {
        format!("\u{1}a1 3\n\u{2}{}=\ntext\u{3}", "A\n".repeat(size))
    });
}

/// NFKC expands U+FDFA to 18 characters.
#[test]
fn no_character_expands_much_in_word_normalization() {
    let longest = (0..=0x10_ffff)
        .filter_map(char::from_u32)
        .max_by_key(|c| text::tokens::fold(&c.to_string()).len() / c.len_utf8());
    let longest = longest.unwrap();
    let grown = text::tokens::fold(&longest.to_string()).len();
    assert!(grown <= 6 * longest.len_utf8(), "{longest:?} grows to {grown} bytes");
    assert_ne!(text::tokens::word_hash("\u{fdfa}"), text::tokens::word_hash("\u{fdfb}"));
}
