//! Tests of the page in a browser, most of them against `wirefold demo`. `tests/page/run` provides
//! chromedriver (`WEBDRIVER`), Chromium (`CHROMIUM`) and axe-core (`AXE`).
//!
//! Each test has its own server and browser. At its end, each test also checks that the console has
//! no errors and that no request left the origin.

#![expect(clippy::unwrap_used, reason = "a test fails at the line that cannot continue")]

mod access;
mod browser;
mod demo;
mod keyboard;
mod linked;
#[path = "../it/linked_wire.rs"]
mod linked_wire;
mod lists;
mod live;
mod many;
mod over;
mod reading;
#[path = "../it/rig.rs"]
#[expect(dead_code, reason = "the API tests use the rest")]
mod rig;
mod saga;
#[path = "../it/saga_wire.rs"]
mod saga_wire;
