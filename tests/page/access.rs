//! axe-core on every view, on a phone and a desktop, light and dark.

use super::browser::{Browser, Screen};
use super::demo::Demo;
use serde_json::Value;

/// Every screen with every scheme. What axe-core asks of structure does not hang on colours, nor
/// its contrasts on the width: all its rules are asked twice, the contrasts four times.
const LOOKS: [(Screen, &str, &str); 4] = [
    (Screen::Phone, "light", ALL),
    (Screen::Phone, "dark", CONTRAST),
    (Screen::Desktop, "light", CONTRAST),
    (Screen::Desktop, "dark", ALL),
];
const ALL: &str = "{}";
const CONTRAST: &str = "{ runOnly: ['color-contrast'] }";

/// What axe-core minds, as lines: what, where, why.
async fn minded(page: &Browser, rules: &str) -> Vec<String> {
    let ask = format!(
        "const done = arguments[arguments.length - 1];
         axe.run(document, {rules}).then((found) => done(found.violations), (error) => done([String(error)]));"
    );
    let found = page.awaited(&ask).await;
    let said = |text: &Value| text.as_str().unwrap_or_default().to_owned();
    let lines = found.as_array().unwrap().iter().flat_map(|violation| {
        let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
        let (impact, id) = (said(&violation["impact"]), said(&violation["id"]));
        nodes.into_iter().map(move |node| {
            format!("{impact} {id}: {} {}", said(&node["html"]), said(&node["failureSummary"]))
        })
    });
    lines.collect()
}

#[tokio::test]
async fn axe_finds_nothing() {
    let axe = std::env::var("AXE").expect("AXE names axe.min.js: run `tests/page/run`");
    let axe = std::fs::read_to_string(axe).unwrap();
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    page.value(&format!("(() => {{ {axe} }})()")).await;
    let killed = "[...document.querySelectorAll('.stories li')].find((li) => li.innerText.includes('killed')).querySelector('a').hash";
    let story = page.value(killed).await.as_str().unwrap().to_owned();
    let compared = "document.querySelector('.queue a[href^=\"#/compare/\"]').hash";
    let compare = page.value(compared).await.as_str().unwrap().to_owned();
    let why = compare.replace("compare", "why");
    let article = compare.replace("compare", "article");
    let (article, _) = article.rsplit_once('/').unwrap();
    let views = [
        ("wire", "#/", ".overview"),
        ("story", story.as_str(), ".radius"),
        ("article", article, ".unfolded .text p"),
        ("compare", compare.as_str(), ".diff"),
        ("why", why.as_str(), ".terms"),
        ("match", "#/match", ".trial"),
    ];
    for (name, view, shown) in views {
        page.go(view).await;
        page.find(shown).await;
        if view == story {
            page.click(".articles > li:nth-child(2) .row").await;
            page.find(".unfolded .measures").await;
            page.find(".unfolded .text p").await;
        }
        for (screen, scheme, rules) in LOOKS {
            page.as_if(screen, scheme).await;
            page.until("!document.getAnimations().some((a) => a.playState === 'running')").await;
            page.picture(&format!("{name}-{screen:?}-{scheme}").to_lowercase()).await;
            let lines = minded(&page, rules).await;
            assert!(lines.is_empty(), "{view} {screen:?} {scheme}:\n{}", lines.join("\n"));
        }
    }
    page.click("#help-open").await;
    page.find("#help[open]").await;
    let lines = minded(&page, ALL).await;
    assert!(lines.is_empty(), "help:\n{}", lines.join("\n"));
    page.close().await;
}
