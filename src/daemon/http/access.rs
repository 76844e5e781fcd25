//! Who may ask.
//!
//! With a token: whoever carries it; it is compared in constant time. Programs send it as `Bearer`. A
//! browser asks for it once (`Basic`: any name, the token as the password) and then sends it with every
//! request to this origin, streams included, to which a page can add no header of its own; so there is no
//! session, no cookie, and no token in an address. Without a token the server listens on loopback, and
//! then only requests that name it so are answered: a page elsewhere whose name was made to resolve to
//! this machine (DNS rebinding) reads nothing.
//!
//! Because a browser adds the token by itself, requests that it says come from another site's page are
//! refused, following a link excepted.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::path::Path;

use super::response::problem;

/// The token that requests must carry, as its digest: neither its bytes nor its length can be
/// learnt from how long a comparison takes.
#[derive(Clone, Copy)]
pub(super) struct AccessToken([u8; 32]);

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

impl AccessToken {
    /// The token in a file, blank space at its ends not counted.
    ///
    /// # Errors
    /// When the file cannot be read, or holds nothing.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let cannot = |why: &str| format!("`http.token_file`: `{}` {why}", path.display());
        let text = std::fs::read_to_string(path)
            .map_err(|error| cannot(&format!("cannot be read: {error}")))?;
        match text.trim() {
            "" => Err(cannot("is empty")),
            token => Ok(Self::of(token)),
        }
    }

    fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether an `Authorization` header carries it.
    fn opens(self, header: Option<&HeaderValue>) -> bool {
        let given = header.and_then(|value| value.to_str().ok()).and_then(given);
        let given = Self::of(&given.unwrap_or_default());
        let different = self.0.iter().zip(given.0).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(different) == 0
    }
}

/// The token that an `Authorization` header gives: all of a `Bearer`, the password of a `Basic`.
fn given(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a browser says that another site's page asks, not by a link that its reader follows.
fn crosses(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    says("sec-fetch-site", "cross-site") && !says("sec-fetch-mode", "navigate")
}

/// Lets a request through if it carries the token, or where none is set, if it asks for this
/// machine by a name of its own.
pub(super) async fn guard(
    State(token): State<Option<AccessToken>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    match token {
        None if !headers.get(HOST).is_none_or(is_loopback) => {
            let why = "without `http.token_file`, ask for `localhost` or `127.0.0.1`";
            problem(StatusCode::MISDIRECTED_REQUEST, why)
        }
        Some(token) if !token.opens(headers.get(AUTHORIZATION)) => {
            let why =
                "send the token as `Authorization: Bearer TOKEN`, or as the password of `Basic`";
            let mut answer = problem(StatusCode::UNAUTHORIZED, why);
            for way in ["Bearer", "Basic realm=\"wirefold\", charset=\"UTF-8\""] {
                answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
            answer
        }
        _ if crosses(headers) => {
            problem(StatusCode::FORBIDDEN, "a page of another site may not ask")
        }
        _ => next.run(request).await,
    }
}

/// Whether a `Host` header names this machine itself.
fn is_loopback(host: &HeaderValue) -> bool {
    let Ok(authority) = host.to_str().unwrap_or_default().parse::<Authority>() else {
        return false;
    };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_few_names() {
        let named = |host: &str| is_loopback(&HeaderValue::from_str(host).unwrap());
        for own in ["localhost:9464", "LOCALHOST", "127.0.0.1:1", "127.1.2.3", "[::1]:9464"] {
            assert!(named(own), "{own}");
        }
        for other in ["", "desk.example:80", "localhost.example", "10.0.0.1:9464", "127.0.0.1.x"] {
            assert!(!named(other), "{other}");
        }
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = AccessToken::of("s3cret");
        let opens = |header: &str| token.opens(Some(&HeaderValue::from_str(header).unwrap()));
        assert!(opens("Bearer s3cret") && opens("bearer  s3cret"));
        let basic = |pair: &str| {
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        };
        assert!(opens(&basic(":s3cret")) && opens(&basic("anyone:s3cret")));
        for wrong in ["s3cret", "s3cret:", "a:s3cret2", "a:b:s3cret"].map(basic) {
            assert!(!opens(&wrong), "{wrong}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3crets", "Bearer", "Basic s3cret", "s3cret", ""] {
            assert!(!opens(wrong), "{wrong}");
        }
        assert!(!token.opens(None));
        assert_eq!(format!("{token:?}"), "***");
    }
}
