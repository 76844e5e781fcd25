//! `wirefold schema`: prints machine-readable schemas of outputs, API and configuration.

use super::{CommandError, print};
use crate::config::{Config, document};
use crate::daemon::publish::schema::{self, SchemaTopics};

/// What to print.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum SchemaKind {
    /// JSON Schema of the events topic.
    Events,
    /// JSON Schema of the stories topic.
    Stories,
    /// JSON Schema of the configuration.
    Config,
    /// AsyncAPI 3 document of this deployment, with its topic names.
    Asyncapi,
    /// OpenAPI 3.1 document of the HTTP API.
    Openapi,
    /// The documented configuration file, with every key and its default.
    Toml,
}

/// Runs `schema`.
pub(super) fn run(config: &Config, what: SchemaKind) -> Result<(), CommandError> {
    let value = match what {
        SchemaKind::Events => schema::events(),
        SchemaKind::Stories => schema::stories(),
        SchemaKind::Config => schemars::schema_for!(Config).to_value(),
        SchemaKind::Asyncapi => schema::asyncapi(&SchemaTopics {
            articles: &config.input.topic,
            events: &config.output.events,
            stories: &config.output.stories,
            unique: &config.output.unique,
            rejected: &config.output.rejected,
        }),
        SchemaKind::Openapi => {
            return Ok(print::text(&crate::daemon::http::api::document::text())?);
        }
        SchemaKind::Toml => return Ok(print::text(&document::document())?),
    };
    Ok(print::json(&value)?)
}
