//! One error for every AWS call. It names what failed and holds no data.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call to AWS failed after its retries, or its answer could not be read.
///
/// The text holds the service's error code and message, never what was sent or received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to {action}: {cause}")]
pub struct InternalError {
    action: &'static str,
    cause: String,
}

impl InternalError {
    /// `action` completes "failed to …".
    pub fn new(action: &'static str, cause: impl Into<String>) -> Self {
        Self { action, cause: cause.into() }
    }
}

/// Adds to a failed AWS call what it was to do.
pub trait Unavailable<T> {
    /// Keeps the value, or says that `action` (which completes "failed to …") failed.
    ///
    /// # Errors
    /// The result's own, as an [`InternalError`].
    fn unavailable(self, action: &'static str) -> Result<T, InternalError>;
}

impl<T, E: Describe> Unavailable<T> for Result<T, E> {
    fn unavailable(self, action: &'static str) -> Result<T, InternalError> {
        self.map_err(|error| InternalError { action, cause: error.describe() })
    }
}

/// True if a conditional write or transaction of DynamoDB was made; `false` if a condition failed.
pub(crate) fn written<T, E: ProvideErrorMetadata, R>(
    sent: Result<T, SdkError<E, R>>,
    action: &'static str,
) -> Result<bool, InternalError> {
    let refusals = ["ConditionalCheckFailedException", "TransactionCanceledException"];
    let refused = |error: &E| error.code().is_some_and(|code| refusals.contains(&code));
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(refused) => Ok(false),
        Err(error) => Err(error).unavailable(action),
    }
}

/// An error that can be described without the data of the call.
pub trait Describe {
    /// Its cause in a few words.
    fn describe(&self) -> String;
}

impl<E: ProvideErrorMetadata, R> Describe for SdkError<E, R> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the SDK may add kinds")]
    fn describe(&self) -> String {
        match self {
            Self::ServiceError(error) => {
                let code = error.err().code().unwrap_or("unknown error");
                error.err().message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
            }
            Self::TimeoutError(_) => "the call timed out".to_owned(),
            Self::DispatchFailure(_) => "the service could not be reached".to_owned(),
            Self::ResponseError(_) => "the answer could not be read".to_owned(),
            _ => "the request could not be built".to_owned(),
        }
    }
}

impl<E: Describe> Describe for Box<E> {
    fn describe(&self) -> String {
        (**self).describe()
    }
}

impl Describe for aws_smithy_types::error::operation::BuildError {
    fn describe(&self) -> String {
        self.to_string()
    }
}

impl Describe for serde_dynamo::Error {
    fn describe(&self) -> String {
        "an item has not the expected attributes".to_owned()
    }
}
