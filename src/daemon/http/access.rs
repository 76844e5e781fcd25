//! Authentication and authorization of requests.
//!
//! With a token: a request must contain the token, which is compared in constant time. Programs
//! send it as `Bearer`. Browsers ask the user for it once (`Basic`: any user name, the token as the
//! password) and then send it with every request to this origin, including requests for streams, to
//! which a page cannot add headers. This avoids sessions, cookies and tokens in URLs.
//!
//! Without a token: the server listens on loopback only, and answers only requests whose `Host` is
//! a loopback name. A page from another site therefore cannot read anything, even if its host name
//! was made to resolve to this machine (DNS rebinding).
//!
//! Browsers add the password automatically, so requests that a browser marks as coming from another
//! site are refused, except for navigation (following a link).

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::response::problem;

/// The token that requests must contain. Only its digest is stored, so that neither its content nor
/// its length can be inferred from the duration of a comparison.
#[derive(Clone, Copy)]
pub(super) struct AccessToken([u8; 32]);

/// The reason the token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("`http.token_file`: `{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file is empty.
    #[error("`http.token_file`: `{}` is empty", .0.display())]
    Empty(PathBuf),
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

impl AccessToken {
    /// Reads the token from a file, without leading and trailing white space.
    ///
    /// # Errors
    /// If the file cannot be read, or is empty.
    pub(super) fn read(path: &Path) -> Result<Self, TokenError> {
        let unreadable = |source| TokenError::Unreadable { path: path.into(), source };
        match std::fs::read_to_string(path).map_err(unreadable)?.trim() {
            "" => Err(TokenError::Empty(path.into())),
            token => Ok(Self::of(token)),
        }
    }

    fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether an `Authorization` header contains the token.
    fn accepts(self, header: Option<&HeaderValue>) -> bool {
        let given = header.and_then(|value| value.to_str().ok()).and_then(given);
        let given = Self::of(&given.unwrap_or_default());
        let different = self.0.iter().zip(given.0).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(different) == 0
    }
}

/// The token in an `Authorization` header: the value of `Bearer`, or the password of `Basic`.
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

/// Whether a browser marks the request as coming from another site, unless the user followed a
/// link.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let has = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    has("sec-fetch-site", "cross-site") && !has("sec-fetch-mode", "navigate")
}

/// Lets a request through if it contains the token. If no token is configured, lets it through if
/// its `Host` is a loopback name.
pub(super) async fn guard(
    State(token): State<Option<AccessToken>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    match token {
        None if !headers.get(HOST).is_none_or(is_loopback) => {
            let why = "the host name must be `localhost` or a loopback address, because no \
                       `http.token_file` is set";
            problem(StatusCode::MISDIRECTED_REQUEST, why)
        }
        Some(token) if !token.accepts(headers.get(AUTHORIZATION)) => {
            let why =
                "send the token as `Authorization: Bearer TOKEN`, or as the password of `Basic`";
            let mut answer = problem(StatusCode::UNAUTHORIZED, why);
            for way in ["Bearer", "Basic realm=\"wirefold\", charset=\"UTF-8\""] {
                answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
            answer
        }
        _ if is_cross_site(headers) => {
            problem(StatusCode::FORBIDDEN, "requests from pages of other sites are refused")
        }
        _ => next.run(request).await,
    }
}

/// Whether a `Host` header is a loopback name or address.
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
    fn only_loopback_names_and_addresses_are_loopback() {
        let named = |host: &str| is_loopback(&HeaderValue::from_str(host).unwrap());
        for loopback in ["localhost:9464", "LOCALHOST", "127.0.0.1:1", "127.1.2.3", "[::1]:9464"] {
            assert!(named(loopback), "{loopback}");
        }
        for other in ["", "desk.example:80", "localhost.example", "10.0.0.1:9464", "127.0.0.1.x"] {
            assert!(!named(other), "{other}");
        }
    }

    #[test]
    fn only_the_whole_token_is_accepted() {
        let token = AccessToken::of("s3cret");
        let accepts = |header: &str| token.accepts(Some(&HeaderValue::from_str(header).unwrap()));
        assert!(accepts("Bearer s3cret") && accepts("bearer  s3cret"));
        let basic = |pair: &str| {
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        };
        assert!(accepts(&basic(":s3cret")) && accepts(&basic("anyone:s3cret")));
        for wrong in ["s3cret", "s3cret:", "a:s3cret2", "a:b:s3cret"].map(basic) {
            assert!(!accepts(&wrong), "{wrong}");
        }
        for wrong in ["Bearer s3cre", "Bearer s3crets", "Bearer", "Basic s3cret", "s3cret", ""] {
            assert!(!accepts(wrong), "{wrong}");
        }
        assert!(!token.accepts(None));
        assert_eq!(format!("{token:?}"), "***");
    }
}
