//! The OpenAPI document of the API, derived from the types that are sent.
//!
//! `wirefold schema openapi` prints it, `/api/v1/openapi.json` serves it, and
//! `config/schema/openapi.json` is a copy of it. A test fails if the copy is out of date.

use super::{articles, diff, matching, queue, similar, stories, stream, text, why};
use crate::daemon::http::response::{ProblemBody, alternative};
use crate::daemon::http::server;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, OpenApi, Ref};
use utoipa::{Modify, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "wirefold",
        description = "Live stories and articles of a news wire: which articles carry a text, \
            how two articles compare, what the verdict on a new article would be, and streams of \
            changes and events. Times are RFC 3339 in UTC. Unknown values are absent. Ids are \
            opaque. If `http.token_file` is set, requests must carry its token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((
        url = "http://localhost:9464",
        description = "The default of `http.listen`; behind a proxy, its address and `http.path`."
    )),
    tags(
        (name = "stories", description = "Live stories."),
        (name = "articles", description = "Live articles, their texts and their verdicts."),
        (name = "desk", description = "The queue of items that need action, and `/match`, which \
            predicts the verdict on an article."),
        (name = "streams", description = "Server-sent events."),
        (name = "instance", description = "The instance and its shards.")
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
        similar::find,
        stream::changes,
        stream::events,
    ),
    components(schemas(ProblemBody, stream::Changed, stream::StreamGap)),
    modifiers(&TokenScheme, &Refusals)
)]
/// The OpenAPI document.
struct ApiDocument;

/// Adds the security schemes for the token.
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

/// Adds the responses to requests that the access control refuses.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        for (name, status) in [("NoToken", 401), ("CrossSite", 403), ("NotLoopback", 421)] {
            let (status, response) = alternative(status);
            components.responses.insert(name.to_owned(), response);
            for item in document.paths.paths.values_mut() {
                for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                    let response = Ref::from_response_name(name).into();
                    operation.responses.responses.insert(status.clone(), response);
                }
            }
        }
    }
}

/// The document as JSON.
pub fn text() -> String {
    let mut document = ApiDocument::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    let text = document.to_pretty_json();
    text.expect("an OpenAPI document serializes to JSON") + "\n"
}
