//! Tests the security of the API and the page: the token as bearer or basic authentication, origin
//! checks, methods, and headers that prevent a browser from executing the content of an article.

use crate::contract::fits;
use crate::rig::{Answer, Rig, Served, article};
use base64::Engine;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::api::document;
use wirefold::daemon::http::server::ServerTimeouts;

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)> \u{202e}reef";

fn rig() -> Rig {
    let mut rig = Rig::new();
    let text = "The harbour master of Marel read the notice twice and then locked the gate to the \
                mole, because nobody had told him of the 14 ships that were to call before the \
                storm.";
    rig.commit(&[
        article("08:00:00", "n:1", "Northwire", HOSTILE, text),
        article("08:02:00", "k:1", "Kestrel", "Gate locked", &text.replace("14", "41")),
    ]);
    rig
}

fn document() -> Value {
    serde_json::from_str(&document::text()).unwrap()
}

/// Every path of the OpenAPI document, with parameters filled in for the articles of [`rig`].
fn paths(served: &Served) -> Vec<(String, String)> {
    let story = served.read("/stories")["items"][0]["id"].as_str().unwrap().to_owned();
    let fill = |path: &String| {
        let id = if path.contains("/stories/") { &*story } else { "0.0" };
        let query = match path.rsplit('/').next().unwrap() {
            "articles" | "similar" => "?uri=n:1",
            "diff" | "why" => "?a=0.0&b=0.1",
            "search" => "?q=gate",
            _ => "",
        };
        (path.clone(), path.replace("{id}", id) + query)
    };
    document()["paths"].as_object().unwrap().keys().map(fill).collect()
}

#[test]
fn every_path_needs_the_token_if_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let rig = rig();
    let open = rig.serve();
    let paths = paths(&open);
    open.stop();
    let settings = Settings { token_file, ..Settings::default() };
    let served = rig.serve_with(&settings, ServerTimeouts::default());
    let basic = |pair: &str| base64::engine::general_purpose::STANDARD.encode(pair);
    let asked = |path: &str, header: &str| {
        let method = if path.ends_with("/match") { "POST" } else { "GET" };
        served.ask(method, path, header, "").status
    };
    let own = ["/", "/page/anything.js", "/api/v1/openapi.json"].map(str::to_owned);
    for path in paths.iter().map(|(_, path)| path).chain(&own) {
        assert_eq!(asked(path, ""), 401, "{path}");
        for wrong in ["Bearer wrong".to_owned(), format!("Basic {}", basic("s3cret:"))] {
            assert_eq!(asked(path, &format!("authorization: {wrong}\r\n")), 401, "{path}");
        }
    }
    for right in ["Bearer s3cret".to_owned(), format!("Basic {}", basic("desk:s3cret"))] {
        assert_eq!(asked("/api/v1/stories", &format!("authorization: {right}\r\n")), 200);
    }
    let asks = served.ask("GET", "/", "", "").head;
    assert!(
        asks.contains("www-authenticate: basic realm="),
        "a browser must be asked for credentials: {asks}"
    );
    served.stop();
}

#[test]
fn every_answer_forbids_foreign_scripts_and_content_sniffing() {
    let rig = rig();
    let served = rig.serve();
    let check = |answer: &Answer, of: &str| {
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for part in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{of}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{of}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{of}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{of}");
        assert!(
            !answer.head.contains("access-control-"),
            "{of}: other origins must not be allowed to read it"
        );
    };
    let streams = ["/api/v1/changes", "/api/v1/events"];
    for (path, asked) in paths(&served).iter().filter(|(path, _)| !streams.contains(&&**path)) {
        check(&served.ask("GET", asked, "", ""), path);
    }
    check(&served.get("/nothing"), "an error");
    let hostile = served.read("/articles/0.0");
    assert_eq!(hostile["article"]["headline"], HOSTILE, "text is passed on unchanged, as JSON");
    assert!(served.get("/articles/0.0").head.contains("content-type: application/json"));
    served.stop();
}

#[test]
fn cross_site_requests_and_unsupported_methods_are_refused() {
    let rig = rig();
    let served = rig.serve();
    let from = |site: &str, mode: &str| {
        let headers = format!("sec-fetch-site: {site}\r\nsec-fetch-mode: {mode}\r\n");
        served.ask("GET", "/api/v1/stories", &headers, "").status
    };
    assert_eq!((from("cross-site", "no-cors"), from("cross-site", "cors")), (403, 403));
    assert_eq!((from("same-origin", "cors"), from("none", "navigate")), (200, 200));
    assert_eq!(
        from("cross-site", "navigate"),
        200,
        "following a link from another site is allowed"
    );
    for (path, asked) in paths(&served) {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            if (method, &*path) == ("POST", "/api/v1/match") {
                continue;
            }
            assert_eq!(served.ask(method, &asked, "", "").status, 405, "{method} {path}");
        }
    }
    assert_eq!(served.get("/match").status, 405);
    served.stop();
}

#[test]
fn paths_of_a_disabled_page_and_api_are_not_found() {
    let rig = rig();
    let served = rig.serve_off();
    for path in ["/", "/api/v1/stories", "/api/v1/changes"] {
        assert_eq!(served.ask("GET", path, "", "").status, 404, "{path}");
    }
    assert_eq!(served.get("/status").status, 200);
    served.stop();
}

#[test]
fn answers_match_the_openapi_document() {
    let mut rig = rig();
    let served = rig.serve();
    let document = document();
    let paths = paths(&served);
    assert!(paths.len() > 12, "{} paths", paths.len());
    let mut names = BTreeSet::new();
    let streams = ["/api/v1/changes", "/api/v1/events"];
    for (path, asked) in &paths {
        for (method, operation) in document["paths"][path].as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].to_string()),
                "{path}: operation id is not unique"
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                let described = ["description", "$ref"].iter().any(|key| response[key].is_string());
                assert!(described, "{path}: OpenAPI 3.1 requires a description of {status}");
            }
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let body =
                json!({ "headline": "Gate", "body": "The gate is locked.", "language": "en" });
            let answer = match &**method {
                _ if streams.contains(&&**path) => continue,
                "get" => rig.answering(|| served.ask("GET", asked, "", "")),
                "post" => rig.answering(|| served.ask("POST", asked, "", &body.to_string())),
                other => panic!("{path}: {other}"),
            };
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
            fits(&document, schema, &answer.json(), path);
        }
    }
    let wrong = served.get("/stories?no=1").json();
    fits(&document, &document["components"]["schemas"]["ProblemBody"], &wrong, "a problem");
    assert_eq!(served.read("/openapi.json"), document);
    served.stop();
}

/// A proxy may forward requests with its path or strip the path.
#[test]
fn everything_is_also_served_under_the_path_of_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let rig = rig();
    let settings = Settings { token_file, path: "/news/wire".into(), ..Settings::default() };
    let served = rig.serve_with(&settings, ServerTimeouts::default());
    let token = "authorization: Bearer s3cret\r\n";
    for path in ["/", "/page/main.js", "/api/v1/stories", "/api/v1/status", "/metrics", "/readyz"] {
        let under = format!("/news/wire{path}");
        let (at_root, at_path) =
            (served.ask("GET", path, token, ""), served.ask("GET", &under, token, ""));
        assert_eq!(at_path.status, at_root.status, "{under}");
        if path.contains("/page") || path == "/" {
            assert_eq!(at_path.body, at_root.body, "{under}");
        }
        let refused = if path == "/readyz" { at_root.status } else { 401 };
        assert_eq!(served.ask("GET", &under, "", "").status, refused, "{under} without the token");
    }
    for unknown in ["/news/wire/none", "/news", "/news/wirepage/main.js", "/news/wire/news/wire/"] {
        assert_eq!(served.ask("GET", unknown, token, "").status, 404, "{unknown}");
    }
    let answer = served.ask("GET", "/news/wire", "", "");
    assert_eq!((answer.status, answer.header("location")), (308, Some("/news/wire/")));
    let index = served.ask("GET", "/news/wire/", token, "").body;
    for absolute in ["href=\"/", "src=\"/"] {
        assert!(!index.contains(absolute), "the page must not refer to the root: {absolute}");
    }
    served.stop();
}
