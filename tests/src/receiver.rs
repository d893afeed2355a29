//! A double of a receiver: a server on loopback with scripted answers that keeps its requests.
//!
//! It keeps each complete request before it answers: [`Receiver::received`] shows requests even if the sender got no answer.

mod answer;
mod received;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

pub use answer::Answer;
pub use received::Received;
use server::{Keep, Shared};

/// Connections that may wait to be accepted. With the usual 128, a burst of senders would lose its first packets and
/// resend them a second later.
const BACKLOG: u32 = 4096;

/// A receiver; dropping it stops the server.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Starts on a free port of 127.0.0.1. By default every answer is 200 with `{}`.
    #[expect(clippy::unused_async, reason = "its server needs a runtime, which only an async caller has")]
    pub async fn start() -> Self {
        Self::listen(Keep::Requests)
    }

    /// Starts one that answers as fast as it can and only counts requests: for measurements.
    #[expect(clippy::unused_async, reason = "its server needs a runtime, which only an async caller has")]
    pub async fn counting() -> Self {
        Self::listen(Keep::Count)
    }

    #[expect(clippy::expect_used, reason = "without loopback there is nothing to test")]
    fn listen(keep: Keep) -> Self {
        let socket = TcpSocket::new_v4().expect("the process has a socket left");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has a free port");
        let listener = socket.listen(BACKLOG).expect("a bound socket can listen");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::new(keep));
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Self { address, shared, server }
    }

    /// Where it listens, as a URL with the path `/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// One path of it, with its own script and requests.
    #[must_use]
    pub fn at(&self, path: &str) -> Hook {
        let path = format!("/{}", path.trim_start_matches('/'));
        Hook { url: format!("http://{}{path}", self.address), path, shared: Arc::clone(&self.shared) }
    }

    /// Adds answers, one per request, for all paths without answers of their own.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.answer(None, answers);
    }

    /// Sets the answer for when the others are used up.
    pub fn otherwise(&self, answer: Answer) {
        self.shared.otherwise(None, answer);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received(None)
    }

    /// How many requests have arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.count(None)
    }

    /// Waits until at least `n` requests have arrived, and returns all of them.
    ///
    /// # Panics
    /// When fewer have come within `timeout`.
    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<Received> {
        self.shared.wait_for(None, n, timeout).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One path of a [`Receiver`].
#[derive(Debug, Clone)]
pub struct Hook {
    url: String,
    path: String,
    shared: Arc<Shared>,
}

impl Hook {
    /// The URL that ends in its path.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds answers for this path, one per request; they come before those of the whole receiver.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.answer(Some(&self.path), answers);
    }

    /// Replaces the answers for this path that are left.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script(Some(&self.path), answers);
    }

    /// Sets the answer at this path for when the others are used up.
    pub fn otherwise(&self, answer: Answer) {
        self.shared.otherwise(Some(&self.path), answer);
    }

    /// The requests to this path, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.received(Some(&self.path))
    }

    /// Waits until at least `n` requests to this path have arrived, and returns all of them.
    ///
    /// # Panics
    /// When fewer have come within `timeout`.
    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<Received> {
        self.shared.wait_for(Some(&self.path), n, timeout).await
    }
}

#[cfg(test)]
mod tests;
