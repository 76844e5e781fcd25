//! Accessibility: runs axe-core on every view, on a phone and a desktop, in light and dark.

use super::browser::{Browser, Screen};
use super::demo::Demo;
use serde_json::Value;

/// Every screen and colour scheme, with the axe-core rules to run. Contrast rules run on all four
/// combinations. Structural rules do not depend on colours, so they run on only two.
const LOOKS: [(Screen, &str, &str); 4] = [
    (Screen::Phone, "light", ALL),
    (Screen::Phone, "dark", CONTRAST),
    (Screen::Desktop, "light", CONTRAST),
    (Screen::Desktop, "dark", ALL),
];
const ALL: &str = "{}";
const CONTRAST: &str = "{ runOnly: ['color-contrast'] }";

/// Loads axe-core into the page.
async fn load_axe(page: &Browser) {
    let axe = std::env::var("AXE").expect("AXE must name axe.min.js; use tests/page/run");
    let axe = std::fs::read_to_string(axe).unwrap();
    page.value(&format!("(() => {{ {axe} }})()")).await;
}

/// Fails if axe-core finds a violation on the page in its current state.
pub(crate) async fn assert_accessible(page: &Browser) {
    load_axe(page).await;
    let lines = violations(page, ALL).await;
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Runs axe-core and returns one line per violation: impact, rule, element, explanation.
async fn violations(page: &Browser, rules: &str) -> Vec<String> {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         axe.run(document, {rules}).then(
             (found) => done(found.violations),
             (error) => done([String(error)]),
         );"
    );
    let found = page.awaited(&script).await;
    let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
    let lines = found.as_array().unwrap().iter().flat_map(|violation| {
        let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
        let (impact, id) = (text(&violation["impact"]), text(&violation["id"]));
        nodes.into_iter().map(move |node| {
            format!("{impact} {id}: {} {}", text(&node["html"]), text(&node["failureSummary"]))
        })
    });
    lines.collect()
}

#[tokio::test]
async fn axe_finds_no_violations_on_any_view() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    load_axe(&page).await;
    let withdrawn = "[...document.querySelectorAll('.stories li')]\
        .find((li) => li.innerText.includes('withdrawn')).querySelector('a').hash";
    let story = page.value(withdrawn).await.as_str().unwrap().to_owned();
    let compared = "document.querySelector('.queue a[href^=\"#/compare/\"]').hash";
    let compare = page.value(compared).await.as_str().unwrap().to_owned();
    let why = compare.replace("compare", "why");
    let article = compare.replace("compare", "article");
    let (article, _) = article.rsplit_once('/').unwrap();
    let views = [
        ("wire", "#/", ".overview"),
        ("story", story.as_str(), ".carriers"),
        ("article", article, ".expanded .text p"),
        ("compare", compare.as_str(), ".diff"),
        ("why", why.as_str(), ".terms"),
        ("match", "#/match", ".match-form"),
    ];
    for (name, view, shown) in views {
        page.go(view).await;
        page.find(shown).await;
        if view == story {
            page.click(".articles > li:nth-child(2) .row").await;
            page.find(".expanded .measures").await;
            page.find(".expanded .text p").await;
        }
        for (screen, scheme, rules) in LOOKS {
            page.as_if(screen, scheme).await;
            page.until("!document.getAnimations().some((a) => a.playState === 'running')").await;
            page.picture(&format!("{name}-{screen:?}-{scheme}").to_lowercase()).await;
            let lines = violations(&page, rules).await;
            assert!(lines.is_empty(), "{view} {screen:?} {scheme}:\n{}", lines.join("\n"));
        }
    }
    page.click("#help-open").await;
    page.find("#help[open]").await;
    page.picture("help").await;
    let lines = violations(&page, ALL).await;
    assert!(lines.is_empty(), "help:\n{}", lines.join("\n"));
    page.click("#help button").await;
    page.click("#words").await;
    page.press("ferry").await;
    page.find(".search-results li").await;
    let lines = violations(&page, ALL).await;
    assert!(lines.is_empty(), "search:\n{}", lines.join("\n"));
    page.close().await;
}
