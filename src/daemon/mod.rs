//! Effects: everything that the engine may not do.
//!
//! ```text
//! kafka::lease  -- Wake -->  pipeline  -- Broker -->  kafka: input, changelog, writer
//! ```
//!
//! The pipeline owns the engine's state and talks to a broker through the small traits of
//! [`pipeline::broker`]; [`kafka`] implements them, and tests implement them in memory.

/// A named point where the fault suite ends the process, as SIGKILL would, or leaves with another
/// outcome. Compiled out without the feature `failpoints`; `FAILPOINTS="after-poll=9*off->return"`
/// ends it at the tenth pass.
macro_rules! point {
    ($name:literal, $outcome:expr) => {
        fail::fail_point!($name, |_| $outcome)
    };
    ($name:literal) => {
        fail::fail_point!($name, |_| {
            eprintln!("failpoint {}", $name);
            std::process::abort()
        })
    };
}

pub mod article_text;
pub mod faults;
pub mod http;
pub mod kafka;
pub mod panic_guard;
pub mod pipeline;
pub mod publish;
pub mod run;
pub mod snapshot;
pub mod telemetry;
pub mod workers;
