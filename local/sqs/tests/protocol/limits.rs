//! The limits of one request.

use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};

use crate::bed::{Bed, code};

#[tokio::test]
async fn a_message_is_as_large_as_one_mebibyte() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = |size: usize| bed.client.send_message().queue_url(&url).message_body("a".repeat(size)).send();
    send(1_048_576).await.expect("it fits");
    assert_eq!(code(send(1_048_577).await), "InvalidParameterValue");
    assert_eq!(bed.receive(&url).await[0].body().map(str::len), Some(1_048_576));
}

#[tokio::test]
async fn a_message_that_json_makes_larger_still_fits() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let body = "\"\n".repeat(524_288);
    bed.send(&url, &body).await;
    assert_eq!(bed.receive(&url).await[0].body(), Some(body.as_str()));
}

#[tokio::test]
async fn a_queue_refuses_what_is_larger_than_it_takes() {
    let bed = Bed::start().await;
    let url = bed.queue("events", [(QueueAttributeName::MaximumMessageSize, "1024")]);
    bed.send(&url, &"a".repeat(1_024)).await;
    let send = bed.client.send_message().queue_url(&url).message_body("a".repeat(1_025)).send().await;
    let error = send.expect_err("it is refused");
    assert!(format!("{error:?}").contains("Reason: Message must be shorter than 1024 bytes."), "{error:?}");
}

#[tokio::test]
async fn a_body_has_characters_and_at_least_one_of_them() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = |body: &str| bed.client.send_message().queue_url(&url).message_body(body).send();
    let error = send("\u{FFFE}").await.expect_err("it is refused").into_service_error();
    assert!(matches!(error, SendMessageError::InvalidMessageContents(_)), "{error:?}");
    assert_eq!(code(send("").await), "MissingParameter");
}

#[tokio::test]
async fn numbers_out_of_their_ranges_are_refused() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = || bed.client.send_message().queue_url(&url).message_body("body");
    let receive = || bed.client.receive_message().queue_url(&url);
    for seconds in [-1, 901] {
        assert_eq!(code(send().delay_seconds(seconds).send().await), "InvalidParameterValue");
    }
    for number in [0, 11] {
        assert_eq!(code(receive().max_number_of_messages(number).send().await), "InvalidParameterValue");
    }
    for seconds in [-1, 43_201] {
        assert_eq!(code(receive().visibility_timeout(seconds).send().await), "InvalidParameterValue");
    }
    for seconds in [-1, 21] {
        assert_eq!(code(receive().wait_time_seconds(seconds).send().await), "InvalidParameterValue");
    }
    assert_eq!(bed.counts("events"), (0, 0, 0));
}

#[tokio::test]
async fn attributes_and_groups_out_of_their_rules_are_refused() {
    let bed = Bed::start().await;
    let url = bed.queue("events", []);
    let send = || bed.client.send_message().queue_url(&url).message_body("body");
    let value = |data_type: &str| MessageAttributeValue::builder().data_type(data_type);
    let text = || value("String").string_value("value").build().expect("it is complete");
    let eleven = (0..11).map(|number| (format!("name{number}"), text())).collect();
    assert_eq!(code(send().set_message_attributes(Some(eleven)).send().await), "InvalidParameterValue");
    let empty = value("String").build().expect("it is complete");
    assert_eq!(code(send().message_attributes("name", empty).send().await), "InvalidParameterValue");
    assert_eq!(code(send().message_group_id("a".repeat(129)).send().await), "InvalidParameterValue");
    assert_eq!(code(send().message_group_id("tenant 1").send().await), "InvalidParameterValue");
    send().message_group_id("a".repeat(128)).send().await.expect("it is sent");
    assert_eq!(bed.counts("events"), (1, 0, 0));
}
