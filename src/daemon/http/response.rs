//! How answers look: JSON with a validator, problems as RFC 9457, and headers that every answer
//! carries.

use axum::Json;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Nothing but this origin's own files, and no script in a page's text: whatever an article holds,
/// nothing of it runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

const SAFE: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemBody {
    /// What kind of problem, by its status.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong with this request.
    detail: String,
}

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem whose type is that of its status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None }
    }

    /// A parameter or a body that cannot be taken.
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Nothing is there.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Not now: the client may ask again after `seconds`.
    pub(super) fn later(detail: impl Into<String>, seconds: u32) -> Self {
        let retry_after = Some(seconds);
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_after }
    }

    /// Asks for a rest of so many seconds.
    pub(super) fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default().to_owned();
        let body = ProblemBody { title, status: self.status.as_u16(), detail: self.detail };
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        let mut answer = (self.status, kind, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// What a request may be answered with instead of what it asks for, by status, as the API's document
/// says it.
const INSTEAD: [(u16, &str); 9] = [
    (304, "unchanged: the client has it"),
    (400, "a parameter is not understood"),
    (404, "nothing of that name is live"),
    (408, "the body did not come in time"),
    (410, "retention has passed the text"),
    (413, "over 256 KB"),
    (422, "no article can be read"),
    (429, "too many streams"),
    (503, "not now: `Retry-After` says when to ask again"),
];

/// Names the answers that several resources have in common.
macro_rules! instead {
    ($($(#[$about:meta])* $name:ident [$($status:literal)*])*) => {
        $(
            $(#[$about])*
            pub(super) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Described>> {
                    [$($status),*].into_iter().map(instead).collect()
                }
            }
        )*
    };
}

instead! {
    /// Of lists.
    Listed [304 400]
    /// Of one thing by its name.
    Named [304 400 404]
    /// Of one thing whose text is needed.
    Unread [304 400 404 410 503]
    /// Of what is worked at by few at a time.
    Later [503]
    /// Of streams.
    Unfollowed [400 429]
    /// Of an article that is asked about.
    Unmatched [304 400 408 413 422 503]
}

fn instead(status: u16) -> (String, RefOr<Described>) {
    let says = INSTEAD.iter().find(|(known, _)| *known == status).map_or("", |(_, says)| says);
    let mut told = ResponseBuilder::new().description(says);
    if status >= 400 {
        let body = Content::new(Some(Ref::from_schema_name("ProblemBody")));
        told = told.content("application/problem+json", body);
    }
    (status.to_string(), told.build().into())
}

/// An answer, or why there is none.
pub(super) type ApiResult = Result<Response, Problem>;

/// A problem (RFC 9457), whose type is that of its status.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    Problem::new(status, detail).into_response()
}

/// JSON with a validator; nothing but the news that it is unchanged, where the client has it already.
pub(super) fn fresh<T: Serialize>(asked: &HeaderMap, body: &T) -> ApiResult {
    let body = serde_json::to_vec(body)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(validated(asked, "application/json", body))
}

/// Bytes with a validator made from them.
pub(super) fn validated(asked: &HeaderMap, kind: &'static str, body: Vec<u8>) -> Response {
    let digest = Sha256::digest(&body);
    let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(','));
    let unchanged =
        known.map(|known| known.trim().trim_start_matches("W/")).any(|k| k == tag || k == "*");
    let tag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""));
    let headers = [(ETAG, tag), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    match unchanged {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, [(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response(),
    }
}

/// Adds what every answer carries, where it does not say otherwise itself.
pub(super) async fn safe(mut answer: Response) -> Response {
    for (name, value) in SAFE {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
