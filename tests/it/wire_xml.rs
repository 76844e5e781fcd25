//! Tests NewsML-G2 and NITF: the fields decoded from realistic documents, and what is rejected.

use crate::wire_feed::{ATOM, NEWSML_1, RSS};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::fmt::Write as _;
use wirefold_engine::article::{Article, Body};
use wirefold_engine::decode::{self, Format, Settings};

const G2_MESSAGE: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<n:newsMessage xmlns:n="http://iptc.org/std/nar/2006-10-01/" xmlns:h="http://www.w3.org/1999/xhtml">
  <n:header><n:sent>2026-11-23T10:00:05Z</n:sent><n:sender>northwire.example</n:sender></n:header>
  <n:itemSet>
    <n:packageItem guid="urn:northwire:p1" version="1"/>
    <n:newsItem guid="urn:northwire:17" version="3" xml:lang="en-GB">
      <n:rightsInfo>
        <n:copyrightHolder literal="Northwire"/>
        <n:usageTerms>Not for archives</n:usageTerms>
      </n:rightsInfo>
      <n:itemMeta>
        <n:itemClass qcode="ninat:text"/>
        <n:provider qcode="nprov:NWR"><n:name>Northwire</n:name></n:provider>
        <n:versionCreated>2026-11-23T10:00:00+01:00</n:versionCreated>
        <n:firstCreated>2026-11-23T08:00:00Z</n:firstCreated>
        <n:embargoed>2026-11-23T12:00:00Z</n:embargoed>
        <n:pubStatus qcode="stat:withheld"/>
        <n:edNote>Eds: adds quote</n:edNote>
        <n:signal qcode="sig:update"/>
        <n:signal qcode="edStat:U"/>
        <n:link rel="irel:previousVersion" residref="urn:northwire:16" version="2"/>
        <n:link rel="irel:seeAlso" href="https://northwire.example/x"/>
        <n:link rel="irel:translationOf" residref="urn:northwire:de:17"/>
      </n:itemMeta>
      <n:contentMeta>
        <n:urgency>3</n:urgency>
        <n:located qcode="city:1"><n:name>Hull</n:name>
          <n:broader><n:name>England</n:name></n:broader></n:located>
        <n:infoSource literal="Harbour Office"/>
        <n:altId type="t:short">NW17</n:altId>
        <n:language tag="en"/>
        <n:genre qcode="genre:Analysis"/>
        <n:subject qcode="medtop:20000350"><n:name>shipping</n:name></n:subject>
        <n:subject qcode="medtop:20000379"/>
        <n:slugline>HARBOUR/TOLLS (UPDATE 2)</n:slugline>
        <n:headline role="hld:subHeadline">A second line</n:headline>
        <n:headline>Harbour raises tolls &amp; shippers <n:em>re</n:em>act</n:headline>
        <n:by>By Ann Field</n:by>
        <n:dateline>HULL, Nov 23</n:dateline>
        <n:creditline>Northwire/HO</n:creditline>
      </n:contentMeta>
      <n:contentSet>
        <n:inlineXML contenttype="application/xhtml+xml"><h:html><h:head><h:title>no text</h:title></h:head>
          <h:body><h:header><h:p>Shipping</h:p></h:header><h:p>Tolls rise by 4 &#37; &lt;net&gt;.</h:p><h:p>“Too much”,<h:br/>said one &unknown; shipper.</h:p></h:body></h:html></n:inlineXML>
      </n:contentSet>
    </n:newsItem>
    <n:newsItem guid="urn:northwire:18" version="1" xml:lang="de">
      <n:itemMeta>
        <n:itemClass qcode="ninat:picture"/><n:pubStatus qcode="stat:canceled"/>
      </n:itemMeta>
      <n:contentMeta>
        <n:headline>Hafen</n:headline>
        <n:description role="drol:summary">Kurz</n:description>
        <n:description role="drol:caption">Kräne im Hafen</n:description>
      </n:contentMeta>
      <n:contentSet><n:remoteContent href="x.jpg" contenttype="image/jpeg"/></n:contentSet>
    </n:newsItem>
    <n:newsItem version="1"><n:itemMeta/></n:newsItem>
  </n:itemSet>
</n:newsMessage>"##;

const NITF: &str = r##"<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE nitf SYSTEM "http://northwire.example/nitf-3-4.dtd">
<nitf baselang="fr-FR">
  <head>
    <title>PORT: tarifs</title>
    <meta name="slugline" content="PORT-TARIFS"/>
    <tobject tobject.type="News">
      <tobject.property tobject.property.type="Current"/>
      <tobject.property tobject.property.type="Analyse"/>
      <tobject.subject tobject.subject.refnum="04011002" tobject.subject.type="Economie"/>
    </tobject>
    <docdata management-status="embargoed" management-doc-idref="nord-16"
      management-idref-status="canceled">
      <doc-id id-string="nord-17" regsrc="NORD"/>
      <urgency ed-urg="2"/>
      <date.issue norm="20261123T100000+0100"/>
      <date.release norm="20261123T120000+0100"/>
      <date.expire norm="20261201T000000Z"/>
      <du-key key="port" version="4"/>
      <ed-msg info="Attention: embargo"/>
      <doc.copyright holder="Nord Presse" year="2026"/>
    </docdata>
    <pubdata date.publication="20261123T110000Z" name="nord.example"/>
  </head>
  <body>
    <body.head>
      <hedline><hl1>Le port relève ses tarifs</hl1><hl2>Réactions vives</hl2></hedline>
      <byline>Par <person>Luc Mer</person><byttl>à Brest</byttl></byline>
      <distributor>Agence Nord</distributor>
      <dateline><location><city>Brest</city></location><story.date>23 nov</story.date></dateline>
      <abstract><p>Résumé</p></abstract>
    </body.head>
    <body.content>
      <block><p>Le port de <location>Brest</location> relève ses tarifs de 4&nbsp;%.</p>
      <media media-type="image"><media-caption>Grues</media-caption></media>
      <hl2>Et ensuite</hl2><p>Rien.<br/>Fin.</p></block>
    </body.content>
    <body.end><tagline>am/lm</tagline></body.end>
  </body>
</nitf>"##;

pub(crate) fn decode(bytes: &[u8]) -> Vec<Result<Article, decode::Error>> {
    decode::decode(bytes, None, Format::Auto, &Settings::default())
}

/// The fields of an article that are not empty, one per line.
fn filled_fields(article: &Article) -> String {
    let mut text = String::new();
    if let serde_json::Value::Object(fields) = serde_json::to_value(article).unwrap() {
        let empty = |value: &serde_json::Value| {
            value.is_null() || value.as_array().is_some_and(Vec::is_empty) || *value == ""
        };
        let times = [
            ("versioncreated", article.versioncreated),
            ("firstcreated", article.firstcreated),
            ("published", article.published),
            ("embargoed", article.embargoed),
            ("expires", article.expires),
        ];
        for (name, value) in fields.iter().filter(|(_, value)| !empty(value)) {
            let time = times.iter().find(|(known, _)| known == name).and_then(|(_, time)| *time);
            match time {
                Some(time) => writeln!(text, "{name}: {time}").unwrap(),
                None if name == "marks" => {}
                None => writeln!(text, "{name}: {value}").unwrap(),
            }
        }
    }
    text
}

/// Compares the decoded articles of a document with the expected output.
pub(crate) fn check(bytes: &[u8], expected: &Expect) {
    let mut text = String::new();
    for item in decode(bytes) {
        match item {
            Ok(article) => text += &filled_fields(&article),
            Err(error) => writeln!(text, "refused, {}: {error}", error.reason()).unwrap(),
        }
        text += "--\n";
    }
    expected.assert_eq(&text);
}

#[test]
fn newsml_g2_decodes_every_item_of_a_message() {
    check(
        G2_MESSAGE.as_bytes(),
        &expect![[r#"
        refused, no_article: `packageItem` is not an article
        --
        altids: ["NW17"]
        body: {"Html":"<p>Tolls rise by 4 &#37; &lt;net&gt;.</p><p>“Too much”,<br>said one &unknown; shipper.</p>"}
        byline: "By Ann Field"
        credit: "Northwire/HO"
        dateline: "HULL, Nov 23"
        ednote: "Eds: adds quote"
        embargoed: 2026-11-23T12:00:00Z
        firstcreated: 2026-11-23T08:00:00Z
        genre: "Analysis"
        headline: "Harbour raises tolls & shippers react"
        infosource: "Harbour Office"
        kind: "text"
        language: "en"
        links: [{"kind":"Replaces","to":{"uri":"urn:northwire:16","version":"2"}},{"kind":"TranslationOf","to":{"uri":"urn:northwire:de:17","version":null}}]
        located: "Hull"
        provider: "Northwire"
        pubstatus: "withheld"
        signals: ["sig:update","edstat:u"]
        slugline: "HARBOUR/TOLLS (UPDATE 2)"
        subjects: ["shipping","20000379"]
        urgency: 3
        uri: "urn:northwire:17"
        usageterms: "Not for archives"
        version: "3"
        versioncreated: 2026-11-23T09:00:00Z
        --
        body: {"Plain":"Kräne im Hafen"}
        headline: "Hafen"
        kind: "picture"
        language: "de"
        provider: "northwire.example"
        pubstatus: "canceled"
        uri: "urn:northwire:18"
        version: "1"
        --
        refused, missing_field: field `guid` is missing
        --
    "#]],
    );
}

#[test]
fn newsml_g2_bodies_may_be_nitf_or_plain_text() {
    let item = |content: &str| {
        format!(
            "<newsItem guid=\"g\" xml:lang=\"de\"><itemMeta><title>T</title><link guidref=\"f\" \
             version=\"1\"/></itemMeta><contentSet>{content}</contentSet></newsItem>"
        )
    };
    let nitf = NITF.split_once("<nitf").unwrap().1;
    check(
        item(&format!("<inlineXML contenttype=\"application/nitf+xml\"><nitf{nitf}</inlineXML>"))
            .as_bytes(),
        &expect![[r#"
            body: {"Html":"<div><p>Le port de <location>Brest</location> relève ses tarifs de 4&nbsp;%.</p>\n      \n      <h2>Et ensuite</h2><p>Rien.<br>Fin.</p></div>"}
            byline: "Par Luc Mer à Brest"
            dateline: "Brest 23 nov"
            headline: "Le port relève ses tarifs"
            kind: "text"
            language: "de"
            links: [{"kind":"VersionOf","to":{"uri":"f","version":"1"}}]
            located: "Brest"
            pubstatus: "usable"
            uri: "g"
            --
        "#]],
    );
    let body = |content: &str| match decode(item(content).as_bytes()).remove(0) {
        Ok(article) => article.body,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(
        body("<inlineData contenttype=\"text/plain\">\nOne &amp; two.\n\nThree.\n</inlineData>"),
        Body::Plain("One & two.\n\nThree.".into())
    );
    assert_eq!(
        body(
            "<inlineData contenttype=\"text/plain\"><![CDATA[<p>One &amp; two.</p>]]></inlineData>"
        ),
        Body::Html("<p>One &amp; two.</p>".into())
    );
    assert_eq!(
        body("<remoteContent href=\"x\"/><inlineData contenttype=\"image/png\">QUJD</inlineData>"),
        Body::Plain(String::new())
    );
    assert_eq!(
        body("<inlineXML><sports-content><team>7</team></sports-content></inlineXML>"),
        Body::Plain(String::new())
    );
}

#[test]
fn rejects_of_items_without_an_article_name_their_type() {
    for name in ["packageItem", "conceptItem", "knowledgeItem", "planningItem", "catalogItem"] {
        let text = format!("<{name} xmlns=\"http://iptc.org/std/nar/2006-10-01/\" guid=\"a\"/>");
        let error = decode(text.as_bytes()).remove(0).unwrap_err();
        assert_eq!(error.reason(), "no_article");
        assert!(error.to_string().contains(name), "{error}");
    }
    for (text, reason) in [
        ("<newsMessage><header/></newsMessage>", "missing_field"),
        ("<newsItem guid='a'><contentMeta/></newsItem>", "missing_field"),
        ("<newsItem><contentMeta/></newsItem>", "missing_field"),
        ("<nitf><body/></nitf>", "missing_field"),
        ("<html><body><p>A page</p></body></html>", "unknown_format"),
        ("<a><b></a>", "syntax"),
        ("<a>", "syntax"),
        ("<!-- only -->", "syntax"),
        ("</a>", "syntax"),
    ] {
        assert_eq!(decode(text.as_bytes()).remove(0).unwrap_err().reason(), reason, "{text}");
    }
}

#[test]
fn every_field_of_nitf_is_decoded() {
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(NITF);
    check(
        &latin,
        &expect![[r#"
            body: {"Html":"<div><p>Le port de <location>Brest</location> relève ses tarifs de 4&nbsp;%.</p>\n      \n      <h2>Et ensuite</h2><p>Rien.<br>Fin.</p></div>"}
            byline: "Par Luc Mer à Brest"
            dateline: "Brest 23 nov"
            ednote: "Attention: embargo"
            embargoed: 2026-11-23T11:00:00Z
            expires: 2026-12-01T00:00:00Z
            genre: "Analyse"
            headline: "Le port relève ses tarifs"
            kind: "text"
            language: "fr"
            links: [{"kind":"Replaces","to":{"uri":"nord-16","version":null}},{"kind":"SeriesOf","to":{"uri":"Agence Nord:port","version":null}}]
            located: "Brest"
            provider: "Agence Nord"
            published: 2026-11-23T11:00:00Z
            pubstatus: "usable"
            slugline: "PORT-TARIFS"
            subjects: ["Economie"]
            urgency: 2
            uri: "nord-17"
            version: "4"
            versioncreated: 2026-11-23T09:00:00Z
            --
        "#]],
    );
}

#[test]
fn nitf_without_an_id_gets_an_id_from_its_content() {
    let of = |text: &str| {
        let text = format!("<nitf><body><body.content><p>{text}</p></body.content></body></nitf>");
        decode(text.as_bytes()).remove(0).unwrap().uri
    };
    assert!(of("One.").starts_with("urn:nitf:"));
    assert_eq!(of("One."), of("One."));
    assert_ne!(of("One."), of("Two."));
}

#[test]
fn the_character_set_is_declared_or_detected() {
    let text = |declared: &str| {
        format!(
            "<?xml version='1.0' encoding='{declared}'?><nitf><head><docdata>\
             <doc-id id-string='a'/></docdata><title>Brücke – 4 €</title></head></nitf>"
        )
    };
    let wide = |big: bool, marked: bool| {
        let text = text("utf-16");
        let mark = marked.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.flat_map(bytes).collect::<Vec<u8>>()
    };
    let cases = [
        text("utf-8").into_bytes(),
        [b"\xef\xbb\xbf".as_slice(), text("utf8").as_bytes()].concat(),
        [b"\xef\xbb\xbf".as_slice(), text("iso-8859-1").as_bytes()].concat(),
        text("iso-8859-1").into_bytes(),
        text("utf-16").into_bytes(),
        text("no-such-set").into_bytes(),
        encoding_rs::WINDOWS_1252.encode(&text("ISO-8859-1")).0.into_owned(),
        encoding_rs::WINDOWS_1252.encode(&text("windows-1252")).0.into_owned(),
        encoding_rs::ISO_8859_15.encode(&text("iso-8859-15").replace('–', "-")).0.into_owned(),
        wide(true, true),
        wide(false, true),
        wide(true, false),
        wide(false, false),
    ];
    for (at, bytes) in cases.iter().enumerate() {
        let headline = decode(bytes).remove(0).map(|article| article.headline.replace('-', "–"));
        assert_eq!(headline.as_deref(), Ok("Brücke – 4 €"), "case {at}");
    }
    let wrong = encoding_rs::WINDOWS_1252.encode(&text("utf-8")).0.into_owned();
    let read = decode(&wrong).remove(0).unwrap();
    assert_eq!(read.headline, "Brücke – 4 €");
    assert!(read.flags.iter().any(|flag| flag == "repaired_text"), "{:?}", read.flags);
    let cut = &wide(true, true)[..41];
    assert_eq!(decode(cut).remove(0).unwrap_err().reason(), "encoding");
}

#[test]
fn entities_are_never_expanded() {
    let mut laughs = String::from("<?xml version='1.0'?><!DOCTYPE nitf [<!ENTITY a0 'ha'>");
    for n in 1..12 {
        write!(laughs, "<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10)).unwrap();
    }
    laughs += "]><nitf><head><title>&a11;</title></head></nitf>";
    assert_eq!(decode(laughs.as_bytes()).remove(0), Err(decode::Error::Entities));
    let external = "<!DOCTYPE nitf [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>\
                    <nitf><head><title>&f;</title></head></nitf>";
    assert_eq!(decode(external.as_bytes()).remove(0), Err(decode::Error::Entities));
    let title = |text: &str| {
        let text = format!("<nitf><head><title>{text}</title></head></nitf>");
        decode(text.as_bytes()).remove(0).unwrap().headline
    };
    assert_eq!(
        title("&f; &amp;lt; &#x41;&#66; &apos; &#0; &#xD800; AT&T"),
        "&f; < AB ' &#0; &#xD800; AT&T"
    );
}

#[test]
fn entity_declarations_in_comments_instructions_and_cdata_are_harmless() {
    let nitf = "<nitf><head><title>t</title></head><body><body.content><p>b</p></body.content>\
                </body></nitf>";
    for harmless in [
        "<!-- <!ENTITY a 'b'> -->",
        "<!DOCTYPE nitf [<!-- > <!ENTITY a 'b'> --><!ELEMENT a ANY>]>",
        "<!DOCTYPE nitf [<?note <!ENTITY a 'b'> ?>]>",
        "<!DOCTYPE nitf [<!--<!ENTITY a 'b'>-->\n<!ENTITY % n SYSTEM 'n.dtd'>\n%n;]>",
    ] {
        let read = decode(format!("{harmless}{nitf}").as_bytes()).remove(0);
        assert_eq!(read.unwrap().headline, "t", "{harmless}");
    }
    let section = nitf.replace("<p>b</p>", "<p><![CDATA[<!DOCTYPE a [<!ENTITY a 'b'>]>]]></p>");
    let body = decode(section.as_bytes()).remove(0).unwrap().body;
    assert_eq!(body.as_str(), "<p>&lt;!DOCTYPE a [&lt;!ENTITY a 'b'&gt;]&gt;</p>");
    for bomb in [
        "<!DOCTYPE nitf [<!-- a --><!ENTITY a 'b'><!-- c -->]>",
        "<!DOCTYPE nitf [<!ENTITY a '<!--'>]>",
    ] {
        let read = decode(format!("{bomb}{nitf}").as_bytes()).remove(0);
        assert_eq!(read, Err(decode::Error::Entities), "{bomb}");
    }
}

#[test]
fn depth_elements_and_attributes_are_limited() {
    let refused = |text: &str| decode(text.as_bytes()).remove(0).unwrap_err();
    let nested = |depth: usize| {
        format!("<nitf><title>t</title>{}{}</nitf>", "<a>".repeat(depth), "</a>".repeat(depth))
    };
    assert_eq!(refused(&nested(99)).reason(), "missing_field");
    assert_eq!(refused(&nested(100)).to_string(), "document has more than 100 levels of nesting");
    assert_eq!(refused(&"<a>".repeat(1_000_000)).reason(), "too_complex");
    let many = |count: usize| format!("<nitf>{}</nitf>", "<a/>".repeat(count));
    assert_eq!(refused(&many(199_999)).reason(), "missing_field");
    assert_eq!(refused(&many(200_000)).to_string(), "document has more than 200000 elements");
    let wide = |count: usize| {
        let all: String = (0..count).fold(String::new(), |all, n| all + &format!(" a{n}=''"));
        format!("<nitf{all}/>")
    };
    assert_eq!(refused(&wide(100)).reason(), "missing_field");
    assert_eq!(
        refused(&wide(101)).to_string(),
        "document has more than 100 attributes on one element"
    );
    let settings = Settings { items_max: 3, ..Settings::default() };
    let all = decode::decode(G2_MESSAGE.as_bytes(), None, Format::Auto, &settings);
    assert_eq!(all, [Err(decode::Error::TooMany { items: 4, max: 3 })]);
}

/// Each case would take hours if the parser scanned the rest of the text again at every `&` or `<`.
#[test]
fn many_ampersands_and_comments_are_read_in_linear_time() {
    for crowd in ["&", "&amp", "&;", "&#", "<![CDATA[&]]>", "&amp;", "<!---->"] {
        let crowd = crowd.repeat(200_000);
        let text = format!(
            "<nitf><head><title>t</title></head><body a=\"{}\"><body.content>\
                            <p>{crowd}</p></body.content></body></nitf>",
            "&".repeat(200_000)
        );
        let article = decode(text.as_bytes()).remove(0);
        assert_eq!(article.map(|article| article.headline).as_deref(), Ok("t"));
    }
}

#[test]
fn a_configured_format_rejects_other_formats() {
    let settings = Settings::default();
    let of =
        |text: &str, format| decode::decode(text.as_bytes(), None, format, &settings).remove(0);
    assert!(of(NITF, Format::Nitf).is_ok());
    assert_eq!(of(NITF, Format::NewsmlG2), Err(decode::Error::Unknown));
    assert_eq!(of(G2_MESSAGE, Format::Nitf), Err(decode::Error::Unknown));
    assert_eq!(of(NITF, Format::Json).unwrap_err().reason(), "syntax");
    assert_eq!(of("{\"id\":\"a\",\"title\":\"b\"}", Format::Nitf).unwrap_err().reason(), "syntax");
    let named =
        |kind| decode::decode(NITF.as_bytes(), Some(kind), Format::Auto, &settings).remove(0);
    assert!(named("application/nitf+xml; charset=utf-8").is_ok());
    assert!(named("application/octet-stream").is_ok());
    assert_eq!(named("application/json").unwrap_err().reason(), "syntax");
}

proptest! {
    /// WI-1 (no panic) and WI-2 (at least one result) hold for damaged documents.
    #[test]
    fn damaged_documents_never_panic_and_give_a_result(
        which in 0..FIXTURES.len(),
        cuts in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..40, any::<prop::sample::Index>()),
            1..6,
        ),
        noise in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut bytes = FIXTURES[which].as_bytes().to_vec();
        for (from, length, to) in cuts {
            let start = from.index(bytes.len());
            let end = (start + length).min(bytes.len());
            let moved: Vec<u8> = bytes.drain(start..end).collect();
            let to = to.index(bytes.len() + 1);
            bytes.splice(to..to, moved.into_iter().chain(noise.iter().copied()));
        }
        prop_assert!(!decode(&bytes).is_empty());
        for format in FORMATS {
            prop_assert!(!decode::decode(&bytes, None, format, &Settings::default()).is_empty());
        }
    }
}

const FIXTURES: [&str; 5] = [G2_MESSAGE, NITF, NEWSML_1, RSS, ATOM];
const FORMATS: [Format; 6] =
    [Format::NewsmlG2, Format::Newsml1, Format::Nitf, Format::Rss, Format::Atom, Format::Rbnews];
