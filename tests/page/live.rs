//! Tests live updates of an open page: a kill, and a daemon that ends and is replaced.

use super::browser::Browser;
use super::demo::Demo;
use serde_json::json;

#[tokio::test]
async fn a_kill_shows_the_carriers_without_a_reload() {
    // The kill comes 22 articles after the article that it kills.
    let demo = Demo::start("400ms");
    let page = Browser::open(&demo).await;
    page.value("void (window.sameDocument = true)").await;
    page.follow(".stories a", "Court freezes accounts of shipping line Corvane").await;
    page.find(".articles > li").await;
    assert_eq!(page.value("document.querySelectorAll('.carriers').length").await, json!(0));
    assert_eq!(page.value("document.querySelectorAll('.queue .alarm').length").await, json!(0));

    page.find(".carriers.alarm").await;
    let carriers = page.text(".carriers").await;
    for carrier in ["Tidewater", "Kestrel"] {
        assert!(carriers.contains(carrier), "{carriers}");
    }
    assert!(carriers.contains("killed after"), "{carriers}");
    page.until("document.querySelectorAll('.chart .carrier').length > 2").await;
    page.find(".chart line.notice.alarm").await;
    page.until("document.querySelector('.queue .alarm')?.innerText.includes('Corvane')").await;
    assert_eq!(page.value("window.sameDocument").await, json!(true), "the page was not reloaded");

    // Stories that opened in the meantime are unread until they are marked as read.
    page.find(".stories li.unread .fresh").await;
    let marked = "(() => {
        document.querySelector('#stories .head .quiet').click();
        return document.querySelectorAll('.stories li.unread').length;
    })()";
    assert_eq!(page.value(marked).await, json!(0));

    page.close().await;
}

/// The demo has already sent all articles, because a new carrier would bring an acknowledged item
/// back.
#[tokio::test]
async fn an_acknowledged_item_stays_acknowledged_after_a_reload() {
    let demo = Demo::through();
    let page = Browser::open(&demo).await;
    page.value("void (window.sameDocument = true)").await;
    page.until("document.querySelector('.queue .alarm')").await;
    page.click(".queue .alarm button").await;
    page.until("document.querySelector('#queue .head .quiet:not([hidden])')").await;
    page.value("void location.reload()").await;
    page.until("window.sameDocument === undefined && document.querySelector('.stories li')").await;
    page.until("document.querySelector('#queue .head .quiet:not([hidden])')").await;
    page.close().await;
}

#[tokio::test]
async fn a_page_shows_that_the_daemon_is_gone_and_catches_up_with_the_next_one() {
    let demo = Demo::start("400ms");
    let page = Browser::open(&demo).await;
    page.find(".state.live").await;
    page.find(".stories li").await;
    let port = demo.port();
    drop(demo);
    page.find(".state.lost").await;
    page.find(".stories li").await;
    let status = page.text("#status").await;
    assert!(status.contains("Disconnected") && status.contains("showing the state of"), "{status}");

    // Another daemon on the same port: the page reloads all data and gets updates again.
    let _next = Demo::at(port, "400ms");
    page.find(".state.live").await;
    page.until("document.querySelectorAll('.stories li').length > 3").await;
    page.close_after_outage().await;
}
