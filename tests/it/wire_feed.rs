//! Tests NewsML 1.x, RSS and Atom: the fields decoded from realistic documents.

use crate::wire_xml::{check, decode};
use expect_test::expect;
use wirefold_engine::article::{Body, EventTime, ItemType, PubStatus};
use wirefold_engine::decode::{self, Format, Settings};

pub(crate) const NEWSML_1: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<NewsML Version="1.2">
  <Catalog Href="http://northwire.example/catalog.xml"/>
  <NewsEnvelope><DateAndTime>20261123T100005Z</DateAndTime><Priority FormalName="4"/></NewsEnvelope>
  <NewsItem xml:lang="fr">
    <Comment>Première note</Comment>
    <Identification>
      <NewsIdentifier>
        <ProviderId>northwire.example</ProviderId>
        <DateId>20261123</DateId>
        <NewsItemId>TX-17</NewsItemId>
        <RevisionId PreviousRevision="1" Update="N">2</RevisionId>
        <PublicIdentifier>urn:newsml:northwire.example:20261123:TX-17:2</PublicIdentifier>
      </NewsIdentifier>
      <NameLabel>port-tarifs</NameLabel>
    </Identification>
    <NewsManagement>
      <NewsItemType FormalName="News"/>
      <FirstCreated>20261123T080000Z</FirstCreated>
      <ThisRevisionCreated>20261123T100000+0100</ThisRevisionCreated>
      <Status FormalName="Embargoed"/>
      <StatusWillChange><FutureStatus FormalName="Usable"/>
        <DateAndTime>20261123T120000Z</DateAndTime></StatusWillChange>
      <Urgency FormalName="3"/>
      <DerivedFrom NewsItem="urn:newsml:northwire.example:20261122:TX-9:4N"/>
      <Instruction FormalName="Correction"/>
    </NewsManagement>
    <NewsComponent>
      <NewsLines>
        <HeadLine>Le port relève
          ses tarifs</HeadLine>
        <SubHeadLine>Vives réactions</SubHeadLine>
        <ByLine>Par Luc Mer</ByLine>
        <DateLine>BREST, 23 nov (NW) -</DateLine>
        <CreditLine>NW/Port</CreditLine>
        <NewsLine><NewsLineType FormalName="EditorNote"/>
          <NewsLineText>Corrige le taux</NewsLineText></NewsLine>
      </NewsLines>
      <RightsMetadata>
        <UsageRights><UsageType>Sans archives</UsageType></UsageRights></RightsMetadata>
      <AdministrativeMetadata>
        <Provider><Party FormalName="NW"/></Provider><Source><Party FormalName="Port"/></Source>
      </AdministrativeMetadata>
      <DescriptiveMetadata>
        <Language FormalName="fr"/>
        <Genre FormalName="Current"/><Genre FormalName="Analyse"/>
        <SubjectCode><Subject FormalName="04000000"/>
          <SubjectMatter FormalName="04011000"/></SubjectCode>
        <Location><Property FormalName="City" Value="Brest"/></Location>
      </DescriptiveMetadata>
      <NewsComponent>
        <Role FormalName="Caption"/>
        <ContentItem><MediaType FormalName="Text"/>
          <DataContent>Des grues</DataContent></ContentItem>
        <ContentItem Href="x.jpg"><MediaType FormalName="Photo"/></ContentItem>
      </NewsComponent>
      <NewsComponent>
        <Role FormalName="Main"/>
        <ContentItem><MediaType FormalName="Text"/><Format FormalName="NITF3.1"/>
          <DataContent><nitf><body><body.content><p>Les tarifs montent de 4 &#37;.</p><p>Fin.</p></body.content></body></nitf></DataContent>
        </ContentItem>
      </NewsComponent>
    </NewsComponent>
  </NewsItem>
  <NewsItem>
    <Identification><NewsIdentifier>
      <PublicIdentifier>urn:newsml:northwire.example:20261123:PH-3:1</PublicIdentifier>
    </NewsIdentifier></Identification>
    <NewsManagement><Status FormalName="Canceled"/></NewsManagement>
    <NewsComponent xml:lang="de">
      <NewsComponent>
        <Role FormalName="Caption"/>
        <ContentItem><MediaType FormalName="Text"/>
          <DataContent><p>Kräne</p></DataContent></ContentItem>
        <ContentItem Href="y.jpg"><MediaType FormalName="Photo"/></ContentItem>
      </NewsComponent>
    </NewsComponent>
  </NewsItem>
  <NewsItem><Identification/></NewsItem>
</NewsML>"##;

pub(crate) const RSS: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
  xmlns:atom="http://www.w3.org/2005/Atom">
  <channel>
    <atom:link href="https://harbour.example/rss" rel="self"/>
    <title>Harbour Times</title><link>https://harbour.example</link><language>en-gb</language>
    <copyright>Harbour Times</copyright>
    <item>
      <media:title>A crane</media:title>
      <title>Tolls &amp;#8211; AT&amp;amp;T pays</title>
      <link>https://harbour.example/1</link>
      <guid isPermaLink="false">harbour-1</guid>
      <pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate>
      <atom:updated>2026-11-23T11:30:00Z</atom:updated>
      <dc:creator><![CDATA[Ann Field]]></dc:creator>
      <category>Shipping</category><category><![CDATA[Tolls & fees]]></category>
      <source url="https://northwire.example">Northwire</source>
      <description>Short.</description>
      <content:encoded><![CDATA[<p>Tolls rise by 4&nbsp;% &amp; more.</p>]]></content:encoded>
    </item>
    <item>
      <title/>
      <link>https://harbour.example/2</link>
      <pubDate>Tue, 24 Nov 2026 09:05 +0100</pubDate>
      <description>&lt;p&gt;A line &amp;amp; another.&lt;/p&gt;</description>
    </item>
    <item><title>No name</title></item>
    <item><guid>harbour-4</guid></item>
  </channel>
</rss>"##;

pub(crate) const ATOM: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:x="http://harbour.example/x" xml:lang="en">
  <a:title>Harbour Times</a:title><a:id>urn:harbour</a:id>
  <a:author><a:name>Newsdesk</a:name></a:author>
  <a:entry xml:lang="de-DE">
    <x:title>No headline</x:title>
    <a:id>urn:harbour:1</a:id>
    <a:title type="html">Hafen &amp;amp; Maut</a:title>
    <a:published>2026-11-23T10:00:00Z</a:published><a:updated>2026-11-23T11:00:00+01:00</a:updated>
    <a:author><a:name>Uwe Kai</a:name></a:author>
    <a:category term="shp" label="Schiffe"/><a:category term="maut"/>
    <a:link rel="predecessor-version" href="urn:harbour:0"/>
    <a:rights>Frei</a:rights>
    <a:source><a:title>Nordfunk</a:title></a:source>
    <a:summary>Kurz.</a:summary>
    <a:content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:p>Die Maut steigt um 4&#160;%.</x:p></x:div></a:content>
  </a:entry>
  <a:entry>
    <a:link rel="self" href="https://harbour.example/self"/>
    <a:link href="https://harbour.example/2"/>
    <a:title>Second</a:title><a:updated>2026-11-23T12:00:00Z</a:updated>
    <a:content src="https://harbour.example/2.pdf" type="application/pdf"/>
    <a:summary type="html">&lt;p&gt;Two.&lt;/p&gt;</a:summary>
    <x:control><x:draft>yes</x:draft></x:control>
  </a:entry>
</a:feed>"##;

#[test]
fn newsml_1_decodes_every_item() {
    check(
        NEWSML_1.as_bytes(),
        &expect![[r#"
            altids: ["urn:newsml:northwire.example:20261123:TX-17:2"]
            body: {"Html":"<p>Les tarifs montent de 4 &#37;.</p><p>Fin.</p>"}
            byline: "Par Luc Mer"
            credit: "NW/Port"
            dateline: "BREST, 23 nov (NW) -"
            ednote: "Corrige le taux"
            embargoed: 2026-11-23T12:00:00Z
            firstcreated: 2026-11-23T08:00:00Z
            genre: "Analyse"
            headline: "Le port relève ses tarifs"
            infosource: "Port"
            kind: "text"
            language: "fr"
            links: [{"kind":"EvolvedFrom","to":{"uri":"urn:newsml:northwire.example:20261122:TX-9","version":"4"}}]
            located: "Brest"
            provider: "NW"
            pubstatus: "usable"
            signals: ["sig:correction"]
            slugline: "port-tarifs"
            subjects: ["04000000","04011000"]
            urgency: 3
            uri: "urn:newsml:northwire.example:20261123:TX-17"
            usageterms: "Sans archives"
            version: "2"
            versioncreated: 2026-11-23T09:00:00Z
            --
            altids: ["urn:newsml:northwire.example:20261123:PH-3:1"]
            body: {"Html":"<p>Kräne</p>"}
            kind: "picture"
            language: "de"
            pubstatus: "canceled"
            uri: "urn:newsml:northwire.example:20261123:PH-3"
            version: "1"
            --
            refused, missing_field: field `body` is missing
            --
        "#]],
    );
}

#[test]
fn newsml_1_text_is_read_in_several_forms() {
    let body = |content: &str| {
        let text = format!(
            "<NewsML><NewsItem><Identification><NewsIdentifier><NewsItemId>a</NewsItemId>\
             </NewsIdentifier></Identification><NewsComponent><NewsLines><HeadLine>T</HeadLine>\
             </NewsLines><ContentItem>{content}</ContentItem></NewsComponent></NewsItem></NewsML>"
        );
        decode(text.as_bytes()).remove(0).map(|article| (article.uri, article.body, article.kind))
    };
    let of = |body| Ok(("urn:newsml:a".to_owned(), body, ItemType::Text));
    let html = |text: &str| Body::Html(text.into());
    assert_eq!(body("<DataContent><![CDATA[<P>One.</P>]]></DataContent>"), of(html("<P>One.</P>")));
    assert_eq!(
        body("<DataContent><html><body><p>One.</p></body></html></DataContent>"),
        of(html("<p>One.</p>"))
    );
    assert_eq!(
        body("<MediaType FormalName='Text'/><DataContent>One &amp; two.</DataContent>"),
        of(Body::Plain("One & two.".into()))
    );
    let video = body("<MediaType FormalName='Video'/>").map(|(_, _, kind)| kind);
    assert_eq!(video, Ok(ItemType::Video));
}

#[test]
fn a_withdrawal_needs_no_text() {
    let headline = |status: &str, slug: &str| {
        let text = format!(
            "<newsItem guid='g'><itemMeta><pubStatus qcode='{status}'/></itemMeta>\
             <contentMeta><slugline>{slug}</slugline></contentMeta></newsItem>"
        );
        decode(text.as_bytes()).remove(0).map(|article| article.headline)
    };
    assert_eq!(headline("stat:canceled", "TOLLS").as_deref(), Ok("TOLLS"));
    assert_eq!(headline("stat:withheld", "").as_deref(), Ok("g"));
    assert_eq!(headline("stat:usable", "TOLLS"), Err(decode::Error::Missing("body")));
}

#[test]
fn an_embargo_without_an_end_withholds_the_article() {
    let nitf = |release: &str| {
        format!(
            "<nitf><head><title>T</title><docdata management-status='embargoed'>\
             <doc-id id-string='a'/>{release}</docdata></head></nitf>"
        )
    };
    let newsml = |change: &str| {
        format!(
            "<NewsML><NewsItem><Identification><NewsIdentifier><NewsItemId>a</NewsItemId>\
             </NewsIdentifier></Identification><NewsManagement><Status FormalName='Embargoed'/>\
             {change}</NewsManagement><NewsComponent><NewsLines><HeadLine>T</HeadLine></NewsLines>\
             </NewsComponent></NewsItem></NewsML>"
        )
    };
    let of = |text: String| {
        let article = decode(text.as_bytes()).remove(0).unwrap();
        (article.pubstatus, article.embargoed.map(|time| time.to_string()))
    };
    let until = (PubStatus::Usable, Some("2026-11-23T12:00:00Z".to_owned()));
    assert_eq!(of(nitf("<date.release norm='20261123T120000Z'/>")), until);
    assert_eq!(of(nitf("")), (PubStatus::Withheld, None));
    let change = "<StatusWillChange><DateAndTime>20261123T120000Z</DateAndTime></StatusWillChange>";
    assert_eq!(of(newsml(change)), until);
    assert_eq!(of(newsml("")), (PubStatus::Withheld, None));
    let json = |end: &str| format!("{{\"id\": \"a\", \"title\": \"T\", \"embargo\": {end}}}");
    assert_eq!(of(json("\"2026-11-23T12:00:00Z\"")), until);
    let g2 = |end: &str| {
        format!(
            "<newsItem guid='a'><itemMeta><embargoed>{end}</embargoed></itemMeta>\
             <contentMeta><headline>T</headline></contentMeta></newsItem>"
        )
    };
    for unreadable in [json("\"Monday noon\""), json("true"), g2("Monday noon")] {
        assert_eq!(of(unreadable), (PubStatus::Withheld, None));
    }
    for absent in [json("null"), json("false"), json("\"\""), g2("")] {
        assert_eq!(of(absent), (PubStatus::Usable, None));
    }
}

#[test]
fn rss_decodes_every_item() {
    check(
        RSS.as_bytes(),
        &expect![[r#"
        body: {"Html":"<p>Tolls rise by 4&nbsp;% &amp; more.</p>"}
        byline: "Ann Field"
        headline: "Tolls – AT&T pays"
        infosource: "Northwire"
        kind: "text"
        language: "en"
        provider: "Harbour Times"
        published: 2026-11-23T10:00:00Z
        pubstatus: "usable"
        subjects: ["Shipping","Tolls & fees"]
        uri: "harbour-1"
        usageterms: "Harbour Times"
        versioncreated: 2026-11-23T11:30:00Z
        --
        body: {"Html":"<p>A line &amp; another.</p>"}
        kind: "text"
        language: "en"
        provider: "Harbour Times"
        published: 2026-11-24T08:05:00Z
        pubstatus: "usable"
        uri: "https://harbour.example/2"
        usageterms: "Harbour Times"
        versioncreated: 2026-11-24T08:05:00Z
        --
        body: {"Plain":""}
        flags: ["no_body"]
        headline: "No name"
        kind: "text"
        language: "en"
        provider: "Harbour Times"
        pubstatus: "usable"
        uri: "urn:wirefold:item:cca7fcce27d234db76f4b8f7f0362e00"
        usageterms: "Harbour Times"
        --
        refused, missing_field: field `body` is missing
        --
    "#]],
    );
}

#[test]
fn headlines_of_feeds_are_read_as_html() {
    let headline = |title: &str| {
        let text = format!("<rss><channel><item><guid>a</guid>{title}</item></channel></rss>");
        decode(text.as_bytes()).remove(0).unwrap().headline
    };
    for (title, want) in [
        ("<title>Café &#8217;s</title>", "Café ’s"),
        ("<title>Caf&amp;eacute; &amp;lt; Bar</title>", "Café < Bar"),
        ("<title>Caf&eacute;&nbsp;Bar</title>", "Café Bar"),
        ("<title><![CDATA[The <em>Bar</em> & Café]]></title>", "The Bar & Café"),
        ("<title>5 &lt; 6 AT&T</title>", "5 < 6 AT&T"),
    ] {
        assert_eq!(headline(title), want, "{title}");
    }
}

#[test]
fn rss_1_and_wordpress_exports_are_read() {
    let rdf = "<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'><channel><title>C</title>\
               </channel><item rdf:about='u'><title>T</title></item></rdf:RDF>";
    let article = decode(rdf.as_bytes()).remove(0).unwrap();
    assert_eq!((article.uri.as_str(), article.provider.as_deref()), ("u", Some("C")));
    let exported = |status: &str, kind: &str| {
        let text = format!(
            "<rss><channel><item><guid>a</guid><title>T</title><wp:status>{status}</wp:status>\
             <wp:post_type>{kind}</wp:post_type></item></channel></rss>"
        );
        decode(text.as_bytes()).remove(0).map(|article| (article.pubstatus, article.kind)).unwrap()
    };
    assert_eq!(exported("publish", "post"), (PubStatus::Usable, ItemType::Text));
    assert_eq!(exported("draft", "attachment"), (PubStatus::Withheld, ItemType::Other));
    assert_eq!(exported("trash", "page"), (PubStatus::Canceled, ItemType::Text));
}

#[test]
fn atom_decodes_every_entry() {
    check(
        ATOM.as_bytes(),
        &expect![[r#"
        body: {"Html":"<div><p>Die Maut steigt um 4&#160;%.</p></div>"}
        byline: "Uwe Kai"
        headline: "Hafen & Maut"
        infosource: "Nordfunk"
        kind: "text"
        language: "de"
        links: [{"kind":"Replaces","to":{"uri":"urn:harbour:0","version":null}}]
        provider: "Harbour Times"
        published: 2026-11-23T10:00:00Z
        pubstatus: "usable"
        subjects: ["Schiffe","maut"]
        uri: "urn:harbour:1"
        usageterms: "Frei"
        version: "2026-11-23T11:00:00+01:00"
        versioncreated: 2026-11-23T10:00:00Z
        --
        body: {"Html":"<p>Two.</p>"}
        byline: "Newsdesk"
        headline: "Second"
        kind: "text"
        language: "en"
        provider: "Harbour Times"
        published: 2026-11-23T12:00:00Z
        pubstatus: "withheld"
        uri: "https://harbour.example/2"
        version: "2026-11-23T12:00:00Z"
        versioncreated: 2026-11-23T12:00:00Z
        --
    "#]],
    );
}

#[test]
fn a_single_atom_entry_is_accepted_and_an_empty_feed_is_not() {
    let entry = "<entry xmlns='http://www.w3.org/2005/Atom'><id>a</id><title>T</title>\
                 <content>One &lt; two.</content></entry>";
    let article = decode(entry.as_bytes()).remove(0).unwrap();
    assert_eq!(article.body, Body::Plain("One < two.".into()));
    for (empty, field) in [
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "entry"),
        ("<rss><channel/></rss>", "item"),
        ("<NewsML/>", "NewsItem"),
    ] {
        assert_eq!(decode(empty.as_bytes()), [Err(decode::Error::Missing(field))]);
    }
}

#[test]
fn each_format_can_be_selected_by_name() {
    for (format, name, text) in [
        (Format::Newsml1, "newsml_1", NEWSML_1),
        (Format::Rss, "rss", RSS),
        (Format::Atom, "atom", ATOM),
    ] {
        assert_eq!(serde_json::to_value(format).unwrap(), name);
        let all = decode::decode(text.as_bytes(), None, format, &Settings::default());
        assert!(all.iter().any(Result::is_ok), "{name}");
        let other = decode::decode(text.as_bytes(), None, Format::Nitf, &Settings::default());
        assert_eq!(other, [Err(decode::Error::Unknown)]);
    }
}

/// The only article of a document.
fn only(document: &str) -> wirefold_engine::article::Article {
    let read = decode(document.as_bytes());
    assert_eq!(read.len(), 1, "{document}");
    read.into_iter().next().unwrap().unwrap()
}

#[test]
fn the_text_of_an_item_may_be_in_elements_of_other_vocabularies() {
    let media = "<media:description>Two boats came.</media:description>";
    let group = format!("<media:group><media:title>C</media:title>{media}</media:group>");
    for (elements, want) in [
        (media.to_owned(), "Two boats came."),
        (group.clone(), "Two boats came."),
        (format!("<media:content type='video/mp4'>{media}</media:content>"), "Two boats came."),
        (format!("{group}<media:text>All of it.</media:text>"), "All of it."),
        (format!("{group}<description>The text.</description>"), "The text."),
        ("<dc:description>Two boats came.</dc:description>".into(), "Two boats came."),
        ("<dcterms:abstract>Two boats came.</dcterms:abstract>".into(), "Two boats came."),
        ("<itunes:summary>Two boats came.</itunes:summary>".into(), "Two boats came."),
        // The caption of a picture must not become the text of the item.
        (format!("<media:content medium='image'>{media}</media:content>"), ""),
        (format!("<media:content type='image/jpeg'>{media}</media:content>"), ""),
    ] {
        let item = format!("<item><title>B</title><guid>a</guid>{elements}</item>");
        let article = only(&format!("<rss version='2.0'><channel>{item}</channel></rss>"));
        assert_eq!(article.body.as_str(), want, "{elements}");
    }
    let entry = format!("<entry><id>a</id><title>B</title>{group}</entry>");
    let article = only(&format!("<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>"));
    assert_eq!(article.body.as_str(), "Two boats came.");
}

#[test]
fn an_rss_1_item_is_identified_by_rdf_about() {
    let article = only(
        "<rdf:RDF><channel rdf:about='http://n.example/'><title>N</title></channel>
         <item rdf:about='urn:x:1'><dc:title>B &amp;amp; C</dc:title>
         <link>http://n.example/track?9</link><dc:description>Boats came.</dc:description>
         <dcterms:issued>2026-11-23T09:00:00Z</dcterms:issued><dc:subject>Ports</dc:subject>
         </item></rdf:RDF>",
    );
    assert_eq!((article.uri.as_str(), article.headline.as_str()), ("urn:x:1", "B & C"));
    assert_eq!(article.published, EventTime::parse("2026-11-23T09:00:00Z"));
    assert_eq!(article.subjects, ["Ports"]);
}

#[test]
fn elements_types_and_modes_of_atom_0_3_are_read() {
    for (times, content, version, published) in [
        (
            "<issued>2026-11-23T09:00:00Z</issued><modified>2026-11-23T10:00:00Z</modified>",
            "<content type='text/html' mode='escaped'>&lt;p&gt;Boats came.&lt;/p&gt;</content>",
            Some("2026-11-23T10:00:00Z"),
            "2026-11-23T09:00:00Z",
        ),
        (
            "<created>2026-11-23T09:00:00Z</created>",
            "<content type='text/html; charset=utf-8' mode='base64'>PHA+Qm9hdHMg
          Y2FtZS48L3A+</content>",
            None,
            "2026-11-23T09:00:00Z",
        ),
        (
            "<modified>2026-11-23T10:00:00Z</modified>",
            "<summary type='application/xhtml+xml' mode='xml'><p>Boats came.</p></summary>",
            Some("2026-11-23T10:00:00Z"),
            "2026-11-23T10:00:00Z",
        ),
    ] {
        let article = only(&format!(
            "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>N</title>
             <copyright>No archive</copyright><entry><id>a</id>
             <title type='text/html' mode='escaped'>B &amp;amp; C</title>{times}{content}</entry>
             </feed>"
        ));
        assert_eq!(article.headline, "B & C");
        assert_eq!(article.body.as_str(), "<p>Boats came.</p>", "{content}");
        assert_eq!(article.version.as_deref(), version, "{times}");
        assert_eq!(article.published, EventTime::parse(published), "{times}");
        assert_eq!(article.usageterms.as_deref(), Some("No archive"));
    }
}
