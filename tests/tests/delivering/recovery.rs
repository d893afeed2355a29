//! Events of an open callback wait in the log and are released when it recovers.

use http::Method;
use serde_json::{Value, json};
use shared::callbacks::health::{DynamoCallbackStore, Health, Illness, State};
use shared::callbacks::url::{CallbackUrl, Reach};
use shared::events::log::DeliveryStatus;
use shared::platform::aws::Aws;
use tests::bed::{Bed, Instance, LoggedEvent};
use tests::receiver::{Answer, Receiver};

use super::lead;

/// One window of failures is enough to open it.
pub(super) const SOON: (&str, &str) = ("event.notification.circuit.minutes", "5");
pub(super) const ONCE: (&str, &str) = ("event.notification.retry.attempts", "1");

/// A callback that is open after one failed event.
pub(super) async fn opened(settings: &[(&str, &str)]) -> (Bed, Receiver, Instance) {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), settings).await;
    fails(&bed, &receiver, &instance).await;
    (bed, receiver, instance)
}

pub(super) async fn fails(bed: &Bed, receiver: &Receiver, instance: &Instance) {
    receiver.otherwise(Answer::status(500));
    instance.receives(lead("first", 0)).await;
    bed.drain().await;
    assert_eq!(callback(bed, instance).await["state"], "open");
}

pub(super) async fn callback(bed: &Bed, instance: &Instance) -> Value {
    let answer = bed.call(Method::GET, &format!("/instances/{}", instance.id()), &json!(null)).await;
    assert_eq!(answer.status, 200);
    answer.json()["callback"].clone()
}

pub(super) async fn with_status(bed: &Bed, instance: &Instance, status: DeliveryStatus) -> Vec<LoggedEvent> {
    let mut log = bed.log(instance.id()).await;
    log.retain(|event| event.delivery_status == status);
    log
}

/// The leads that arrived, in order.
pub(super) fn arrived(receiver: &Receiver, from: usize) -> Vec<String> {
    let requests = receiver.received();
    let version = |request: &tests::receiver::Received| {
        request.message()["message"]["raw"]["data"]["version"].to_string()
    };
    requests[from..].iter().map(version).collect()
}

#[tokio::test]
async fn events_of_an_open_callback_wait_in_the_log() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    for event in 0..25 {
        instance.receives(lead("waits", event)).await;
        bed.pass(1);
    }
    bed.deliver().await;
    assert_eq!((receiver.count(), bed.queue().total(), bed.dead_letters().len()), (1, 0, 1));
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 25);
    let path = format!("/instances/{}/events?deliveryStatus=waiting", instance.id());
    let shown = bed.call(Method::GET, &path, &json!(null)).await.json();
    assert_eq!(
        (shown[0]["status"].as_str(), shown[0]["reason"].as_str()),
        (Some("RECEIVED"), Some("the callback is open"))
    );

    // A duplicate of a waiting event is dropped.
    instance.receives(lead("waits", 3)).await;
    bed.deliver().await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 25);
}

#[tokio::test]
async fn the_oldest_event_is_probed_every_five_minutes() {
    let (bed, receiver, instance) = opened(&[SOON, ("event.notification.retry.attempts", "3")]).await;
    for event in 0..25 {
        instance.receives(lead("waits", event)).await;
        bed.pass(1);
    }
    let before = receiver.count();
    bed.minutes(12).await;
    let probes = arrived(&receiver, before);
    assert_eq!(probes, ["0", "0"], "one every five minutes, always of the oldest");
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 25);

    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    bed.minutes(20).await;
    let expected: Vec<String> = (0..25).map(|event: u32| event.to_string()).collect();
    assert_eq!(arrived(&receiver, before), expected, "each once, oldest first");
    assert_eq!(callback(&bed, &instance).await, Value::Null, "healthy again");
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 25);
    assert_eq!(bed.items("ENDPOINTS_TABLE").await, 0, "nothing is left of it");
}

#[tokio::test]
async fn a_recovery_keeps_its_rate_and_fresh_events_do_not_wait_behind_it() {
    let variables = [("RECOVERY_PER_MINUTE", "10")];
    let bed = Bed::with(local::Data::Memory, "2026-11-21T10:00:00Z", &variables).await;
    let receiver = Receiver::start().await;
    let instance = bed.provision(&receiver.url(), &[SOON, ONCE]).await;
    fails(&bed, &receiver, &instance).await;
    for event in 0..35 {
        instance.receives(lead("waits", event)).await;
    }
    bed.deliver().await;
    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    // Up to the probe, and a minute in which ten are released.
    while receiver.count() == before {
        bed.minutes(1).await;
    }
    assert_eq!(receiver.count(), before + 1);
    assert_eq!(callback(&bed, &instance).await["state"], "recovering");
    bed.minutes(1).await;
    assert_eq!(receiver.count(), before + 11);
    instance.receives(lead("fresh", 99)).await;
    bed.deliver().await;
    assert_eq!(arrived(&receiver, before).last().map(String::as_str), Some("99"));
    bed.minutes(3).await;
    assert_eq!(receiver.count(), before + 36);
    bed.minutes(10).await;
    assert_eq!((receiver.count(), callback(&bed, &instance).await), (before + 36, Value::Null));
}

#[tokio::test]
async fn a_callback_that_fails_again_while_it_recovers_is_open_again() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    for event in 0..60 {
        instance.receives(lead("waits", event)).await;
    }
    bed.deliver().await;
    receiver.answer([Answer::status(200)]);
    let before = receiver.count();
    bed.minutes(8).await;
    let tried = receiver.count() - before;
    assert_eq!(callback(&bed, &instance).await["state"], "open");
    let waiting = with_status(&bed, &instance, DeliveryStatus::Waiting).await.len();
    assert!(tried < 25 && waiting > 35, "{tried} tried, {waiting} wait: an hour of failures is not needed");
    receiver.otherwise(Answer::status(200));
    bed.minutes(20).await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(), 0);
    assert_eq!(callback(&bed, &instance).await, Value::Null);
}

#[tokio::test]
async fn waiting_events_of_an_unwanted_callback_end() {
    for method in [Method::DELETE, Method::PATCH] {
        let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
        instance.receives(lead("waits", 0)).await;
        bed.deliver().await;
        let path = format!("/instances/{}", instance.id());
        let off = json!({"configuration": {"event.notification.enabled": "false"}});
        assert_eq!(bed.call(method.clone(), &path, &off).await.status, 200);
        bed.pass(61);
        bed.minutes(15).await;
        assert_eq!(receiver.count(), 1, "{method}");
        let dropped = with_status(&bed, &instance, DeliveryStatus::Dropped).await;
        assert_eq!(dropped.len(), 1, "{method}");
        if method == Method::DELETE {
            continue;
        }
        let on = json!({"configuration": {"event.notification.enabled": "true"}});
        assert_eq!(bed.call(method, &path, &on).await.status, 200);
        receiver.otherwise(Answer::status(200));
        bed.call(Method::PUT, &format!("{path}/callback/enabled"), &json!(null)).await;
        bed.pass(61);
        let again = bed.call(Method::PUT, &format!("{path}/events/redeliver"), &json!(null)).await;
        assert_eq!(again.json()["redelivered"], 2, "the one that failed and the one that was dropped");
        bed.drain().await;
        assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 2);
    }
}

#[tokio::test]
async fn an_event_fails_before_its_log_item_expires() {
    let (bed, receiver, instance) = opened(&[SOON, ("event.notification.retry.attempts", "10")]).await;
    instance.receives(lead("waits", 0)).await;
    bed.deliver().await;
    bed.pass(29 * 86_400);
    instance.receives(lead("waits", 1)).await;
    let before = receiver.count();
    bed.minutes(3).await;
    let failed = with_status(&bed, &instance, DeliveryStatus::Failed).await;
    let old = failed
        .iter()
        .find(|event| event.reason.as_deref() == Some("it waited too long for the callback to recover"));
    assert!(old.is_some(), "{failed:?}");
    assert_eq!(
        with_status(&bed, &instance, DeliveryStatus::Waiting).await.len(),
        1,
        "the other one still waits"
    );
    assert!(receiver.count() <= before + 1);
}

#[tokio::test]
async fn a_disabled_or_enabled_callback_has_no_waiting_events() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    for event in 0..2 {
        instance.receives(lead("waits", event)).await;
    }
    bed.deliver().await;
    receiver.otherwise(Answer::status(410));
    bed.minutes(12).await;
    assert_eq!(callback(&bed, &instance).await["state"], "disabled");
    let failed = with_status(&bed, &instance, DeliveryStatus::Failed).await;
    assert_eq!((failed.len(), receiver.count()), (3, 2), "the last one was not even tried");
    assert_eq!(failed[0].reason.as_deref(), Some("the callback is disabled: the receiver answered 410"));
    assert_eq!(bed.dead_letters().len(), 3);

    receiver.otherwise(Answer::status(200));
    let path = format!("/instances/{}/callback/enabled", instance.id());
    assert_eq!(bed.call(Method::PUT, &path, &json!(null)).await.status, 200);
    bed.pass(61);
    bed.redrive().await;
    bed.drain().await;
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 3);
}

#[tokio::test]
async fn a_waiting_event_is_sent_when_it_is_redelivered() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    for event in 0..3 {
        instance.receives(lead("waits", event)).await;
    }
    bed.deliver().await;
    let before = receiver.count();
    let event = with_status(&bed, &instance, DeliveryStatus::Waiting).await.remove(0).event_id;
    let path = format!("/instances/{}/events/{event}/redeliver", instance.id());
    receiver.otherwise(Answer::status(200));
    assert_eq!(bed.call(Method::PUT, &path, &json!(null)).await.status, 200);
    bed.deliver().await;
    assert_eq!(receiver.count(), before + 1);
    assert_eq!(callback(&bed, &instance).await["state"], "recovering");
}

#[tokio::test]
async fn five_days_of_failing_probes_disable_a_callback() {
    let (bed, receiver, instance) = opened(&[SOON, ONCE]).await;
    let variables = bed.system().environment().clone().into_iter().collect();
    let table = bed.system().environment()["ENDPOINTS_TABLE"].clone();
    let store = DynamoCallbackStore::new(Aws::from_variables(&variables).unwrap().dynamodb(), table);
    let id = instance.id().to_string().parse().unwrap();
    let url = CallbackUrl::parse(&receiver.url(), Reach::Any).unwrap();
    let before = store.get(id, &url).await.unwrap();
    let Health::Unwell(illness) = before.clone() else { panic!("it is open") };
    let nearly = Health::Unwell(Illness { windows: 1439, ..illness });
    assert!(store.change(id, &url, (&before, &nearly)).await.unwrap());
    instance.receives(lead("waits", 0)).await;
    bed.minutes(12).await;
    assert_eq!(callback(&bed, &instance).await["state"], "disabled");
    assert_eq!(store.get(id, &url).await.unwrap().state(), Some(State::Disabled));
    let elsewhere = CallbackUrl::parse("https://example.com/", Reach::Public).unwrap();
    assert_eq!(
        store.get(id, &elsewhere).await.unwrap(),
        Health::Healthy,
        "another URL begins with a clean sheet"
    );
}

#[tokio::test]
async fn an_outage_of_two_days_costs_waiting_events_no_attempt() {
    // The schedule runs once an hour here, so that two days take seconds.
    const PROBES: usize = 2 * 24;
    let (bed, receiver, instance) = opened(&[SOON]).await;
    for event in 0..10 {
        instance.receives(lead("waits", event)).await;
        bed.pass(1);
    }
    bed.deliver().await;
    let before = receiver.count();
    for _ in 0..PROBES {
        bed.pass(3600);
        bed.tick().await;
    }
    assert!(receiver.count() - before >= PROBES - 1, "{}", receiver.count() - before);
    let waiting = with_status(&bed, &instance, DeliveryStatus::Waiting).await;
    assert_eq!((waiting.len(), bed.dead_letters().len()), (10, 1));
    let probed: Vec<_> = waiting.iter().filter(|event| !event.attempts.is_empty()).collect();
    let shown = probed[0].attempts.iter().map(|it| (it.attempt, it.probe, it.status_code));
    assert_eq!((probed.len(), shown.collect::<Vec<_>>()), (1, vec![(1, true, Some(500)); 3]));

    receiver.otherwise(Answer::status(200));
    let before = receiver.count();
    bed.minutes(20).await;
    let expected: Vec<String> = (0..10).map(|event: u32| event.to_string()).collect();
    assert_eq!(arrived(&receiver, before), expected, "each once, oldest first");
    assert_eq!(with_status(&bed, &instance, DeliveryStatus::Delivered).await.len(), 10);
    assert_eq!((bed.dead_letters().len(), bed.poison().len()), (1, 0), "the one that opened the callback");
}
