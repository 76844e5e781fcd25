//! The admin server: health, metrics, status, and later the page, over published read views.
//!
//! | room | does |
//! |---|---|
//! | [`server`] | routes, bounds, start and stop |
//! | [`status`] | the body of `/api/v1/status` |
//! | `access`, `answer` | the token; headers and problems |

mod access;
mod answer;
pub mod server;
mod settings;
pub mod status;

pub use settings::Settings;
