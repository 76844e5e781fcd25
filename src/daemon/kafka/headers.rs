//! The headers of a message.
//!
//! Kafka allows any bytes in the name of a header. The client library panics on a name that is not
//! UTF-8, and offers no other way to it, so that reading each header is guarded. Such a header is
//! left out and counted; the record is read with the others.

use crate::daemon::pipeline::broker::Header;
use crate::daemon::telemetry::metrics;
use rdkafka::message::Headers;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread reads a header: then a panic is not worth a report.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// The headers that can be read, in order.
pub(super) fn readable<H: Headers>(headers: Option<&H>) -> Vec<Header> {
    let Some(headers) = headers else { return Vec::new() };
    let count = headers.count();
    if count == 0 {
        return Vec::new();
    }
    quiet();
    let read: Vec<Header> = (0..count).filter_map(|at| header(headers, at)).collect();
    let lost = count - read.len();
    if lost > 0 {
        tracing::debug!(lost, "headers whose names are not UTF-8 are left out");
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

/// Keeps panics of the client library from the log while a header is read; others are reported as
/// before.
fn quiet() {
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

    /// Headers as the client library has them: those without a name panic when they are read.
    struct Native(Vec<Option<&'static str>>);

    impl Headers for Native {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn try_get(&self, at: usize) -> Option<message::Header<'_, &[u8]>> {
            let key = self.0.get(at)?.expect("a name in UTF-8");
            Some(message::Header { key, value: Some(b"\xff") })
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_costs_its_header_alone() {
        let recorder = metrics::recorder().unwrap();
        let headers = Native(vec![Some("a"), None, Some("b")]);
        let read = ::metrics::with_local_recorder(&recorder, || readable(Some(&headers)));
        let value = || Some(b"\xff".to_vec());
        assert_eq!(read, [("a".to_owned(), value()), ("b".to_owned(), value())]);
        let told = recorder.handle().render();
        assert!(told.contains("wirefold_headers_unreadable_total 1"), "{told}");
        assert_eq!(readable(None::<&Native>), []);
    }
}
