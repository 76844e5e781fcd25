//! Tests that an item with a field over its limit is rejected in every format, with the name of the
//! field. `wire_fit.rs` tests that articles within the limits fit the topics.

use crate::wire_xml::decode;
use serde_json::{Value, json};
use wirefold_engine::decode::{self, Format, Settings};

/// The result of decoding a record with one item: the uri, or the reason and message of the reject.
fn only(record: &str) -> Result<String, (String, String)> {
    let mut all = decode(record.as_bytes());
    assert_eq!(all.len(), 1, "one item");
    let refused = |error: decode::Error| (error.reason().to_owned(), error.to_string());
    all.remove(0).map(|article| article.uri).map_err(refused)
}

fn too_large(record: &str) -> String {
    let (reason, message) = only(record).expect_err("it is over a bound");
    assert_eq!(reason, "too_large", "{message}");
    message
}

#[test]
fn every_json_field_has_a_limit_that_the_reject_names() {
    let item = |field: &str, value: Value| {
        let mut item = json!({"uri": "u:1", "headline": "A headline", "body": "A text."});
        item[field] = value;
        item.to_string()
    };
    for (json_field, field, max) in [
        ("uri", "uri", 2_048),
        ("version", "version", 256),
        ("provider", "provider", 512),
        ("headline", "headline", 16_384),
        ("byline", "byline", 16_384),
        ("ednote", "ednote", 65_536),
        ("usageterms", "usageterms", 16_384),
        ("creditline", "credit", 1_024),
        ("infosource", "infosource", 1_024),
        ("dateline", "dateline", 1_024),
        ("located", "located", 1_024),
        ("slugline", "slugline", 1_024),
        ("genre", "genre", 1_024),
        ("signals", "signals", 128),
        ("subject", "subjects", 1_024),
        ("replaces", "links", 2_048),
    ] {
        let of = |bytes| item(json_field, "x".repeat(bytes).into());
        assert!(only(&of(max)).is_ok(), "{field} at its limit");
        let want = format!("field `{field}` has {} bytes, over the limit of {max}", max + 1);
        assert_eq!(too_large(&of(max + 1)), want);
    }
    for (json_field, field, max) in
        [("signals", "signals", 100), ("subject", "subjects", 2_000), ("replaces", "links", 250)]
    {
        let of = |entries| item(json_field, vec!["x"; entries].into());
        assert!(only(&of(max)).is_ok(), "{field} at its limit");
        let want = format!("field `{field}` has {} entries, over the limit of {max}", max + 1);
        assert_eq!(too_large(&of(max + 1)), want);
    }
    let altids = |entries| item("altids", vec![json!({"value": "x"}); entries].into());
    assert!(only(&altids(250)).is_ok());
    assert!(too_large(&altids(251)).starts_with("field `altids` has 251 entries"));
    let long = vec!["x".repeat(2_000); 40];
    assert!(too_large(&item("replaces", long.into())).starts_with("field `links` has 80000 bytes"));
}

#[test]
fn oversized_fields_that_would_stop_a_shard_are_rejected() {
    let many = |n| vec!["u"; n];
    for (record, message) in [
        (json!({"uri": "u".repeat(1_500_000), "body": "b"}), "field `uri` has 1500000 bytes"),
        (json!({"uri": "u", "headline": "h".repeat(600_000)}), "field `headline` has 600000 bytes"),
        (
            json!({"uri": "u", "body": "b", "replaces": many(200_000)}),
            "field `links` has 200000 entries",
        ),
        (
            json!({"uri": "u", "body": "b", "signals": many(200_000)}),
            "field `signals` has 200000 entries",
        ),
        (
            json!({"uri": "u", "bodies": vec![json!({"value": "b"}); 50_000]}),
            "field `body` has 50000 entries",
        ),
    ] {
        let reject = too_large(&record.to_string());
        assert!(reject.starts_with(message), "{reject}");
    }
}

#[test]
fn the_other_formats_have_the_same_limits() {
    let long = "x".repeat(3_000);
    let headline = "h".repeat(20_000);
    let links = "<link rel='irel:replaces' guidref='u'/>".repeat(251);
    for (record, field) in [
        (
            format!(
                "<newsItem guid='{long}'><contentMeta><headline>h</headline></contentMeta>\
                 </newsItem>"
            ),
            "uri",
        ),
        (
            format!(
                "<newsItem guid='a'><itemMeta>{links}</itemMeta><contentMeta><headline>h</headline>\
                 </contentMeta></newsItem>"
            ),
            "links",
        ),
        (
            format!(
                "<NewsML><NewsItem><NewsComponent><NewsLines><HeadLine>{headline}</HeadLine>\
                 </NewsLines></NewsComponent></NewsItem></NewsML>"
            ),
            "headline",
        ),
        (
            format!(
                "<nitf><head><title>t</title><docdata><doc-id id-string='{long}'/></docdata></head>\
                 </nitf>"
            ),
            "uri",
        ),
        (
            format!(
                "<rss><channel><item><guid>{long}</guid><title>t</title></item></channel></rss>"
            ),
            "uri",
        ),
        (
            format!(
                "<rss><channel><item><guid>a</guid><title>t</title><dc:publisher>{long}\
                 </dc:publisher></item></channel></rss>"
            ),
            "provider",
        ),
        (
            format!(
                "<newsItem guid='a'><itemMeta><provider literal='{long}'/></itemMeta><contentMeta>\
                 <headline>h</headline></contentMeta></newsItem>"
            ),
            "provider",
        ),
        (
            format!(
                "<nitf><head><title>t</title></head><body><body.head><distributor>{long}\
                 </distributor></body.head></body></nitf>"
            ),
            "provider",
        ),
        (format!("<RBNews><NewsID>{long}</NewsID><headline>h</headline></RBNews>"), "uri"),
        (format!("\u{1}a1 3\nslug/\n\u{2}{headline} =\ntext\u{3}"), "headline"),
        (format!("\u{16}\u{1}{long}\u{1f}\nr i\n\u{2}slug,1<\n^Headline<\ntext\u{3}"), "uri"),
    ] {
        let reject = too_large(&record);
        assert!(reject.starts_with(&format!("field `{field}` has ")), "{reject}");
    }
}

/// Checks that a record is decoded to an article with a flag for each of these fields.
fn ignores(record: &str, fields: &[&str]) {
    let short: String = record.chars().take(120).collect();
    let article = decode(record.as_bytes()).remove(0);
    let article = article.unwrap_or_else(|error| panic!("{short}: {error}"));
    let want: Vec<String> = fields.iter().map(|field| format!("unreadable_{field}")).collect();
    let found: Vec<String> =
        article.flags.into_iter().filter(|flag| flag != decode::NO_BODY).collect();
    assert_eq!(found, want, "{short}");
}

/// If a sender omits a field, another value is used in its place. If that value is too long for the
/// field, the article is not rejected.
#[test]
fn a_feed_value_used_for_a_missing_field_is_ignored_if_it_is_too_long() {
    let (long, name, terms) = ("x".repeat(3_000), "y".repeat(513), "t".repeat(17_000));
    let rss = |channel: &str, item: &str| {
        format!("<rss><channel>{channel}<item><title>t</title>{item}</item></channel></rss>")
    };
    let guid = "<guid>a</guid>";
    ignores(&rss(&format!("<title>{name}</title>"), guid), &["provider"]);
    ignores(&rss(&format!("<copyright>{terms}</copyright>"), guid), &["usageterms"]);
    ignores(&rss("", &format!("<link>{long}</link>")), &["uri"]);
    let feed = |head: &str, entry: &str| {
        format!("<feed>{head}<entry><id>a</id><title>t</title>{entry}</entry></feed>")
    };
    ignores(&feed(&format!("<title>{name}</title>"), ""), &["provider"]);
    ignores(&feed(&format!("<author><name>{terms}</name></author>"), ""), &["byline"]);
    let updated = format!("<updated>{long}</updated>");
    ignores(&feed("", &updated), &["version", "versioncreated"]);
    let json = |field: &str, value: Value| {
        let mut item = json!({"id": "a", "title": "t", "body": "b"});
        item[field] = value;
        item
    };
    ignores(&json("siteName", name.clone().into()).to_string(), &["provider"]);
    ignores(&json("credit", name.clone().into()).to_string(), &["provider"]);
    let authors = json("authors", vec!["y".repeat(500); 40].into());
    ignores(&authors.to_string(), &["byline"]);
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1", "title": name,
        "items": [json("lang", "en".into())],
    });
    ignores(&feed.to_string(), &["provider"]);
}

#[test]
fn an_item_value_used_for_a_missing_field_is_ignored_if_it_is_too_long() {
    let (long, name) = ("x".repeat(3_000), "y".repeat(513));
    let g2 = |elements: &str| {
        format!(
            "<newsMessage><header><sender>{name}</sender></header><itemSet><newsItem guid='a'>\
             {elements}<contentMeta/><contentSet><inlineData>b</inlineData></contentSet>\
             </newsItem></itemSet></newsMessage>"
        )
    };
    ignores(&g2(""), &["provider"]);
    let title = format!("<itemMeta><title>{}</title></itemMeta>", "h".repeat(17_000));
    ignores(&g2(&title), &["headline", "provider"]);
    let nitf = format!(
        "<nitf><head><docdata><doc-id id-string='a' regsrc='{name}'/><du-key key='{long}'/>\
         </docdata></head><body><body.head><hedline>t</hedline></body.head></body></nitf>"
    );
    ignores(&nitf, &["provider", "slugline"]);
    let newsml = format!(
        "<NewsML><NewsItem><Identification><NameLabel>{long}</NameLabel></Identification>\
         <NewsComponent><AdministrativeMetadata><Source><Party FormalName='{name}'/></Source>\
         </AdministrativeMetadata><NewsLines><HeadLine>h</HeadLine></NewsLines></NewsComponent>\
         </NewsItem></NewsML>"
    );
    ignores(&newsml, &["provider", "slugline"]);
    let rbnews =
        format!("<RBNews><NewsID>a</NewsID><origin>{name}</origin><headline>h</headline></RBNews>");
    ignores(&rbnews, &["provider"]);
    // If the value is too long, the next element that can supply the field is used.
    let by = format!(
        "<newsItem guid='a'><rightsInfo><copyrightHolder literal='{name}'/></rightsInfo>\
         <contentMeta><infoSource literal='Northwire'/><headline>h</headline></contentMeta>\
         </newsItem>"
    );
    ignores(&by, &["provider"]);
    assert_eq!(decode(by.as_bytes()).remove(0).unwrap().provider.as_deref(), Some("Northwire"));
}

#[test]
fn the_number_of_items_per_record_is_limited_in_every_format() {
    let settings = Settings { items_max: 3, ..Settings::default() };
    let item = |n: usize| json!({"id": n, "title": "t"});
    let items = |count: usize| (0..count).map(item).collect::<Vec<_>>();
    let shapes: [fn(Vec<Value>) -> Value; 3] = [
        |items| items.into(),
        |items| json!({"articles": items}),
        |items| json!({"data": {"items": items}}),
    ];
    for shape in shapes {
        let read = |count| {
            let record = shape(items(count)).to_string();
            decode::decode(record.as_bytes(), None, Format::Auto, &settings)
        };
        assert_eq!(read(3).iter().filter(|item| item.is_ok()).count(), 3);
        assert_eq!(read(4), [Err(decode::Error::TooMany { items: 4, max: 3 })]);
    }
    let letters = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
    let languages: String = letters
        .take(51)
        .map(|lang| {
            format!(
                "<NewsComponent xml:lang='{lang}'><ContentItem><DataContent>t</DataContent>\
                 </ContentItem></NewsComponent>"
            )
        })
        .collect();
    let record =
        format!("<NewsML><NewsItem><NewsComponent>{languages}</NewsComponent></NewsItem></NewsML>");
    let error = decode(record.as_bytes()).remove(0).unwrap_err();
    assert_eq!(error.to_string(), "item has 51 languages, over the limit of 50");
    assert_eq!(error.reason(), "too_many_items");
}
