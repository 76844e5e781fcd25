//! Threads that must not end: if such a thread panics, the fault is reported and the supervisor
//! ends the process.
//!
//! In: named threads. Out: the first fault, for the supervisor and for the readiness check. Work
//! that can recover from a panic catches it itself; faults reported here are fatal.

use super::panic_guard;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The first fault of an instance; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Option<String>>>);

impl Faults {
    /// Reports the reason the instance cannot continue. Only the first report is kept.
    pub fn report(&self, why: String) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() {
            tracing::error!(why, "fatal fault; stopping this instance");
            *first = Some(why);
        }
    }

    /// The first fault, if there is one.
    pub fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a thread whose panic is reported as a fault. Joining a thread that panicked returns
    /// `None`.
    ///
    /// # Errors
    /// If the operating system cannot create the thread.
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<JoinHandle<Option<T>>> {
        let (faults, of) = (self.clone(), name.to_owned());
        let run = move || {
            let ended = panic_guard::catch(run);
            ended.map_err(|why| faults.report(format!("thread `{of}` ended: {why}"))).ok()
        };
        Builder::new().name(name.to_owned()).spawn(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_panic_is_the_fault() {
        let faults = Faults::default();
        assert_eq!(faults.thread("well", || 7).unwrap().join().unwrap(), Some(7));
        assert_eq!(faults.first(), None);
        faults.thread("first", || panic!("first panic")).unwrap().join().unwrap();
        faults.thread("second", || panic!("second panic")).unwrap().join().unwrap();
        let why = faults.first().unwrap();
        assert!(why.contains("`first`") && why.contains("first panic"), "{why}");
    }
}
