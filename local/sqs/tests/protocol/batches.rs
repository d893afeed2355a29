//! Batches: what fails as a whole, and what fails by entry.

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry, SendMessageBatchResultEntry};

use crate::bed::{Bed, bodies};

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().expect("it is complete")
}

fn failures(failed: &[BatchResultErrorEntry]) -> Vec<(&str, &str, bool)> {
    failed.iter().map(|failure| (failure.id(), failure.code(), failure.sender_fault())).collect()
}

#[tokio::test]
async fn valid_entries_of_a_batch_are_sent_and_invalid_ones_refused() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let mut late = entry("late", "body");
    late.delay_seconds = Some(901);
    let mut grouped = entry("grouped", "fourth");
    grouped.message_group_id = Some("tenant 1".to_owned());
    let batch = bed.client.send_message_batch().queue_url(&url);
    let batch = batch
        .entries(entry("first", "one"))
        .entries(entry("characters", "\u{1}"))
        .entries(late)
        .entries(grouped)
        .entries(entry("empty", ""))
        .entries(entry("last", "two"));
    let answer = batch.send().await.expect("the batch as a whole is good");
    let sent: Vec<&str> = answer.successful().iter().map(SendMessageBatchResultEntry::id).collect();
    assert_eq!(sent, ["first", "last"]);
    assert_eq!(answer.successful()[0].md5_of_message_body(), "f97c5d29941bfb1b2fdab0874906ab82");
    assert_eq!(
        failures(answer.failed()),
        [
            ("characters", "InvalidMessageContents", true),
            ("late", "InvalidParameterValue", true),
            ("grouped", "InvalidParameterValue", true),
            ("empty", "MissingParameter", true),
        ]
    );
    assert_eq!(bodies(&bed.receive(&url).await), ["one", "two"]);
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_of_batches_sends_nothing() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        let batch = bed.client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send();
        async move { batch.await.expect_err("it is refused").into_service_error() }
    };
    let eleven = (0..11).map(|number| entry(&number.to_string(), "body")).collect();
    let half = "a".repeat(524_288);
    assert!(send(Vec::new()).await.is_empty_batch_request());
    assert!(send(eleven).await.is_too_many_entries_in_batch_request());
    assert!(send(vec![entry("a", "body"), entry("a", "body")]).await.is_batch_entry_ids_not_distinct());
    assert!(send(vec![entry("a b", "body")]).await.is_invalid_batch_entry_id());
    let error = send(vec![entry("a", &half), entry("b", &half), entry("c", "a")]).await;
    assert!(matches!(error, SendMessageBatchError::BatchRequestTooLong(_)), "{error:?}");
    assert_eq!(bed.counts("events"), (0, 0, 0));
}

#[tokio::test]
async fn a_batch_is_as_large_as_a_message_may_be() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let half = "a".repeat(524_288);
    let batch = bed.client.send_message_batch().queue_url(&url);
    let answer = batch.entries(entry("a", &half)).entries(entry("b", &half)).send().await.expect("it fits");
    assert_eq!(answer.successful().len(), 2);
    assert_eq!(bed.receive(&url).await.len(), 2);
}
