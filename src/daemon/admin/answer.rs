//! How answers look: JSON, problems as RFC 9457, and headers that every answer carries.

use axum::Json;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const SAFE: [(HeaderName, &str); 3] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// A problem (RFC 9457), whose type is that of its status.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = Json(json!({ "title": title, "status": status.as_u16(), "detail": detail }));
    let kind = [(CONTENT_TYPE, "application/problem+json")];
    (status, kind, body).into_response()
}

/// Adds what every answer carries, where it does not say otherwise itself.
pub(super) async fn safe(mut answer: Response) -> Response {
    for (name, value) in SAFE {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
