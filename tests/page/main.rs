//! The page in a browser, against `wirefold demo`. `tests/page/run` brings what these need: a
//! chromedriver (`WEBDRIVER`), a Chromium (`CHROMIUM`) and axe-core (`AXE`).
//!
//! Every test has a demo and a browser of its own. Whatever a test looks at, it ends with two more
//! findings: nothing was reported as an error on the console, and no request has left the origin.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod access;
mod browser;
mod demo;
mod keyboard;
mod live;
mod over;
mod reading;
#[path = "../it/rig.rs"]
#[expect(dead_code, reason = "the tests of the API use the rest")]
mod rig;
