use http::Method;
use serde_json::{Value, json};
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::receiver::{Answer, Receiver};

use super::lead;

const ONCE: &[(&str, &str)] = &[("event.notification.retry.attempts", "1")];

async fn callback(bed: &Bed, instance: &Instance) -> Value {
    let answer = bed.call(Method::GET, &format!("/instances/{}", instance.id()), &json!(null)).await;
    assert_eq!(answer.status, 200);
    answer.json()["callback"].clone()
}

async fn enable(bed: &Bed, instance: &Instance) -> Value {
    let path = format!("/instances/{}/callback/enabled", instance.id());
    let answer = bed.call(Method::PUT, &path, &json!(null)).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    answer.json()["callback"].clone()
}

/// A receiver that has failed one event an hour ago, and another one just now.
async fn opened(settings: &[(&str, &str)]) -> (Bed, Receiver, Instance) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    receiver.otherwise(Answer::status(500));
    let instance = bed.provision(&receiver.url(), settings).await;
    instance.receives(lead("first", 0)).await;
    bed.deliver().await;
    bed.pass(3600);
    instance.receives(lead("second", 0)).await;
    bed.deliver().await;
    (bed, receiver, instance)
}

#[tokio::test]
async fn while_a_callback_is_open_its_events_wait_and_burn_no_attempt_but_the_probes() {
    let (bed, receiver, instance) = opened(ONCE).await;
    let shown = callback(&bed, &instance).await;
    assert_eq!((&shown["state"], &shown["failingSince"]), (&json!("open"), &json!("2026-11-21T10:00:00Z")));
    assert_eq!(shown["nextAttempt"], "2026-11-21T11:05:00Z");
    assert_eq!(shown["reason"], "the receiver answered 500");
    for event in 0..25 {
        instance.receives(lead("waits", event)).await;
    }
    bed.deliver().await;
    assert_eq!(receiver.count(), 2, "nobody is tried before the probe is due");
    let waiting = bed.log(instance.id()).await;
    let waits = waiting.iter().filter(|event| event.delivery_status == DeliveryStatus::Retry);
    assert_eq!(waits.count(), 25, "the log shows who waits");
    bed.pass(302);
    bed.deliver().await;
    assert_eq!(receiver.count(), 3, "one of them is the probe");
    bed.pass(302);
    bed.deliver().await;
    assert_eq!(receiver.count(), 4, "and one more after five minutes");

    receiver.otherwise(Answer::status(200));
    bed.drain().await;
    assert_eq!(callback(&bed, &instance).await, Value::Null);
    let log = bed.log(instance.id()).await;
    let delivered = log.iter().filter(|event| event.delivery_status == DeliveryStatus::Delivered);
    assert_eq!((delivered.count(), receiver.count()), (23, 4 + 23), "each of the others went out once");
    assert_eq!(bed.dead_letters().len(), 4);
}

#[tokio::test]
async fn a_circuit_can_be_switched_off() {
    let never = ("event.notification.circuit.minutes", "0");
    let (bed, receiver, instance) = opened(&[ONCE[0], never]).await;
    assert_eq!(callback(&bed, &instance).await["state"], "failing");
    instance.receives(lead("third", 0)).await;
    bed.deliver().await;
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_receiver_that_fails_now_and_then_is_not_held_against_it() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    for event in 0..20 {
        receiver.answer([Answer::status(500), Answer::status(200)]);
        instance.receives(lead("lead", event)).await;
        bed.drain().await;
        bed.pass(600);
    }
    assert_eq!(callback(&bed, &instance).await, Value::Null);
    assert_eq!(receiver.count(), 40);
}

#[tokio::test]
async fn after_five_days_of_failures_it_is_disabled_and_nothing_is_lost() {
    let (bed, receiver, instance) = opened(ONCE).await;
    bed.pass(5 * 24 * 3600);
    instance.receives(lead("third", 0)).await;
    bed.deliver().await;
    assert_eq!(callback(&bed, &instance).await["state"], "disabled");
    instance.receives(lead("fourth", 0)).await;
    bed.drain().await;
    assert_eq!(receiver.count(), 3, "the fourth was not even tried");
    let log = bed.log(instance.id()).await;
    assert!(log.iter().all(|event| event.delivery_status == DeliveryStatus::Failed && event.raw.is_some()));
    assert_eq!(log[0].reason.as_deref(), Some("the callback is disabled: the receiver answered 500"));
    assert_eq!(bed.dead_letters().len(), 4);

    receiver.otherwise(Answer::status(200));
    assert_eq!(enable(&bed, &instance).await, Value::Null);
    bed.pass(61);
    bed.redrive().await;
    bed.drain().await;
    assert_eq!(receiver.count(), 3 + 4);
    let log = bed.log(instance.id()).await;
    assert!(log.iter().all(|event| event.delivery_status == DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_410_disables_the_callback_at_once() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.answer([Answer::status(410)]);
    instance.receives(lead("first", 0)).await;
    instance.receives(lead("second", 0)).await;
    bed.drain().await;
    let shown = callback(&bed, &instance).await;
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("disabled"), &json!("the receiver answered 410"))
    );
    instance.receives(lead("third", 0)).await;
    let tried = receiver.count();
    bed.drain().await;
    assert_eq!(receiver.count(), tried, "nothing more is sent there");
}

#[tokio::test]
async fn enabling_needs_the_owner() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let stranger = bed.system().another_account(7).await.unwrap();
    let path = format!("/instances/{}/callback/enabled", instance.id());
    assert_eq!(bed.call_as(&stranger, Method::PUT, &path, "").await.status, 404);
    assert_eq!(bed.call_as("User x, Organization y", Method::PUT, &path, "").await.status, 401);
    assert_eq!(bed.call(Method::PUT, "/instances/x/callback/enabled", &json!(null)).await.status, 404);
}

#[tokio::test]
async fn another_url_begins_with_a_clean_sheet() {
    use shared::callbacks::health::{DynamoEndpointStore, Health};
    use shared::callbacks::url::{CallbackUrl, Reach};
    use shared::platform::aws::Aws;
    let (bed, _receiver, instance) = opened(ONCE).await;
    let variables = bed.system().environment().clone().into_iter().collect();
    let table = bed.system().environment()["ENDPOINTS_TABLE"].clone();
    let store = DynamoEndpointStore::new(Aws::from_variables(&variables).unwrap().dynamodb(), table);
    let id = instance.id().to_string().parse().unwrap();
    let elsewhere = CallbackUrl::parse("https://example.com/", Reach::Public).unwrap();
    assert_eq!(store.get(id, &elsewhere).await.unwrap(), Health::Healthy);
}

#[tokio::test]
async fn an_event_that_waits_keeps_what_a_crash_left_undone() {
    use shared::events::log::{Claim, DynamoEventLog, Outcome};
    use shared::events::message::QueuedDelivery;
    use shared::platform::aws::Aws;
    let (bed, receiver, instance) = opened(ONCE).await;
    instance.receives(lead("waits", 0)).await;
    let variables = bed.system().environment().clone().into_iter().collect();
    let table = bed.system().environment()["EVENTS_TABLE"].clone();
    let client = Aws::from_variables(&variables).unwrap().dynamodb();
    let log = DynamoEventLog::new(client, table, chrono::TimeDelta::days(30));
    let queued = bed.system().sqs().peek(bed.queue_name()).unwrap();
    let (message, now) = (queued.last().unwrap(), bed.now());
    let delivery = QueuedDelivery::from_message(&message.body).unwrap();
    let claim = Claim { delivery: &delivery, message_id: &message.id, now, until: now };
    log.claim(&claim).await.unwrap().unwrap();
    // The function died after it wrote that a second attempt is due, and before it queued that.
    let (status, next_attempt_at) = (DeliveryStatus::Retry, Some(now));
    let retry = Outcome { status, attempt: 1, next_attempt_at, reason: None, attempts: Vec::new() };
    assert!(log.record(&claim, retry).await.unwrap());
    bed.deliver().await;
    receiver.otherwise(Answer::status(200));
    instance.receives(lead("probes", 0)).await;
    bed.drain().await;
    let logged = bed.log(instance.id()).await;
    let waited = logged.iter().find(|event| event.event_id == delivery.event_id.as_str()).unwrap();
    assert_eq!(waited.delivery_status, DeliveryStatus::Delivered);
    assert_eq!(waited.attempts.last().unwrap().attempt, 2);
}
