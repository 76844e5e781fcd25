//! The admin server: health, metrics, status, the API and the page, over published read views.
//!
//! | room | does |
//! |---|---|
//! | [`server`] | routes, bounds, start and stop |
//! | [`status`] | the body of `/api/v1/status` |
//! | [`api`] | stories, articles, comparisons and streams |
//! | `assets` | the page's own files |
//! | `access`, `answer` | the token; headers and problems |
//! | `patience` | lets go of clients that take nothing |

mod access;
pub mod api;
mod assets;
mod response;
pub mod server;
mod settings;
pub mod status;
mod write_timeout;

pub use settings::Settings;
