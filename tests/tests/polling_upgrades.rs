//! What another release wrote, and what was kept for some time only.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use serde_json::json;
use shared::platform::aws::Aws;
use tests::bed::Bed;
use tests::close::Quirks;
use tests::polling::{Polled, Status};

fn client(bed: &Bed) -> aws_sdk_dynamodb::Client {
    Aws::from_variables(&bed.system().environment().clone().into_iter().collect()).unwrap().dynamodb()
}

/// Writes a setting past the checks of the API, as a release with other checks did.
async fn overwrite(polled: &Polled, key: &str, value: &str) {
    let update = client(&polled.bed)
        .update_item()
        .table_name(&polled.bed.system().environment()["INSTANCES_TABLE"])
        .key("instance_id", AttributeValue::N(polled.instance.id().to_string()))
        .update_expression("SET #configuration.#key = :value")
        .condition_expression("attribute_exists(#configuration.#key)")
        .set_expression_attribute_names(Some(HashMap::from([
            ("#configuration".to_owned(), "configuration".to_owned()),
            ("#key".to_owned(), key.to_owned()),
        ])))
        .expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
    update.send().await.unwrap();
}

const RESOURCES: &str = "event.poller.configuration";

#[tokio::test]
async fn settings_that_cannot_be_read_are_a_state_and_no_dead_letter() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    overwrite(&polled, RESOURCES, r#"{"of_another_release": {}}"#).await;
    polled.bed.minutes(60).await;
    let queue = polled.bed.dead_letter_queue_of(polled.bed.poll_queue_name());
    assert_eq!(polled.bed.system().sqs().peek(queue).unwrap().len(), 0);
    let state = polled.state().await;
    assert_ne!(state.status, Status::Ok);
    assert!(state.error.is_some_and(|error| error.contains(RESOURCES)), "{}", state.shown);
}

#[tokio::test]
async fn settings_that_can_be_read_again_are_polled_without_loss() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    overwrite(&polled, RESOURCES, r#"{"of_another_release": {}}"#).await;
    polled.bed.minutes(10).await;
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(10).await;
    overwrite(&polled, RESOURCES, r#"{"contacts": {"url": "/contacts", "idField": "id"}}"#).await;
    polled.bed.minutes(75).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
    assert_eq!(polled.state().await.status, Status::Ok);
}

#[tokio::test]
async fn a_large_window_is_not_told_again_after_an_outage() {
    for days in [3, 20, 40] {
        let polled = Polled::start(&["opportunities"], Quirks::default()).await;
        for n in 0..300 {
            polled.close.create("opportunity", &json!({"value": n}));
        }
        polled.bed.minutes(2).await;
        assert_eq!(polled.told().len(), 300);
        polled.bed.clock().advance(TimeDelta::days(days));
        polled.bed.system().forget_expired().await.unwrap();
        polled.bed.minutes(3).await;
        assert_eq!(polled.told().len(), 300, "after {days} days");
    }
}
