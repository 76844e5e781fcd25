//! Tests exports of databases, search engines and content systems: where they keep the fields of an
//! article, and how they nest its text.

use crate::wire_xml::decode;
use wirefold_engine::article::{Article, Body, EventTime};

fn only(record: &str) -> Article {
    let mut read = decode(record.as_bytes());
    assert_eq!(read.len(), 1, "{record}");
    read.remove(0).unwrap_or_else(|error| panic!("{error}: {record}"))
}

/// The headline and the text of the article in a record.
fn texts(record: &str) -> (String, String) {
    let article = only(record);
    assert!(!article.flags.iter().any(|flag| flag.starts_with("unreadable")), "{article:?}");
    (article.headline.clone(), wirefold_engine::text::clean(&article).text)
}

#[test]
fn each_export_is_read() {
    let (title, body) = ("Kai gesperrt", "Der Kai von Seltz ist gesperrt.");
    for record in [
        r#"{"response": {"docs": [{"_id": "a", "headline": {"main": "T", "kicker": null},
            "abstract": "Kurz.", "lead_paragraph": "B", "byline": {"original": "By Ada"}}]}}"#,
        r#"{"id": null, "title": "T", "text": "B", "source": "https://seltz.example/kai"}"#,
        r#"{"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "@id": "https://s.example/"},
            {"@type": ["NewsArticle"], "@id": "https://s.example/1", "headline": "T",
             "articleBody": "B"}, {"@type": "ImageObject", "@id": "https://s.example/i"}]}"#,
        r#"{"Item": {"id": {"S": "a"}, "title": {"S": "T"}, "body": {"S": "B"}, "n": {"N": "1"}}}"#,
        r#"{"dynamodb": {"NewImage": {"id": {"S": "a"}, "title": {"S": "T"}, "body": {"S": "B"},
            "source": {"M": {"name": {"S": "Seltz"}}}}}}"#,
        r#"{"id": "a", "title": {"string": "T"}, "body": {"string": "B"}, "lead": null,
            "published": {"long": 1795161600000}}"#,
        r#"{"items": [{"sys": {"id": "a"}, "fields": {"title": {"de-AT": "T"},
            "body": {"de-AT": "B", "fr": "Le quai."}}}]}"#,
        r#"{"data": [{"id": "3", "attributes": {"title": "T", "introtext": "B", "fulltext": ""}}]}"#,
        r#"{"story": {"id": "q", "headline": "T", "published-at": 1795161600000,
            "cards": [{"story-elements": [{"type": "text", "text": "<p>B</p>"}]}]}}"#,
        r#"{"id": "a", "headline": "T", "body_nitf": "<nitf><body><body.head><hedline><hl1>T</hl1>
            </hedline></body.head><body.content><block><p>B</p></block></body.content></body></nitf>"}"#,
        r#"{"records": [{"key": "k", "value": {"id": "a", "title": "T", "body": "B"}}]}"#,
        r#"{"data": {"search": {"items": [{"uri": "a", "headLine": "T", "fragment": "B"}]}}}"#,
        r#"{"an": "D1", "title": "T", "body": "B"}"#,
        r#"{"AN": "D1", "HD": "T", "LP": "Der Kai von Seltz", "TD": "ist gesperrt."}"#,
        "{\"index\": {\"_index\": \"news\", \"_id\": \"a\"}}\n{\"title\": \"T\", \"body\": \"B\"}\n",
        "{\"update\": {\"_id\": \"a\"}}\n{\"doc\": {\"title\": \"T\", \"body\": \"B\"}}\n",
    ] {
        let record = record.replace("\"T\"", &format!("\"{title}\"")).replace(">T<", "><");
        let record =
            record.replace("\"B\"", &format!("\"{body}\"")).replace(">B<", &format!(">{body}<"));
        let (headline, text) = texts(&record);
        assert_eq!((&*headline, &*text.replace("\n\n", " ")), (title, body), "{record}");
    }
}

#[test]
fn the_lead_paragraph_comes_first() {
    let record = r#"{"id": 3, "title": "Quai fermé", "introtext": "<p>Le quai est fermé.</p>",
        "fulltext": "<p>Les pêcheurs attendent.</p>"}"#;
    assert_eq!(texts(record).1, "Le quai est fermé.\n\nLes pêcheurs attendent.");
    let whole = record.replace("<p>Les", "<p>Le quai est fermé.</p><p>Les");
    assert_eq!(texts(&whole).1, "Le quai est fermé.\n\nLes pêcheurs attendent.");
}

#[test]
fn names_with_hyphens_and_feeds_of_readers_are_read() {
    let record = r#"{"items": [{"id": "f1", "title": "Muelle cerrado", "published-at": 1795161600000,
        "origin": {"title": "Gaceta de Seltz", "streamId": "feed/x"}, "content": {"content": "Uno."}}]}"#;
    let article = only(record);
    assert_eq!(article.provider.as_deref(), Some("Gaceta de Seltz"));
    assert_eq!(article.published, EventTime::parse("2026-11-20T08:00:00Z"));
    let host = r#"{"title": "T", "text": "B", "source": "https://seltz.example/a/b", "hostname": "seltz.example"}"#;
    let article = only(host);
    assert_eq!(article.uri, "https://seltz.example/a/b");
    assert_eq!(article.provider.as_deref(), Some("seltz.example"));
    assert!(
        decode(br#"{"title": "T", "text": "B", "source": "https://seltz.example/"}"#)[0].is_err()
    );
}

#[test]
fn the_text_of_a_rich_text_tree_is_collected() {
    let want = "Мост закрыт до мая.\n\nLe pont est fermé.\n\nDie Brücke ist zu.";
    let paragraphs = [
        r#"[{"T": "text", "V": "Мост закрыт"}, {"T": "text", "V": " до ", "marks": ["bold"]},
            {"T": "link", "C": [{"T": "text", "V": "мая"}]}, {"T": "text", "V": "."}]"#,
        r#"[{"T": "text", "V": "Le pont est fermé."}]"#,
        r#"[{"T": "text", "V": "Die Brücke ist zu."}]"#,
    ];
    let tree = |kind: &str, value: &str, children: &str, root: &str| {
        let block =
            |inner: &&str| format!("{{\"{kind}\": \"paragraph\", \"{children}\": {inner}}}");
        let blocks: Vec<String> = paragraphs.iter().map(block).collect();
        let image = format!("{{\"{kind}\": \"image\", \"caption\": \"x\", \"{children}\": []}}");
        let all = format!("{}, {image}, {}", blocks[0], blocks[1..].join(","));
        let all =
            all.replace("\"T\"", &format!("\"{kind}\"")).replace("\"V\"", &format!("\"{value}\""));
        root.replace("ALL", &all.replace("\"C\"", &format!("\"{children}\"")))
    };
    for body in [
        tree("type", "text", "content", r#"{"type": "doc", "content": [ALL]}"#),
        tree("_type", "text", "children", "[ALL]"),
        tree("type", "text", "children", "[ALL]"),
        tree("type", "text", "children", r#"{"root": {"type": "root", "children": [ALL]}}"#),
        tree(
            "nodeType",
            "value",
            "content",
            r#"{"nodeType": "document", "data": {}, "content": [ALL]}"#,
        ),
        r#"{"time": 1, "blocks": [{"type": "paragraph", "data": {"text": "Мост закрыт до мая."}},
            {"type": "image", "data": {"file": {"url": "x"}, "caption": "y"}},
            {"type": "paragraph", "data": {"text": "Le pont est fermé."}},
            {"type": "list", "data": {"items": ["Die Brücke ist zu."]}}]}"#
            .to_owned(),
        r#"{"blocks": [{"text": "Мост закрыт до мая.", "type": "unstyled"}, {"text": ""},
            {"text": "Le pont est fermé."}, {"text": "Die Brücke ist zu."}], "entityMap": {}}"#
            .to_owned(),
        r#"{"ops": [{"insert": "Мост закрыт до "}, {"insert": "мая", "attributes": {"bold": true}},
            {"insert": ".\n\nLe pont est fermé.\n\n"}, {"insert": {"image": "x"}},
            {"insert": "Die Brücke ist zu."}]}"#
            .to_owned(),
    ] {
        let record = format!("{{\"id\": \"a\", \"title\": \"T\", \"body\": {body}}}");
        assert_eq!(texts(&record).1, want, "{record}");
    }
    let deep = format!("{}\"x\"{}", "[".repeat(200), "]".repeat(200));
    let record = format!("{{\"id\": \"a\", \"title\": \"T\", \"body\": {deep}}}");
    assert_eq!(decode(record.as_bytes())[0].as_ref().unwrap_err().reason(), "wrong_type");
}

#[test]
fn markup_that_was_escaped_twice_is_read_as_markup() {
    for (json, want) in [
        (
            "&lt;p&gt;Quay closed.&lt;/p&gt;&lt;p&gt;A &amp;amp; B.&lt;/p&gt;",
            "Quay closed.\n\nA & B.",
        ),
        ("Причал закрыт.&lt;br&gt;Паром отменён.", "Причал закрыт.\nПаром отменён."),
        ("Le &lt;p&gt; ouvre un paragraphe.", "Le <p> ouvre un paragraphe."),
    ] {
        let record = format!("{{\"id\": \"a\", \"title\": \"T\", \"body\": \"{json}\"}}");
        assert_eq!(texts(&record).1, want);
        let rss = json.replace('&', "&amp;");
        let rss = format!(
            "<rss><channel><item><guid>a</guid><title>T</title>\
                           <description>{rss}</description></item></channel></rss>"
        );
        assert_eq!(texts(&rss).1, want);
    }
}

#[test]
fn an_undeclared_character_set_is_guessed_and_flagged() {
    use encoding_rs::{WINDOWS_1251, WINDOWS_1252, WINDOWS_1254};
    for (text, encoding) in [
        ("La papeterie a fermé à l’été : « assez », dit le maire.", WINDOWS_1252),
        ("Die Brücke über den Fluß wird für Größeres gesperrt.", WINDOWS_1252),
        ("Власти начали эвакуацию посёлка из-за угрозы прорыва.", WINDOWS_1251),
        ("Belediye sahildeki inşaatı mühürledi, işçiler bekliyor.", WINDOWS_1254),
    ] {
        for record in [
            format!(
                "[{{\"id\": \"a\", \"title\": \"T\", \"body\": \"{text}\"}}, {{\"id\": \"b\", \"title\": \"T\"}}]"
            ),
            format!(
                "<?xml version='1.0' encoding='UTF-8'?><rss><channel><item><guid>a</guid>\
                     <title>T</title><description>{text}</description></item>\
                     <item><guid>b</guid><title>T</title></item></channel></rss>"
            ),
        ] {
            let read = decode(&encoding.encode(&record).0);
            let articles: Vec<Article> = read.into_iter().map(Result::unwrap).collect();
            assert_eq!(articles[0].body.as_str(), text);
            assert_eq!(articles[0].flags, ["repaired_text"]);
            assert_eq!(articles[1].flags, ["no_body"]);
        }
    }
}

#[test]
fn the_action_lines_of_a_bulk_file_give_the_articles_their_ids() {
    let lines = "{\"index\":{\"_id\":\"a\"}}\n{\"title\":\"Quay\",\"body\":\"One.\"}\n\
                 {\"delete\":{\"_id\":\"b\"}}\n{\"create\":{}}\n{\"id\":\"c\",\"title\":\"Kai\",\"body\":\"Zwei.\"}\n";
    let read = decode(lines.as_bytes());
    let uris: Vec<_> =
        read.iter().map(|read| read.as_ref().map(|a| &*a.uri).map_err(|e| e.reason())).collect();
    assert_eq!(uris, [Ok("a"), Err("no_article"), Ok("c")]);
    assert_eq!(read[0].as_ref().unwrap().body, Body::Plain("One.".into()));
}
