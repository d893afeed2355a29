//! Sending, receiving, deleting and changing visibility, one message at a time.

use std::time::Duration;

use aws_sdk_sqs::operation::delete_message::DeleteMessageError;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName as System, QueueAttributeName};

use crate::bed::{Bed, bodies};

fn text(value: &str) -> MessageAttributeValue {
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
    attribute.build().expect("it is complete")
}

#[tokio::test]
async fn a_message_is_received_as_it_was_sent() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let body = "{\"ä\": \"\u{10000} <&>\\\"\r\n\t\"}";
    let sent = bed.client.send_message().queue_url(&url).message_body(body);
    let sent = sent.message_attributes("kind", text("lead"));
    let sent = sent.message_group_id("tenant-1").send().await.expect("it is sent");
    bed.wait(2);
    let message = bed.receive(&url).await.remove(0);
    assert_eq!((message.body(), message.message_id()), (Some(body), sent.message_id()));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert!(sent.md5_of_message_attributes().is_some());
    let custom = message.message_attributes.expect("it has attributes");
    assert_eq!(custom, [("kind".to_owned(), text("lead"))].into());
    let system = message.attributes.expect("it has system attributes");
    let expected = [
        (System::MessageGroupId, "tenant-1"),
        (System::SenderId, "000000000000"),
        (System::ApproximateReceiveCount, "1"),
        (System::SentTimestamp, "1767225600000"),
        (System::ApproximateFirstReceiveTimestamp, "1767225602000"),
    ];
    assert_eq!(system, expected.map(|(name, value)| (name, value.to_owned())).into());
}

#[tokio::test]
async fn a_receiver_gets_only_the_attributes_that_it_asks_for() {
    let bed = Bed::start().await;
    let url = bed.queue("events", [(QueueAttributeName::VisibilityTimeout, "0")]);
    let send = bed.client.send_message().queue_url(&url).message_body("body").message_group_id("tenant-1");
    let send = send.message_attributes("trace.id", text("1")).message_attributes("trace.span", text("2"));
    send.message_attributes("kind", text("lead")).send().await.expect("it is sent");
    let receive = || bed.client.receive_message().queue_url(&url);

    let bare = receive().send().await.expect("it is received").messages.expect("a message").remove(0);
    assert!(bare.attributes.is_none() && bare.message_attributes.is_none());
    assert!(bare.md5_of_message_attributes.is_none());

    let asked = receive().message_attribute_names("trace.id").message_attribute_names("nonsense");
    let asked = asked.message_system_attribute_names(System::MessageGroupId);
    let asked = asked.send().await.expect("it is received").messages.expect("a message").remove(0);
    let names: Vec<String> = asked.message_attributes.expect("attributes").into_keys().collect();
    assert_eq!(names, ["trace.id"]);
    assert_eq!(asked.attributes, Some([(System::MessageGroupId, "tenant-1".to_owned())].into()));

    #[expect(deprecated, reason = "older clients ask this way")]
    let older = receive().attribute_names(QueueAttributeName::All).send().await.expect("it is received");
    let attributes = older.messages.expect("a message").remove(0).attributes.expect("attributes");
    assert_eq!(attributes[&System::ApproximateReceiveCount], "3");
}

#[tokio::test]
async fn a_delay_of_five_minutes_passes_in_virtual_time() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = bed.client.send_message().queue_url(&url).message_body("retry").delay_seconds(300);
    send.send().await.expect("it is sent");
    assert_eq!(bed.counts("events"), (0, 1, 0));
    bed.wait(299);
    assert!(bed.receive(&url).await.is_empty());
    bed.wait(1);
    assert_eq!(bodies(&bed.receive(&url).await), ["retry"]);
}

#[tokio::test]
async fn a_received_message_is_deleted_by_its_latest_handle() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    bed.send(&url, "body").await;
    let delete = |handle: String| bed.client.delete_message().queue_url(&url).receipt_handle(handle).send();
    let first = bed.receive(&url).await.remove(0).receipt_handle.expect("a handle");
    bed.wait(30);
    let second = bed.receive(&url).await.remove(0).receipt_handle.expect("a handle");
    delete(first).await.expect("an old handle is accepted");
    assert_eq!(bed.counts("events"), (0, 0, 1));
    delete(second.clone()).await.expect("it is deleted");
    assert_eq!(bed.counts("events"), (0, 0, 0));
    delete(second).await.expect("twice is once");
    let error = delete("nonsense".to_owned()).await.expect_err("it is no handle").into_service_error();
    assert!(matches!(error, DeleteMessageError::ReceiptHandleIsInvalid(_)), "{error:?}");
}

#[tokio::test]
async fn a_long_poll_is_answered_when_a_message_comes() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let poll = bed.client.receive_message().queue_url(&url).wait_time_seconds(20).send();
    let poll = tokio::spawn(poll);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!poll.is_finished());
    let began = std::time::Instant::now();
    bed.send(&url, "body").await;
    let received = poll.await.expect("it ends").expect("it is answered").messages.expect("a message");
    assert_eq!(bodies(&received), ["body"]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}
