//! Tests the running story of a story: its stages, by mouse and keyboard, on every screen.

use super::access::assert_accessible;
use super::browser::{Browser, Screen};
use super::rig::Rig;
use super::saga_wire::{self, table};
use serde_json::json;

const STAGES: &str = "[...document.querySelectorAll('.stages > li')]";

async fn open(rig: &Rig) -> (super::rig::Served, Browser) {
    let served = rig.serve();
    let page = Browser::at(&format!("http://{}", served.address()), "").await;
    page.find(".stories > li").await;
    (served, page)
}

#[tokio::test]
async fn a_running_story_shows_its_stages_and_what_is_new_in_each() {
    let rig = saga_wire::rig(120);
    let (served, page) = open(&rig).await;
    let counted = "[...document.querySelectorAll('.stories > li')]\
        .filter((li) => li.innerText.includes('4 stages')).length";
    assert_eq!(page.value(counted).await, json!(4));
    page.follow(".stories a", "Halcyon captain questioned").await;
    page.until(&format!("{STAGES}.length === 4")).await;
    assert_eq!(page.text(".saga h3").await, "Running story 4 stages");
    let current = page.text(".stages > .current").await;
    for words in ["this story", "2 articles", "2 independent publishers", "Tomas Fennel, told"] {
        assert!(current.contains(words), "{words}: {current}");
    }
    let new = page.text(".stages > .current > .meta:last-child").await;
    let new: Vec<&str> = new.split_whitespace().collect();
    assert_eq!(new.join(" "), "new: Tomas Fennel Port Seltz justice");

    for screen in [Screen::Phone, Screen::Desktop] {
        for scheme in ["light", "dark"] {
            page.as_if(screen, scheme).await;
            page.value("void document.querySelector('.saga').scrollIntoView()").await;
            page.picture(&format!("saga-{screen:?}-{scheme}").to_lowercase()).await;
            let wide = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(page.value(wide).await, json!(false), "{screen:?} scrolls sideways");
            assert_accessible(&page).await;
        }
    }

    // The keyboard: `r` goes to the open stage, `j` to the next one, Enter opens it.
    page.press("r").await;
    page.until("document.activeElement.matches('.stages .current > a')").await;
    page.press("j").await;
    page.until("document.activeElement.textContent.startsWith('Divers find cracked rudder')").await;
    page.press("\u{e007}").await;
    page.until("document.querySelector('.story-head h2')?.textContent.startsWith('Divers')").await;
    page.until(&format!("{STAGES}.findIndex((li) => li.matches('.current')) === 2")).await;
    // The mouse: the whole row can be clicked.
    page.click_at(".stages > li:nth-child(4) > .meta").await;
    page.until("document.querySelector('.story-head h2')?.textContent.startsWith('Ferry Halcyon')")
        .await;
    page.follow(".stories a", "Lind rejects").await;
    page.until("document.querySelector('.story-head h2')?.textContent.startsWith('Lind')").await;
    page.until("document.querySelector('.saga').hidden").await;
    page.close().await;
    served.stop();
}

#[tokio::test]
async fn a_running_story_grows_while_it_is_open_and_names_stages_that_are_gone() {
    let mut rig = Rig::new();
    rig.commit(&[table(20, 8), table(20, 9)]);
    let (served, page) = open(&rig).await;
    page.click(".stories a").await;
    page.until(&format!("{STAGES}.length === 2")).await;
    page.find(".state.live").await;
    page.press("r").await;
    rig.commit(&[table(20, 10)]);
    page.until(&format!("{STAGES}.length === 3")).await;
    page.until("document.activeElement.matches('.stages .current > a')").await;
    // The first two stages leave the window.
    rig.commit(&[table(25, 9)]);
    page.until(&format!("{STAGES}[0].matches('.gone')")).await;
    let gone = page.text(".stages > .gone").await;
    assert!(gone.contains("has left the window"), "{gone}");
    page.picture("saga-gone").await;
    assert_accessible(&page).await;
    page.close().await;
    served.stop();
}

#[tokio::test]
async fn a_long_running_story_is_closed_at_first_and_says_what_it_leaves_out() {
    let mut rig = Rig::new();
    rig.commit(&(0..60).map(|n| table(20 + n / 24, n % 24)).collect::<Vec<_>>());
    let (served, page) = open(&rig).await;
    page.until("document.querySelector('.stories .meta').innerText.includes('50+ stages')").await;
    page.click(".stories a").await;
    page.find(".saga:not([open]) summary").await;
    assert_eq!(page.text(".saga h3").await, "Running story 60 stages");
    page.press("r").await;
    page.find(".saga[open]").await;
    page.until(&format!("{STAGES}.length === 50")).await;
    page.until("document.querySelector('.saga').innerText.includes('10 earlier stages not shown')")
        .await;
    page.picture("saga-long").await;
    page.close().await;
    served.stop();
}
