//! `wirefold check`: are the settings right, and does the connection stand?
//!
//! Settings were validated when they were loaded; here librdkafka is asked whether it takes what is
//! handed on to it, the admin server's token is read, and with `--connect` the broker is asked for the
//! topics.

use super::run::kafka;
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::http::server;
use crate::daemon::kafka::{client, topics};
use anyhow::anyhow;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also connects to the broker and looks at the topics; makes none.
    #[arg(long)]
    connect: bool,
    /// Also prints all settings as they are in force, secrets as `***`.
    #[arg(long)]
    show: bool,
}

/// Runs `check`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let settings = kafka(config);
    client::check(&settings).map_err(|why| CommandError::Usage(anyhow!(why)))?;
    server::check(&config.http).map_err(|why| CommandError::Usage(why.into()))?;
    if args.show {
        print::text(&config.shown())?;
    }
    let shards = &settings.map;
    print::lines(shards.decoding().into_iter().map(|shard| {
        let name = shards.name(shard);
        format!(
            "shard {shard} `{name}` reads language or provider: every shard decodes all it reads"
        )
    }))?;
    let hash = config.settings_hash();
    print::lines([format!("settings are right; hash of the shaping ones: {hash}")])?;
    if args.connect {
        print::lines(topics::look(&settings)?)?;
    }
    Ok(())
}
