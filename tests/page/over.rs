//! Tests the page with a snapshot that the test fills itself: on a standby without a pipeline, with
//! a token, and after the event stream was interrupted.

use super::browser::Browser;
use super::rig::{Rig, Served, article};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::server::ServerTimeouts;

const FERRY: &str = "A ferry with 212 people aboard struck the reef off Marel on Monday morning, \
                     and two fishing boats took the first 40 passengers to the island's small \
                     harbour. The captain said the tide had turned earlier than his tables showed.";

/// A server with two articles on one event.
fn rig_with_ferry() -> Rig {
    let mut rig = Rig::new();
    rig.commit(&[article("08:00:00", "n:1", "Northwire", "Ferry strikes reef off Marel", FERRY)]);
    let other = FERRY.replace("212", "198");
    rig.commit(&[article("08:05:00", "k:1", "Kestrel", "Marel ferry on reef", &other)]);
    rig
}

/// An article that arrives while the page is open.
fn late(n: u32) -> serde_json::Value {
    let headline = format!("Lamps on both moles are mended, part {n}");
    let text = format!("Harbour pilots in Marel went back to work on day {n} when lamps were lit.");
    article(&format!("09:{n:02}:00"), &format!("t:{n}"), "Tidewater", &headline, &text)
}

fn origin(served: &Served) -> String {
    format!("http://{}", served.address())
}

#[tokio::test]
async fn a_page_on_a_standby_shows_articles_and_says_what_needs_a_pipeline() {
    let rig = rig_with_ferry();
    let served = rig.serve();
    let page = Browser::at(&origin(&served), "").await;
    page.follow(".stories a", "Ferry strikes reef off Marel").await;
    page.until("document.querySelectorAll('.articles > li').length === 2").await;
    page.go("#/compare/0.0/0.1").await;
    page.find(".diff ins.number").await;
    // Showing the score of a story needs a running pipeline; showing the texts does not.
    page.go("#/why/0.0/0.1").await;
    page.find(".why-view table").await;
    page.until(
        "document.querySelector('.why-view').innerText.includes('is not processing the shard')",
    )
    .await;
    page.picture("standby-why").await;
    page.go("#/match").await;
    page.click("#match-body").await;
    page.press(FERRY).await;
    page.click(".match-form button").await;
    page.until(
        "document.querySelector('.result').innerText.includes('is not processing the shard')",
    )
    .await;
    page.picture("standby-match").await;
    page.close_after_refusals().await;
    served.stop();
}

#[tokio::test]
async fn a_page_with_a_token_loads_and_gets_updates() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let mut rig = rig_with_ferry();
    let settings = Settings { token_file, ..Settings::default() };
    let served = rig.serve_with(&settings, ServerTimeouts::default());
    assert_eq!(served.ask("GET", "/", "", "").status, 401, "a request without the token must fail");
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

/// A TCP proxy in front of the server whose connections can be cut.
struct CuttableProxy {
    /// The address that the browser connects to.
    address: String,
    /// The browser's connections since the last cut.
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// The bytes that the browser sent, in lower case, one entry per read.
    requests: Arc<Mutex<Vec<String>>>,
}

impl CuttableProxy {
    fn to(served: &Served) -> Self {
        let (server, listener) = (served.address(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(Mutex::new(Vec::<TcpStream>::new()));
        let requests = Arc::new(Mutex::new(Vec::<String>::new()));
        let (opened, seen) = (open.clone(), requests.clone());
        std::thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(to) = TcpStream::connect(server) else { return };
                opened.lock().unwrap().push(from.try_clone().unwrap());
                let back = (to.try_clone().unwrap(), from.try_clone().unwrap());
                let seen = seen.clone();
                let log = move |request| seen.lock().unwrap().push(request);
                std::thread::spawn(move || forward(from, to, log));
                std::thread::spawn(move || forward(back.0, back.1, |_| {}));
            }
        });
        Self { address, open, requests }
    }

    /// Cuts all connections.
    fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            // A connection that has already ended is fine.
            drop(stream.shutdown(std::net::Shutdown::Both));
        }
    }
}

/// Forwards bytes in one direction and passes them to `see`.
fn forward(mut from: TcpStream, mut to: TcpStream, mut see: impl FnMut(String)) {
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
async fn a_broken_change_stream_resumes_after_the_last_event() {
    let mut rig = rig_with_ferry();
    let served = rig.serve();
    let proxy = CuttableProxy::to(&served);
    let page = Browser::at(&format!("http://{}", proxy.address), "").await;
    page.value("void (window.sameDocument = true)").await;
    page.find(".state.live").await;
    rig.commit(&[late(1)]);
    page.until("document.querySelector('.stories')?.innerText.includes('part 1')").await;
    proxy.cut();
    page.find(".state.lost").await;
    rig.commit(&[late(2)]);
    page.find(".state.live").await;
    page.until("document.querySelector('.stories')?.innerText.includes('part 2')").await;
    assert_eq!(page.value("window.sameDocument").await, json!(true), "the page was reloaded");
    let requests = proxy.requests.lock().unwrap().clone();
    let streams: Vec<&String> = requests.iter().filter(|r| r.contains("/changes")).collect();
    let resumed = streams.iter().any(|request| request.contains("last-event-id: "));
    assert!(streams.len() > 1 && resumed, "the page must resume with the last event id");
    page.close_after_outage().await;
    served.stop();
}
