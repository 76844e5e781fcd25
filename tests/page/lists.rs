//! Tests the lists: clickable rows, the open item, the URL, states without data, and the words
//! used.

use super::access::assert_accessible;
use super::browser::{Browser, Screen};
use super::demo::Demo;
use super::rig::{Rig, article};
use serde_json::json;

const STORIES: &str = "document.querySelectorAll('.stories > li').length";

#[tokio::test]
async fn every_part_of_a_row_opens_it_and_the_open_item_is_marked() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.click_at(".stories > li:nth-child(2) .meta").await;
    page.find(".stories > li:nth-child(2) > [aria-current]").await;
    page.until("location.hash.startsWith('#/story/')").await;
    page.click_at(".stories > li:nth-child(3) .size").await;
    page.find(".stories > li:nth-child(3) > [aria-current]").await;

    // A click on the row of an article expands the article, and the URL names it.
    page.click_at(".articles > li:nth-child(2) .meta").await;
    page.find(".articles > li:nth-child(2) .expanded:not([hidden])").await;
    page.until("location.hash.split('/').length === 4").await;
    let open = page.value("location.hash").await;

    // In the queue, a click on the row opens the item, but a click on its button does not.
    page.click_at(".queue > li:first-child .why").await;
    page.find(".queue > li:first-child > [aria-current]").await;
    assert_ne!(page.value("location.hash").await, open);
    let before = page.value("location.hash").await;
    page.click_at(".queue > li:nth-child(2) button").await;
    page.find("#queue .head .quiet:not([hidden])").await;
    assert_eq!(page.value("location.hash").await, before);

    // A reload opens the same article.
    page.go(open.as_str().unwrap()).await;
    page.find(".articles > li:nth-child(2) .expanded:not([hidden])").await;
    page.value("void location.reload()").await;
    page.find(".articles > li:nth-child(2) .expanded:not([hidden])").await;

    page.click("#words").await;
    page.press("ferry").await;
    page.click_at(".search-results > li:nth-child(2) .meta").await;
    page.find(".search-results > li:nth-child(2) > [aria-current]").await;
    page.close().await;
}

#[tokio::test]
async fn the_url_contains_search_filters_sort_and_open_item() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.until(&format!("{STORIES} > 10")).await;
    page.click("#several").await;
    page.until("location.search === '?publishers_min=2'").await;
    page.click(".filter:nth-child(4) summary").await;
    page.follow(".filter[open] label", "still carried").await;
    page.value(
        "void (() => { const order = document.querySelector('#order'); order.value = 'size'; \
         order.dispatchEvent(new Event('change')); })()",
    )
    .await;
    page.until(&format!("{STORIES} > 0 && {STORIES} < 5")).await;
    page.click(".stories a").await;
    page.find(".carriers").await;
    let (search, hash) = (page.value("location.search").await, page.value("location.hash").await);
    assert_eq!(search, json!("?badge=still+carried&publishers_min=2&sort=size"));

    // The URL shows the same view in another browser.
    let link = format!("/{}{}", search.as_str().unwrap(), hash.as_str().unwrap());
    let other = Browser::open(&demo).await;
    other.visit(&link).await;
    other.find(".carriers").await;
    other.until(&format!("{STORIES} > 0 && {STORIES} < 5")).await;
    assert_eq!(other.value("document.querySelector('#order').value").await, json!("size"));
    assert_eq!(other.value("document.querySelector('#several').checked").await, json!(true));
    let heading = other.text("#stories-title").await;
    assert!(heading.starts_with("Stories ") && heading.ends_with(" of 50"), "{heading}");
    let badges = "[...document.querySelectorAll('.stories > li')]\
        .every((li) => li.innerText.includes('still carried'))";
    assert_eq!(other.value(badges).await, json!(true), "the badge has the same name as its filter");

    // The URL of a search works as well.
    other.visit("/?q=ferry").await;
    other.until("document.querySelectorAll('.search-results li').length > 3").await;
    assert_eq!(other.value("document.querySelector('#words').value").await, json!("ferry"));
    other.close().await;
    page.close().await;
}

#[tokio::test]
async fn on_a_phone_search_results_come_first() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.as_if(Screen::Phone, "light").await;
    page.find(".queue li").await;
    page.click("#words").await;
    page.press("ferry").await;
    page.find(".search-results li").await;
    let top = "document.querySelector('.search-results li').getBoundingClientRect().top";
    let top = page.value(top).await.as_f64().unwrap();
    assert!(top < 160.0, "the first result is at {top} px");
    page.picture("search-phone-light").await;
    // This also works from an open story.
    page.click(".search-results a").await;
    page.find(".articles > li").await;
    page.click("#words").await;
    page.press("s").await;
    page.until("document.querySelector('.search-results').checkVisibility()").await;
    page.close().await;
}

#[tokio::test]
async fn the_queue_says_which_number_changed() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    let named = "Kestrel: 210 instead of 120 from Northwire";
    page.until(&format!("document.querySelector('#queue').innerText.includes('{named}')")).await;
    page.close().await;
}

#[tokio::test]
async fn the_help_explains_the_words_in_rows_and_filters() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.find(".stories li").await;
    page.find("#several").await;
    page.click("#help-open").await;
    let help = page.text("#help").await;
    for word in ["independent publishers", "growth", "carrier", "first result", "REDELIVERY"] {
        assert!(help.contains(word), "no `{word}` in {help}");
    }
    let filters = "[...document.querySelectorAll('.filter:nth-child(4) label')]\
        .map((label) => label.innerText.trim() || label.textContent.trim())";
    let filters = page.value(filters).await;
    assert_eq!(filters.as_array().unwrap().len(), 6);
    for badge in filters.as_array().unwrap() {
        assert!(help.contains(badge.as_str().unwrap()), "no {badge} in {help}");
    }
    // Each badge of a row has a tooltip, which explains the badge as the help does.
    let unexplained = "[...document.querySelectorAll('.stories .flag')].filter((f) => !f.title)";
    assert_eq!(page.value(&format!("{unexplained}.length")).await, json!(0));
    page.find(".stories .growth[title]").await;
    page.close().await;
}

#[tokio::test]
async fn the_page_says_why_it_has_no_data() {
    let mut rig = Rig::new();
    let served = rig.serve();
    let page = Browser::at(&format!("http://{}", served.address()), "").await;
    page.until("document.querySelector('#queue').innerText.includes('No action needed.')").await;
    page.until("document.querySelector('#stories').innerText.includes('No stories yet.')").await;
    page.until("document.querySelector('#status').innerText.includes('No articles yet')").await;
    page.picture("empty").await;
    assert_accessible(&page).await;
    page.visit("/?sort=size#/match").await;
    page.click("#words").await;
    page.press("ferry").await;
    page.until("document.querySelector('#stories').innerText.includes('No live headline')").await;
    page.visit("/?badge=withdrawn").await;
    page.until("document.querySelector('#stories').innerText.includes('match these filters')")
        .await;

    // Articles without dates get the start time of the replay's clock.
    let undated = |n: u32| {
        let text = format!("Pilots of boat {n} went back to work when the lamps were lit again.");
        let mut one = article("09:00:00", &format!("t:{n}"), "Tidewater", "Lamps mended", &text);
        one["arrived"] = json!("2000-01-01T00:00:00Z");
        one.as_object_mut().unwrap().remove("versioncreated");
        one
    };
    rig.commit(&[undated(1), undated(2)]);
    page.visit("/?sort=newest").await;
    page.find(".stories > li").await;
    page.until("document.querySelector('#status').innerText.includes('without dates')").await;
    let shown = page.value("document.body.innerText").await;
    assert!(shown.as_str().unwrap().contains("undated"), "{shown}");
    assert!(!shown.as_str().unwrap().contains("Jan"), "{shown}");
    served.stop();
    page.until("document.querySelector('#status').innerText.includes('showing the state of')")
        .await;
    page.picture("disconnected").await;
    page.close_after_outage().await;
}
