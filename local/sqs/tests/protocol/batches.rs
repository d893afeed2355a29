//! Batches: what fails as a whole, and what fails by entry.

use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchError;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    DeleteMessageBatchResultEntry, SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};

use crate::bed::{Bed, bodies, code};

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().expect("it is complete")
}

fn deletion(id: &str, handle: &str) -> DeleteMessageBatchRequestEntry {
    DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().expect("it is complete")
}

fn failures(failed: &[BatchResultErrorEntry]) -> Vec<(&str, &str, bool)> {
    failed.iter().map(|failure| (failure.id(), failure.code(), failure.sender_fault())).collect()
}

#[tokio::test]
async fn the_good_entries_of_a_batch_are_sent_and_the_bad_ones_say_why_not() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []).await;
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
    let url = bed.queue("events", []).await;
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
    let url = bed.queue("events", []).await;
    let half = "a".repeat(524_288);
    let batch = bed.client.send_message_batch().queue_url(&url);
    let answer = batch.entries(entry("a", &half)).entries(entry("b", &half)).send().await.expect("it fits");
    assert_eq!(answer.successful().len(), 2);
    assert_eq!(bed.receive(&url).await.len(), 2);
}

#[tokio::test]
async fn a_batch_deletes_what_it_can() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []).await;
    for body in ["one", "two", "three"] {
        bed.send(&url, body).await;
    }
    let handles: Vec<String> =
        bed.receive(&url).await.into_iter().filter_map(|message| message.receipt_handle).collect();
    let delete = || bed.client.delete_message_batch().queue_url(&url);
    let answer = delete()
        .entries(deletion("a", &handles[0]))
        .entries(deletion("b", "nonsense"))
        .entries(deletion("c", &handles[2]))
        .send()
        .await
        .expect("the batch as a whole is good");
    let deleted: Vec<&str> = answer.successful().iter().map(DeleteMessageBatchResultEntry::id).collect();
    assert_eq!(deleted, ["a", "c"]);
    assert_eq!(failures(answer.failed()), [("b", "ReceiptHandleIsInvalid", true)]);
    assert_eq!(bed.counts("events"), (0, 0, 1));

    let eleven = (0..11).map(|number| deletion(&number.to_string(), &handles[1])).collect();
    let error =
        delete().set_entries(Some(eleven)).send().await.expect_err("it is refused").into_service_error();
    assert!(matches!(error, DeleteMessageBatchError::TooManyEntriesInBatchRequest(_)), "{error:?}");
    assert_eq!(bed.counts("events"), (0, 0, 1));
}

#[tokio::test]
async fn a_batch_changes_the_visibility_of_what_it_can() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []).await;
    for body in ["one", "two", "three"] {
        bed.send(&url, body).await;
    }
    let received = bed.receive(&url).await;
    let change = |id: &str, index: usize, seconds| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).visibility_timeout(seconds);
        entry.set_receipt_handle(received[index].receipt_handle.clone()).build().expect("it is complete")
    };
    let batch = bed.client.change_message_visibility_batch().queue_url(&url);
    let batch = batch.entries(change("a", 0, 0)).entries(change("b", 1, 43_201)).entries(change("c", 2, 600));
    let answer = batch.send().await.expect("the batch as a whole is good");
    assert_eq!(answer.successful().len(), 2);
    assert_eq!(failures(answer.failed()), [("b", "InvalidParameterValue", true)]);
    assert_eq!(bed.counts("events"), (1, 0, 2));
    bed.wait(30);
    assert_eq!(bed.counts("events"), (2, 0, 1));
    let none = bed.client.change_message_visibility_batch().queue_url(&url).set_entries(Some(Vec::new()));
    assert_eq!(code(none.send().await), "AWS.SimpleQueueService.EmptyBatchRequest");
}
