//! Plays Lambda around a function that works a queue, for functions beside those of the local system.

#![expect(clippy::panic, reason = "a story cannot go on without its queue")]

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use sqs::{Receive, Received};

use crate::bed::Bed;

/// Calls so far: each has a request id of its own.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// Receives a batch of up to ten messages.
pub(crate) async fn receive(bed: &Bed, queue: &str) -> Vec<Received> {
    let receive = Receive { maximum: 10, ..Receive::default() };
    bed.system().sqs().receive(queue, &receive).await.unwrap_or_default()
}

/// A call with `payload`, which ends after `timeout` seconds.
pub(crate) fn call<T>(bed: &Bed, payload: T, timeout: i64) -> LambdaEvent<T> {
    let mut context = Context::default();
    let ends_at = bed.now() + TimeDelta::seconds(timeout);
    context.request_id = format!("{:08x}", CALLS.fetch_add(1, Ordering::Relaxed));
    context.deadline = u64::try_from(ends_at.timestamp_millis()).unwrap_or_default();
    LambdaEvent::new(payload, context)
}

/// The event for a batch.
pub(crate) fn event(batch: &[Received]) -> Value {
    let attributes = |received: &Received| -> Value {
        let texts = received.message.attributes.iter();
        let texts =
            texts.map(|(name, value)| (name.clone(), json!({ "dataType": "String", "stringValue": value })));
        texts.collect::<serde_json::Map<_, _>>().into()
    };
    let record = |received: &Received| {
        json!({
            "messageId": received.message.id,
            "receiptHandle": received.receipt_handle,
            "body": received.message.body,
            "attributes": {},
            "messageAttributes": attributes(received),
            "eventSource": "aws:sqs",
            "awsRegion": "us-east-1",
        })
    };
    json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
}

/// Deletes the messages that the function's answer does not report as failed.
pub(crate) fn settle(bed: &Bed, queue: &str, batch: &[Received], answer: &Value) {
    let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
    let failed = |received: &Received| failures.iter().any(|it| it["itemIdentifier"] == *received.message.id);
    let done: Vec<&str> = batch.iter().filter(|it| !failed(it)).map(|it| &*it.receipt_handle).collect();
    let deleted = bed.system().sqs().delete_all(queue, &done);
    deleted.unwrap_or_else(|error| panic!("the batch cannot be deleted: {error}"));
}
