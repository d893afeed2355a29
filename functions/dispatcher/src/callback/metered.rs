//! A stream that stops giving when enough has arrived.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes that may still arrive in this exchange.
///
/// They are counted below HTTP, so that headers, interim answers, chunk headers and trailers all count.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance(Arc<Bytes>);

#[derive(Debug, Default)]
struct Bytes {
    left: AtomicUsize,
    arrived: AtomicUsize,
}

impl Allowance {
    /// Begins an exchange in which `bytes` may arrive.
    pub(super) fn renew(&self, bytes: usize) {
        self.0.left.store(bytes, Ordering::Relaxed);
        self.0.arrived.store(0, Ordering::Relaxed);
    }

    /// True if a byte has arrived in this exchange.
    pub(super) fn is_touched(&self) -> bool {
        self.0.arrived.load(Ordering::Relaxed) > 0
    }

    fn is_spent(&self) -> bool {
        self.0.left.load(Ordering::Relaxed) == 0
    }

    fn spend(&self, bytes: usize) {
        let left = self.0.left.load(Ordering::Relaxed);
        self.0.left.store(left.saturating_sub(bytes), Ordering::Relaxed);
        self.0.arrived.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What a connection says when more arrives than is allowed.
pub(super) const TOO_MUCH: &str = "more was sent than is read";

/// A stream whose reads are counted. The last one may go past the allowance by what one read takes, 32 KiB at
/// most.
pub(super) struct Metered<S> {
    stream: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, allowance: Allowance) -> Self {
        Self { stream, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        // The end of a stream is always good news, even to a connection that lies idle.
        if read > 0 && self.allowance.is_spent() {
            return Poll::Ready(Err(io::Error::other(TOO_MUCH)));
        }
        self.allowance.spend(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
