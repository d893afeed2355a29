//! Received requests.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// One request, whole.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its place in the order of arrival at the whole receiver, from 0.
    pub index: usize,
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query, without the question mark.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// When all of it had arrived, by tokio's clock.
    pub at: tokio::time::Instant,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Received {
    /// The first header of that name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a notification that is no JSON fails the test that reads it")]
    pub fn message(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a notification is JSON")
    }
}
