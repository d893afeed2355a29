//! Why the system does not start or run on: one line that says what to change.

use std::fmt::Display;

/// A failure of the system. Nobody asks for more than its text.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Says of an error what failed.
pub(crate) trait Context<T> {
    /// The same with `what` before the error's text.
    fn context(self, what: impl Display) -> Result<T, Failure>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}
