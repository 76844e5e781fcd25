//! What happens while somebody looks: a kill, and a daemon that goes and comes back.

use super::browser::Browser;
use super::demo::Demo;
use serde_json::json;

#[tokio::test]
async fn a_kill_shows_who_carries_the_text_without_a_reload() {
    // The kill comes 22 articles after what it kills.
    let demo = Demo::start("400ms");
    let page = Browser::open(&demo).await;
    page.value("void (window.sameDocument = true)").await;
    page.follow(".stories a", "Court freezes accounts of shipping line Corvane").await;
    page.find(".articles > li").await;
    assert_eq!(page.value("document.querySelectorAll('.radius').length").await, json!(0));
    assert_eq!(page.value("document.querySelectorAll('.queue .alarm').length").await, json!(0));

    page.find(".radius.alarm").await;
    let radius = page.text(".radius").await;
    for carrier in ["Tidewater", "Kestrel"] {
        assert!(radius.contains(carrier), "{radius}");
    }
    assert!(radius.contains("killed after"), "{radius}");
    page.until("document.querySelectorAll('.chart .carrier').length > 2").await;
    page.find(".chart line.notice.alarm").await;
    page.until("document.querySelector('.queue .alarm')?.innerText.includes('Corvane')").await;
    assert_eq!(page.value("window.sameDocument").await, json!(true), "the page was not reloaded");

    // Stories that came meanwhile are new, until they are marked as seen.
    page.find(".stories li.news .fresh").await;
    let marked = "(() => { document.querySelector('#stories .head .quiet').click(); return document.querySelectorAll('.stories li.news').length; })()";
    assert_eq!(page.value(marked).await, json!(0));

    // What is acknowledged stays so over a reload.
    page.click(".queue .alarm button").await;
    page.until("!document.querySelector('.queue')?.innerText.includes('Court freezes')").await;
    page.value("void location.reload()").await;
    page.until("window.sameDocument === undefined && document.querySelector('.stories li')").await;
    page.until("document.querySelector('#queue .head .quiet:not([hidden])')").await;
    page.close().await;
}

#[tokio::test]
async fn a_page_that_lost_its_daemon_says_so_and_catches_up() {
    let demo = Demo::start("400ms");
    let page = Browser::open(&demo).await;
    page.find(".state.live").await;
    page.find(".stories li").await;
    let port = demo.port();
    drop(demo);
    page.find(".state.lost").await;
    page.find(".stories li").await;

    // Another daemon at the same place: everything is read anew, and news comes in again.
    let _next = Demo::at(port, "400ms");
    page.find(".state.live").await;
    page.until("document.querySelectorAll('.stories li').length > 3").await;
    page.close_after_outage().await;
}
