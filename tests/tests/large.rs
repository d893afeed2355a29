//! Notifications too large for a queue message: complete, bounded in memory, and deleted in time.

use std::time::Duration;

use http::Method;
use serde_json::json;
use shared::events::log::DeliveryStatus;
use shared::platform::aws::Aws;
use tests::bed::{Bed, Instance};
use tests::client::Client;
use tests::receiver::{Answer, Receiver};

/// The size limit of a synchronous call of Lambda (AWS Lambda quotas), including API Gateway's event around the body.
const CALL: usize = 6 * 1024 * 1024;
/// The size of the event around the body, and of the body's quotes, which count twice.
const AROUND: usize = 2048;

/// A webhook of this many bytes in all, in characters that JSON does not escape.
fn webhook(lead: &str, bytes: usize) -> String {
    let empty = json!({ "model": "lead", "event": "create", "data": { "id": lead, "note": "" } }).to_string();
    let room = bytes - empty.len();
    let filling = "lorem ipsum é 漢 🦀 ";
    let mut note = filling.repeat(room / filling.len());
    note.push_str(&".".repeat(room - note.len()));
    empty.replace("\"note\":\"\"", &format!("\"note\":\"{note}\""))
}

/// Posts as Close does, with the type that lets API Gateway pass the body on as text.
async fn post(instance: &Instance, body: String) -> u16 {
    let headers = [("content-type", "application/json")];
    let answer = Client::default().send(Method::POST, &instance.webhook_url(), &headers, body).await;
    answer.map_or(0, |answer| answer.status.as_u16())
}

#[tokio::test]
async fn the_largest_lambda_request_arrives_byte_for_byte() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer([Answer::status(500)]);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let body = webhook("lead_1", CALL - AROUND);
    assert_eq!(body.len(), CALL - AROUND);
    assert_eq!(post(&instance, webhook("lead_1", CALL - 500)).await, 413, "that much is too much");
    assert_eq!(post(&instance, body.clone()).await, 200);
    bed.drain().await;
    let requests = receiver.received();
    assert_eq!(requests.len(), 2, "a retry has the body too");
    for request in requests {
        let arrived = std::str::from_utf8(&request.body).unwrap();
        // Not compared by a macro, because that would print both.
        assert!(arrived.contains(&format!(r#""raw":{body},"events""#)), "raw is not what was sent");
    }
    let log = bed.log(instance.id()).await;
    assert!(log[0].stored.is_some());
    assert_eq!(log[0].delivery_status, DeliveryStatus::Delivered);
}

#[tokio::test]
async fn a_stored_body_expires_in_time() {
    const DAY: i64 = 86_400;
    for (retention, days) in [("30", 30), ("1", 1)] {
        let variables = [("EVENT_RETENTION_DAYS", retention)];
        let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
        let receiver = Receiver::start().await;
        let instance = bed.provision(&receiver.url(), &[]).await;
        let data = json!({ "id": "lead_1", "note": tests::fixtures::noise(2_000_000) });
        let body = json!({ "model": "lead", "event": "create", "data": data }).to_string();
        assert_eq!(post(&instance, body).await, 200);
        let parts = bed.items("PAYLOADS_TABLE").await;
        assert_eq!(parts, 3);
        bed.pass(days * DAY - 1);
        bed.system().forget_expired().await.unwrap();
        assert_eq!(bed.items("PAYLOADS_TABLE").await, 3, "{days} days");
        bed.pass(2);
        assert_eq!(bed.system().forget_expired().await, Ok(3));
        assert_eq!(bed.items("PAYLOADS_TABLE").await, 0);
    }
}

#[tokio::test]
async fn large_bodies_of_a_batch_are_not_all_in_memory() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    for number in 0..10 {
        let hook = receiver.at(&number.to_string());
        hook.otherwise(Answer::Hang);
        let instance = bed.provision(hook.url(), &[]).await;
        assert_eq!(post(&instance, webhook("lead_1", 300_000)).await, 200);
    }
    let five = async {
        receiver.wait_for(5, Duration::from_secs(14)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    tokio::select! {
        _ = bed.deliver() => panic!("the batch ended, so nobody hung"),
        () = five => assert_eq!(receiver.count(), 5, "no more than five are under way together"),
    }
}

#[tokio::test]
async fn an_event_without_its_body_fails_once_with_the_reason() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.answer([Answer::status(500)]);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let data = json!({ "id": "lead_1", "note": tests::fixtures::noise(2_000_000) });
    let body = json!({ "model": "lead", "event": "create", "data": data }).to_string();
    assert_eq!(post(&instance, body).await, 200);
    bed.deliver().await;
    forget_bodies(&bed).await;
    bed.drain().await;
    let log = bed.log(instance.id()).await;
    let reason = log[0].reason.as_deref();
    assert_eq!(
        (log[0].delivery_status, reason),
        (DeliveryStatus::Failed, Some("the body is no longer stored"))
    );
    assert_eq!((receiver.count(), log[0].attempts.len()), (1, 1));
    assert_eq!((bed.dead_letters().len(), bed.poison().len(), bed.queue().total()), (1, 0, 0));
}

/// A webhook with so many digits, of which compression leaves a half; no message holds two million.
fn incompressible(lead: &str, digits: usize) -> String {
    let data = json!({ "id": lead, "note": tests::fixtures::noise(digits) });
    json!({ "model": "lead", "event": "create", "data": data }).to_string()
}

#[tokio::test]
async fn an_event_too_large_for_a_message_can_be_read_and_sent_again() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let body = incompressible("lead_1", 2_000_000);
    assert_eq!(post(&instance, body.clone()).await, 200);
    bed.deliver().await;
    let event = bed.log(instance.id()).await.remove(0).event_id;
    let path = format!("/instances/{}/events/{event}", instance.id());
    let shown = bed.call(Method::GET, &path, &json!(null)).await.json();
    assert!(shown["providerData"] == body, "the log has the body");
    let again = bed.call(Method::PUT, &format!("{path}/redeliver"), &json!(null)).await;
    assert_eq!(again.status, 200, "{}", again.message());
    bed.drain().await;
    let requests = receiver.received();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].body == requests[1].body);
}

#[tokio::test]
async fn an_event_too_large_for_a_message_is_released_on_recovery() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let settings = [("event.notification.circuit.minutes", "5"), ("event.notification.retry.attempts", "1")];
    let instance = bed.provision(&receiver.url(), &settings).await;
    receiver.answer([Answer::status(500)]);
    assert_eq!(post(&instance, webhook("opens", 200)).await, 200);
    bed.drain().await;
    bed.pass(1);
    assert_eq!(post(&instance, incompressible("waits", 2_000_000)).await, 200);
    bed.deliver().await;
    assert_eq!(bed.log(instance.id()).await[0].delivery_status, DeliveryStatus::Waiting);
    bed.minutes(7).await;
    assert_eq!(
        (receiver.count(), bed.log(instance.id()).await[0].delivery_status),
        (2, DeliveryStatus::Delivered)
    );
}

#[tokio::test]
async fn a_redelivery_keeps_a_stored_body_for_as_long_as_its_log_item() {
    const DAY: i64 = 86_400;
    // One that only the payloads table holds, and one that its message holds too.
    for body in [incompressible("lead_1", 2_000_000), incompressible("lead_1", 2_000)] {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let instance = bed.provision(&receiver.url(), &[]).await;
        assert_eq!(post(&instance, body).await, 200);
        bed.deliver().await;
        let event = bed.log(instance.id()).await.remove(0).event_id;
        let path = format!("/instances/{}/events/{event}/redeliver", instance.id());
        bed.pass(20 * DAY);
        assert_eq!(bed.call(Method::PUT, &path, &json!(null)).await.status, 200);
        bed.deliver().await;
        bed.pass(29 * DAY);
        bed.system().forget_expired().await.unwrap();
        assert_eq!(bed.call(Method::PUT, &path, &json!(null)).await.status, 200, "the log still has it");
        bed.deliver().await;
        let log = bed.log(instance.id()).await;
        assert_eq!(
            (log[0].delivery_status, receiver.count()),
            (DeliveryStatus::Delivered, 3),
            "{:?}",
            log[0].reason
        );
    }
}

/// Deletes all bodies that are stored beside the log.
#[expect(clippy::unwrap_used, reason = "a story cannot go on without it")]
async fn forget_bodies(bed: &Bed) {
    let variables = bed.system().environment().clone().into_iter().collect();
    let client = Aws::from_variables(&variables).unwrap().dynamodb();
    let table = &bed.system().environment()["PAYLOADS_TABLE"];
    let items = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
    assert!(!items.is_empty());
    for mut item in items {
        item.retain(|name, _| name == "payload_id" || name == "part");
        client.delete_item().table_name(table).set_key(Some(item)).send().await.unwrap();
    }
}
