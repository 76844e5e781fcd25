//! Tests how a record with several items is split for the unique topic: one record per new item,
//! never the whole input record.

use serde_json::json;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition, Role};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, EventTime, InputPosition};
use wirefold_engine::decode::{self, Format, RecordPart};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

const KEY: SamplingKey = SamplingKey(0);
/// Maximum bytes of surrounding XML that are repeated with each item.
const WRAPPER_BYTES_MAX: usize = 4_096 + 256;

/// A different text for each `n`.
fn body(n: usize) -> String {
    let word = |at: usize| format!("w{}", (n * 7_919 + at * 104_729) % 999_983);
    (0..60).map(word).collect::<Vec<_>>().join(" ")
}

/// The records written to the unique topic for one input record.
fn unique(payload: &[u8], headers: &[(&str, &str)]) -> Vec<OutputRecord> {
    let settings = Settings::default();
    let encoder = Encoder::new(Mode::Binary, "desk", "5e77".into(), UniqueTopic::On);
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), Some((*value).into()));
    let record = InputRecord {
        from: Partition { topic: "in".into(), partition: 0 },
        offset: 7,
        timestamp: None,
        key: None,
        payload: Some(payload.to_vec()),
        headers: headers.iter().map(header).collect(),
    };
    let mut state = State::new(settings.clone(), KEY);
    let all = decode::decode_items(payload, None, Format::Auto, &settings.decode);
    let items = all.len() as u32;
    let mut unique = Vec::new();
    for (item, read) in (0..).zip(all) {
        let Ok(article) = read.article else { continue };
        let stamp = EventTime(1_790_000_000_000);
        let input = InputPosition { topic: "in".into(), partition: 0, offset: 7, item };
        for (n, event) in
            (0..).zip(state.apply(prepare(article, &settings, KEY), stamp, input).events)
        {
            let (record, part) = (&record, &read.part);
            let context =
                EventContext { event: &event, n, sequence: 0, record, part, items, resets: 0 };
            unique.extend(encoder.encode(&context).into_iter().filter(|r| r.role == Role::Unique));
        }
    }
    unique
}

fn header<'a>(record: &'a OutputRecord, name: &str) -> Option<&'a str> {
    let (_, value) = record.headers.iter().find(|(header, _)| header == name)?;
    std::str::from_utf8(value.as_deref()?).ok()
}

/// Decodes a record that must hold exactly one article.
fn decoded(payload: &[u8]) -> Article {
    let mut all = decode::decode(payload, None, Format::Auto, &decode::Settings::default());
    assert_eq!(all.len(), 1, "{}", String::from_utf8_lossy(payload));
    all.remove(0).unwrap()
}

/// Checks that each article of `payload` decodes to the same article from its own unique record,
/// and returns those records.
fn check_parts(payload: &[u8]) -> Vec<OutputRecord> {
    let whole = decode::decode(payload, None, Format::Auto, &decode::Settings::default());
    let whole: BTreeMap<String, Article> =
        whole.into_iter().flatten().map(|article| (article.uri.clone(), article)).collect();
    let records = unique(payload, &[]);
    assert_eq!(records.len(), whole.len(), "{}", String::from_utf8_lossy(payload));
    for record in &records {
        let again = decoded(record.payload.as_deref().unwrap());
        assert_eq!(record.key.as_deref(), Some(again.uri.as_bytes()));
        assert_eq!(whole.get(&again.uri), Some(&again));
    }
    records
}

fn rss(items: usize) -> String {
    let mut feed = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>Marel Wire</title>\
         <link>https://wire.example/</link><description>All of it</description>\
         <language>en</language><media:title>No title</media:title>",
    );
    for n in 0..items {
        feed += &format!(
            "<item><guid>urn:m:{n}</guid><title>Headline {n} &amp; more</title>\
             <dc:creator>Ann Ö.</dc:creator><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate>\
             <content:encoded><![CDATA[<p>{}</p>]]></content:encoded></item>\n",
            body(n)
        );
    }
    feed + "</channel></rss>"
}

#[test]
fn a_feed_of_990_items_gives_990_records_of_about_the_same_total_size() {
    let feed = rss(990);
    let records = check_parts(feed.as_bytes());
    assert_eq!(records.len(), 990);
    let sum: usize = records.iter().map(|r| r.payload.as_deref().unwrap().len()).sum();
    let head = 600;
    assert!(sum < feed.len() + 990 * head, "{sum} bytes of a feed of {}", feed.len());
    for (n, record) in records.iter().enumerate() {
        assert_eq!(header(record, "wirefold-item"), Some(n.to_string().as_str()));
        assert_eq!(header(record, "wirefold-items"), Some("990"));
    }
    expect_test::expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Marel Wire</title><media:title>No title</media:title><language>en</language><link>https://wire.example/</link><description>All of it</description><item><guid>urn:m:1</guid><title>Headline 1 &amp; more</title><dc:creator>Ann Ö.</dc:creator><pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate><content:encoded><![CDATA[<p>BODY</p>]]></content:encoded></item></channel></rss>"#]]
    .assert_eq(
        &String::from_utf8(records[1].payload.clone().unwrap()).unwrap().replace(&body(1), "BODY"),
    );
}

#[test]
fn a_record_with_one_item_is_passed_on_unchanged() {
    let json = json!({ "items": [{ "uri": "a:1", "headline": "H", "body": body(1) }] }).to_string();
    for payload in [rss(1), json, format!("[{{\"uri\":\"a:1\",\"body\":\"{}\"}} ]", body(1))] {
        let records = unique(payload.as_bytes(), &[]);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].payload.as_deref(), Some(payload.as_bytes()));
        assert_eq!(header(&records[0], "wirefold-items"), Some("1"));
    }
}

#[test]
fn an_item_of_a_json_list_keeps_its_original_bytes() {
    let item = |n: usize| {
        // Extra spaces and a raw line break, as some senders write them.
        format!("{{ \"uri\" : \"a:{n}\",\t\"headline\":\"É {n}\n\", \"body\":\"{}\" }}", body(n))
    };
    let (a, b) = (item(1), item(2));
    for list in [
        format!("\u{feff} [ {a} , {b} ]\n"),
        format!("{{\"items\": [{a},{b}]}}"),
        format!("{{\"articles\": [\n{a},\n{b}\n]}}"),
        format!("{{\"id\":\"q\",\"data\":{{\"items\":[{{\"item\":{a}}},{{\"item\":{b}}}]}}}}"),
        format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{a},{b}]}}"),
    ] {
        let records = check_parts(list.as_bytes());
        let payloads: Vec<&[u8]> = records.iter().filter_map(|r| r.payload.as_deref()).collect();
        assert_eq!(payloads, [a.as_bytes(), b.as_bytes()], "{list}");
    }
}

#[test]
fn a_rejected_item_does_not_affect_other_items() {
    let (a, b) =
        (json!({ "uri": "a:1", "body": body(1) }), json!({ "uri": "a:2", "body": body(2) }));
    let records = unique(format!("[{a},{{\"uri\":\"a:0\"}},7,{b}]").as_bytes(), &[]);
    let payloads: Vec<_> = records.iter().map(|r| r.payload.clone().unwrap()).collect();
    assert_eq!(payloads, [a.to_string().into_bytes(), b.to_string().into_bytes()]);
    assert_eq!(header(&records[1], "wirefold-item"), Some("3"));
    assert_eq!(header(&records[1], "wirefold-items"), Some("4"));
}

#[test]
fn items_of_every_xml_format_decode_to_the_same_article() {
    let rdf = |n| {
        format!(
            "<item rdf:about=\"urn:r:{n}\"><title>T{n}</title><description>{}</description></item>",
            body(n)
        )
    };
    let entry = |n| {
        format!(
            "<a:entry><a:id>urn:t:{n}</a:id><a:title>T{n}</a:title><a:updated>\
             2026-11-23T10:00:00Z</a:updated><a:content>{}</a:content></a:entry>",
            body(n)
        )
    };
    let g2 = |n| {
        format!(
            "<newsItem guid=\"urn:g:{n}\" version=\"2\"><contentMeta><headline>T{n}</headline>\
             </contentMeta><contentSet><inlineData>{}</inlineData></contentSet></newsItem>",
            body(n)
        )
    };
    let one = |n| {
        format!(
            "<NewsItem><Identification><NewsIdentifier><ProviderId>m.example</ProviderId><DateId>\
             20261123</DateId><NewsItemId>n{n}</NewsItemId><RevisionId>1</RevisionId>\
             </NewsIdentifier></Identification><NewsComponent><NewsLines><HeadLine>T{n}</HeadLine>\
             </NewsLines><ContentItem><DataContent>{}</DataContent></ContentItem></NewsComponent>\
             </NewsItem>",
            body(n)
        )
    };
    for document in [
        format!(
            "<rdf:RDF xmlns:rdf=\"r\"><channel><title>Marel</title><items><rdf:Seq/></items>\
             </channel>{}{}</rdf:RDF>",
            rdf(1),
            rdf(2)
        ),
        format!("<rdf:RDF xmlns:rdf=\"r\"><channel/>{}{}</rdf:RDF>", rdf(1), rdf(2)),
        format!(
            "<rss><channel><title>A</title>{}</channel><channel><title>B</title>{}</channel></rss>",
            rdf(1),
            rdf(2)
        ),
        format!(
            "<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\" \
             xml:lang=\"nb\"><a:title>Marel</a:title><a:author><a:name>Ann</a:name></a:author>\
             <a:rights>All</a:rights>{}<!-- c -->{}</a:feed>",
            entry(1),
            entry(2)
        ),
        format!(
            "<newsMessage xmlns=\"n\" xml:lang=\"de\"><header><sender>marel.example</sender>\
             </header><itemSet>{}{}</itemSet></newsMessage>",
            g2(1),
            g2(2)
        ),
        format!(
            "<newsMessage><header><sender>marel.example</sender></header>{}{}</newsMessage>",
            g2(1),
            g2(2)
        ),
        format!(
            "<NewsML><NewsEnvelope><DateAndTime>20261123</DateAndTime></NewsEnvelope>{}{}</NewsML>",
            one(1),
            one(2)
        ),
    ] {
        assert_eq!(check_parts(document.as_bytes()).len(), 2);
    }
}

#[test]
fn an_item_in_several_languages_gives_one_record_per_language() {
    let component = |language: &str, n| {
        format!(
            "<NewsComponent xml:lang=\"{language}\"><NewsLines><HeadLine>T \
             {language}</HeadLine></NewsLines><ContentItem><DataContent>{}</DataContent>\
             </ContentItem></NewsComponent>",
            body(n)
        )
    };
    let languages = ["en", "de", "fr", "es"];
    let parts: String = (0..).zip(languages).map(|(n, language)| component(language, n)).collect();
    let document = format!(
        "<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>m.example</ProviderId>\
         <DateId>20261123</DateId><NewsItemId>n</NewsItemId></NewsIdentifier></Identification>\
         <NewsComponent>{parts}</NewsComponent></NewsItem></NewsML>"
    );
    let whole =
        decode::decode(document.as_bytes(), None, Format::Auto, &decode::Settings::default());
    let items =
        decode::decode_items(document.as_bytes(), None, Format::Auto, &decode::Settings::default());
    assert_eq!((whole.len(), items.len()), (4, 4));
    for (item, whole) in items.iter().zip(whole) {
        let (again, whole) = (decoded(item.part.bytes(b"")), whole.unwrap());
        assert_eq!((again.body, again.headline), (whole.body, whole.headline));
        assert_eq!(again.language, whole.language);
        assert!(whole.uri.starts_with(&again.uri), "{} of {}", again.uri, whole.uri);
        assert!(item.part.bytes(b"").len() < component("en", 0).len() + 600);
    }
}

#[test]
fn a_document_in_another_character_set_is_passed_on_in_utf_8() {
    let text = rss(2).replace("utf-8", "iso-8859-1");
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    check_parts(&latin);
    let headers = [("Content-Type", "application/rss+xml; charset=ISO-8859-1"), ("x", "1")];
    let records = unique(&latin, &headers);
    assert_eq!(header(&records[0], "Content-Type"), Some("application/rss+xml; charset=utf-8"));
    assert!(
        std::str::from_utf8(records[0].payload.as_deref().unwrap()).unwrap().contains("Ann Ö.")
    );
    let wide: Vec<u8> = rss(2).encode_utf16().flat_map(u16::to_be_bytes).collect();
    check_parts(&wide);
}

/// Large content around the items is not repeated with each item.
#[test]
fn the_parts_of_a_record_together_are_about_as_long_as_the_record() {
    let big = "x".repeat(200_000);
    let items: String = (0..200)
        .map(|n| format!("<item><guid>g{n}</guid><description>{}</description></item>", body(n)))
        .collect();
    for feed in [
        format!("<rss><channel><title>{big}</title>{items}</channel></rss>"),
        format!("<rss a=\"{big}\"><channel b=\"{big}\"><title>M</title>{items}</channel></rss>"),
        format!("<{big}:rss><channel><image>{big}</image>{items}</channel></{big}:rss>"),
        format!("<rdf:RDF><channel><items>{big}</items></channel>{items}</rdf:RDF>"),
    ] {
        let settings = decode::Settings::default();
        let all = decode::decode_items(feed.as_bytes(), None, Format::Auto, &settings);
        assert_eq!(all.len(), 200);
        let sum: usize = all.iter().map(|item| item.part.bytes(feed.as_bytes()).len()).sum();
        assert!(sum < feed.len() + 200 * WRAPPER_BYTES_MAX, "{sum}");
        for item in &all {
            assert!(matches!(item.part, RecordPart::Document(_)));
            // There is nothing to compare for a rejected item.
            let Ok(article) = &item.article else { continue };
            assert_eq!(decoded(item.part.bytes(b"")).uri, article.uri);
        }
    }
}
