//! `wirefold check`: validates the configuration and, with `--connect`, the broker.
//!
//! Loading has already validated the settings. This command also creates a librdkafka configuration
//! from the `kafka` section and reads the admin server's token. With `--connect`, it also queries
//! the broker about the topics.

use super::run::kafka_settings;
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::http::server;
use crate::daemon::kafka::{client, topics};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also connects to the broker and checks the topics, without creating any.
    #[arg(long)]
    connect: bool,
    /// Also prints the effective settings, with secrets shown as `***`.
    #[arg(long)]
    show: bool,
}

/// Runs `check`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let settings = kafka_settings(config);
    client::check(&settings).map_err(|why| CommandError::Usage(why.into()))?;
    server::check(&config.http).map_err(|why| CommandError::Usage(why.into()))?;
    if args.show {
        print::text(&config.to_toml_redacted())?;
    }
    let shards = &settings.map;
    print::lines(shards.shards_that_decode().into_iter().map(|shard| {
        let name = shards.name(shard);
        format!(
            "shard {shard} `{name}` filters by language or provider, so every shard must decode \
             every record"
        )
    }))?;
    let hash = config.settings_hash();
    let ok = format!("configuration OK (engine settings hash {hash})");
    if args.connect {
        print::lines(topics::report(&settings)?)?;
    }
    Ok(print::lines([ok])?)
}
