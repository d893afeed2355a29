//! `DeleteMessage`.

use serde::Deserialize;

use super::{Nothing, required};
use crate::error::Error;
use crate::{Sqs, names};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

/// Deletes one message.
pub(super) fn delete(sqs: &Sqs, request: &Request) -> Result<Nothing, Error> {
    let queue = names::in_url(required(request.queue_url.as_ref(), "QueueUrl")?)?;
    sqs.delete(queue, required(request.receipt_handle.as_ref(), "ReceiptHandle")?)?;
    Ok(Nothing {})
}
