//! Tests stories in other languages: one row in the list, and their links in the open story.

use super::access::assert_accessible;
use super::browser::{Browser, Screen};
use super::linked_wire;
use super::rig::Rig;
use serde_json::json;

#[tokio::test]
async fn an_event_in_three_languages_has_one_row_and_the_story_links_to_the_others() {
    let mut rig = Rig::new();
    rig.commit(&linked_wire::wire());
    let served = rig.serve();
    let page = Browser::at(&format!("http://{}", served.address()), "").await;
    page.find(".stories > li").await;
    page.until("document.querySelectorAll('.stories > li').length === 2").await;
    let row = "[...document.querySelectorAll('.stories > li')]\
        .find((li) => li.innerText.includes('aground')).querySelector('.language').innerText";
    let languages = page.value(row).await;
    assert!(languages.as_str().is_some_and(|all| all.starts_with("EN · ")), "{languages}");

    page.follow(".stories a", "aground").await;
    page.until("document.querySelectorAll('.linked > li').length === 2").await;
    let linked = page.text(".linked").await;
    for words in ["German", "Chinese", "Fähre vor Rotterdam", "names", "1 place"] {
        assert!(linked.contains(words), "{words}: {linked}");
    }
    for screen in [Screen::Phone, Screen::Desktop] {
        for scheme in ["light", "dark"] {
            page.as_if(screen, scheme).await;
            page.value("void document.querySelector('.linked').scrollIntoView()").await;
            page.picture(&format!("linked-{screen:?}-{scheme}").to_lowercase()).await;
            let wide = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(page.value(wide).await, json!(false), "{screen:?} scrolls sideways");
            assert_accessible(&page).await;
        }
    }
    page.follow(".linked a", "Fähre vor Rotterdam").await;
    page.until("document.querySelector('.story-head h2')?.textContent.startsWith('Fähre')").await;
    page.until("document.querySelector('.linked').innerText.includes('English')").await;
    page.close().await;
    served.stop();
}
