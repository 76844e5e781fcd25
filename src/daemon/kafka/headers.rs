//! Reads the headers of a message.
//!
//! In: a message's headers. Out: those whose names are valid UTF-8, in order.
//!
//! Kafka allows any bytes in a header name. The `rdkafka` crate panics on a name that is not UTF-8
//! and offers no other way to read it, so each header is read inside `catch_unwind`. A header that
//! panics is skipped and counted; the record keeps its other headers.

use crate::daemon::pipeline::broker::Header;
use crate::daemon::telemetry::metrics;
use rdkafka::message::Headers;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is reading a header, in which case a panic must not be logged.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// The readable headers, in order. Unreadable ones are counted in
/// `wirefold_headers_unreadable_total`.
pub(super) fn readable<H: Headers>(headers: Option<&H>) -> Vec<Header> {
    let Some(headers) = headers else { return Vec::new() };
    let count = headers.count();
    if count == 0 {
        return Vec::new();
    }
    silence_header_panics();
    let read: Vec<Header> = (0..count).filter_map(|at| header(headers, at)).collect();
    let lost = count - read.len();
    if lost > 0 {
        tracing::debug!(lost, "skipped record headers whose names are not UTF-8");
        metrics::HEADERS_LOST.add([], lost as u64);
    }
    read
}

fn header<H: Headers>(headers: &H, at: usize) -> Option<Header> {
    READING.set(true);
    let read = panic::catch_unwind(AssertUnwindSafe(|| {
        headers.try_get(at).map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)))
    }));
    READING.set(false);
    read.ok().flatten()
}

/// Installs, once, a panic hook that drops panics raised while reading a header and passes all
/// others to the previous hook.
fn silence_header_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |why| {
            if !READING.get() {
                report(why);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::message;

    /// Mimics the crate's headers: reading a header whose name is `None` panics.
    struct Native(Vec<Option<&'static str>>);

    impl Headers for Native {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn try_get(&self, at: usize) -> Option<message::Header<'_, &[u8]>> {
            let key = self.0.get(at)?.expect("the name is valid UTF-8");
            Some(message::Header { key, value: Some(b"\xff") })
        }
    }

    #[test]
    fn a_header_with_an_invalid_name_is_skipped_and_the_others_are_read() {
        let recorder = metrics::recorder().unwrap();
        let headers = Native(vec![Some("a"), None, Some("b")]);
        let read = ::metrics::with_local_recorder(&recorder, || readable(Some(&headers)));
        let value = || Some(b"\xff".to_vec());
        assert_eq!(read, [("a".to_owned(), value()), ("b".to_owned(), value())]);
        let metrics = recorder.handle().render();
        assert!(metrics.contains("wirefold_headers_unreadable_total 1"), "{metrics}");
        assert_eq!(readable(None::<&Native>), []);
    }
}
