//! A connection whose other side must take what is written to it, or is let go.
//!
//! HTTP libraries bound the time until a request is there, and not the time that its answer takes; a
//! client that asks and then reads nothing would hold its place for good.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection that fails when nothing can be written to it for too long.
pub(super) struct WriteTimeout<S> {
    stream: S,
    within: Duration,
    /// Runs while something waits to be written.
    waits: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    /// `stream`, whose other side must take something `within` that time.
    pub(super) fn new(stream: S, within: Duration) -> Self {
        Self { stream, within, waits: None }
    }

    /// What came of a write: one that has to wait may wait as long as the bound.
    fn judge<T>(&mut self, context: &mut Context<'_>, wrote: Poll<Result<T>>) -> Poll<Result<T>> {
        if wrote.is_ready() {
            self.waits = None;
            return wrote;
        }
        let within = self.within;
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(within)));
        debug_assert!(waits.deadline() <= Instant::now() + within);
        ready!(waits.as_mut().poll(context));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes nothing")))
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
        self.judge(context, wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
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
        self.judge(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    /// A client that takes a byte at every `nth` attempt, or none at all.
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

    /// Writes ten bytes, one at a time, and says how many went through.
    fn written(nth: Option<u32>, vectored: bool) -> usize {
        let within = Duration::from_millis(50);
        let mut patient = WriteTimeout::new(Slow { nth, tries: 0 }, within);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for n in 0..10 {
                let wrote = poll_fn(|context| {
                    let patient = Pin::new(&mut patient);
                    match vectored {
                        true => patient.poll_write_vectored(context, &[IoSlice::new(b"x")]),
                        false => patient.poll_write(context, b"x"),
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
    fn who_takes_nothing_is_let_go_and_who_takes_a_little_is_not() {
        for vectored in [false, true] {
            assert_eq!(written(None, vectored), 0);
            assert_eq!(written(Some(3), vectored), 10);
        }
    }
}
