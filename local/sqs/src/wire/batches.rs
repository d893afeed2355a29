//! The answers to batches.

use serde::Serialize;

use crate::error::Error;

/// What became of each entry of a batch.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcomes<T> {
    successful: Vec<T>,
    failed: Vec<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    id: String,
    sender_fault: bool,
    code: &'static str,
    message: String,
}

impl<T> Outcomes<T> {
    pub(super) fn new() -> Self {
        Self { successful: Vec::new(), failed: Vec::new() }
    }

    /// Adds the outcome of the entry `id`, of whose success `describe` makes the answer.
    pub(super) fn add<R>(
        &mut self,
        id: String,
        outcome: Result<R, Error>,
        describe: impl FnOnce(String, R) -> T,
    ) {
        match outcome {
            Ok(result) => self.successful.push(describe(id, result)),
            Err(error) => self.failed.push(Failure {
                id,
                sender_fault: error.is_of_the_sender(),
                code: error.code().query,
                message: error.to_string(),
            }),
        }
    }
}
