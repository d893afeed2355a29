//! Queues and their attributes.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use crate::bed::{Bed, code};

#[tokio::test]
async fn a_queue_has_a_url_an_arn_and_the_attributes_of_sqs() {
    let bed = Bed::start().await;
    let url = bed.queue("events", [(Name::VisibilityTimeout, "180"), (Name::MaximumMessageSize, "262144")]);
    assert_eq!(url, format!("{}/000000000000/events", bed.url));

    for body in ["visible", "in flight"] {
        bed.send(&url, body).await;
    }
    let delayed = bed.client.send_message().queue_url(&url).message_body("delayed").delay_seconds(900);
    delayed.send().await.expect("it is sent");
    bed.client.receive_message().queue_url(&url).send().await.expect("it is received");
    let answer = bed.client.get_queue_attributes().queue_url(&url).attribute_names(Name::All).send().await;
    let attributes = answer.expect("the queue exists").attributes.expect("it has attributes");
    for (name, value) in [
        (Name::VisibilityTimeout, "180"),
        (Name::MaximumMessageSize, "262144"),
        (Name::MessageRetentionPeriod, "345600"),
        (Name::DelaySeconds, "0"),
        (Name::ReceiveMessageWaitTimeSeconds, "0"),
        (Name::SqsManagedSseEnabled, "true"),
        (Name::QueueArn, "arn:aws:sqs:us-east-1:000000000000:events"),
        (Name::CreatedTimestamp, "1767225600"),
        (Name::ApproximateNumberOfMessages, "1"),
        (Name::ApproximateNumberOfMessagesDelayed, "1"),
        (Name::ApproximateNumberOfMessagesNotVisible, "1"),
    ] {
        assert_eq!(attributes.get(&name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(attributes.len(), 11);
}

#[tokio::test]
async fn a_missing_queue_is_the_sdks_own_error() {
    let bed = Bed::start().await;
    let url = format!("{}/000000000000/missing", bed.url);
    let receive = bed.client.receive_message().queue_url(&url).send().await;
    assert!(receive.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
    let send = bed.client.send_message().queue_url(&url).message_body("body").send().await;
    assert!(send.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
    let delete = bed.client.delete_message().queue_url(&url).receipt_handle("x").send().await;
    assert!(delete.expect_err("it does not exist").into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn a_queue_is_known_by_a_url_of_any_host() {
    let bed = Bed::start().await;
    bed.queue("events", []);
    bed.send("https://sqs.us-east-1.amazonaws.com/000000000000/events", "body").await;
    assert_eq!(bed.counts("events"), (1, 0, 0));
    let send = bed.client.send_message().queue_url("events").message_body("body").send().await;
    assert_eq!(code(send), "InvalidAddress");
}

#[tokio::test]
async fn a_purge_deletes_every_message() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    bed.send(&url, "in flight").await;
    bed.receive(&url).await;
    bed.send(&url, "visible").await;
    bed.client.purge_queue().queue_url(&url).send().await.expect("it is purged");
    assert_eq!(bed.counts("events"), (0, 0, 0));
}
