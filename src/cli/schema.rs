//! `wirefold schema`: what is published and what is set, for machines.

use super::{Failure, print};
use crate::config::{Config, document};
use crate::daemon::contract::schema::{self, Topics};

/// What to print.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum What {
    /// JSON Schema of the events topic.
    Events,
    /// JSON Schema of the stories topic.
    Stories,
    /// JSON Schema of the configuration.
    Config,
    /// AsyncAPI 3 of this deployment.
    Asyncapi,
    /// OpenAPI 3.1 of the API.
    Openapi,
    /// The configuration file with every key and its default.
    Toml,
}

/// Runs `schema`.
pub(super) fn run(config: &Config, what: What) -> Result<(), Failure> {
    let value = match what {
        What::Events => schema::events(),
        What::Stories => schema::stories(),
        What::Config => schemars::schema_for!(Config).to_value(),
        What::Asyncapi => schema::asyncapi(&Topics {
            articles: &config.input.topic,
            events: &config.output.events,
            stories: &config.output.stories,
            unique: &config.output.unique,
            rejected: &config.output.rejected,
        }),
        What::Openapi => {
            return Ok(print::text(&crate::daemon::admin::api::document::text())?);
        }
        What::Toml => return Ok(print::text(&document::document())?),
    };
    Ok(print::json(&value)?)
}
