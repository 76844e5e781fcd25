//! Tests how agencies use the formats in practice, with invented documents. A decoder that only
//! follows the specification would lose or misread a part of each.

use crate::wire_xml::decode;
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, Body, EventTime, InputPosition, Lang, LinkKind, PubStatus,
};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::verdict::Kind;

/// Decodes a document that must contain exactly one article.
fn only(text: &str) -> Article {
    let mut all = decode(text.as_bytes());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).unwrap()
}

fn text(article: &Article) -> String {
    wirefold_engine::text::clean(article).text
}

/// A NewsML 1.2 document with the given identifier and components.
fn newsml(identifier: &str, components: &str) -> String {
    format!(
        "<NewsML Version=\"1.2\"><NewsEnvelope><DateAndTime>20261123T100000Z</DateAndTime>\
         </NewsEnvelope><NewsItem><Identification><NewsIdentifier>{identifier}</NewsIdentifier>\
         </Identification><NewsManagement><FirstCreated>20261123T090000Z</FirstCreated>\
         <ThisRevisionCreated>20261123T100000Z</ThisRevisionCreated>\
         <Status FormalName=\"USABLE\"/></NewsManagement>{components}</NewsItem></NewsML>"
    )
}

const RELEASE: &str = r#"
  <NewsComponent>
    <NewsLines><CopyrightLine>Copyright Tideway 2026</CopyrightLine></NewsLines>
    <AdministrativeMetadata>
      <Source><Party FormalName="Tideway Boats"/></Source></AdministrativeMetadata>
    <DescriptiveMetadata><Language FormalName="en"/>
      <Genre FormalName="Release"/></DescriptiveMetadata>
    <NewsComponent>
      <NewsLines><HeadLine>Tideway launches a boat</HeadLine>
        <DateLine>SELTZ</DateLine><SlugLine>TIDEWAY</SlugLine></NewsLines>
      <NewsComponent><Role FormalName="Video"/>
        <NewsLines><HeadLine>A film of the boat</HeadLine></NewsLines>
        <ContentItem Href="x.mp4"><MimeType FormalName="video/mp4"/></ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="StyleSheet"/><ContentItem><Format FormalName="CSS"/>
        <MimeType FormalName="text/css"/>
        <DataContent>.mid {text-align: center}</DataContent></ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="Abstract"/><ContentItem><MimeType FormalName="text/plain"/>
        <DataContent>A boat is launched</DataContent></ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="HeadLine"/><ContentItem><Format FormalName="XHTML"/>
        <DataContent><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><p>Tideway launches a boat</p></body></html></DataContent>
        </ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="Contact"/><ContentItem><Format FormalName="XHTML"/>
        <DataContent><html><head><title/></head><body><p>Call us</p></body></html></DataContent>
        </ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="Body"/><ContentItem><Format FormalName="XHTML"/>
        <MimeType FormalName="text/xhtml"/>
        <DataContent><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><p>
          The boat carries 40 people<sup>1</sup> &amp; a dog.
        </p><p>It sails in May.</p></body></html></DataContent></ContentItem></NewsComponent>
      <NewsComponent><Role FormalName="TweetText"/>
        <ContentItem><DataContent>A boat!</DataContent></ContentItem></NewsComponent>
    </NewsComponent>
  </NewsComponent>"#;

#[test]
fn a_press_release_in_several_parts_gives_its_body_and_headline() {
    let id = "<ProviderId>tideway.example</ProviderId><DateId>20260714</DateId>\
              <NewsItemId>2026112300</NewsItemId><RevisionId>1</RevisionId>";
    let article = only(&newsml(id, RELEASE));
    assert_eq!(article.headline, "Tideway launches a boat");
    assert_eq!(article.slugline.as_deref(), Some("TIDEWAY"));
    assert_eq!(article.provider.as_deref(), Some("Tideway Boats"));
    assert_eq!(article.genre.as_deref(), Some("Release"));
    assert_eq!(text(&article), "The boat carries 40 people1 & a dog.\n\nIt sails in May.");
}

#[test]
fn an_item_in_two_languages_gives_two_articles() {
    let part = |lang: &str, title: &str, lead: &str, body: &str| {
        format!(
            "<NewsComponent xml:lang=\"{lang}\"><Role FormalName=\"Short\"/>\
             <NewsLines><HeadLine>{title}</HeadLine><CreditLine>QUAY</CreditLine></NewsLines>\
             <AdministrativeMetadata><Provider><Party FormalName=\"\"/></Provider>\
             <Source><Party FormalName=\"QUAY\"/></Source></AdministrativeMetadata>\
             <NewsComponent xml:lang=\"{lang}\"><Role FormalName=\"Title\"/><ContentItem>\
             <DataContent>{title}</DataContent></ContentItem></NewsComponent>\
             <NewsComponent xml:lang=\"{lang}\"><Role FormalName=\"Lead\"/><ContentItem>\
             <DataContent>{lead}</DataContent></ContentItem></NewsComponent>\
             <NewsComponent xml:lang=\"{lang}\"><Role FormalName=\"Body\"/><ContentItem>\
             <Format FormalName=\"\"/><DataContent>{body}</DataContent></ContentItem>\
             </NewsComponent></NewsComponent>"
        )
    };
    let both = part("nl", "Brug dicht", "De brug is dicht.", "Tot &lt;b&gt;mei&lt;/b&gt; 2027.")
        + &part("fr", "Pont fermé", "", "Le pont est fermé.");
    let id = "<ProviderId>quay.example</ProviderId><DateId>20261123T100000Z</DateId>\
              <NewsItemId>98</NewsItemId><RevisionId>4</RevisionId>\
              <PublicIdentifier>urn:newsml:quay.example</PublicIdentifier>";
    let outer = format!("<NewsComponent xml:lang=\"nl\">{both}</NewsComponent>");
    let all: Vec<Article> =
        decode(newsml(id, &outer).as_bytes()).into_iter().map(Result::unwrap).collect();
    let shown: Vec<_> = all
        .iter()
        .map(|a| (a.uri.as_str(), a.headline.as_str(), a.language.map(|l| l.as_str().to_owned())))
        .collect();
    // The uri uses the date of the first revision, because `DateId` changes with each revision.
    let uri = "urn:newsml:quay.example:20261123T090000Z:98";
    assert_eq!(
        shown,
        [
            (uri, "Brug dicht", Some("nl".to_owned())),
            (&*format!("{uri}#fr"), "Pont fermé", Some("fr".to_owned()))
        ]
    );
    assert_eq!(text(&all[0]), "De brug is dicht.\n\nTot mei 2027.");
    assert_eq!(text(&all[1]), "Le pont est fermé.");
    assert_eq!(all[0].provider.as_deref(), Some("QUAY"));
    assert_eq!(
        (all[1].links[0].kind, all[1].links[0].to.uri.as_str()),
        (LinkKind::TranslationOf, uri)
    );
}

#[test]
fn an_external_nitf_dtd_is_allowed_and_not_fetched() {
    let doctype = "<?xml version=\"1.0\"?><!DOCTYPE NewsML PUBLIC \
                   \"urn:newsml:iptc.org:20001006:NewsMLv1.0.dtd:1\" \"../DTD/NewsMLv1.0.dtd\" \
                   [\n\t<!ENTITY % nitf SYSTEM \"../nitf/dtd/nitf-3-0.dtd\">\n\t%nitf;\n]>";
    let component = "<NewsComponent xml:lang=\"en-US\"><Role FormalName=\"Main\"/><NewsLines>\
                     <HeadLine>Bridge reopens</HeadLine></NewsLines><ContentItem><MediaType \
                     FormalName=\"ComplexData\"/><MimeType FormalName=\"text/vnd.IPTC.NITF\"/>\
                     <DataContent><nitf><body><body.content><p>     The bridge is \
                     open.</p></body.content></body></nitf></DataContent></ContentItem>\
                     </NewsComponent>";
    let id = "<ProviderId>\nkita.example\n</ProviderId><NewsItemId>KW-1-v2</NewsItemId><RevisionId>\
              2</RevisionId>";
    let article = only(&format!("{doctype}{}", newsml(id, component)));
    assert_eq!(article.uri, "urn:newsml:kita.example:KW-1");
    assert_eq!(article.version.as_deref(), Some("2"));
    assert_eq!(text(&article), "The bridge is open.");
    assert_eq!(article.language, Lang::parse("en"));
    // An item without an id gets one from its content, or from the `Duid` of its component.
    let nameless = only(&newsml("<ProviderId>kita.example</ProviderId>", component));
    assert!(nameless.uri.starts_with("urn:newsml:kita.example:"), "{}", nameless.uri);
    let named = component.replacen("<NewsComponent", "<NewsComponent Duid=\"03AE\"", 1);
    assert_eq!(only(&newsml("<ProviderId>k</ProviderId>", &named)).uri, "urn:newsml:k:03AE");
}

/// A NewsML-G2 item with the given content of `itemMeta`, `contentMeta` and `contentSet`.
fn g2(meta: &str, about: &str, content: &str) -> String {
    format!(
        "<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\" \
         guid=\"urn:newsml:tor.example:20261123:TOR:585167:0\" version=\"2\" \
         xml:lang=\"swe\"><itemMeta><provider literal=\"TOR\"/>{meta}</itemMeta><contentMeta>\
         {about}</contentMeta><contentSet>{content}</contentSet></newsItem>"
    )
}

#[test]
fn newsml_g2_in_several_languages_uses_the_language_of_its_text() {
    let about = "<language tag=\"fr\"/><language tag=\"nl\"/><headline \
                 xml:lang=\"fr\">Pont</headline><headline xml:lang=\"nl\">Brug</headline>";
    let content = "<inlineXML contenttype=\"application/xhtml+xml\" xml:lang=\"nl\"><h:html \
                   xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:body><h:p>De brug&nbsp;is \
                   dicht.</h:p></h:body></h:html></inlineXML>";
    let article = only(&g2("", about, content));
    assert_eq!((article.headline.as_str(), article.language), ("Brug", Lang::parse("nl")));
    assert_eq!(text(&article), "De brug is dicht.");
    let article = only(&g2("", "<headline>Bron öppnar</headline>", ""));
    assert_eq!(article.language, Lang::parse("sv"));
    assert_eq!(article.body, Body::Plain(String::new()));
}

#[test]
fn a_replace_signal_links_to_the_replaced_item() {
    let about = "<altId type=\"tor:uno\">20261123:TOR:585167:0</altId>\
                 <altId type=\"tor:refuno\">20261123:TOR:585152:0</altId><headline>Bron</headline>";
    let article = only(&g2("<signal qcode=\"tor_sig:replace\"/>", about, ""));
    let link = &article.links[0];
    assert_eq!(link.to.uri, "urn:newsml:tor.example:20261123:TOR:585152:0");
    assert_eq!(link.kind, LinkKind::Replaces);
    assert!(only(&g2("", about, "")).links.is_empty());
}

#[test]
fn an_empty_embargo_in_newsml_g2_is_ignored() {
    let status = |meta: &str| only(&g2(meta, "<headline>Bron</headline>", "")).pubstatus;
    assert_eq!(status("<embargoed/>"), PubStatus::Usable);
    assert_eq!(status("<embargoed>2026-11-24T06:00:00+01:00</embargoed>"), PubStatus::Usable);
    assert_eq!(
        status("<pubStatus uri=\"http://cv.iptc.org/newscodes/pubstatusg2/canceled\"/>"),
        PubStatus::Canceled
    );
}

#[test]
fn pictures_without_text_are_rejected_as_no_article() {
    let item =
        "<newsItem guid=\"g\"><itemMeta><itemClass qcode=\"ninat:picture\"/></itemMeta></newsItem>";
    let error = decode(item.as_bytes()).remove(0).unwrap_err();
    assert_eq!(error.reason(), "no_article");
    assert_eq!(error.to_string(), "picture has no headline or caption");
}

#[test]
fn nitf_versions_come_from_the_identifier_and_notes_from_the_revision_history() {
    let nitf = |id: &str, key: &str| {
        format!(
            "<nitf><head><meta name=\"NTBStikkord\" content=\"bru\"/><docdata><doc-id \
             id-string=\"{id}\"/>{key}<date.issue norm=\"2026-11-23 10:05\"/><pubdata \
             date.publication=\"20261123T100600Z\"/></docdata><revision-history comment=\"CORRECTS \
             name of mayor\"/><urgency ed-urg=\"2\"/></head><body><body.head><hedline><hl1> \
             &#62;&#62;Bridge &amp; ferry </hl1></hedline></body.head><body.content><p>Open.</p>\
             </body.content></body></nitf>"
        )
    };
    let article = only(&nitf("fakt-9c_47", "<du-key key=\"fakt-9c\" version=\"48\"/>"));
    assert_eq!((article.uri.as_str(), article.version.as_deref()), ("fakt-9c", Some("48")));
    let article = only(&nitf("fakt-9c_47", "<du-key key=\"fakt-9c\"/>"));
    assert_eq!((article.uri.as_str(), article.version.as_deref()), ("fakt-9c", Some("47")));
    let article = only(&nitf("fakt-9c_47", "<du-key key=\"fakt\"/>"));
    assert_eq!((article.uri.as_str(), article.version.as_deref()), ("fakt-9c_47", None));
    assert_eq!(article.headline, ">>Bridge & ferry");
    assert_eq!(article.urgency, Some(2));
    assert_eq!(article.slugline.as_deref(), Some("bru"));
    assert_eq!(article.versioncreated, EventTime::parse("2026-11-23T10:05:00Z"));
    assert_eq!(article.published, EventTime::parse("2026-11-23T10:06:00Z"));
    assert_eq!(article.ednote.as_deref(), Some("CORRECTS name of mayor"));
    assert_eq!(article.marks.revision, Some(wirefold_engine::article::Revision::Correction));
}

#[test]
fn json_wrappers_and_common_mistakes_of_real_feeds_are_accepted() {
    for record in [
        r#"{"article": {"url": "https://seltz.example/1", "title": "Bridge", "body": "Open."}}"#,
        r#"{"total": 1, "articles": [{"guid": "https://seltz.example/1", "name": "Bridge",
            "text": "Open."}]}"#,
        r#"{"stories": [{"link": "https://seltz.example/1", "headline": "Bridge",
            "articleBody": "Open."}]}"#,
        r#"{"uri": "https://seltz.example/1", "headline": "Bridge", "description_text": "Open."}"#,
        r#"{"uri": "https://seltz.example/1", "headlines": [{"role": "short", "value": "B"},
            {"role": "main", "value": "Bridge"}],
            "bodies": [{"role": "summary", "contentType": "text/html", "value": "<p>No</p>"},
            {"role": "main", "contentType": "text/plain", "value": "Open."}]}"#,
    ] {
        let article = only(record);
        assert_eq!(article.uri, "https://seltz.example/1", "{record}");
        assert_eq!(article.headline, "Bridge", "{record}");
        assert_eq!(article.body.as_str(), "Open.", "{record}");
    }
    let raw = "{\"id\": \"a\", \"title\": \"Line\tone\", \
               \"body\": \"First.\r\n\r\nSecond \\\"quoted\\\".\"}";
    let article = only(raw);
    assert_eq!(article.headline, "Line\tone");
    assert_eq!(article.body.as_str(), "First.\r\n\r\nSecond \"quoted\".");
    assert_eq!(decode(b"{\"id\": \"a\n").remove(0).unwrap_err().reason(), "syntax");
    let status = |status: &str| {
        only(&format!(r#"{{"id": "a", "title": "b", "status": "{status}"}}"#)).pubstatus
    };
    assert_eq!(status("retracted"), PubStatus::Canceled);
    assert_eq!(status("published"), PubStatus::Usable);
}

#[test]
fn a_json_schema_is_not_an_article() {
    let schema = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "id": "x",
                     "title": "ninjs", "description": "A schema", "properties": {}}"#;
    let error = decode(schema.as_bytes()).remove(0).unwrap_err();
    assert_eq!(
        (error.reason(), error.to_string().as_str()),
        ("no_article", "`JSON Schema` is not an article")
    );
    let item =
        r#"{"$schema": "http://json-schema.org/draft-07/schema#", "uri": "x", "title": "An item"}"#;
    assert_eq!(only(item).headline, "An item");
}

/// One press release as NewsML-G2, ninjs 1.4, 2.1 and 3.0; the `n`-th has the uri `uri(n)`.
fn release(uri: impl Fn(usize) -> String) -> [String; 4] {
    let body = "<p>OBERSUND, Nov 23 - Tideway Boats launched its first electric ferry today, built \
                in fourteen months for 12.5 million crowns.</p><p>The boat carries 240 people \
                between Obersund and Port Seltz, and is charged in eleven minutes at either \
                quay.</p>";
    let head = "Tideway launches electric ferry";
    let at = "2026-11-23T09:00:00Z";
    let g2 = format!(
        "<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\" guid=\"{}\" version=\"1\" \
         xml:lang=\"en\"><itemMeta><provider literal=\"Tideway\"/><versionCreated>\
         {at}</versionCreated></itemMeta><contentMeta><headline>{head}</headline></contentMeta>\
         <contentSet><inlineXML contenttype=\"application/xhtml+xml\"><html \
         xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/></head><body>{body}</body></html>\
         </inlineXML></contentSet></newsItem>",
        uri(0)
    );
    let one = serde_json::json!({
        "uri": uri(1), "version": "1", "type": "text", "language": "en", "versioncreated": at,
        "headline": head, "body_xhtml": body, "copyrightholder": "Tideway",
    });
    let two = serde_json::json!({
        "uri": uri(2), "version": "1", "type": "text", "language": "en", "versioncreated": at,
        "headlines": [{ "role": "main", "value": head }], "copyrightholder": "Tideway",
        "bodies": [{ "role": "main", "contenttype": "text/html", "value": body }],
    });
    let three = serde_json::json!({
        "uri": uri(3), "version": "1", "type": "text", "language": "en", "versionCreated": at,
        "headlines": [{ "role": "main", "value": head }], "copyrightHolder": "Tideway",
        "bodies": [{ "role": "main", "contentType": "text/html", "value": body }],
    });
    [g2, one.to_string(), two.to_string(), three.to_string()]
}

#[test]
fn one_release_in_four_formats_is_one_original_and_three_copies() {
    let unique_uri = |at: usize| format!("urn:tideway:ferry:{at}");
    for (uri, kind) in [
        (&unique_uri as &dyn Fn(usize) -> String, Kind::Duplicate),
        (&|_| unique_uri(0), Kind::Redelivery),
    ] {
        let settings = Settings::default();
        let mut state = State::new(settings.clone(), SamplingKey(7));
        let mut kinds = Vec::new();
        let all = release(uri).map(|form| only(&form));
        assert!(all.iter().all(|article| text(article) == text(&all[0])), "{all:#?}");
        assert!(all.iter().all(|article| article.headline == all[0].headline));
        for (offset, article) in (0..).zip(all) {
            let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
            let new = prepare(article, &settings, SamplingKey(7));
            for event in state.apply(new, EventTime(offset * 1_000), input).events {
                if let EventKind::Classified(classified) = event.kind {
                    kinds.push(classified.verdict.relation.kind);
                }
            }
        }
        assert_eq!(kinds, [Kind::Original, kind, kind, kind]);
    }
}
