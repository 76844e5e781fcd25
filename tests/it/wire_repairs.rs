//! Tests that values that cannot be read are repaired or left out with a flag, or that the item is
//! rejected with a reason. Nothing is dropped silently.

use crate::wire_xml::decode;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, EventTime, InputPosition, Lang, PubStatus};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::verdict::Kind;

/// Decodes a record that must contain exactly one article.
fn only(record: &[u8]) -> Article {
    let mut all = decode(record);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).unwrap()
}

fn flags(record: &str) -> Vec<String> {
    only(record.as_bytes()).flags
}

/// The message with which a record is rejected.
fn refused(record: &[u8]) -> String {
    decode(record).remove(0).unwrap_err().to_string()
}

const TEXT: &str = "The ferry ran aground off Marel in thick fog shortly before eight on Tuesday, \
                    and a tug took off all 212 people on board, the harbour master said; nobody \
                    was hurt, and the line will sail again on Friday.";

#[test]
fn an_unpaired_surrogate_does_not_affect_text_or_verdict() {
    let (settings, key) = (Settings::default(), SamplingKey(7));
    let mut state = State::new(settings.clone(), key);
    let mut verdicts = Vec::new();
    for (offset, body) in (0..).zip([TEXT.to_owned(), format!("{TEXT} \\ud83d")]) {
        let record =
            format!("{{\"uri\":\"s:{offset}\",\"headline\":\"Ferry\",\"body\":\"{body}\"}}");
        let article = only(record.as_bytes());
        assert_eq!(article.body.as_str(), body.replace("\\ud83d", "\u{fffd}"));
        let input = InputPosition { topic: "t".into(), partition: 0, offset, item: 0 };
        for event in state.apply(prepare(article, &settings, key), EventTime(offset), input).events
        {
            if let EventKind::Classified(classified) = event.kind {
                verdicts.push((classified.verdict.relation.kind, classified.verdict.flags));
            }
        }
    }
    assert_eq!(verdicts[0], (Kind::Original, vec![]));
    assert_eq!(verdicts[1], (Kind::Duplicate, vec!["repaired_text".to_owned()]));
}

#[test]
fn an_unpaired_surrogate_is_replaced_in_every_field() {
    let record = r#"{"uri": "s:6\ud83d", "id": "i:6", "\ud83d": 1, "headline": "Fourth \ud83d!",
        "provider": {"name": "North\ud83d"}, "bodies": [{"value": "Text \udc00.", "role": "main"}],
        "replaces": [{"uri": "s:5\ud83d"}], "signals": ["sig:\ud83d"]}"#;
    let article = only(record.as_bytes());
    assert_eq!((&*article.uri, &*article.headline), ("s:6\u{fffd}", "Fourth \u{fffd}!"));
    assert_eq!(article.provider.as_deref(), Some("North\u{fffd}"));
    assert_eq!(article.body.as_str(), "Text \u{fffd}.");
    assert_eq!(article.links[0].to.uri, "s:5\u{fffd}");
    assert_eq!(article.signals, ["sig:\u{fffd}"]);
    assert_eq!(article.flags, ["repaired_text"]);
}

#[test]
fn invalid_utf_8_is_replaced_and_flagged_on_its_item_only() {
    let record = b"[{\"id\":\"a\",\"title\":\"Br\xfccke\"},{\"id\":\"b\",\"title\":\"Bridge\"}]";
    let all: Vec<Article> = decode(record).into_iter().map(Result::unwrap).collect();
    assert_eq!((&*all[0].headline, &*all[1].headline), ("Br\u{fffd}cke", "Bridge"));
    assert_eq!(all[0].flags, ["repaired_text", "no_body"]);
    assert_eq!(all[1].flags, ["no_body"]);
    // If the record would not be valid JSON even with its invalid UTF-8 replaced, the reject names
    // the invalid UTF-8.
    assert_eq!(refused(b"{\"id\":\"a\xff"), "invalid UTF-8 at byte 8");
    assert_eq!(refused(b"plain text \xff"), "invalid UTF-8 at byte 11");
}

#[test]
fn an_unreadable_field_is_named_in_a_flag() {
    for (field, value, flag) in [
        ("headline", "{\"a\": 1}", "unreadable_headline"),
        ("headlines", "[7, {\"value\": [1]}]", "unreadable_headline"),
        ("version", "[1]", "unreadable_version"),
        ("provider", "{\"colour\": 1}", "unreadable_provider"),
        ("byline", "true", "unreadable_byline"),
        ("slugline", "[\"a\"]", "unreadable_slugline"),
        ("language", "\"english\"", "unreadable_language"),
        ("versioncreated", "\"soon\"", "unreadable_versioncreated"),
        ("published", "\"2026-13-01\"", "unreadable_published"),
        ("embargoed", "\"next week\"", "unreadable_embargoed"),
        ("embargoed", "{\"until\": 1}", "unreadable_embargoed"),
        ("expires", "true", "unreadable_expires"),
        ("urgency", "\"high\"", "unreadable_urgency"),
        ("signals", "[true]", "unreadable_signals"),
        ("subject", "[[1]]", "unreadable_subjects"),
        ("replaces", "[{\"href\": \"a\"}]", "unreadable_links"),
        ("replaces", "true", "unreadable_links"),
        ("altids", "[{\"value\": {\"a\": 1}}]", "unreadable_altids"),
        ("pubstatus", "[1]", "unreadable_pubstatus"),
        ("pubstatus", "\"useable\"", "unreadable_pubstatus"),
        ("type", "[1]", "unreadable_type"),
        ("body_html", "[true]", "unreadable_body"),
    ] {
        let record =
            format!("{{\"id\": \"a\", \"{field}\": {value}, \"title\": \"t\", \"text\": \"b\"}}");
        assert_eq!(flags(&record), [flag], "{record}");
        for absent in ["null", "false", "\"\"", "[]", "{}"] {
            let record = record.replace(value, absent);
            assert_eq!(flags(&record), [""; 0], "{record}");
        }
    }
    assert_eq!(flags(r#"{"id": "a", "title": "t", "text": "b", "language": "und"}"#), [""; 0]);
}

#[test]
fn an_article_without_a_readable_required_field_is_rejected() {
    for (record, message) in [
        (r#"{"uri": {"a": 1}, "id": "b", "title": "t"}"#, "field `uri` is not text"),
        (r#"{"uri": null, "title": "t"}"#, "field `uri` is null"),
        (r#"{"title": "t", "text": "b"}"#, "field `uri` is missing"),
        (r#"{"uri": "a", "title": "t", "body": [true]}"#, "field `body` is not text"),
        (r#"{"uri": "a", "title": "t", "bodies": [7]}"#, "field `body` is not text"),
    ] {
        assert_eq!(refused(record.as_bytes()), message, "{record}");
    }
    assert_eq!(only(br#"{"uri": null, "id": "b", "title": "t"}"#).uri, "b");
    assert_eq!(only(br#"{"uri": "a", "title": "t", "body": null}"#).headline, "t");
}

#[test]
fn unreadable_times_and_languages_are_flagged_in_the_other_formats() {
    let g2 = "<newsItem guid='a'><itemMeta><embargoed>soon</embargoed></itemMeta><contentMeta>\
              <urgency>x</urgency><headline>h</headline></contentMeta></newsItem>";
    let newsml = "<NewsML><NewsItem><NewsManagement><FirstCreated>YYYYMMDD</FirstCreated>\
                  </NewsManagement><NewsComponent><NewsLines><HeadLine>h</HeadLine></NewsLines>\
                  </NewsComponent></NewsItem></NewsML>";
    let nitf =
        "<nitf><head><title>t</title><docdata><date.release norm='x'/></docdata></head></nitf>";
    let rss = "<rss><channel><item><guid>a</guid><title>t</title><pubDate>today</pubDate></item>\
               </channel></rss>";
    let atom = "<entry xml:lang='english'><id>a</id><title>t</title><updated>now</updated></entry>";
    let teletype = "\u{1}a1 3\nslug/\n\u{2}Ferry aground =\ntext\u{3}yesterday\r\n";
    for (record, want) in [
        (g2, &["unreadable_embargoed", "unreadable_urgency"][..]),
        (newsml, &["unreadable_firstcreated", "no_body"]),
        (nitf, &["unreadable_embargoed", "no_body"]),
        (rss, &["unreadable_published", "no_body"]),
        (atom, &["unreadable_language", "unreadable_versioncreated", "no_body"]),
        (teletype, &["unreadable_versioncreated"]),
    ] {
        assert_eq!(flags(record), want, "{record}");
    }
    let feed = r#"{"version": "https://jsonfeed.org/version/1.1", "title": {"a": 1},
        "language": "english", "items": [{"id": "a", "title": "t", "text": "b"}]}"#;
    assert_eq!(flags(feed), ["unreadable_language", "unreadable_provider"]);
    let damaged = "<entry xml:lang='en'><id x>a</id><title>t</title></entry>";
    assert_eq!(flags(damaged), ["unreadable_attribute", "no_body"]);
    assert_eq!(only(damaged.as_bytes()).language, Lang::parse("en"));
}

#[test]
fn an_article_without_its_end_is_flagged() {
    let whole = "\u{1}a1 3\nslug/\n\u{2}Ferry aground =\nThe ferry ran aground off Marel.\n\u{3}";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(whole.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let cut = &whole.as_bytes()[..whole.len() - 12];
    for (record, want) in [
        (whole.as_bytes(), &[][..]),
        (cut, &["cut_off"]),
        (&gzip, &[]),
        (&gzip[..gzip.len() - 20], &["cut_off"]),
    ] {
        assert_eq!(only(record).flags, want, "{}", record.len());
    }
}

/// In every format, a flag names each value that is present but cannot be read.
#[test]
fn no_unreadable_value_of_any_format_is_dropped_silently() {
    let g2 = |root: &str, meta: &str, about: &str, content: &str| {
        format!(
            "<newsMessage{root}><itemSet><newsItem guid='a'><itemMeta>{meta}</itemMeta>\
             <contentMeta><headline>h</headline>{about}</contentMeta><contentSet>{content}\
             <inlineData>b</inlineData></contentSet></newsItem></itemSet></newsMessage>"
        )
    };
    let nitf = |data: &str| {
        format!(
            "<nitf><head><title>t</title><docdata{data}</docdata></head><body><body.content>\
             <p>b</p></body.content></body></nitf>"
        )
    };
    let newsml = |managed: &str, parts: &str| {
        format!(
            "<NewsML><NewsItem><NewsManagement>{managed}</NewsManagement><NewsComponent>\
             <NewsLines><HeadLine>h</HeadLine></NewsLines>{parts}</NewsComponent></NewsItem>\
             </NewsML>"
        )
    };
    let text = |lang: &str| {
        format!(
            "<NewsComponent xml:lang='{lang}'><ContentItem><DataContent>b</DataContent>\
             </ContentItem></NewsComponent>"
        )
    };
    let rss = |item: &str| {
        format!(
            "<rss><channel><item><guid>a</guid><title>t</title><description>b</description>{item}\
             </item></channel></rss>"
        )
    };
    let entry = |inner: &str| format!("<entry><id>a</id><title>t</title>{inner}</entry>");
    let body = "<summary>b</summary>";
    for (record, field) in [
        (g2(" xml:lang='english'", "", "", ""), "language"),
        (g2("", "", "<headline xml:lang='1'>i</headline>", ""), "language"),
        (g2("", "<pubStatus qcode='stat:x'/>", "", ""), "pubstatus"),
        (g2("", "<signal>update</signal>", "", ""), "signals"),
        (g2("", "<link rel='irel:replaces'/>", "", ""), "links"),
        (
            g2("", "", "", "<inlineData contenttype='text/plain' encoding='e'>Yg==</inlineData>"),
            "body",
        ),
        (nitf(" management-status='x'>"), "pubstatus"),
        (nitf("><date.issue>some day</date.issue>"), "versioncreated"),
        (newsml("<Status FormalName='x'/>", &text("en")), "pubstatus"),
        (newsml("<DerivedFrom/>", &text("en")), "links"),
        (newsml("", &[text("en"), text("fr"), text("german")].concat()), "language"),
        (rss("<wp:status>x</wp:status>"), "pubstatus"),
        (entry(&format!("{body}<link rel='predecessor-version'/>")), "links"),
        (entry(&format!("{body}<content mode='base64'>***</content>")), "body"),
        (entry(&format!("{body}<control><draft>x</draft></control>")), "pubstatus"),
        (format!("<entry><id>a</id><title mode='base64'>***</title>{body}</entry>"), "headline"),
        ("\u{1}a1 high\nslug/\n\u{2}Ferry aground =\ntext\u{3}".to_owned(), "urgency"),
        (
            "\u{16}\u{1}a1\u{1f}\nx i BC-Ferry\n\u{2}slug,1<\n^Ferry<\ntext\u{3}".to_owned(),
            "urgency",
        ),
        ("\u{1}a1 3\nslug/\n\u{2}Ferry =\ntext\u{3}170801 IST Mar 26".to_owned(), "versioncreated"),
        (
            "\u{16}\u{1}a1\u{1f}\nr i x\n\u{2}slug,1<\n^Ferry<\ntext\u{3}NW-WF-03-17-26 0801XXX<"
                .to_owned(),
            "versioncreated",
        ),
    ] {
        for article in decode(record.as_bytes()) {
            assert_eq!(article.unwrap().flags, [format!("unreadable_{field}")], "{record}");
        }
    }
}

/// A sender may write a value as text where the format has an attribute.
#[test]
fn a_value_may_be_text_instead_of_an_attribute() {
    let g2 = "<newsItem guid='a'><itemMeta><pubStatus>canceled</pubStatus></itemMeta><contentMeta>\
              <headline>h</headline></contentMeta></newsItem>";
    let newsml = "<NewsML><NewsItem><NewsManagement><Instruction>Delete</Instruction>\
                  </NewsManagement><NewsComponent><NewsLines><HeadLine>h</HeadLine></NewsLines>\
                  </NewsComponent></NewsItem></NewsML>";
    for record in [g2, newsml] {
        let article = only(record.as_bytes());
        assert_eq!((article.pubstatus, article.flags.len()), (PubStatus::Canceled, 0), "{record}");
    }
    let nitf = "<nitf><head><title>t</title><docdata><ed-msg>Eds: note</ed-msg>\
                <date.issue>2026-03-17T08:01:00Z</date.issue></docdata></head></nitf>";
    let article = only(nitf.as_bytes());
    assert_eq!(article.ednote.as_deref(), Some("Eds: note"));
    assert_eq!(article.versioncreated, EventTime::parse("2026-03-17T08:01:00Z"));
}

#[test]
fn paragraphs_beyond_the_limit_of_a_list_are_left_out_with_a_flag() {
    let article = |count: usize| {
        let list = vec!["\"p\""; count].join(",");
        only(format!("{{\"id\":\"a\",\"title\":\"t\",\"text\":[{list}]}}").as_bytes())
    };
    assert_eq!(article(2_000).flags, [""; 0]);
    let cut = article(2_001);
    assert_eq!(cut.flags, ["unreadable_body"]);
    assert_eq!(cut.body.as_str().matches('p').count(), 2_000);
}

#[test]
fn a_repaired_text_is_flagged_whichever_field_it_is_in() {
    for at in ["guid", "title", "author", "dc:publisher", "category", "dc:rights", "source"] {
        let elements: String = ["guid", "title", "author", "dc:publisher", "category", "dc:rights"]
            .into_iter()
            .chain(["source", "description"])
            .map(|name| format!("<{name}>x{}</{name}>", if name == at { "\u{1}" } else { "" }))
            .collect();
        let record = format!("<rss><channel><item>{elements}</item></channel></rss>");
        let bytes: Vec<u8> =
            record.bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        assert_eq!(only(&bytes).flags, ["repaired_text"], "{at}");
    }
}
