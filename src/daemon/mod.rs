//! The side effects around the engine: everything that the engine must not do itself.
//!
//! ```text
//! kafka::lease  -- Wake -->  pipeline  -- Broker -->  kafka: input, changelog, writer
//! ```
//!
//! The pipeline owns the engine's state and accesses the broker through the small traits in
//! [`pipeline::broker`]. [`kafka`] implements these traits; tests have an in-memory implementation.

/// A named failpoint. Without a second argument, it aborts the process, like SIGKILL. With a second
/// argument, it makes the function return that value. Compiled out without the feature
/// `failpoints`. For example, `FAILPOINTS="after-poll=9*off->return"` aborts the process at the
/// tenth pass.
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
mod supervision;
pub mod telemetry;
pub mod workers;
