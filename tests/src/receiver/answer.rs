//! The answers of a receiver.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// How a receiver answers a request, well-behaved or not.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Sends this response.
    Respond(Response<Bytes>),
    /// Sends 200 and then one byte of body after each such time, without end.
    Trickle(Duration),
    /// Closes the connection without an answer.
    Reset,
    /// Never answers, and keeps the connection open.
    Hang,
    /// The other answer, this much later.
    After(Duration, Box<Answer>),
}

impl Answer {
    /// A response with this status and the body `{}`.
    ///
    /// # Panics
    /// When `code` is not a status code.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the code is a literal in a test")]
    pub fn status(code: u16) -> Self {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        *response.status_mut() = StatusCode::from_u16(code).expect("a status code has three digits");
        Self::Respond(response)
    }

    /// The same response with another header.
    ///
    /// # Panics
    /// When the answer is not a response, or the header is invalid.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the header is a literal in a test")]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header name is a token");
        let value = HeaderValue::try_from(value).expect("a header value is printable");
        self.map(|mut response| {
            response.headers_mut().append(name, value);
            response
        })
    }

    /// The same response with another body.
    ///
    /// # Panics
    /// When the answer is not a response.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        self.map(|response| response.map(|_| body.into()))
    }

    /// The same answer, given `delay` later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self::After(delay, Box::new(self))
    }

    #[expect(clippy::panic, reason = "a test that decorates a missing response is wrong")]
    fn map(self, change: impl FnOnce(Response<Bytes>) -> Response<Bytes>) -> Self {
        match self {
            Self::Respond(response) => Self::Respond(change(response)),
            Self::After(delay, then) => then.map(change).after(delay),
            Self::Trickle(_) | Self::Reset | Self::Hang => panic!("{self:?} has neither headers nor a body"),
        }
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self::status(200)
    }
}
