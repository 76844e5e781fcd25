//! A connection that fails if its peer does not read what was written to it.
//!
//! HTTP libraries limit the time until a request has arrived, but not the time it takes to send the
//! response. Without such a limit, a client that sends a request and then reads nothing would keep
//! its connection open forever.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection that fails when nothing can be written to it for too long.
pub(super) struct WriteTimeout<S> {
    /// The connection.
    stream: S,
    /// How long a write may wait.
    within: Duration,
    /// Runs while a write is waiting.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    /// Wraps `stream`. While a write is waiting, the peer must accept some bytes within `within`.
    pub(super) fn new(stream: S, within: Duration) -> Self {
        Self { stream, within, timer: None }
    }

    /// Passes on the result of a write, or fails if writes have been waiting for too long.
    fn check<T>(&mut self, context: &mut Context<'_>, wrote: Poll<Result<T>>) -> Poll<Result<T>> {
        if wrote.is_ready() {
            self.timer = None;
            return wrote;
        }
        let within = self.within;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(within)));
        debug_assert!(timer.deadline() <= Instant::now() + within);
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check(context, wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.check(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.check(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    /// A client that accepts one byte at every `nth` attempt, or none at all.
    struct Slow {
        nth: Option<u32>,
        tries: u32,
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<Result<usize>> {
            self.tries += 1;
            match self.nth {
                Some(nth) if self.tries.is_multiple_of(nth) => Poll::Ready(Ok(1)),
                Some(_) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Pending,
            }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Writes ten bytes, one at a time, and returns how many were accepted.
    fn written(nth: Option<u32>, vectored: bool) -> usize {
        let within = Duration::from_millis(50);
        let mut connection = WriteTimeout::new(Slow { nth, tries: 0 }, within);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for n in 0..10 {
                let wrote = poll_fn(|context| {
                    let connection = Pin::new(&mut connection);
                    match vectored {
                        true => connection.poll_write_vectored(context, &[IoSlice::new(b"x")]),
                        false => connection.poll_write(context, b"x"),
                    }
                });
                if let Err(error) = wrote.await {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    return n;
                }
            }
            10
        })
    }

    #[test]
    fn a_client_that_reads_nothing_times_out_and_a_slow_one_does_not() {
        for vectored in [false, true] {
            assert_eq!(written(None, vectored), 0);
            assert_eq!(written(Some(3), vectored), 10);
        }
    }
}
