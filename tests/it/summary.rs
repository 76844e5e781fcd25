//! Tests the summary and the report of `wirefold replay`: where they are written, and that they
//! agree with the events.

use crate::command::{SAMPLE, sample_folder, text, wirefold};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

const COPIES: [&str; 4] = ["redelivery", "duplicate", "excerpt", "reprint"];

fn replay(folder: &Path, args: &[&str]) -> Output {
    wirefold(folder, &[&["replay"], args].concat()).output().unwrap()
}

/// The counts that a person would derive from the events.
#[derive(Default)]
struct Naive {
    kinds: BTreeMap<String, u64>,
    articles: BTreeMap<String, u64>,
    pairs: BTreeMap<(String, String), u64>,
    stories: BTreeSet<String>,
    absorbed: BTreeSet<String>,
    largest: BTreeMap<String, u64>,
}

impl Naive {
    fn of(events: &str) -> Self {
        let (mut naive, mut providers) = (Self::default(), BTreeMap::<String, String>::new());
        let name = |of: &Value| format!("{} {}", of["uri"], of["version"]);
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let data = &event["data"];
            for story in [&data["story"], &data["survivor"]].into_iter().filter(|s| s.is_object()) {
                let size = naive.largest.entry(story["id"].to_string()).or_default();
                *size = story["size"].as_u64().unwrap().max(*size);
                naive.stories.insert(story["id"].to_string());
            }
            for absorbed in data["absorbed"].as_array().into_iter().flatten() {
                naive.absorbed.insert(absorbed["id"].to_string());
            }
            if event["type"] != "wirefold.article.classified.v1" {
                continue;
            }
            let relation = &data["relation"];
            let kind = relation["kind"].as_str().unwrap().to_owned();
            let provider = data["article"]["provider"].as_str().unwrap().to_owned();
            *naive.articles.entry(provider.clone()).or_default() += 1;
            let root = if relation["root"].is_null() { &relation["of"] } else { &relation["root"] };
            if COPIES.contains(&kind.as_str())
                && let Some(source) = providers.get(&name(root))
                && *source != provider
            {
                *naive.pairs.entry((provider.clone(), source.clone())).or_default() += 1;
            }
            *naive.kinds.entry(kind).or_default() += 1;
            providers.insert(name(&data["article"]), provider);
        }
        naive
    }
}

#[test]
fn the_counts_in_the_summary_agree_with_the_events() {
    let folder = sample_folder();
    let args = ["wire.jsonl", "--events", "events", "--rejects", "rejects", "--json"];
    let output = replay(folder.path(), &args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "with `--json`, only the summary is printed");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let events = fs::read_to_string(folder.path().join("events")).unwrap();
    let naive = Naive::of(&events);

    assert_eq!(summary["events"], events.lines().count());
    assert_eq!(summary["kinds"], serde_json::to_value(&naive.kinds).unwrap());
    let copies: u64 = COPIES.iter().filter_map(|kind| naive.kinds.get(*kind)).sum();
    assert!(copies > 50);
    assert_eq!(summary["copies"], copies);
    assert_eq!(summary["articles"], naive.kinds.values().sum::<u64>());

    let pairs = summary["copied"]["listed"].as_array().unwrap();
    let pair = |pair: &Value| {
        let name = |key: &str| pair[key].as_str().unwrap().to_owned();
        ((name("by"), name("of")), pair["copies"].as_u64().unwrap())
    };
    assert_eq!(pairs.iter().map(pair).collect::<BTreeMap<_, _>>(), naive.pairs);
    for publisher in summary["publishers"]["listed"].as_array().unwrap() {
        let name = publisher["publisher"].as_str().unwrap();
        assert_eq!(publisher["articles"], naive.articles[name], "{name}");
        let copied: u64 =
            naive.pairs.iter().filter(|((_, of), _)| of == name).map(|(_, copies)| copies).sum();
        assert_eq!(publisher["copied"], copied, "{name}");
        let parts = ["copies_of_others", "reposts", "unattributed"];
        let parts = parts.map(|part| publisher[part].as_u64().unwrap());
        assert_eq!(publisher["copies"], parts.iter().sum::<u64>(), "{name}");
    }
    let by_publisher = summary["publishers"]["listed"].as_array().unwrap();
    let by_publisher = by_publisher.iter().map(|publisher| publisher["copies"].as_u64().unwrap());
    assert_eq!(by_publisher.sum::<u64>(), copies);

    let stories = naive.stories.difference(&naive.absorbed).count();
    assert_eq!(summary["stories"]["count"], stories);
    let largest = naive.largest.iter().filter(|(id, _)| !naive.absorbed.contains(*id));
    let largest: Vec<u64> = largest.map(|(_, size)| *size).collect();
    let several = largest.iter().filter(|size| **size > 1).count();
    assert_eq!(summary["stories"]["several_articles"], several);
    assert_eq!(summary["stories"]["largest"][0]["articles"], *largest.iter().max().unwrap());

    let rejects = fs::read_to_string(folder.path().join("rejects")).unwrap();
    assert_eq!(summary["rejected"], rejects.lines().count());
    let first: Value = serde_json::from_str(rejects.lines().next().unwrap()).unwrap();
    let reasons = summary["rejects"].as_array().unwrap();
    let reason = reasons.iter().find(|r| r["reason"] == first["reject"]["reason"]).unwrap();
    for key in ["message", "topic", "offset"] {
        assert_eq!(reason["first"][key], first["reject"][key]);
    }
}

#[test]
fn the_summary_never_mixes_with_an_output_on_stdout() {
    let folder = sample_folder();
    let output = replay(folder.path(), &["wire.jsonl"]);
    assert!(text(&output.stdout).lines().all(|line| line.starts_with('{')));
    let says = text(&output.stderr);
    assert!(says.contains("Articles by kind") && says.contains("missing_field: "), "{says}");
    assert!(says.contains("`--rejects FILE` writes"), "{says}");
    let output = replay(folder.path(), &["wire.jsonl", "--json", "--events", "-"]);
    assert!(serde_json::from_slice::<Value>(&output.stderr).unwrap()["articles"].is_u64());
    let args = ["wire.jsonl", "--events", "events", "--unique", "-"];
    assert!(text(&replay(folder.path(), &args).stderr).contains("Articles by kind"));
    let args = ["wire.jsonl", "--events", "events", "--rejects", "rejects"];
    let output = replay(folder.path(), &args);
    assert!(text(&output.stdout).contains("Articles by kind"), "{}", text(&output.stdout));
    assert!(!text(&output.stdout).contains("`--rejects FILE`"));
    assert!(text(&output.stderr).contains("live stories"), "the totals stay on stderr");
}

#[test]
fn with_json_or_a_report_events_are_written_only_on_request() {
    let folder = sample_folder();
    let output = replay(folder.path(), &["wire.jsonl", "--json"]);
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["articles"].is_u64());
    assert_eq!(text(&output.stderr), "");
    let output = replay(folder.path(), &["wire.jsonl", "--report", "report.html"]);
    let out = text(&output.stdout);
    assert!(out.contains("Articles by kind") && !out.contains("\n{"), "{out}");
    let says = text(&output.stderr);
    assert!(says.contains("written: ") && !says.contains("stdout"), "{says}");
    let output = replay(folder.path(), &["wire.jsonl", "--report", "-"]);
    assert!(text(&output.stdout).starts_with("<!doctype html>"));
    assert!(text(&output.stderr).contains("Articles by kind"));
    let output = replay(folder.path(), &["wire.jsonl", "--json", "--report", "r", "--events", "-"]);
    assert!(text(&output.stdout).lines().all(|line| line.starts_with('{')));
    assert!(text(&output.stdout).lines().count() > 100);
}

#[test]
fn withdrawals_and_corrections_name_both_articles() {
    let folder = sample_folder();
    let output = replay(folder.path(), &["wire.jsonl", "--events", "events"]);
    let out = text(&output.stdout);
    let alerts = &out[out.find("Withdrawn articles (").unwrap()..out.find("Rejected, by").unwrap()];
    for lines in [
        "  Northwire \"KILL: Court freezes accounts of shipping line\u{2026}\"  \
         urn:northwire:260317:court v2\n    -> Northwire \"Court freezes accounts of shipping line \
         Corvane\"  urn:northwire:260317:court v1\n      Tidewater \"",
        "  Meridian \"Fennmark opens store in Obersund\"  urn:meridian:news:fennmark-2\n    -> \
         Meridian \"Fennmark opens store in Obersund\"  urn:meridian:news:fennmark\n      no ",
    ] {
        assert!(alerts.contains(lines), "no\n{lines}\nin\n{alerts}");
    }
    let width = alerts.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(width <= 100, "{width} columns:\n{alerts}");
    let output = replay(folder.path(), &["wire.jsonl", "--json"]);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let corrected = &summary["corrected"];
    let listed = corrected["listed"].as_array().unwrap();
    assert_eq!(corrected["count"], listed.len());
    let uris =
        |alert: &Value| ["by", "of"].map(|key| alert[key]["uri"].as_str().map(str::to_owned));
    let pair = ["urn:meridian:news:fennmark-2", "urn:meridian:news:fennmark"];
    assert!(listed.iter().any(|alert| uris(alert) == pair.map(|uri| Some(uri.to_owned()))));
}

#[test]
fn the_report_gives_the_dates_of_the_first_and_the_last_article() {
    let folder = sample_folder();
    let article = |uri: &str, date: Option<&str>| {
        let article = serde_json::json!({"uri": uri, "headline": uri, "published": date});
        article.to_string() + "\n"
    };
    let none = article("a:1", None);
    let dated = [("a:2", "2026-03-02T10:07:12Z"), ("a:3", "2026-04-05T23:58:59Z")];
    let dated: String = dated.map(|(uri, date)| article(uri, Some(date))).concat();
    for (articles, says) in [
        (none.clone() + &dated, "2026-03-02 10:07 to 2026-04-05 23:58 UTC, by the articles' dates"),
        (none, "No article has a date."),
    ] {
        fs::write(folder.path().join("in"), articles).unwrap();
        replay(folder.path(), &["in", "--report", "report.html"]);
        let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
        assert!(page.contains(says), "no `{says}` in {page}");
    }
}

#[test]
fn a_count_of_one_is_singular_and_missing_bodies_are_reported() {
    let folder = sample_folder();
    let one = r#"{"uri":"a:1","headline":"Barge drifts off Marel","provider":"Northwire"}"#;
    fs::write(folder.path().join("one"), one).unwrap();
    let output = replay(folder.path(), &["one", "--events", "events"]);
    let out = text(&output.stdout);
    assert!(out.contains("1 article and 0 rejects read"), "{out}");
    assert!(out.contains("0 articles (0 %) are copies of earlier ones; "), "{out}");
    assert!(out.contains("1 article without a body: only the headline was compared"), "{out}");
    assert!(text(&output.stderr).starts_with("1 article, 0 rejected, "));
}

/// Articles in which every field tries to become markup.
fn hostile() -> String {
    let body = "Keepers of the Marel light reported a drifting barge off the north mole at dawn, \
                and the tug Osmia put to sea with a crew of six to take the vessel in tow.";
    let article = |n: u32, provider: &str| {
        serde_json::json!({
            "uri": format!("a:{n}"), "headline": format!("<script>alert({n})</script>\u{202e}\u{1b}[2J"),
            "provider": provider, "body": body, "published": "2026-03-02T10:00:00Z",
        })
        .to_string()
    };
    [article(1, "<b>North&wire"), article(2, "\"Kestrel'"), "{<img>}".to_owned()].join("\n")
}

#[test]
fn the_report_is_one_page_without_scripts_network_or_markup_of_articles() {
    let folder = sample_folder();
    let path = folder.path().join("<i>x.jsonl");
    fs::write(&path, hostile()).unwrap();
    let args = [path.to_str().unwrap(), "--events", "/dev/null", "--report", "report.html"];
    let output = replay(folder.path(), &args);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    for tag in ["<script", "<img", "<b>", "<i>", "http:", "https:", "url(", "@import", "\u{1b}"] {
        assert!(!page.contains(tag), "{tag} in {page}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(page.contains("&lt;b&gt;North&amp;wire") && page.contains("&quot;Kestrel&#39;"));
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn the_report_shows_the_same_counts_as_the_summary_and_is_reproducible() {
    let folder = sample_folder();
    let page = || {
        let args = ["wire.jsonl", "--events", "e", "--report", "report.html", "--json"];
        let output = replay(folder.path(), &args);
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        (fs::read_to_string(folder.path().join("report.html")).unwrap(), summary)
    };
    let ((first, summary), (second, _)) = (page(), page());
    assert!(first == second, "the same input gives the same page");
    assert!(first.contains(&format!("<dt>articles<dd>{}<", summary["articles"])));
    let pair = &summary["copied"]["listed"][0];
    assert!(first.contains(&format!("/ 0.50)\">{}<", pair["copies"])), "the darkest cell");
    let story = summary["stories"]["largest"][0]["headline"].as_str().unwrap();
    assert!(first.contains(story));
    for chart in ["svg class=\"time\"", "svg class=\"share\"", "table class=\"pairs\""] {
        assert!(first.contains(chart), "{chart}");
    }
    let columns = first.matches("<g><title>").count();
    assert!(columns > 30, "{columns} columns");
}

#[test]
fn the_report_never_replaces_an_input_or_an_older_report_after_a_failure() {
    let folder = sample_folder();
    let refused = replay(folder.path(), &["wire.jsonl", "--report", "./wire.jsonl"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("--report `./wire.jsonl` is the same file as the input")
    );
    assert_eq!(fs::read_to_string(folder.path().join("wire.jsonl")).unwrap(), SAMPLE);
    fs::write(folder.path().join("report.html"), "old").unwrap();
    let args = ["wire.jsonl", "missing.jsonl", "--events", "e", "--report", "report.html"];
    assert_eq!(replay(folder.path(), &args).status.code(), Some(1));
    assert_eq!(fs::read_to_string(folder.path().join("report.html")).unwrap(), "old");
}
