//! What changes while events wait for an open callback: the instance, its settings, what is asked for, what fails.

use http::Method;
use serde_json::{Value, json};
use shared::events::log::DeliveryStatus;
use tests::bed::{Bed, Instance};
use tests::faults::Plan;
use tests::receiver::{Answer, Receiver};
use tests::rig::Rig;

use super::lead;
use super::recovery::{ONCE, SOON, arrived, callback, fails, opened, with_status};

const DAY: i64 = 86_400;

async fn wait(bed: &Bed, instance: &Instance, events: std::ops::Range<u32>) {
    for event in events {
        instance.receives(lead("waits", event)).await;
        bed.pass(1);
    }
    bed.deliver().await;
}

async fn redeliver(bed: &Bed, instance: &Instance, query: &str) -> u64 {
    let path = format!("/instances/{}/events/redeliver{query}", instance.id());
    let answer = bed.call(Method::PUT, &path, &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    answer.json()["redelivered"].as_u64().unwrap()
}

/// Redelivery gives an event another retention's time, and its place in the log stays that of its receipt.
#[tokio::test]
async fn a_redelivered_event_waits_in_the_log_and_not_in_a_queue() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    bed.pass(20 * DAY);
    assert_eq!(redeliver(&bed, &instance, "").await, 1);
    bed.deliver().await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 1);
    bed.pass(10 * DAY);
    let before = receiver.count();
    let mut messages = 0;
    for _ in 0..60 {
        bed.pass(60);
        messages += bed.tick().await;
    }
    let probes = receiver.count() - before;
    assert!(probes <= 13, "{probes} probes in an hour");
    assert_eq!(messages, probes, "no other message is sent for an event that waits");
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 1);
}

#[tokio::test]
async fn a_second_recovery_is_oldest_first_as_well() {
    let variables = [("RECOVERY_PER_MINUTE", "10")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let receiver = Receiver::start().await;
    let instance = bed.provision(&receiver.url(), &[SOON, ("event.notification.retry.attempts", "2")]).await;
    fails(&bed, &receiver, &instance).await;
    wait(&bed, &instance, 0..40).await;
    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    while receiver.count() < before + 5 {
        bed.minutes(1).await;
    }
    receiver.otherwise(Answer::status(500));
    bed.minutes(12).await;
    assert_eq!(callback(&bed, &instance).await["state"], "open");
    let waiting = with_status(&bed, &instance, DeliveryStatus::Waiting).await.len();
    assert!((20..40).contains(&waiting), "{waiting} wait");
    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    bed.minutes(20).await;
    let order: Vec<u32> = arrived(&receiver, before).iter().map(|it| it.parse().unwrap()).collect();
    assert_eq!(order.len(), waiting);
    assert!(order.is_sorted(), "{order:?}");
}

#[tokio::test]
async fn events_waiting_for_a_disabled_instance_end_within_minutes() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    wait(&bed, &instance, 0..30).await;
    let path = format!("/instances/{}/enabled", instance.id());
    assert_eq!(bed.call(Method::DELETE, &path, &Value::Null).await.status, 200);
    bed.pass(11);
    bed.minutes(10).await;
    assert_eq!(receiver.count(), 1);
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Dropped).await.len(), 30);
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 0);
    assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
    receiver.otherwise(Answer::status(200));
    bed.call(Method::PUT, &format!("/instances/{}/callback/enabled", instance.id()), &Value::Null).await;
    assert_eq!(redeliver(&bed, &instance, "?deliveryStatus=dropped").await, 30);
    bed.drain().await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 30);
}

#[tokio::test]
async fn waiting_events_are_released_after_a_new_url_or_enabling() {
    for by_hand in [true, false] {
        let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
        wait(&bed, &instance, 0..5).await;
        // Up to a probe that fails, so that the next one is five minutes away.
        bed.minutes(7).await;
        let path = format!("/instances/{}", instance.id());
        let new = Receiver::start().await;
        if by_hand {
            receiver.otherwise(Answer::status(200));
            let path = format!("{path}/callback/enabled");
            assert_eq!(bed.call(Method::PUT, &path, &Value::Null).await.status, 200);
        } else {
            let body = json!({ "configuration": { "event.notification.callback.url": new.url() } });
            assert_eq!(bed.call(Method::PATCH, &path, &body).await.status, 200);
        }
        let before = receiver.count();
        bed.minutes(2).await;
        let expected: Vec<String> = (0..5).map(|event: u32| event.to_string()).collect();
        let seen = if by_hand { arrived(&receiver, before) } else { arrived(&new, 0) };
        assert_eq!(seen, expected, "by hand: {by_hand}");
        bed.minutes(15).await;
        assert_eq!(callback(&bed, &instance).await, Value::Null);
    }
}

#[tokio::test]
async fn a_range_of_events_that_wait_is_sent_again_without_a_second_delivery() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    wait(&bed, &instance, 0..12).await;
    assert_eq!(redeliver(&bed, &instance, "?deliveryStatus=waiting,failed&rate=1").await, 13);
    // A probe is on its way beside them.
    bed.minutes(6).await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 13);
    let before = receiver.count();
    receiver.otherwise(Answer::status(200));
    bed.minutes(15).await;
    assert_eq!(receiver.count() - before, 13);
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 13);
    assert_eq!((bed.queue().total(), bed.poison().len()), (0, 0));
}

/// The schedule comes so often in that time, and as often again after it, until what was put back was sent again.
const STEPS: i64 = 10;

/// A part of AWS is away while a callback is open; then it is back, and a while later the receiver is as well.
async fn away_while_open(resource: &str, minutes: i64) {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    wait(&bed, &instance, 0..5).await;
    let rig = Rig::on(&bed).await;
    let name = if resource == "RetryQueue" { bed.retry_queue_name() } else { resource };
    rig.faults().plan(Plan::Away(name.to_owned()));
    let (mut sent, mut unanswered) = (5, Vec::new());
    for step in 0..2 * STEPS {
        if step == STEPS {
            rig.faults().plan(Plan::Healthy);
        }
        if step % 2 == 0 {
            unanswered.push(lead("waits", sent));
            sent += 1;
        }
        for body in std::mem::take(&mut unanswered) {
            if rig.receive(&instance, &body).await != Some(200) {
                unanswered.push(body);
            }
        }
        for queue in [bed.queue_name(), bed.retry_queue_name()] {
            while queue != name && rig.dispatch(queue).await > 0 {}
        }
        rig.invoke(json!({ "recover": true })).await;
        bed.pass(60 * minutes / STEPS);
    }
    let waiting = with_status(&bed, &instance, DeliveryStatus::Waiting).await.len();
    let what = format!("{resource} away for {minutes} minutes");
    assert_eq!(waiting, sent as usize, "{what}: all wait, and the one that failed is a letter");
    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    bed.minutes(20).await;
    let mut arrived = arrived(&receiver, before);
    arrived.sort_by_key(|it| it.parse::<u32>().unwrap());
    assert_eq!(arrived, (0..sent).map(|it| it.to_string()).collect::<Vec<_>>(), "{what}: each once");
    assert_eq!((bed.queue().total(), bed.poison().len(), bed.dead_letters().len()), (0, 0, 1), "{what}");
}

#[tokio::test(start_paused = true)]
async fn events_of_an_open_callback_wait_through_other_outages() {
    for resource in ["EventsTable", "EndpointsTable", "InstancesTable", "RetryQueue"] {
        for minutes in [40, 600] {
            Box::pin(away_while_open(resource, minutes)).await;
        }
    }
}

#[tokio::test]
async fn two_functions_that_recover_at_once_send_one_probe_and_release_each_event_once() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    wait(&bed, &instance, 0..20).await;
    bed.pass(300);
    let (one, other) = (Rig::on(&bed).await, Rig::on(&bed).await);
    let before = receiver.count();
    tokio::join!(one.invoke(json!({ "recover": true })), other.invoke(json!({ "recover": true })));
    assert_eq!(bed.queue().total(), 1);
    receiver.otherwise(Answer::status(200));
    bed.deliver().await;
    bed.pass(60);
    tokio::join!(one.invoke(json!({ "recover": true })), other.invoke(json!({ "recover": true })));
    assert_eq!(bed.queue().total(), 19);
    bed.drain().await;
    assert_eq!(receiver.count() - before, 20);
}
