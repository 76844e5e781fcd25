//! Tests the page with the keyboard alone.

use super::browser::Browser;
use super::demo::Demo;
use serde_json::json;

// Codes of special keys in the WebDriver standard.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

const FOCUSED: &str = "document.activeElement.textContent";

#[tokio::test]
async fn the_page_works_by_keyboard() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li:nth-child(3)").await;

    // Move down and up in the list of stories; the focus is visible.
    page.press("s").await;
    let first = page.value(FOCUSED).await;
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(page.value(outline).await, json!("solid"), "the focus must be visible");
    page.press("j").await;
    assert_ne!(page.value(FOCUSED).await, first);
    page.press("k").await;
    assert_eq!(page.value(FOCUSED).await, first);

    // Open a story, an article of it, and the comparison of that article, and go back.
    page.press(ENTER).await;
    page.find(".articles > li").await;
    page.until(&format!("document.querySelector('.story-head h2')?.textContent === {first}")).await;
    // `d` goes to the articles, and `j` moves among them.
    page.press("d").await;
    page.until("document.activeElement === document.querySelector('.articles .row')").await;
    page.press("j").await;
    page.until(
        "document.activeElement === document.querySelector('.articles > li:nth-child(2) .row')",
    )
    .await;
    page.press(ENTER).await;
    page.until("document.activeElement.getAttribute('aria-expanded') === 'true'").await;
    page.find(".expanded .measures, .expanded .text p").await;
    page.find("li.open [data-key=c]").await;
    page.press("c").await;
    page.until("location.hash.startsWith('#/compare/')").await;
    page.find(".diff").await;
    page.press(ESCAPE).await;
    page.until("location.hash.startsWith('#/story/')").await;
    page.find(".articles > li").await;
    page.press(ESCAPE).await;
    page.until("location.hash === '#/'").await;

    // Acknowledge an item of the queue; the focus moves to the next one.
    page.press("q").await;
    let waiting = page.value("document.querySelectorAll('.queue > li').length").await;
    page.press("a").await;
    page.until(&format!("document.querySelectorAll('.queue > li').length === {waiting} - 1")).await;
    page.until("document.activeElement.closest('.queue')").await;

    // Search, and leave the search.
    page.press("/").await;
    page.press("ferry").await;
    page.until("document.querySelectorAll('.search-results li').length > 3").await;
    page.press(ESCAPE).await;
    page.until("document.querySelector('.search-results').hidden").await;

    // Open and close the list of keys.
    page.press("?").await;
    page.until("document.querySelector('#help').open").await;
    page.press(ESCAPE).await;
    page.until("!document.querySelector('#help').open").await;

    // Tab reaches the filters.
    page.value("void document.querySelector('#words').focus()").await;
    for _ in 0..60 {
        page.press(TAB).await;
        if page.value("Boolean(document.activeElement.closest('#stories .filters'))").await
            == json!(true)
        {
            break;
        }
    }
    page.until("document.activeElement.closest('#stories .filters')").await;
    page.close().await;
}

/// The focus is never lost on the way.
#[tokio::test]
async fn the_keyboard_alone_goes_from_the_queue_to_a_comparison_and_back() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".queue > li").await;
    page.find(".stories > li").await;

    // The queue: opening its first item shows the article, expanded, in its story.
    page.press("q").await;
    page.until("document.activeElement === document.querySelector('.queue a')").await;
    page.press(ENTER).await;
    page.until("location.hash.startsWith('#/story/')").await;
    // The article is expanded and has the focus; the next one is compared with its source.
    page.until("document.activeElement.matches('.articles > li.open .row')").await;
    page.press("j").await;
    page.press(ENTER).await;
    page.find("li.open [data-key=c]").await;
    page.until("document.activeElement.closest('li').querySelector('[data-key=c]')").await;
    let article = page.value(FOCUSED).await;
    page.press("c").await;
    page.find(".diff").await;
    page.press(ESCAPE).await;
    // The focus is back at the same article.
    page.until(&format!("{FOCUSED} === {article} && document.activeElement.closest('.articles')"))
        .await;
    page.press(ESCAPE).await;
    page.until("document.body.dataset.view === 'overview'").await;
    // Acknowledge the item.
    page.press("q").await;
    let waiting = page.value("document.querySelectorAll('.queue > li').length").await;
    page.press("a").await;
    page.until(&format!("document.querySelectorAll('.queue > li').length === {waiting} - 1")).await;
    page.until("document.activeElement.matches('.queue a')").await;

    // Search: Enter goes to the first result, `d` to its articles, Esc back to the results.
    page.press("/").await;
    page.press("ferry").await;
    page.press(ENTER).await;
    page.until("document.activeElement === document.querySelector('.search-results a')").await;
    page.press("j").await;
    page.press(ENTER).await;
    page.find(".articles > li").await;
    page.press("d").await;
    page.until("document.activeElement.matches('.articles .row')").await;
    page.press(ESCAPE).await;
    page.until("document.body.dataset.view === 'overview'").await;
    page.press("s").await;
    page.until("document.activeElement.closest('.search-results')").await;
    page.press(ESCAPE).await;
    page.until("document.querySelector('.search-results').hidden").await;
    page.until("document.activeElement.closest('.stories')").await;
    assert_eq!(page.value("location.search").await, json!(""));

    // All keys that the page handles are listed.
    page.press("?").await;
    let listed = page.text("#help").await;
    for key in
        ["j", "k", "Enter", "n", "a", "q", "s", "d", "r", "/", "2", "c", "w", "x", "Esc", "?"]
    {
        assert!(listed.lines().any(|line| line == key), "{key} is not in {listed}");
    }
    page.close().await;
}
