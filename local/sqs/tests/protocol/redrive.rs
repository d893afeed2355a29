//! Dead-letter queues, and the way back.

use aws_sdk_sqs::types::MessageSystemAttributeName as System;

use crate::bed::{Bed, bodies};

#[tokio::test]
async fn a_message_that_is_received_too_often_ends_in_the_dead_letter_queue() {
    let bed = Bed::start().await;
    let (url, dead) = bed.with_dead_letters(5);
    let send = bed.client.send_message().queue_url(&url).message_body("poison").message_group_id("tenant-1");
    let id = send.send().await.expect("it is sent").message_id;
    for count in 1..=5 {
        let received = bed.receive(&url).await.remove(0);
        let attributes = received.attributes.expect("attributes");
        assert_eq!(attributes[&System::ApproximateReceiveCount], count.to_string());
        bed.wait(30);
    }
    assert_eq!(bed.counts("dead"), (0, 0, 0));
    assert!(bed.receive(&url).await.is_empty());
    let given_up = bed.receive(&dead).await.remove(0);
    let attributes = given_up.attributes.expect("attributes");
    assert_eq!(given_up.message_id, id);
    assert_eq!(attributes[&System::MessageGroupId], "tenant-1");
    assert_eq!(attributes[&System::ApproximateReceiveCount], "1");
    assert_eq!(attributes[&System::SentTimestamp], "1767225600000");
    assert_eq!(attributes[&System::DeadLetterQueueSourceArn], "arn:aws:sqs:us-east-1:000000000000:events");
}

#[tokio::test]
async fn a_move_task_brings_the_messages_back() {
    let bed = Bed::start().await;
    let (url, _dead) = bed.with_dead_letters(1);
    for body in ["one", "two"] {
        bed.send(&url, body).await;
    }
    bed.receive(&url).await;
    bed.wait(30);
    bed.receive(&url).await;
    assert_eq!((bed.counts("events"), bed.counts("dead")), ((0, 0, 0), (2, 0, 0)));

    let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
    let started = bed.client.start_message_move_task().source_arn(arn).send().await.expect("it starts");
    assert!(started.task_handle.is_some());
    assert_eq!(bodies(&bed.receive(&url).await), ["one", "two"]);
}
