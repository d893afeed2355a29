//! `DeleteMessage`, `ChangeMessageVisibility` and their batches.

use serde::Deserialize;

use super::batches::{Done, Outcomes};
use super::{Nothing, required};
use crate::error::Error;
use crate::{Sqs, batch, names};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchRequest {
    queue_url: Option<String>,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: i32,
}

/// Deletes one message.
pub(super) fn delete(sqs: &Sqs, request: &Request) -> Result<Nothing, Error> {
    let queue = names::in_url(required(request.queue_url.as_ref(), "QueueUrl")?)?;
    sqs.delete(queue, required(request.receipt_handle.as_ref(), "ReceiptHandle")?)?;
    Ok(Nothing {})
}

/// Deletes up to ten messages.
pub(super) fn delete_batch(sqs: &Sqs, request: &BatchRequest) -> Result<Outcomes<Done>, Error> {
    let queue = queue_of(sqs, request, "DeleteMessageBatchRequestEntry")?;
    let handles: Vec<&str> = request.entries.iter().map(|entry| entry.receipt_handle.as_str()).collect();
    Ok(Outcomes::of(ids(request), sqs.delete_all(queue, &handles)?))
}

/// Sets how long one message stays in flight.
pub(super) fn change_visibility(sqs: &Sqs, request: &Request) -> Result<Nothing, Error> {
    let queue = names::in_url(required(request.queue_url.as_ref(), "QueueUrl")?)?;
    let handle = required(request.receipt_handle.as_ref(), "ReceiptHandle")?;
    let seconds = request.visibility_timeout.ok_or(Error::MissingParameter("VisibilityTimeout"))?;
    sqs.change_visibility(queue, handle, seconds)?;
    Ok(Nothing {})
}

/// Sets how long each of up to ten messages stays in flight.
pub(super) fn change_visibility_batch(sqs: &Sqs, request: &BatchRequest) -> Result<Outcomes<Done>, Error> {
    let queue = queue_of(sqs, request, "ChangeMessageVisibilityBatchRequestEntry")?;
    let mut changes = Vec::with_capacity(request.entries.len());
    for entry in &request.entries {
        changes.push((entry.receipt_handle.as_str(), entry.visibility_timeout));
    }
    Ok(Outcomes::of(ids(request), sqs.change_visibility_all(queue, &changes)?))
}

/// The queue of a batch that keeps the rules of batches.
fn queue_of<'a>(sqs: &Sqs, request: &'a BatchRequest, shape: &'static str) -> Result<&'a str, Error> {
    let queue = names::in_url(required(request.queue_url.as_ref(), "QueueUrl")?)?;
    sqs.queue_url(queue)?;
    batch::check(shape, ids(request))?;
    Ok(queue)
}

fn ids(request: &BatchRequest) -> impl ExactSizeIterator<Item = &str> {
    request.entries.iter().map(|entry| entry.id.as_str())
}
