//! When instances are polled, which of them together, and what an audit finds.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use serde_json::json;
use shared::platform::aws::Aws;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::SHARDS;
use tests::bed::Bed;
use tests::close::{Close, Quirks};
use tests::polling::{Polled, Worker};
use tests::receiver::Receiver;

/// An instance of a key of its own on one organisation.
async fn provision(bed: &Bed, receiver: &Receiver, base_url: &str, key: &str, minutes: &str) -> u64 {
    let settings = [
        ("event.vendor.type", "polling"),
        ("event.poller.refresh_interval", minutes),
        ("event.poller.configuration", r#"{"contacts": {"url": "/contacts", "idField": "id"}}"#),
        ("base.url", base_url),
        ("username", key),
    ];
    bed.provision(receiver.at(&format!("/{key}")).url(), &settings).await.id()
}

fn client(bed: &Bed) -> aws_sdk_dynamodb::Client {
    Aws::from_variables(&bed.system().environment().clone().into_iter().collect()).unwrap().dynamodb()
}

#[tokio::test]
async fn instances_of_one_key_come_together_once_in_their_interval() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let quirks = Quirks { request_takes: TimeDelta::milliseconds(1), ..Quirks::default() };
    let rest = close.serve(bed.clock(), quirks).await;
    for n in 0..40 {
        provision(&bed, &receiver, rest.url(), &format!("api_{}", n / 2), "15").await;
    }
    rest.take_calls();
    let mut in_minute = Vec::new();
    for _ in 0..15 {
        bed.minutes(1).await;
        in_minute.push(rest.take_calls());
    }
    let calls: Vec<_> = in_minute.concat();
    assert_eq!(calls.len(), 40, "each once in its interval");
    for minute in &in_minute {
        let of_key = |key: &str| minute.iter().filter(|call| call.key == key).count();
        assert!(minute.iter().all(|call| of_key(&call.key) == 2), "one key's instances together");
    }
}

#[tokio::test]
async fn an_account_that_fails_delays_nobody_else() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let (well, ill) = (
        close.serve(bed.clock(), Quirks::default()).await,
        close.serve(bed.clock(), Quirks::default()).await,
    );
    ill.behave(|quirks| quirks.failing_percent = 100);
    for n in 0..5 {
        provision(&bed, &receiver, well.url(), &format!("well_{n}"), "1").await;
        provision(&bed, &receiver, ill.url(), &format!("ill_{n}"), "1").await;
    }
    close.create("contact", &json!({"name": "A"}));
    bed.minutes(2).await;
    for n in 0..5 {
        assert_eq!(receiver.at(&format!("/well_{n}")).received().len(), 1);
    }
}

#[tokio::test]
async fn a_poller_without_an_instance_removes_itself() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let (client, environment) = (client(&polled.bed), polled.bed.system().environment());
    polled.bed.minutes(2).await;
    let key = AttributeValue::N(polled.instance.id().to_string());
    let delete = client.delete_item().table_name(&environment["INSTANCES_TABLE"]).key("instance_id", key);
    delete.send().await.unwrap();
    polled.rest.take_calls();
    polled.bed.minutes(16).await;
    assert!(polled.rest.take_calls().len() <= 2, "an instance that is gone is not polled");
    let left = client.scan().table_name(&environment["POLLERS_TABLE"]).send().await.unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn what_happened_before_provisioning_is_told_only_when_asked_for() {
    for (since, told) in [(None, 0), (Some("2026-11-21T09:00:00Z"), 1)] {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(1, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), Quirks::default()).await;
        close.create("contact", &json!({"name": "before"}));
        bed.pass(3600);
        let mut settings = vec![
            ("event.vendor.type", "polling"),
            ("event.poller.refresh_interval", "1"),
            ("base.url", rest.url()),
        ];
        settings.extend(since.map(|since| ("event.poller.since", since)));
        bed.provision(&receiver.url(), &settings).await;
        bed.minutes(3).await;
        assert_eq!(receiver.received().len(), told, "{since:?}");
    }
}

#[tokio::test]
async fn activities_of_before_the_event_log_are_told_once_and_those_within_it_by_the_log() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let quirks = Quirks { page_cap: 2, event_log_keeps: TimeDelta::days(30), ..Quirks::default() };
    let rest = close.serve(bed.clock(), quirks).await;
    close.create("activity.note", &json!({"note": "too old"}));
    bed.pass(10 * 86_400);
    let since = bed.now().to_rfc3339();
    let old: Vec<_> = (0..5).map(|n| close.create("activity.note", &json!({"note": n}))).collect();
    let call = close.create("activity.call", &json!({}));
    bed.pass(50 * 86_400);
    close.update("activity.note", &old[4], "note", "changed a fortnight ago");
    bed.pass(14 * 86_400);
    let new = close.create("activity.note", &json!({"note": "new"}));
    let settings = [
        ("event.vendor.type", "polling"),
        ("event.poller.refresh_interval", "1"),
        (
            "event.poller.configuration",
            r#"{"activities": {"url": "/activities", "idField": "id"}, "notes": {"url": "/notes", "idField": "id"}}"#,
        ),
        ("event.poller.since", &since),
        ("base.url", rest.url()),
    ];
    bed.provision(&receiver.url(), &settings).await;
    bed.minutes(12).await;
    let told = receiver.received().into_iter().map(|it| it.message()["message"]["events"][0].clone());
    let mut told: Vec<_> = told
        .map(|it| {
            [&it["objectType"], &it["objectId"], &it["eventType"]].map(|it| it.as_str().unwrap().to_owned())
        })
        .collect();
    told.sort();
    let mut expected = Vec::new();
    for (id, kind) in
        old[..4].iter().map(|id| (id, "CREATED")).chain([(&old[4], "UPDATED"), (&new, "CREATED")])
    {
        expected.extend(["activities", "notes"].map(|name| [name, id.as_str(), kind].map(str::to_owned)));
    }
    expected.push(["activities", call.as_str(), "CREATED"].map(str::to_owned));
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_audit_finds_what_was_missed_and_nothing_else() {
    let polled = Polled::start(&["contacts", "events"], Quirks::default()).await;
    let worker = Worker::on(&polled.bed).await;
    for n in 0..3 {
        polled.close.create("contact", &json!({"name": n}));
    }
    polled.bed.minutes(10).await;
    // A search index that forgets a contact for longer than the overlap: polling cannot know.
    polled.rest.behave(|quirks| quirks.index_lag = TimeDelta::hours(12));
    let contact = polled.close.create("contact", &json!({"name": "late"}));
    polled.bed.minutes(10).await;
    polled.rest.behave(|quirks| quirks.index_lag = TimeDelta::zero());
    polled.close.create("contact", &json!({"name": "after"}));
    polled.bed.minutes(10).await;
    let audit = |minutes| {
        let (polled, worker) = (&polled, &worker);
        async move {
            polled.bed.minutes(minutes).await;
            let planned = worker.scheduled(&polled.bed, json!({"audit": true})).await;
            assert_eq!(planned, json!({"audits": 1}));
            polled.bed.deliver().await;
        }
    };
    audit(1).await;
    let before = polled.told().len();
    assert_eq!(before, 9, "four contacts, and five events");
    polled.bed.clock().advance(TimeDelta::hours(12));
    for _ in 0..100 {
        audit(1).await;
        if polled.told().len() > before {
            break;
        }
    }
    let told = polled.told();
    assert_eq!(told.len(), before + 1, "found, and found once");
    assert_eq!((&*told[before].object_type, &told[before].object_id), ("contacts", &contact));
    assert_eq!(polled.state().await.audit_finds, 1);
}

#[tokio::test]
async fn audits_find_keys_of_every_interval() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let digest = |key: &str| {
        let settings = [("username", key), ("base.url", rest.url())];
        let settings = settings.map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
        KeyDigest::of(&settings.into_iter().collect())
    };
    let shard = |key: &str| digest(key).number() % SHARDS;
    let often = "often".to_owned();
    let seldom = (0..).map(|n| format!("seldom_{n}")).filter(|key| shard(key) == shard(&often));
    provision(&bed, &receiver, rest.url(), &often, "1").await;
    for key in seldom.take(3) {
        provision(&bed, &receiver, rest.url(), &key, "15").await;
    }
    bed.minutes(2).await;
    let worker = Worker::on(&bed).await;
    let mut found = Vec::new();
    for _ in 0..60 {
        worker.scheduled(&bed, json!({"audit": true})).await;
        found.extend(worker.receive(&bed).await.into_iter().map(|message| message.message.body));
    }
    let of_often = found.iter().filter(|body| body.contains(digest(&often).as_str())).count();
    assert!((15..=45).contains(&of_often), "{of_often} of {}", found.len());
}

#[tokio::test]
async fn a_large_window_is_remembered_in_one_small_item_and_forgotten_with_it() {
    let polled = Polled::start(&["opportunities"], Quirks::default()).await;
    for n in 0..300 {
        polled.close.create("opportunity", &json!({"value": n}));
    }
    polled.bed.minutes(2).await;
    let (client, environment) = (client(&polled.bed), polled.bed.system().environment());
    let remembered = async || {
        let parts = client.scan().table_name(&environment["POLLERS_TABLE"]).send().await.unwrap();
        assert_eq!(parts.count(), 2, "the API key, and its instance");
        let polling = parts.items().iter().find_map(|item| item.get("value")?.as_m().ok()).unwrap();
        let told = polling["cursors"].as_m().unwrap()["opportunities"].as_m().unwrap().get("told");
        told.map_or(0, |told| told.as_b().unwrap().as_ref().len())
    };
    assert_eq!(remembered().await, 4 + 300 * 16);
    polled.bed.minutes(3).await;
    assert_eq!(polled.told().len(), 300);
    polled.bed.minutes(6).await;
    assert_eq!((polled.told().len(), remembered().await), (300, 0), "and forgotten with the window");
}
