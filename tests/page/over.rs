//! The page over a desk of its own: where nobody works on the shard, with a token, and after a stream that
//! broke.

use super::browser::Browser;
use super::rig::{Rig, Served, article};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::server::ServerBounds;

const FERRY: &str = "A ferry with 212 people aboard struck the reef off Marel on Monday morning, and two \
                     fishing boats took the first 40 passengers to the island's small harbour. The \
                     captain said the tide had turned earlier than his tables showed.";

fn desk() -> Rig {
    let mut rig = Rig::new();
    rig.commit(&[article("08:00:00", "n:1", "Northwire", "Ferry strikes reef off Marel", FERRY)]);
    let other = FERRY.replace("212", "198");
    rig.commit(&[article("08:05:00", "k:1", "Kestrel", "Marel ferry on reef", &other)]);
    rig
}

fn late(n: u32) -> serde_json::Value {
    let headline = format!("Lamps on both moles are mended, part {n}");
    let text = format!("Harbour pilots in Marel went back to work on day {n} when lamps were lit.");
    article(&format!("09:{n:02}:00"), &format!("t:{n}"), "Tidewater", &headline, &text)
}

fn origin(served: &Served) -> String {
    format!("http://{}", served.address())
}

#[tokio::test]
async fn a_page_over_a_standby_reads_and_says_what_it_cannot_say() {
    let rig = desk();
    let served = rig.serve();
    let page = Browser::at(&origin(&served), "").await;
    page.follow(".stories a", "Ferry strikes reef off Marel").await;
    page.until("document.querySelectorAll('.articles > li').length === 2").await;
    page.go("#/compare/0.0/0.1").await;
    page.find(".diff ins.number").await;
    // The score of a story needs a pipeline that works; the texts do not.
    page.go("#/why/0.0/0.1").await;
    page.find(".why-view table").await;
    page.until("document.querySelector('.why-view').innerText.includes('no pipeline works')").await;
    page.picture("standby-why").await;
    page.go("#/match").await;
    page.click("#trial-body").await;
    page.press(FERRY).await;
    page.click(".trial button").await;
    page.until("document.querySelector('.result').innerText.includes('no pipeline works')").await;
    page.picture("standby-match").await;
    page.close_after_refusals().await;
    served.stop();
}

#[tokio::test]
async fn a_page_with_a_token_reads_follows_and_asks() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let mut rig = desk();
    let settings = Settings { token_file, ..Settings::default() };
    let served = rig.serve_with(&settings, ServerBounds::default());
    assert_eq!(served.ask("GET", "/", "", "").status, 401, "not without it");
    let page = Browser::at(&origin(&served), "desk:s3cret@").await;
    page.follow(".stories a", "Ferry strikes reef off Marel").await;
    page.find(".articles > li").await;
    page.find(".state.live").await;
    rig.commit(&[late(1)]);
    page.until("document.querySelector('.stories')?.innerText.includes('part 1')").await;
    page.go("#/compare/0.0/0.1").await;
    page.find(".diff").await;
    page.close().await;
    served.stop();
}

/// A way to a server that can be cut: connections through it, and what was asked.
struct Way {
    address: String,
    open: Arc<Mutex<Vec<TcpStream>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Way {
    fn to(served: &Served) -> Self {
        let (server, listener) = (served.address(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(Mutex::new(Vec::<TcpStream>::new()));
        let heads = Arc::new(Mutex::new(Vec::<String>::new()));
        let (opened, asked) = (open.clone(), heads.clone());
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(to) = TcpStream::connect(server) else { return };
                opened.lock().unwrap().push(from.try_clone().unwrap());
                let back = (to.try_clone().unwrap(), from.try_clone().unwrap());
                let asked = asked.clone();
                std::thread::spawn(move || pass(from, to, |head| asked.lock().unwrap().push(head)));
                std::thread::spawn(move || pass(back.0, back.1, |_| {}));
            }
        });
        Self { address, open, heads }
    }

    /// Cuts every connection.
    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // One that has ended already is as good as cut.
            drop(stream.shutdown(std::net::Shutdown::Both));
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut see: impl FnMut(String)) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        see(String::from_utf8_lossy(&buffer[..read]).to_lowercase());
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    drop(to.shutdown(std::net::Shutdown::Both));
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_where_it_was() {
    let mut rig = desk();
    let served = rig.serve();
    let way = Way::to(&served);
    let page = Browser::at(&format!("http://{}", way.address), "").await;
    page.value("void (window.sameDocument = true)").await;
    page.find(".state.live").await;
    rig.commit(&[late(1)]);
    page.until("document.querySelector('.stories')?.innerText.includes('part 1')").await;
    way.cut();
    page.find(".state.lost").await;
    rig.commit(&[late(2)]);
    page.find(".state.live").await;
    page.until("document.querySelector('.stories')?.innerText.includes('part 2')").await;
    assert_eq!(page.value("window.sameDocument").await, json!(true), "it was not loaded anew");
    let heads = way.heads.lock().unwrap().clone();
    let follows: Vec<&String> = heads.iter().filter(|head| head.contains("/changes")).collect();
    let resumed = follows.iter().any(|head| head.contains("last-event-id: "));
    assert!(follows.len() > 1 && resumed, "it came back with the last id that it heard");
    page.close_after_outage().await;
    served.stop();
}
