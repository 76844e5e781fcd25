//! Keyboard operation of the page.

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
    page.press("d").await;
    page.value("void document.querySelector('.articles .row').focus()").await;
    page.press("j").await;
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
