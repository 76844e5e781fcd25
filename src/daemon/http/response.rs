//! The form of responses: JSON with an ETag, problems (RFC 9457), and the headers common to all
//! responses.

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

/// The content security policy. It allows only files of this origin and no inline scripts, so that
/// no script in an article's text can run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The headers of every response. A response may set its own value instead.
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
    /// The kind of problem: the reason phrase of the status.
    title: String,
    /// The HTTP status code.
    status: u16,
    /// What is wrong with this request.
    detail: String,
}

/// The reason a request cannot be answered as requested.
#[derive(Debug)]
pub(super) struct Problem {
    /// The HTTP status.
    status: StatusCode,
    /// What is wrong with the request.
    detail: String,
    /// Value of the `Retry-After` header, in seconds.
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem with this status.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None }
    }

    /// An invalid parameter or body (400).
    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A resource that does not exist (404).
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A temporary condition (503): the client may retry after `seconds`.
    pub(super) fn later(detail: impl Into<String>, seconds: u32) -> Self {
        let retry_after = Some(seconds);
        Self { status: StatusCode::SERVICE_UNAVAILABLE, detail: detail.into(), retry_after }
    }

    /// Sets `Retry-After`, in seconds.
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

/// Possible responses other than the regular one, by status, with their descriptions in the OpenAPI
/// document.
const ALTERNATIVES: [(u16, &str); 12] = [
    (304, "not modified: the client already has this version"),
    (400, "a parameter is invalid"),
    (401, "`http.token_file` is set, and the request does not carry its token"),
    (403, "the request comes from a page of another site"),
    (404, "there is no live article or story with this id"),
    (408, "the body of the request did not arrive in time"),
    (410, "the text is no longer in the input topic"),
    (413, "the body of the request is larger than 256 KiB"),
    (421, "no `http.token_file` is set, and `Host` is not a loopback name or address"),
    (422, "the body of the request does not contain exactly one readable article"),
    (429, "too many open streams"),
    (503, "temporarily unavailable: retry after the time in `Retry-After`"),
];

/// Declares types for the alternative responses that several resources have in common.
macro_rules! alternative {
    ($($(#[$about:meta])* $name:ident [$($status:literal)*])*) => {
        $(
            $(#[$about])*
            pub(super) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Described>> {
                    [$($status),*].into_iter().map(alternative).collect()
                }
            }
        )*
    };
}

alternative! {
    /// Alternative responses of lists.
    Listed [304 400]
    /// Alternative responses of a single resource.
    Named [304 400 404]
    /// Alternative responses of a single resource that needs article text.
    Unread [304 400 404 410 503]
    /// Alternative responses of resources that need a worker thread.
    Later [503]
    /// Alternative responses of streams.
    Unfollowed [400 429]
    /// Alternative responses of `/similar`.
    Sought [304 400 404 503]
    /// Alternative responses of `/match`.
    Unmatched [304 400 404 408 413 422 503]
}

/// The OpenAPI description of an alternative response.
pub(super) fn alternative(status: u16) -> (String, RefOr<Described>) {
    let description = ALTERNATIVES
        .iter()
        .find(|(known, _)| *known == status)
        .map_or("", |(_, description)| description);
    let mut response = ResponseBuilder::new().description(description);
    if status >= 400 {
        let body = Content::new(Some(Ref::from_schema_name("ProblemBody")));
        response = response.content("application/problem+json", body);
    }
    (status.to_string(), response.build().into())
}

/// A response, or the problem that prevents it.
pub(super) type ApiResult = Result<Response, Problem>;

/// The response for a problem (RFC 9457) with the given status.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    Problem::new(status, detail).into_response()
}

/// A JSON response with an ETag, or a 304 response if the client already has this version.
pub(super) fn fresh<T: Serialize>(request_headers: &HeaderMap, body: &T) -> ApiResult {
    let body = serde_json::to_vec(body)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(validated(request_headers, "application/json", body))
}

/// A response with an ETag computed from its body, or a 304 response if the client already has this
/// version.
pub(super) fn validated(
    request_headers: &HeaderMap,
    kind: &'static str,
    body: Vec<u8>,
) -> Response {
    let digest = Sha256::digest(&body);
    let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known =
        request_headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
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

/// Adds the headers in `SAFE` that the response does not set itself.
pub(super) async fn safe(mut answer: Response) -> Response {
    for (name, value) in SAFE {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
