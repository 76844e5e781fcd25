//! A headless Chromium, controlled over WebDriver.

use super::demo::Demo;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use url::{ParseError, Url};

/// How long a single wait may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The emulated device.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Screen {
    /// 390 by 844 pixels, mobile.
    Phone,
    /// 1440 by 900 pixels.
    Desktop,
}

/// A command of chromedriver that is not in the WebDriver standard: its path and body.
#[derive(Debug)]
struct Vendor(&'static str, Value);

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, driver: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        driver.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

/// A browser session.
pub(crate) struct Browser {
    driver: Client,
    /// The origin under test; [`Browser::close`] fails if a request went elsewhere.
    origin: String,
    /// User name and password in the opened address (`name:password@`), or empty.
    login: String,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; use tests/page/run"))
}

fn capabilities() -> Capabilities {
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
    ];
    let wanted = json!({
        "goog:chromeOptions": { "binary": variable("CHROMIUM"), "args": flags },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    serde_json::from_value(wanted).unwrap()
}

impl Browser {
    /// Opens the page of `demo` with the desktop screen.
    pub(crate) async fn open(demo: &Demo) -> Self {
        Self::at(&demo.origin, "").await
    }

    /// Opens the page of `origin`. `login` is empty, or a user name and a password:
    /// `name:password@`.
    pub(crate) async fn at(origin: &str, login: &str) -> Self {
        let mut session = ClientBuilder::new(HttpConnector::new());
        session.capabilities(capabilities());
        let driver = session.connect(&variable("WEBDRIVER")).await.unwrap();
        let browser = Self { driver, origin: origin.to_owned(), login: login.to_owned() };
        browser.as_if(Screen::Desktop, "light").await;
        let address = format!("{}/", origin.replacen("http://", &format!("http://{login}"), 1));
        browser.driver.goto(&address).await.unwrap();
        browser
    }

    /// Sends a command of the Chrome DevTools protocol.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.driver.issue_cmd(Vendor("goog/cdp/execute", body)).await.unwrap()
    }

    /// The level and message of each entry in a browser log since the last call.
    async fn logged(&self, log: &str) -> Vec<(String, String)> {
        let entries =
            self.driver.issue_cmd(Vendor("se/log", json!({ "type": log }))).await.unwrap();
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        let entries = entries.as_array().unwrap().iter();
        entries.map(|entry| (text(entry, "level"), text(entry, "message"))).collect()
    }

    /// Emulates a screen and a colour scheme, `light` or `dark`.
    pub(crate) async fn as_if(&self, screen: Screen, scheme: &str) {
        let (width, height, mobile) = match screen {
            Screen::Phone => (390, 844, true),
            Screen::Desktop => (1440, 900, false),
        };
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile,
        });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        self.devtools("Emulation.setEmulatedMedia", media).await;
        // Colours change gradually.
        self.until("document.getAnimations().every((one) => one.playState === 'finished')").await;
    }

    /// Opens `address`, a path that begins with `/`, in the same tab.
    pub(crate) async fn visit(&self, address: &str) {
        self.driver.goto(&format!("{}{address}", self.origin)).await.unwrap();
    }

    /// Clicks with the mouse at the centre of the first element that matches a selector.
    pub(crate) async fn click_at(&self, selector: &str) {
        self.find(selector).await;
        let centre = format!(
            "(() => {{ const e = document.querySelector({selector:?}); \
             e.scrollIntoView({{ block: 'nearest' }}); const b = e.getBoundingClientRect(); \
             return {{ x: b.x + b.width / 2, y: b.y + b.height / 2 }}; }})()"
        );
        let at = self.value(&centre).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1,
            });
            self.devtools("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Evaluates a JavaScript expression on the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.driver.execute(&script, vec![]).await.unwrap()
    }

    /// The text of the first element that matches a selector, once it exists.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        element.text().await.unwrap()
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let since = Instant::now();
        while self.value(&format!("Boolean({expression})")).await != json!(true) {
            if since.elapsed() > PATIENCE {
                let page = self.value("document.body.innerText").await;
                panic!(
                    "never true: {expression}\nThe page shows: {}",
                    page.as_str().unwrap_or_default()
                );
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The first element that matches a selector, once it exists.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        self.until(&format!("document.querySelector({selector:?})")).await;
        self.driver.find(Locator::Css(selector)).await.unwrap()
    }

    /// Clicks the first element that matches a selector, once it exists.
    pub(crate) async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
    }

    /// Clicks the first element that matches a selector and contains `words`, once it exists.
    pub(crate) async fn follow(&self, selector: &str, words: &str) {
        let link = format!(
            "[...document.querySelectorAll({selector:?})]\
             .find((a) => a.textContent.includes({words:?}))"
        );
        self.until(&link).await;
        // Click by script, because an update of a live list may move the link before a real click
        // reaches it.
        self.value(&format!("({link}).click()")).await;
    }

    /// Types into the focused element.
    pub(crate) async fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keys".into());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.driver.perform_actions(actions).await.unwrap();
    }

    /// Changes the fragment of the page's address.
    pub(crate) async fn go(&self, fragment: &str) {
        self.value(&format!("void (location.hash = {fragment:?})")).await;
    }

    /// Runs an asynchronous script, which must call its last argument with the result.
    pub(crate) async fn awaited(&self, script: &str) -> Value {
        self.driver.execute_async(script, vec![]).await.unwrap()
    }

    /// Saves a screenshot to the folder `SHOTS`, if set.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SHOTS") else { return };
        let how = json!({ "format": "webp", "quality": 85 });
        let taken = self.devtools("Page.captureScreenshot", how).await;
        let bytes = BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.webp")), bytes).unwrap();
    }

    /// Ends the session. Fails if the console has errors or warnings, or if a request left the
    /// origin.
    pub(crate) async fn close(self) {
        self.close_allowing(|_| false).await;
    }

    /// Like [`close`](Self::close), but allows responses with status 503.
    pub(crate) async fn close_after_refusals(self) {
        self.close_allowing(|message| message.contains("status of 503")).await;
    }

    /// Like [`close`](Self::close), but allows failed connections, which the browser logs itself.
    pub(crate) async fn close_after_outage(self) {
        self.close_allowing(|message| message.contains("net::ERR_")).await;
    }

    /// Ends the session; console messages for which `expected` is true are allowed.
    async fn close_allowing(self, expected: impl Fn(&str) -> bool) {
        let mut errors = self.logged("browser").await;
        errors.retain(|(level, message)| level != "INFO" && !expected(message));
        assert!(errors.is_empty(), "console messages: {errors:?}");
        let mut requests = 0;
        for (_, entry) in self.logged("performance").await {
            let entry: Value = serde_json::from_str(&entry).unwrap();
            let message = &entry["message"];
            if message["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = message["params"]["request"]["url"].as_str().unwrap();
            let url = url.replacen(&self.login, "", 1);
            if url.starts_with("data:") {
                continue;
            }
            assert!(
                url.starts_with(&format!("{}/", self.origin)),
                "a request left the origin: {url}"
            );
            requests += 1;
        }
        assert!(requests > 10, "only {requests} requests were logged");
        self.driver.close().await.unwrap();
    }
}
