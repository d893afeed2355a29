//! Randomness as an argument, for ids and tokens.

use std::sync::Arc;

/// A source of unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`. It fails rather than give predictable bytes.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// A source that several parts of one process share.
pub type SharedRandom = Arc<dyn Random>;

/// The source of randomness failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to draw random bytes: {0}")]
pub struct RandomError(String);

/// The operating system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness is drawn")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|error| RandomError(error.to_string()))
    }
}

/// Draws an array of bytes.
pub fn array<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
