//! Catches and describes panics, so that work can continue after one.
//!
//! In: work that may panic. Out: its result, or a line with the panic's message and location. The
//! line is written to logs and used as a reject reason, so it must not contain article text. The
//! standard library and derived `Debug` implementations quote the values that they print, so a
//! formatted message is cut at its first quotation mark.
//!
//! ```text
//! called `Option::unwrap()` on a `None` value   ->  literal, kept whole
//! invalid date: Error("2026-99-99")             ->  invalid date: Error(
//! ```

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

/// The maximum length of a message, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// A panic that was caught, with its location and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Panic(String);

thread_local! {
    /// The location of this thread's last panic, if the hook is installed.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs a hook that logs every panic of the process, caught or not, with thread, location and
/// message.
pub fn install() {
    set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
        let thread = std::thread::current();
        tracing::error!(
            thread = thread.name().unwrap_or("unnamed"),
            place = place.as_deref().unwrap_or("unknown"),
            why = message(info.payload()),
            "a thread panicked"
        );
        PLACE.set(place);
    }));
}

/// Runs `work`. If it panics, the data that it was changing must not be used afterwards.
///
/// # Errors
/// Returns a description of the panic, if there was one.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = message(&*payload);
        Panic(match PLACE.take() {
            Some(place) => format!("panic at {place}: {message}"),
            None => format!("panic: {message}"),
        })
    })
}

/// The message of a panic, cut before the first value that it quotes.
fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(literal) = payload.downcast_ref::<&'static str>() {
        return (*literal).to_owned();
    }
    let Some(formatted) = payload.downcast_ref::<String>() else { return "no message".into() };
    let plain = formatted.split(['"', '\'', '`']).next().unwrap_or_default();
    plain.chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_described_without_quoted_values() {
        assert_eq!(catch(|| 7), Ok(7));
        for (work, says) in [
            ((|| panic!("a `literal`")) as fn(), "a `literal`"),
            (|| panic!("date {:?}", "Secret words"), "date "),
            (|| assert!("a\u{e9}".split_at(2).0.is_empty()), "char boundary"),
        ] {
            let why = catch(work).unwrap_err().to_string();
            assert!(why.starts_with("panic") && why.contains(says), "{why}");
            assert!(!why.contains("Secret") && !why.contains('\u{e9}'), "{why}");
        }
        let long = catch(|| panic!("{}", "x".repeat(10_000))).unwrap_err().to_string();
        assert!(long.len() < 300, "{} characters", long.len());
    }
}
