//! How much a receiver may cost.

use std::time::Duration;

/// The bounds of one exchange. The default is what deployments run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first look-up to the last byte of the answer.
    pub deadline: Duration,
    /// Of that, what look-up, dialling and TLS may take together.
    pub connect: Duration,
    /// Bytes of status line and headers, those of interim (1xx) answers included.
    pub head: usize,
    /// Headers of an answer.
    pub headers: usize,
    /// Bytes of an answer's body that are read; what follows is left unread.
    pub body: usize,
    /// Bytes of it that are kept, for the delivery log.
    pub excerpt: usize,
}

impl Limits {
    /// Bytes that a connection takes in for one exchange, whatever they are.
    pub(super) fn bytes(&self) -> usize {
        self.head + self.body
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(15),
            connect: Duration::from_secs(5),
            head: 32 * 1024,
            headers: 64,
            body: 64 * 1024,
            excerpt: 1024,
        }
    }
}
