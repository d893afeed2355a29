//! What SQS refuses, in its own words.

/// A refused request; the text is the one that Amazon SQS sends to the client.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// No queue of that name, or of that URL, exists.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// A queue, or a message, has no attribute of that name.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// The value of the named queue attribute is out of its range.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    /// A parameter breaks a rule; the text says which.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A parameter that the action needs is missing or empty.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// The body holds a character that SQS does not carry.
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// The receipt handle is malformed, or of another queue.
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandleIsInvalid(String),
    /// A batch without entries; the field is the name of an entry's shape.
    #[error("There should be at least one {0} in the request.")]
    EmptyBatchRequest(&'static str),
    /// A batch of more than ten entries; the field is their number.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries of a batch share this id.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// An entry's id is empty, too long, or holds a character that ids do not have.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// The messages of a batch are together larger than 1 MiB; the field is their size in bytes.
    #[error("Batch requests cannot be longer than 1048576 bytes. You have sent {0} bytes.")]
    BatchRequestTooLong(usize),
    /// The queue or the task that a move task names does not exist.
    #[error("{0}")]
    ResourceNotFound(String),
    /// The queue URL has no account and name at its end.
    #[error("The address {0} is not valid for this endpoint.")]
    InvalidAddress(String),
    /// The request is not JSON of the action's shape; the text says where.
    #[error("{0}")]
    Serialization(String),
    /// The action is not one that the embedded SQS serves.
    #[error("The action {0} is not valid for this endpoint.")]
    UnknownOperation(String),
    /// The database failed.
    #[error("failed to reach the storage: {0}")]
    Storage(#[from] rusqlite::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// The shape, as in `__type`.
    pub(super) shape: &'static str,
    /// The code of the older query protocol, by which the clients know it.
    pub(super) query: &'static str,
    pub(super) status: u16,
}

impl Error {
    pub(super) fn code(&self) -> Code {
        let (shape, query, status) = match self {
            Self::QueueDoesNotExist => named("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Self::InvalidAttributeName(_) => same("InvalidAttributeName"),
            Self::InvalidAttributeValue(_) => same("InvalidAttributeValue"),
            Self::InvalidParameterValue(_) => {
                named("InvalidParameterValueException", "InvalidParameterValue")
            }
            Self::MissingParameter(_) => named("MissingRequiredParameterException", "MissingParameter"),
            Self::InvalidMessageContents => same("InvalidMessageContents"),
            Self::ReceiptHandleIsInvalid(_) => same("ReceiptHandleIsInvalid"),
            Self::EmptyBatchRequest(_) => same("AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::TooManyEntriesInBatchRequest(_) => {
                same("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            }
            Self::BatchEntryIdsNotDistinct(_) => same("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            Self::InvalidBatchEntryId => same("AWS.SimpleQueueService.InvalidBatchEntryId"),
            Self::BatchRequestTooLong(_) => same("AWS.SimpleQueueService.BatchRequestTooLong"),
            Self::ResourceNotFound(_) => ("ResourceNotFoundException", "ResourceNotFoundException", 404),
            Self::InvalidAddress(_) => same("InvalidAddress"),
            Self::Serialization(_) => named("SerializationException", "MalformedInput"),
            Self::UnknownOperation(_) => named("UnknownOperationException", "InvalidAction"),
            Self::Storage(_) => ("InternalFailure", "InternalError", 500),
        };
        Code { shape, query, status }
    }

    /// True if the client is at fault, not the service.
    pub(super) fn is_of_the_sender(&self) -> bool {
        self.code().status < 500
    }
}

/// A refusal whose shape and query code differ.
fn named(shape: &'static str, query: &'static str) -> (&'static str, &'static str, u16) {
    (shape, query, 400)
}

/// A refusal whose shape is its query code without the namespace.
fn same(query: &'static str) -> (&'static str, &'static str, u16) {
    (query.rsplit('.').next().unwrap_or(query), query, 400)
}
