//! Tests AP Media API and JSON Feed: the fields decoded from realistic records.

use crate::wire_xml::decode;
use wirefold_engine::article::{Body, EventTime, ItemType, Lang, PubStatus};

const AP_ITEM: &str = r#"{"uri": "https://api.north.example/content/7d1?qt=x&et=0a", "version": 1,
  "altids": {"itemid": "7d1", "etag": "7d1_1", "friendlykey": "204118"},
  "type": "text", "urgency": 4, "language": "en", "pubstatus": "canceled",
  "versioncreated": "2026-11-23T10:05:12Z", "firstcreated": "2026-11-23T09:00:00Z",
  "signals": ["newscontent"], "title": "NW--Ferry", "headline": "BC-NW--Ferry, 1st Ld-Writethru",
  "slugline": "BC-NW--Ferry", "provider": "NW", "subject": [{"code": "a", "name": "Shipping"}]}"#;

#[test]
fn an_ap_item_is_identified_by_its_item_id_in_every_response() {
    let one = format!(r#"{{"api_version": "1.1", "id": "r1yF", "data": {{"item": {AP_ITEM}}}}}"#);
    let many = format!(
        r#"{{"api_version": "1.1", "id": "HyIV",
            "data": {{"items": [{{"meta": {{}}, "item": {AP_ITEM}}}]}}}}"#
    );
    for record in [one, many] {
        let read = decode(record.as_bytes());
        assert_eq!(read.len(), 1);
        let article = read[0].as_ref().unwrap();
        assert_eq!((article.uri.as_str(), article.version.as_deref()), ("7d1", Some("1")));
        assert_eq!(article.headline, "BC-NW--Ferry, 1st Ld-Writethru");
        assert_eq!(article.slugline.as_deref(), Some("BC-NW--Ferry"));
        assert_eq!(article.provider.as_deref(), Some("NW"));
        assert_eq!((article.kind, article.pubstatus), (ItemType::Text, PubStatus::Canceled));
        assert_eq!(article.versioncreated, EventTime::parse("2026-11-23T10:05:12Z"));
        assert_eq!(article.subjects, ["Shipping"]);
    }
}

#[test]
fn items_of_a_json_feed_inherit_title_and_language_of_the_feed() {
    let record = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Seltz Gazette",
      "home_page_url": "https://seltz.example/", "language": "de-CH", "items": [
      {"id": "https://seltz.example/1", "url": "https://seltz.example/1", "title": "Brücke zu",
       "content_html": "<p>Die Brücke ist zu.</p>", "content_text": "Die Brücke ist zu.",
       "date_published": "2026-11-23T10:00:00+01:00", "date_modified": "2026-11-23T11:00:00+01:00",
       "authors": [{"name": "Ada Fenn"}, {"name": "Luc Mer"}]},
      {"id": 2, "content_text": "A line without a title.", "language": "en"},
      {"title": "no id"}]}"#;
    let read = decode(record.as_bytes());
    assert_eq!(read.len(), 3);
    let first = read[0].as_ref().unwrap();
    assert_eq!(first.uri, "https://seltz.example/1");
    assert_eq!(first.headline, "Brücke zu");
    assert_eq!(first.body, Body::Html("<p>Die Brücke ist zu.</p>".into()));
    assert_eq!(first.provider.as_deref(), Some("Seltz Gazette"));
    assert_eq!(first.language, Lang::parse("de"));
    assert_eq!(first.byline.as_deref(), Some("Ada Fenn, Luc Mer"));
    assert_eq!(first.published, EventTime::parse("2026-11-23T09:00:00Z"));
    assert_eq!(first.versioncreated, EventTime::parse("2026-11-23T10:00:00Z"));
    let second = read[1].as_ref().unwrap();
    assert_eq!((second.uri.as_str(), second.language), ("2", Lang::parse("en")));
    assert_eq!(second.body, Body::Plain("A line without a title.".into()));
    assert_eq!(read[2].as_ref().unwrap_err().reason(), "missing_field");
}

#[test]
fn a_dpa_digital_wire_item_is_read_under_its_own_field_names() {
    let record = r#"{"urn": "urn:newsml:nw.example:20261123:17", "version": "2", "type": "composite",
      "headline": "Brücke zu", "creditline": "nw", "version_created": "2026-11-23T10:00:00+01:00",
      "updated": "2026-11-23T10:05:00+01:00", "article_html": "<section><p>Zu ist sie.</p></section>",
      "ednotes": [{"role": "dpaednoterole:correctionshort", "ednote": "Berichtigt die Zeit"}],
      "signal": "sig:correction"}"#;
    let read = decode(record.as_bytes());
    let article = read[0].as_ref().unwrap();
    assert_eq!(article.uri, "urn:newsml:nw.example:20261123:17");
    assert_eq!(article.body, Body::Html("<section><p>Zu ist sie.</p></section>".into()));
    assert_eq!(article.provider.as_deref(), Some("nw"));
    assert_eq!(article.ednote.as_deref(), Some("Berichtigt die Zeit"));
    assert_eq!(article.versioncreated, EventTime::parse("2026-11-23T09:00:00Z"));
    assert!(article.flags.is_empty(), "{:?}", article.flags);
}

#[test]
fn the_field_names_that_exports_use_are_recognized() {
    let at = EventTime::parse("2026-11-23T09:00:00Z");
    for (record, uri, headline, body) in [
        (
            r#"{"_id": "ARC1", "headlines": {"basic": "Quay"}, "content_elements": [
                {"type": "text", "content": "One."}, {"type": "text", "content": "Two."}],
                "display_date": "2026-11-23T09:00:00Z"}"#,
            "ARC1",
            "Quay",
            "One.\n\nTwo.",
        ),
        (
            r#"{"uuid": "u-1", "title": "Quay", "lead": "One.", "issued": "2026-11-23T09:00:00Z"}"#,
            "u-1",
            "Quay",
            "One.",
        ),
        (
            r#"{"permalink": "https://n.example/1", "title": "Quay", "body": {"processed": "One."},
                "created": "2026-11-23T09:00:00Z"}"#,
            "https://n.example/1",
            "Quay",
            "One.",
        ),
        (
            r#"{"article_id": 7, "article_title": "Quay", "teaser": "One.",
                "published": "2026-11-23T09:00:00Z", "provider": null}"#,
            "7",
            "Quay",
            "One.",
        ),
    ] {
        let read = decode(record.as_bytes());
        let article = read[0].as_ref().unwrap();
        let found = (article.uri.as_str(), article.headline.as_str(), article.body.as_str());
        assert_eq!(found, (uri, headline, body));
        assert_eq!(article.published, at, "{record}");
    }
}

#[test]
fn the_credit_of_a_text_is_its_provider_if_no_other_field_names_one() {
    for (record, provider) in [
        (r#"{"uri": "a", "headline": "B", "credit": "NW"}"#, Some("NW")),
        (r#"{"uri": "a", "headline": "B", "credit": "NW", "source": "TW"}"#, Some("TW")),
        (r#"{"uri": "a", "headline": "B", "credit": "Ada Fenn", "type": "picture"}"#, None),
    ] {
        let read = decode(record.as_bytes());
        assert_eq!(read[0].as_ref().unwrap().provider.as_deref(), provider, "{record}");
    }
}
