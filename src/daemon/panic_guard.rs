//! Panics: what is said of one, and work that goes on after it.
//!
//! In: work that may panic. Out: its result, or a line that says what the panic was and where. The
//! line is for logs and for the reason of a reject, so that it must not hold text of articles: a
//! message that was formatted is cut at the first quotation mark, because the standard library and
//! derived `Debug` quote the values that they print.
//!
//! ```text
//! called `Option::unwrap()` on a `None` value   ->  literal, kept whole
//! invalid date: Error("2026-99-99")             ->  invalid date: Error(
//! ```

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

/// The longest message that is passed on, in characters.
const MESSAGE_CHARS_MAX: usize = 200;

thread_local! {
    /// Where the last panic of this thread was, as far as the hook is installed.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Logs every panic of this process from here on, caught or not, with thread, place and message.
pub fn install() {
    set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
        let thread = std::thread::current();
        tracing::error!(
            thread = thread.name().unwrap_or("unnamed"),
            place = place.as_deref().unwrap_or("unknown"),
            why = message(info.payload()),
            "panic"
        );
        PLACE.set(place);
    }));
}

/// Does `work`. What it was changing when it panicked must not be used any further.
///
/// # Errors
/// What the panic was, if there was one.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = message(&*payload);
        match PLACE.take() {
            Some(place) => format!("panic at {place}: {message}"),
            None => format!("panic: {message}"),
        }
    })
}

/// The message of a panic, without what it quotes.
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
    fn work_that_panics_says_why_and_quotes_nothing() {
        assert_eq!(caught(|| 7), Ok(7));
        for (work, says) in [
            ((|| panic!("a `literal`")) as fn(), "a `literal`"),
            (|| panic!("date {:?}", "Secret words"), "date "),
            (|| assert!("a\u{e9}".split_at(2).0.is_empty()), "char boundary"),
        ] {
            let why = caught(work).unwrap_err();
            assert!(why.starts_with("panic") && why.contains(says), "{why}");
            assert!(!why.contains("Secret") && !why.contains('\u{e9}'), "{why}");
        }
        let long = caught(|| panic!("{}", "x".repeat(10_000))).unwrap_err();
        assert!(long.len() < 300, "{} characters", long.len());
    }
}
