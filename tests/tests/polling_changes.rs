//! Instances that are changed while they are polled: what is asked for last is what is polled, and what is shown.

use http::Method;
use serde_json::{Value, json};
use tests::close::Quirks;
use tests::polling::{Polled, Status, Worker};

/// What is polled after a resource was added.
const BOTH: &str = r#"{"accounts": {"url": "/accounts", "idField": "id"}, "contacts": {"url": "/contacts", "idField": "id"}}"#;

async fn patch(polled: &Polled, configuration: Value) {
    let path = format!("/instances/{}", polled.instance.id());
    let change = json!({"configuration": configuration});
    let answer = polled.bed.call(Method::PATCH, &path, &change).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
}

#[tokio::test]
async fn a_key_that_was_replaced_stops_nothing_when_it_is_refused() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let worker = Worker::on(&polled.bed).await;
    worker.scheduled(&polled.bed, json!({})).await;
    // Later than its place in the minute, so that the next poll is less than a minute away.
    polled.bed.pass(85);
    worker.work_all(&polled.bed).await;
    assert_eq!(polled.rest.take_calls().len(), 1);
    patch(&polled, json!({"username": "api_new_2"})).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    polled.rest.take_calls();
    worker.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(59);
    worker.work_all(&polled.bed).await;
    let calls = polled.rest.take_calls();
    assert_eq!(calls.iter().map(|call| call.key.as_str()).collect::<Vec<_>>(), ["api_new_2"]);
    assert_eq!(polled.state().await.status, Status::Ok);
}

#[tokio::test]
async fn a_host_that_was_replaced_stops_nothing_when_it_refuses() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let moved = polled.close.serve(polled.bed.clock(), Quirks::default()).await;
    let worker = Worker::on(&polled.bed).await;
    worker.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(85);
    worker.work_all(&polled.bed).await;
    patch(&polled, json!({"base.url": moved.url()})).await;
    polled.rest.behave(|quirks| quirks.revoked = ["api_key".to_owned()].into());
    worker.scheduled(&polled.bed, json!({})).await;
    polled.bed.pass(59);
    // It knows the instance of before, and hears that its key is refused there.
    worker.work_all(&polled.bed).await;
    assert_ne!(polled.state().await.status, Status::Refused);
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(7).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
}

#[tokio::test]
async fn an_instance_that_is_polled_again_right_after_it_was_not_goes_on() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let configuration = json!({"contacts": {"url": "/contacts", "idField": "id"}}).to_string();
    let webhook = json!({
        "event.vendor.type": "webhook",
        "event.poller.refresh_interval": null,
        "event.poller.configuration": null,
    });
    let polling = json!({
        "event.vendor.type": "polling",
        "event.poller.refresh_interval": "1",
        "event.poller.configuration": configuration,
    });
    polled.bed.minutes(2).await;
    patch(&polled, webhook.clone()).await;
    polled.bed.minutes(2).await;
    polled.rest.take_calls();
    patch(&polled, polling).await;
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(4).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);

    patch(&polled, webhook.clone()).await;
    polled.bed.minutes(3).await;
    polled.rest.take_calls();
    polled.bed.minutes(20).await;
    assert!(polled.rest.take_calls().is_empty(), "nor is it polled when it is not to be");
}

#[tokio::test]
async fn an_instance_that_nothing_says_a_source_of_misses_nothing_while_it_is_muted() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    patch(&polled, json!({"event.vendor.type": ""})).await;
    polled.bed.minutes(2).await;
    patch(&polled, json!({"event.notification.enabled": "false"})).await;
    polled.bed.minutes(2).await;
    polled.rest.take_calls();
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(20).await;
    assert!(polled.rest.take_calls().is_empty());
    patch(&polled, json!({"event.notification.enabled": "true"})).await;
    polled.bed.minutes(2).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
}

#[tokio::test]
async fn an_audit_asks_for_nothing_that_was_not_polled_then() {
    let accounts = json!({"accounts": {"url": "/accounts", "idField": "id"}});
    let interval = [("event.poller.refresh_interval", "5")];
    let polled = Polled::with(&accounts, Quirks::default(), &interval).await;
    polled.bed.minutes(6).await;
    for _ in 0..60 {
        polled.close.create("contact", &json!({"name": "nobody asked"}));
        polled.bed.pass(120);
    }
    polled.bed.minutes(15).await;
    patch(&polled, json!({"event.poller.configuration": BOTH})).await;
    polled.bed.minutes(15).await;
    let before = polled.told();
    let worker = Worker::on(&polled.bed).await;
    for _ in 0..60 {
        polled.bed.minutes(1).await;
        worker.scheduled(&polled.bed, json!({"audit": true})).await;
        polled.bed.deliver().await;
    }
    assert_eq!((polled.told(), polled.state().await.audit_finds), (before, 0));
}

#[tokio::test]
async fn a_resource_that_is_added_misses_nothing_of_an_outage_that_follows() {
    let polled = Polled::start(&["accounts"], Quirks::default()).await;
    polled.bed.minutes(3).await;
    patch(&polled, json!({"event.poller.configuration": BOTH})).await;
    polled.bed.minutes(3).await;
    polled.rest.behave(|quirks| quirks.away = [("data/search/".to_owned(), 503)].into());
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(20).await;
    polled.rest.behave(|quirks| quirks.away.clear());
    polled.bed.minutes(20).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
}

#[tokio::test]
async fn an_instance_that_is_disabled_is_not_polled_until_it_is_enabled() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    let path = format!("/instances/{}/enabled", polled.instance.id());
    assert_eq!(polled.bed.call(Method::DELETE, &path, &json!(null)).await.status, 200);
    polled.rest.take_calls();
    polled.bed.minutes(10).await;
    let since = polled.rest.take_calls().len();
    assert!(since <= 1, "{since} polls");
    assert_eq!(polled.bed.call(Method::PUT, &path, &json!(null)).await.status, 200);
    polled.bed.minutes(2).await;
    assert!(!polled.rest.take_calls().is_empty());
}

#[tokio::test]
async fn another_id_field_tells_nothing_again() {
    for resource in ["opportunities", "notes"] {
        let polled = Polled::start(&[resource], Quirks::default()).await;
        let kind = if resource == "notes" { "activity.note" } else { "opportunity" };
        polled.close.create(kind, &json!({"reference": {"number": 5}}));
        polled.bed.minutes(2).await;
        let url = format!("/{resource}");
        let other = json!({resource: {"url": url, "idField": "reference.number"}});
        patch(&polled, json!({"event.poller.configuration": other.to_string()})).await;
        polled.close.create(kind, &json!({"reference": {"number": 6}}));
        polled.bed.minutes(3).await;
        let ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
        assert_eq!((ids.len(), ids.last().map(String::as_str)), (2, Some("6")), "{resource}: {ids:?}");
    }
}
