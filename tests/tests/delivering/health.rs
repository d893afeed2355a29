use http::Method;
use serde_json::{Value, json};
use tests::bed::{Bed, Instance};
use tests::receiver::{Answer, Receiver};

use super::lead;

async fn callback(bed: &Bed, instance: &Instance) -> Value {
    let answer = bed.call(Method::GET, &format!("/instances/{}", instance.id()), &json!(null)).await;
    assert_eq!(answer.status, 200);
    answer.json()["callback"].clone()
}

#[tokio::test]
async fn monday_once_and_saturday_twice_is_not_an_outage() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("monday", 0)).await;
    bed.drain().await;
    bed.pass(5 * 86_400);
    for event in 0..2 {
        instance.receives(lead("saturday", event)).await;
        bed.drain().await;
    }
    assert_eq!(callback(&bed, &instance).await["state"], "failing");
    receiver.otherwise(Answer::status(200));
    instance.receives(lead("after", 0)).await;
    bed.drain().await;
    assert_eq!(callback(&bed, &instance).await, Value::Null);
    assert_eq!((receiver.count(), bed.dead_letters().len()), (10, 3));
}

#[tokio::test]
async fn an_hour_of_failures_opens_a_callback_unless_its_circuit_is_switched_off() {
    for (minutes, state) in [("60", "open"), ("0", "failing")] {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let settings =
            [("event.notification.retry.attempts", "1"), ("event.notification.circuit.minutes", minutes)];
        let instance = bed.provision(&receiver.url(), &settings).await;
        receiver.otherwise(Answer::status(500));
        for event in 0..12 {
            assert_ne!(callback(&bed, &instance).await["state"], "open");
            instance.receives(lead("fails", event)).await;
            bed.deliver().await;
            bed.pass(300);
        }
        let shown = callback(&bed, &instance).await;
        assert_eq!((&shown["state"], &shown["reason"]), (&json!(state), &json!("the receiver answered 500")));
        assert_eq!(shown["failingSince"], "2026-11-21T10:00:00Z");
    }
}

#[tokio::test]
async fn occasional_failures_do_not_open_a_callback() {
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
