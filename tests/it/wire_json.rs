//! AP Media API and JSON Feed: the fields decoded from realistic records.

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
