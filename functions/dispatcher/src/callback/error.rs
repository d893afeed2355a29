//! Why an exchange came to no answer, and whose fault that is.

use std::fmt;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The deadline passed, or the time to connect, while this was being done.
    #[error("timed out while {0}")]
    TimedOut(Phase),
    /// No connection, or no answer on it; the receiver's side is to blame.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The URL, or an address of its host, is not allowed.
    #[error("the callback URL is refused: {0}")]
    Refused(String),
    /// Something of ours failed before the receiver was asked anything.
    #[error("own fault, which costs no attempt: {0}")]
    OwnFault(String),
}

/// What a receiver was being asked for when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    /// The addresses of its host.
    Resolving,
    /// A TCP connection.
    Connecting,
    /// A certificate, and keys.
    Securing,
    /// The status line and headers.
    Waiting,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "looking up the host",
            Self::Connecting => "connecting",
            Self::Securing => "agreeing on TLS",
            Self::Waiting => "waiting for the answer",
        })
    }
}

/// What the receiver's side did not provide. The texts show nothing of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// Its name has no address.
    #[error("the host cannot be found: {0}")]
    Host(String),
    /// No address of its host takes connections.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Its certificate, or its TLS, is not usable.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// It sent something that is not an answer, or too much.
    #[error("the answer was not usable: {0}")]
    Answer(String),
}
