//! The admin server: health, metrics, status, the API and the page.
//!
//! Input: HTTP requests. Output: responses from the shard statuses and snapshots that the pipelines
//! publish.
//!
//! | module | purpose |
//! |---|---|
//! | [`server`] | routes, limits, start and stop |
//! | [`status`] | the body of `/api/v1/status` |
//! | [`api`] | stories, articles, comparisons and streams |
//! | `assets` | the page's files |
//! | `access`, `response` | authentication; response headers and problems |
//! | `write_timeout` | closes connections of clients that do not read |

mod access;
pub mod api;
mod assets;
mod response;
pub mod server;
mod settings;
pub mod status;
pub mod timeouts;
mod write_timeout;

pub use settings::Settings;
