//! Threads that must not end: a panic of one is reported, and the supervisor ends the process.
//!
//! In: threads by name. Out: the first fault, for whoever supervises the process and for readiness.
//! Work that may fail on its own catches its panics itself; what arrives here has no other help.

use super::panic_guard;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The first fault of an instance; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Option<String>>>);

impl Faults {
    /// Reports why the instance cannot go on. Only the first report counts.
    pub fn report(&self, why: String) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            tracing::error!(why, "this instance cannot go on");
            *first = Some(why);
        }
    }

    /// The first fault, if there is one.
    pub fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a thread whose panic is reported. Its handle gives `None` after a panic.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<JoinHandle<Option<T>>> {
        let (faults, of) = (self.clone(), name.to_owned());
        let run = move || {
            let ended = panic_guard::caught(run);
            ended.map_err(|why| faults.report(format!("thread `{of}` ended: {why}"))).ok()
        };
        Builder::new().name(name.to_owned()).spawn(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thread_that_panics_is_the_fault() {
        let faults = Faults::default();
        assert_eq!(faults.thread("well", || 7).unwrap().join().unwrap(), Some(7));
        assert_eq!(faults.first(), None);
        faults.thread("first", || panic!("of the first")).unwrap().join().unwrap();
        faults.thread("second", || panic!("of the second")).unwrap().join().unwrap();
        let why = faults.first().unwrap();
        assert!(why.contains("`first`") && why.contains("of the first"), "{why}");
    }
}
