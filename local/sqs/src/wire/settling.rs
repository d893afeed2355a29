//! `DeleteMessage`.

use serde::Deserialize;

use super::{Nothing, queue, required};
use crate::Sqs;
use crate::error::Error;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

pub(super) fn delete(sqs: &Sqs, request: &Request) -> Result<Nothing, Error> {
    let queue = queue(request.queue_url.as_ref())?;
    sqs.delete(queue, required(request.receipt_handle.as_ref(), "ReceiptHandle")?)?;
    Ok(Nothing {})
}
