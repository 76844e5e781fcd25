//! Tests the fields, envelopes and framing that exports, APIs and Kafka tools send, and feeds that
//! are partly broken.

use crate::wire_xml::decode;
use wirefold_engine::article::{Article, EventTime};
use wirefold_engine::decode::{Format, RecordPart, Settings, decode_items};

fn only(record: &str) -> Article {
    let mut read = decode(record.as_bytes());
    assert_eq!(read.len(), 1, "{record}");
    read.remove(0).unwrap_or_else(|error| panic!("{error}: {record}"))
}

/// The uris of the articles, and the reasons of the rejects.
fn outcomes(record: &[u8]) -> Vec<String> {
    let outcome = |read: Result<Article, _>| match read {
        Ok(article) => article.uri,
        Err(error) => format!("{error}"),
    };
    decode(record).into_iter().map(outcome).collect()
}

#[test]
fn the_body_is_found_under_the_names_that_exports_use() {
    for fields in [
        r#""content": "Text.""#,
        r#""maintext": "Text.""#,
        r#""article": "Text.""#,
        r#""html": "Text.""#,
        r#""full_text": "Text.""#,
        r#""articleBody": "Text.""#,
        r#""body": null, "content": "Text.""#,
        r#""body": "", "description": "Short.", "content": "Text.""#,
        r#""content": {"rendered": "Text."}"#,
        r#""body": {"html": "Text."}"#,
        r#""article": ["Text."]"#,
        r##""story": {"#text": "Text."}"##,
        r#""fields": {"bodyText": "Text.", "headline": "Other"}"#,
    ] {
        let article = only(&format!("{{\"url\": \"a\", \"title\": \"T\", {fields}}}"));
        assert_eq!((&*article.headline, article.body.as_str()), ("T", "Text."), "{fields}");
        assert!(article.flags.is_empty(), "{fields}: {:?}", article.flags);
    }
}

#[test]
fn an_article_without_a_body_is_flagged() {
    let article = only(r#"{"id": "a", "title": "T", "txt": "Text under an unknown name."}"#);
    assert_eq!(article.flags, ["no_body"]);
    for orders in [r#""pubstatus": "canceled""#, r#""type": "picture""#] {
        let article = only(&format!("{{\"id\": \"a\", \"title\": \"T\", {orders}}}"));
        assert!(article.flags.is_empty(), "{orders}");
    }
}

#[test]
fn times_are_read_as_exports_write_them() {
    let morning = EventTime::parse("2026-11-23T10:00:00Z");
    for time in [
        r#""published": "Mon, 23 Nov 2026 11:00:00 CET""#,
        r#""pubDate": "Mon, 23 Nov 2026 10:00:00 GMT""#,
        r#""published": null, "publishedAt": "2026-11-23T10:00:00Z""#,
        r#""date": {"$date": "2026-11-23T10:00:00.000Z"}"#,
        r#""date": {"$date": {"$numberLong": "1795428000000"}}"#,
        r#""date": "Mon Nov 23 2026 11:00:00 GMT+0100 (Central European Standard Time)""#,
        r#""date": "23 listopada 2026, 10:00""#,
        r#""date": "2026年11月23日 10:00""#,
        r#""created": 1795428000.0"#,
        r#""timestamp": 1795428000000"#,
        r#""webPublicationDate": "2026-11-23T10:00:00Z""#,
    ] {
        let article =
            only(&format!("{{\"id\": \"a\", \"title\": \"T\", \"body\": \"B\", {time}}}"));
        assert_eq!(article.published, morning, "{time}");
        assert!(article.flags.is_empty(), "{time}: {:?}", article.flags);
    }
}

#[test]
fn envelopes_are_opened() {
    let inner = r#"{"id": "a", "title": "T", "body": "B"}"#;
    let quoted = r#""{\"id\": \"a\", \"title\": \"T\", \"body\": \"B\"}""#;
    let xml = r#""<rss><channel><item><guid>a</guid><title>T</title></item></channel></rss>""#;
    for record in [
        format!("{{\"schema\": {{\"type\": \"struct\"}}, \"payload\": {inner}}}"),
        format!("{{\"before\": null, \"after\": {inner}, \"op\": \"c\", \"source\": {{}}}}"),
        format!("{{\"schema\": {{}}, \"payload\": {{\"after\": {inner}, \"op\": \"u\"}}}}"),
        format!("{{\"specversion\": \"1.0\", \"id\": \"e\", \"type\": \"t\", \"data\": {inner}}}"),
        format!("{{\"specversion\": \"1.0\", \"id\": \"e\", \"data\": {quoted}}}"),
        format!("{{\"specversion\": \"1.0\", \"id\": \"e\", \"data\": {xml}}}"),
        format!("{{\"schema\": null, \"payload\": {quoted}}}"),
        "{\"specversion\": \"1.0\", \"id\": \"e\", \
         \"data_base64\": \"eyJpZCI6ICJhIiwgInRpdGxlIjogIlQifQ==\"}"
            .to_owned(),
        format!("[{{\"payload\": {inner}}}]"),
        quoted.to_owned(),
        xml.to_owned(),
    ] {
        assert_eq!(outcomes(record.as_bytes()), ["a"], "{record}");
    }
    assert_eq!(decode(br#""text""#)[0].as_ref().unwrap_err().reason(), "unknown_format");
    let cut = r#""{\"id\": \"a\", \"title\": \"T\", \"body\": \"B \ud83d\"}""#;
    assert_eq!(only(cut).flags, ["repaired_text"]);
    let deleted = format!("{{\"before\": {inner}, \"after\": null, \"op\": \"d\"}}");
    assert_eq!(outcomes(deleted.as_bytes()), ["`a deleted row` is not an article"]);
}

#[test]
fn responses_of_apis_are_lists_of_articles() {
    let list = r#"[{"url": "a", "title": "T", "content": "B"}, {"url": "b", "title": "U"}]"#;
    for record in [
        format!("{{\"status\": \"ok\", \"totalResults\": 2, \"articles\": {list}}}"),
        format!("{{\"articles\": {{\"results\": {list}, \"totalResults\": 2}}}}"),
        format!("{{\"response\": {{\"status\": \"ok\", \"results\": {list}}}}}"),
        format!("{{\"total\": 2, \"entries\": {list}}}"),
        format!("{{\"title\": \"Feed\", \"items\": {list}}}"),
    ] {
        assert_eq!(outcomes(record.as_bytes()), ["a", "b"], "{record}");
    }
    let hits = r#"{"hits": {"total": 1, "hits": [{"_index": "n", "_id": "7", "_source":
                   {"url": "a", "title": "T"}}]}}"#;
    assert_eq!(outcomes(hits.as_bytes()), ["a"]);
    let numbered = r#"{"id": "a", "index": 4, "title": "T", "source": {"name": "Northwire"}}"#;
    assert_eq!(only(numbered).provider.as_deref(), Some("Northwire"));
}

#[test]
fn an_id_outside_the_fields_of_an_article_identifies_it() {
    let text = r#""title": "T", "body": "B""#;
    let times = r#""createdAt": "2026-11-23T10:00:00Z", "updatedAt": "2026-11-23T11:00:00Z""#;
    for (record, uri) in [
        (format!(r#"{{"_index": "n", "_id": "a", "_source": {{{text}}}}}"#), "a"),
        (format!(r#"{{"_index": "n", "_id": "a", "_source": {{{text}, "id": null}}}}"#), "a"),
        (format!(r#"{{"_index": "n", "_id": "a", "_source": {{{text}, "url": "b"}}}}"#), "b"),
        (format!(r#"{{"data": {{"id": 7, "attributes": {{{text}}}}}}}"#), "7"),
        (format!(r#"{{"data": [{{"type": "node", "id": "a", "attributes": {{{text}}}}}]}}"#), "a"),
        (format!(r#"{{"items": [{{"sys": {{"id": "a", {times}}}, "fields": {{{text}}}}}]}}"#), "a"),
        (
            format!(r#"{{"@context": "c", "@id": "https://n.example/a", {text}}}"#),
            "https://n.example/a",
        ),
    ] {
        let article = only(&record);
        assert_eq!((&*article.uri, &*article.headline), (uri, "T"), "{record}");
        assert_eq!(article.body.as_str(), "B", "{record}");
        assert_eq!(article.published.is_some(), record.contains("createdAt"), "{record}");
        assert_eq!(article.versioncreated.is_some(), record.contains("updatedAt"), "{record}");
    }
    // A relative `@id` is the same on every page, so it cannot be the uri.
    let relative = format!(r##"{{"@id": "#article", {text}}}"##);
    assert_eq!(outcomes(relative.as_bytes()), ["field `uri` is missing"]);
    let own = only(r#"{"id": "a", "title": "T", "body": "B", "attributes": {"title": "Other"}}"#);
    assert_eq!(own.headline, "T");
}

#[test]
fn json_is_read_although_its_standard_forbids_parts_of_it() {
    let items = r#"[{"id": "a", "title": "It\'s \x41", "score": NaN}, {"id": "b", "title": "U"}]"#;
    let read = decode_items(items.as_bytes(), None, Format::Auto, &Settings::default());
    let parts: Vec<&[u8]> = read.iter().map(|item| item.part.bytes(items.as_bytes())).collect();
    assert_eq!(read[0].article.as_ref().unwrap().headline, "It's A");
    assert_eq!(parts[0], br#"{"id": "a", "title": "It\'s \x41", "score": NaN}"#);
    assert_eq!(parts[1], br#"{"id": "b", "title": "U"}"#);

    let article =
        only(r#"{"id": "a", "title": "T", "body": "\xc3\xa9 \xff", "urgency": Infinity}"#);
    assert_eq!(article.body.as_str(), "é \u{fffd}");
    assert_eq!(article.flags, ["repaired_text", "unreadable_urgency"]);

    let lines = "{\"id\": NaN, \"title\": \"T\"}\n{\"id\": \"b\", \"title\": \"T\", \"x\": NaN}\n";
    assert_eq!(outcomes(lines.as_bytes()), ["field `uri` is null", "b"]);
    let unknown = outcomes(br#"{"id": "a", "title": "\q"}"#);
    assert!(unknown[0].starts_with("invalid JSON"), "{unknown:?}");
}

#[test]
fn json_in_utf_16_and_json_text_sequences_are_read() {
    let list = r#"[{"id": "a", "title": "Brücke"}, {"id": "b", "title": "T"}]"#;
    let wide: Vec<u8> =
        format!("\u{feff}{list}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let read = decode_items(&wide, None, Format::Auto, &Settings::default());
    assert_eq!(read[0].article.as_ref().unwrap().headline, "Brücke");
    assert_eq!(read[1].part.bytes(&wide), br#"{"id": "b", "title": "T"}"#);
    let one = "\u{1e}{\"id\": \"a\", \"title\": \"T\"}\n";
    assert_eq!(outcomes(one.as_bytes()), ["a"]);
    assert_eq!(outcomes(one.repeat(2).as_bytes()), ["a", "a"]);
}

#[test]
fn unescaped_html_in_an_item_is_read_as_html() {
    let item = |text: &str| {
        format!(
            "<rss><channel><description>Wire</description><item><guid>a</guid><title>T</title>\
             <description>{text}</description></item></channel></rss>"
        )
    };
    let article = only(&item("<p>Salt &amp; pepper<br>more < less"));
    assert_eq!(article.body.as_str(), "<p>Salt &amp; pepper<br>more < less");
    let escaped = outcomes(item("&lt;p&gt;Salt<br>more").as_bytes());
    assert!(escaped[0].starts_with("invalid XML"), "{escaped:?}");
}

#[test]
fn a_cut_off_or_broken_feed_loses_only_the_items_that_are_broken() {
    let item = |uri: &str| format!("<item><guid>{uri}</guid><title>T {uri}</title></item>");
    let head = "<?xml version=\"1.0\"?><rss><channel><title>Northwire</title>";
    let cut = format!("{head}{}{}<item><guid>c</gu", item("a"), item("b"));
    assert_eq!(outcomes(cut.as_bytes()).len(), 3);
    assert_eq!(outcomes(cut.as_bytes())[..2], ["a", "b"]);
    let broken = format!("{head}{}<item><b></item>{}</channel></rss>", item("a"), item("b"));
    let read = decode_items(broken.as_bytes(), None, Format::Auto, &Settings::default());
    assert_eq!(read.iter().filter(|item| item.article.is_ok()).count(), 2);
    let RecordPart::Document(part) = &read[2].part else { panic!("{:?}", read[2].part) };
    assert_eq!(outcomes(part.as_bytes()), ["b"]);
    assert_eq!(read[2].article.as_ref().unwrap().provider.as_deref(), Some("Northwire"));

    let lines = "{\"id\":\"a\",\"title\":\"T\"}\n{\"id\":\"x\",\n{\"id\":\"b\",\"title\":\"T\"}\n";
    let read = outcomes(lines.as_bytes());
    assert_eq!((&*read[0], &*read[read.len() - 1]), ("a", "b"));
}

#[test]
fn an_invalid_byte_in_a_feed_affects_only_one_character() {
    let feed = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss><channel>\
        <item><guid>a</guid><title>Br\xfccke</title></item>\
        <item><guid>b</guid><title>Bridge</title></item></channel></rss>";
    let read: Vec<Article> = decode(feed).into_iter().map(Result::unwrap).collect();
    assert_eq!((&*read[0].headline, &*read[1].headline), ("Br\u{fffd}cke", "Bridge"));
    assert_eq!(read[0].flags, ["no_body", "repaired_text"]);
    assert_eq!(read[1].flags, ["no_body"]);
}

#[test]
fn items_of_feeds_without_guid_and_link_get_a_stable_uri() {
    let feed = |extra: &str| {
        let record = format!(
            "<rss><channel><title>N</title>{extra}<item><title>Quay</title><pubDate>Mon, 23 Nov \
             2026 10:00:00 GMT</pubDate></item><item><title>Quay</title></item></channel></rss>"
        );
        outcomes(record.as_bytes())
    };
    let first = feed("");
    assert!(first.iter().all(|uri| uri.starts_with("urn:wirefold:item:")), "{first:?}");
    assert_ne!(first[0], first[1]);
    assert_eq!(feed("<ttl>5</ttl>"), first);
}

#[test]
fn references_in_headlines_are_resolved_in_every_format() {
    let json = only(r#"{"id": "a", "title": "Q&amp;A: caf&eacute;&#8217;s R&D", "body": "b"}"#);
    assert_eq!(json.headline, "Q&A: café’s R&D");
    let json = only(r#"{"id": "a", "title": "<b>Quay</b> closes: < 30%", "body": "b"}"#);
    assert_eq!(json.headline, "Quay closes: < 30%");
    let atom =
        only("<entry><id>a</id><title>Salt &amp;amp; pepper</title><summary>b</summary></entry>");
    assert_eq!(atom.headline, "Salt & pepper");
}
