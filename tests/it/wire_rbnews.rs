//! Tests RBNews, the XML of Ritzau: the fields decoded from invented documents in that format.

use crate::wire_xml::decode;
use wirefold_engine::article::{Article, EventTime, LinkKind, PubStatus};
use wirefold_engine::decode::{self, Format, Settings};

/// An item with these elements after its identifier.
fn item(id: &str, elements: &str) -> String {
    format!("<RBNews xmlns:i=\"urn:i\"><NewsID>{id}</NewsID>{elements}</RBNews>")
}

/// The only article of an item with these elements.
fn only(elements: &str) -> Article {
    let mut all = decode(item("n-1", elements).as_bytes());
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap()
}

const REPORT: &str = "<PublishDate>2026-01-30T17:32:18.397</PublishDate>\
    <strapline>NU/FLASH-U</strapline><headline>Færge på grund ved Marel</headline>\
    <subtitle i:nil=\"true\"/><town>Marel</town><origin>/ritzau/</origin><section>Udland</section>\
    <version>2</version><Replaces i:nil=\"true\"/><format>Flash</format>\
    <content>&lt;p&gt;En færge er gået på grund.&lt;/p&gt;&lt;p&gt;Ingen kom til skade.&lt;/p&gt;\
    </content><HistID>ABR-104</HistID><Priority>3</Priority>\
    <IPTCList xmlns:a=\"urn:a\"><a:int>15000000</a:int></IPTCList><replacedID i:nil=\"true\"/>\
    <Annuleret>false</Annuleret><NyVersion>false</NyVersion><Korrektion>false</Korrektion>\
    <byLine>Ada Brandvik</byLine><TilRedaktionen>&lt;p&gt;Ny linje&lt;br /&gt;to.&lt;/p&gt;\
    &lt;p&gt;Mere&lt;/p&gt;</TilRedaktionen><Status>New news</Status>\
    <ContentShort>Færge på grund ved Marel</ContentShort>";

#[test]
fn an_item_is_decoded() {
    let read = only(REPORT);
    assert_eq!((read.uri.as_str(), read.version.as_deref()), ("n-1", Some("2")));
    assert_eq!(read.headline, "Færge på grund ved Marel");
    assert_eq!(
        wirefold_engine::text::clean(&read).text,
        "En færge er gået på grund.\n\nIngen kom til skade."
    );
    assert_eq!(read.provider.as_deref(), Some("ritzau"));
    assert_eq!(read.byline.as_deref(), Some("Ada Brandvik"));
    assert_eq!(read.located.as_deref(), Some("Marel"));
    assert_eq!(read.ednote.as_deref(), Some("Ny linje\nto.\nMere"));
    assert_eq!((read.urgency, read.pubstatus), (Some(3), PubStatus::Usable));
    assert_eq!(read.subjects, ["Udland", "NU", "FLASH-U", "15000000"]);
    assert_eq!(read.altids, ["ABR-104"]);
    assert_eq!((read.language, read.links.len(), read.signals.len()), (None, 0, 0));
    assert!(read.flags.is_empty(), "{:?}", read.flags);
}

#[test]
fn times_are_in_danish_local_time() {
    for (text, want) in [
        ("2026-01-30T17:32:18.397", "2026-01-30T16:32:18.397Z"),
        ("2026-07-30T17:32:18", "2026-07-30T15:32:18Z"),
        ("2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        ("2026-07-30T17:32:18Z", "2026-07-30T17:32:18Z"),
        ("2026-07-30T17:32:18+05:00", "2026-07-30T12:32:18Z"),
    ] {
        let read = only(&format!("<PublishDate>{text}</PublishDate><headline>H</headline>"));
        assert_eq!(read.versioncreated, EventTime::parse(want), "{text}");
        assert_eq!(read.published, read.versioncreated);
    }
}

#[test]
fn boolean_elements_mark_kills_corrections_and_updates() {
    let of = |elements: &str| only(&format!("<headline>H</headline>{elements}"));
    assert_eq!(of("<Annuleret>true</Annuleret>").pubstatus, PubStatus::Canceled);
    assert_eq!(of("<Annuleret>0</Annuleret>").pubstatus, PubStatus::Usable);
    assert_eq!(of("<Korrektion>true</Korrektion>").signals, ["sig:correction"]);
    assert_eq!(of("<NyVersion>1</NyVersion>").signals, ["sig:update"]);
    let unreadable = of("<Annuleret>ja</Annuleret><NyVersion>ja</NyVersion>\
                         <PublishDate>i går</PublishDate><Priority>høj</Priority>");
    let flags: Vec<&str> =
        unreadable.flags.iter().map(String::as_str).filter(|f| *f != decode::NO_BODY).collect();
    assert_eq!(
        flags,
        [
            "unreadable_pubstatus",
            "unreadable_signals",
            "unreadable_urgency",
            "unreadable_versioncreated"
        ]
    );
}

#[test]
fn an_item_links_to_the_items_that_it_replaces() {
    let links = |elements: &str| {
        let article = only(&format!("<headline>H</headline>{elements}"));
        let links = article.links.into_iter();
        links.map(|link| (link.kind, link.to.uri)).collect::<Vec<_>>()
    };
    let replaces = |uri: &str| vec![(LinkKind::Replaces, uri.to_owned())];
    assert_eq!(links("<Replaces>n-0</Replaces><replacedID>n-0</replacedID>"), replaces("n-0"));
    assert_eq!(links("<Replaces>true</Replaces><replacedID>n-0</replacedID>"), replaces("n-0"));
    assert_eq!(links("<Replaces>n-1</Replaces>"), []);
}

#[test]
fn a_missing_headline_or_origin_is_replaced() {
    let read = only(
        "<headline i:nil=\"true\"/><content>&lt;p&gt;En færge er gået på grund.&lt;/p&gt;</content>\
         <ContentShort>En færge er...</ContentShort>",
    );
    assert_eq!(
        (read.headline.as_str(), read.provider.as_deref()),
        ("En færge er...", Some("Ritzau"))
    );
}

#[test]
fn every_item_in_a_queue_response_is_decoded() {
    let items = [item("n-1", REPORT), item("n-2", REPORT), "<RBNews/>".to_owned()].concat();
    let answer = format!(
        "<XMLNewsQueuedResponse xmlns=\"urn:q\"><XMLNewsQueuedResult xmlns:i=\"urn:i\"><error>0\
         </error><ListOfRBNews xmlns=\"\">{items}</ListOfRBNews></XMLNewsQueuedResult>\
         </XMLNewsQueuedResponse>"
    );
    let read = decode(answer.as_bytes());
    let uris: Vec<_> = read.iter().map(|item| item.as_ref().map(|a| a.uri.as_str())).collect();
    assert_eq!(uris, [Ok("n-1"), Ok("n-2"), Err(&decode::Error::Missing("NewsID"))]);
    let parts = decode::decode_items(answer.as_bytes(), None, Format::Auto, &Settings::default());
    let part = String::from_utf8(parts[1].part.bytes(answer.as_bytes()).to_vec()).unwrap();
    assert!(part.contains("xmlns:i") && part.contains("n-2") && !part.contains("n-1"), "{part}");
    assert_eq!(decode(part.as_bytes()), [Ok(parts[1].article.clone().unwrap())]);
    // The second item is cut off.
    let cut = &answer[..answer.find("n-2").unwrap()];
    assert_eq!(decode(cut.as_bytes()).iter().filter(|item| item.is_ok()).count(), 1);
    let empty = "<XMLNewsQueuedResponse><ListOfRBNews/></XMLNewsQueuedResponse>";
    assert_eq!(decode(empty.as_bytes()), [Err(decode::Error::Missing("RBNews"))]);
}

#[test]
fn the_format_can_be_selected_by_name() {
    assert_eq!(serde_json::to_value(Format::Rbnews).unwrap(), "rbnews");
    let report = item("n-1", REPORT);
    let of = |format| decode::decode(report.as_bytes(), None, format, &Settings::default());
    assert!(of(Format::Rbnews)[0].is_ok());
    assert_eq!(of(Format::Nitf), [Err(decode::Error::Unknown)]);
}
