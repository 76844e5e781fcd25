//! The API as an OpenAPI document, from the types that are sent.

/// The document, as checked in under `config/schema/openapi.json`.
pub fn text() -> String {
    String::new()
}
