//! The API as an OpenAPI document, from the types that are sent.
//!
//! `wirefold schema openapi` prints it, `/api/v1/openapi.json` serves it, and `config/schema/openapi.json`
//! holds it; a test fails when they drift.

use super::{articles, diff, matching, queue, stories, stream, text, why};
use crate::daemon::http::response::ProblemBody;
use crate::daemon::http::server;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "wirefold",
        description = "What a news desk asks of its wire: live stories and articles, who carries what, two texts side by side, what would become of an article, and streams of what changes. Times are RFC 3339 in UTC, and what is not known is absent. Ids are opaque. Where `http.token_file` is set, requests carry its token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        server::status,
        stories::list,
        stories::one,
        stories::facets,
        articles::by_uri,
        articles::one,
        articles::carriers,
        articles::search,
        queue::list,
        text::one,
        diff::two,
        why::two,
        matching::consider,
        stream::changes,
        stream::events,
    ),
    components(schemas(ProblemBody)),
    modifiers(&TokenScheme)
)]
struct ApiDocument;

/// Adds how a token is sent.
struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        for (name, scheme) in [("bearer", HttpAuthScheme::Bearer), ("basic", HttpAuthScheme::Basic)]
        {
            components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
        }
        let none = SecurityRequirement::default();
        let by = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        document.security = Some(vec![by("bearer"), by("basic"), none]);
    }
}

/// The document, as JSON.
pub fn text() -> String {
    let mut document = ApiDocument::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    let text = document.to_pretty_json();
    text.expect("a document has text keys alone") + "\n"
}
