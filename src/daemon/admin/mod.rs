//! The admin server: health, metrics, status, and later the page, over published read views.

mod settings;

pub use settings::Settings;
