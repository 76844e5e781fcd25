//! The page's files, embedded in the binary: `/` and `/page/...`.
//!
//! Every file in the folder `page` is served as it is, so the page needs no build step.

use super::response::{ApiResult, Problem, validated};
use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::get;

/// The embedded files.
#[derive(rust_embed::RustEmbed)]
#[folder = "src/daemon/http/page/"]
struct Files;

/// The routes of the page.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { file(&headers, "index.html") }))
        .route("/page/{*name}", get(by_name))
}

async fn by_name(Path(name): Path<String>, headers: HeaderMap) -> ApiResult {
    file(&headers, &name)
}

/// The response for an embedded file, or 404.
fn file(request_headers: &HeaderMap, name: &str) -> ApiResult {
    let missing = || Problem::missing("no such resource");
    let found = Files::get(name).ok_or_else(missing)?;
    let kind = kind(name).ok_or_else(missing)?;
    Ok(validated(request_headers, kind, found.data.into_owned()))
}

/// The media type of a file, by its extension; `None` for files that are not served.
fn kind(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "woff2" => Some("font/woff2"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}
