//! Tests the views that an editor reads: stories, diffs, hostile markup, filters, right-to-left
//! text, matching.

use super::browser::Browser;
use super::demo::Demo;
use serde_json::json;

#[tokio::test]
async fn a_story_opens_and_its_diff_shows_a_changed_number() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.follow(".stories a", "Fire destroys covered market in Harwick").await;
    page.until("document.querySelectorAll('.articles > li').length >= 4").await;
    let marks = page.value("document.querySelectorAll('.chart .mark').length").await;
    let rows = page.value("document.querySelectorAll('.articles > li').length").await;
    assert_eq!(marks, rows, "the chart must show every article");
    let sentence = page.text(".chart figcaption").await;
    assert!(sentence.starts_with("Northwire was first by arrival time"), "{sentence}");
    assert!(
        page.text(".articles").await.contains("changed numbers"),
        "a badge must name the change"
    );

    // The queue links to the comparison, which names the changed number.
    page.follow(".queue .headline[href^='#/compare/']", "Fire destroys covered market").await;
    page.find(".diff").await;
    let changed = page.text(".changed").await;
    assert!(changed.contains("number"), "{changed}");
    for tag in ["del", "ins"] {
        let number = page.text(&format!(".diff {tag}.number")).await;
        assert!(number.chars().any(|c| c.is_ascii_digit()), "`{number}` is not a number");
        assert!(changed.contains(&number), "{changed}");
    }
    page.click(".views a[href^='#/why/']").await;
    page.find(".why-view table tbody.holds").await;
    let distance = page.text(".why-view .faint").await;
    assert!(distance.contains("of 64 SimHash bits differ: "), "{distance}");
    page.find(".why-view .terms li").await;
    page.close().await;
}

#[tokio::test]
async fn hostile_markup_in_a_headline_stays_text() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    page.click("#words").await;
    page.press("aster flood latest").await;
    let headline = page.text(".search-results .headline").await;
    assert_eq!(headline, "Aster flood <script>alert('x')</script> latest");
    page.click(".search-results .headline").await;
    page.until("document.querySelector('#detail')?.innerText.includes('<script>')").await;
    for (what, count) in [("script", 1), ("main img, main b, main iframe", 0)] {
        let found = page.value(&format!("document.querySelectorAll({what:?}).length")).await;
        assert_eq!(found, json!(count), "{what}");
    }
    let handlers = "[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes])\
        .filter((a) => a.name.startsWith('on')).length";
    assert_eq!(
        page.value(handlers).await,
        json!(0),
        "no element may have an event handler attribute"
    );
    // A headline with bidirectional control characters does not affect the text around it.
    page.go("#/").await;
    page.value("void (document.querySelector('#words').value = '')").await;
    page.click("#words").await;
    page.press("probe pictures more").await;
    let shut = "getComputedStyle(document.querySelector('.search-results .headline')).unicodeBidi";
    page.until("document.querySelector('.search-results .headline')?.innerText.includes('&')")
        .await;
    assert_eq!(page.value(shut).await, json!("isolate"));
    page.close().await;
}

#[tokio::test]
async fn filters_are_kept_and_scripts_are_displayed_in_their_direction() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    let all = page.value("document.querySelectorAll('.stories li').length").await;
    page.click("#several").await;
    page.until(&format!("document.querySelectorAll('.stories li').length < {all}")).await;
    let fewest = "Math.min(...[...document.querySelectorAll('.stories .meta > :first-child')]\
        .map((n) => parseInt(n.textContent)))";
    assert!(page.value(fewest).await.as_i64().unwrap() >= 2);
    page.click("#several").await;

    page.click(".filter summary").await;
    page.follow(".filter[open] label", "Arabic").await;
    page.until(
        "[...document.querySelectorAll('.stories .headline')].every((a) => a.lang === 'ar')",
    )
    .await;
    let direction = "getComputedStyle(document.querySelector('.stories .headline')).direction";
    assert_eq!(page.value(direction).await, json!("rtl"));
    page.follow(".filter[open] label", "Arabic").await;
    page.follow(".filter[open] label", "Japanese").await;
    page.until("document.querySelector('.stories .headline')?.lang === 'ja'").await;
    page.follow(".stories a", "マレル島沖").await;
    page.until("document.querySelector('.story-head h2')?.lang === 'ja'").await;
    page.click(".articles > li:nth-child(2) .row").await;
    page.until("document.querySelector('.expanded .text p[lang=ja]')").await;
    page.follow(".expanded .actions a", "Compare").await;
    page.until("document.querySelector('.summary')?.innerText.includes('identical')").await;
    // The filter is kept after a reload.
    page.value("void location.reload()").await;
    page.until("document.querySelector('.stories .headline')?.lang === 'ja'").await;
    page.until("document.querySelector('.filter.set summary')?.textContent === 'Japanese'").await;
    page.close().await;
}

#[tokio::test]
async fn match_names_the_source_and_the_story_of_a_text() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    page.go("#/match").await;
    page.click("#match-body").await;
    page.press(
        "A passenger ferry with 212 people on board ran aground off the island of Marel early on \
         Tuesday and began to take in water, the coast guard said. The captain will be heard on \
         Friday, a lawyer for the owners told reporters in Port Seltz.",
    )
    .await;
    page.click(".match-form button").await;
    page.find(".result a[href^='#/story/']").await;
    let result = page.text(".result").await;
    assert!(result.contains("EXPANSION of Kestrel"), "{result}");
    assert!(result.contains("Fishing crews bring ferry passengers ashore"), "{result}");
    assert_eq!(page.value("document.querySelectorAll('.result .measures').length").await, json!(1));
    page.close().await;
}
