//! From when on changes are told: of the past what `event.poller.since` asks for, and nothing before.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::close::{Close, Quirks, Rest};
use tests::polling::Polled;
use tests::receiver::Receiver;

/// Sixty days of an organisation, and an instance that asks for all of them.
struct Scene {
    bed: Bed,
    rest: Rest,
    receiver: Receiver,
    notes: Vec<String>,
}

impl Scene {
    async fn of_sixty_days(quirks: Quirks, configuration: &Value) -> Self {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        let close = Close::new(7, Arc::new(bed.clock().clone()));
        let rest = close.serve(bed.clock(), quirks).await;
        let since = bed.now().to_rfc3339();
        let mut notes = Vec::new();
        for day in 0..8 {
            bed.clock().advance(TimeDelta::days(if day == 7 { 10 } else { 7 }));
            notes.push(close.create("activity.note", &json!({"note": day})));
        }
        bed.clock().advance(TimeDelta::hours(1));
        let settings = [
            ("event.vendor.type", "polling"),
            ("event.poller.refresh_interval", "1"),
            ("event.poller.since", since.as_str()),
            ("event.poller.configuration", &configuration.to_string()),
            ("base.url", rest.url()),
        ];
        bed.provision(&receiver.url(), &settings).await;
        rest.take_calls();
        Self { bed, rest, receiver, notes }
    }

    fn told(&self, object_type: &str) -> Vec<String> {
        let events =
            self.receiver.received().into_iter().map(|it| it.message()["message"]["events"][0].clone());
        let mut told: Vec<_> = events
            .filter(|event| event["objectType"] == object_type)
            .map(|event| event["objectId"].as_str().unwrap().to_owned())
            .collect();
        told.sort();
        told
    }
}

#[tokio::test]
async fn sixty_days_of_activities_are_told_while_time_passes_during_requests() {
    let quirks = Quirks { request_takes: TimeDelta::milliseconds(100), page_cap: 3, ..Quirks::default() };
    let scene =
        Scene::of_sixty_days(quirks, &json!({"activities": {"url": "/activities", "idField": "id"}})).await;
    scene.bed.minutes(15).await;
    let mut expected = scene.notes.clone();
    expected.sort();
    assert_eq!(scene.told("activities"), expected);
}

#[tokio::test]
async fn the_walk_of_the_past_ends_once() {
    let quirks = Quirks { request_takes: TimeDelta::milliseconds(100), page_cap: 3, ..Quirks::default() };
    let configuration = json!({"activities": {"url": "/activities", "idField": "id"}});
    let scene = Scene::of_sixty_days(quirks, &configuration).await;
    scene.bed.minutes(15).await;
    let calls = scene.rest.take_calls();
    let past = calls.iter().filter(|call| call.path == "activity/").count();
    assert!(past <= 6, "{past} requests for eight notes");
    assert!(calls.len() <= 15 * 5, "{} requests in fifteen minutes", calls.len());
}

#[tokio::test]
async fn the_past_of_one_resource_leaves_the_others_their_turn() {
    let quirks = Quirks { request_takes: TimeDelta::milliseconds(100), page_cap: 3, ..Quirks::default() };
    let configuration = json!({
        "activities": {"url": "/activities", "idField": "id"},
        "contacts": {"url": "/contacts", "idField": "id"},
        "users": {"url": "/users", "idField": "id"},
    });
    let scene = Scene::of_sixty_days(quirks, &configuration).await;
    scene.bed.minutes(6).await;
    let calls = scene.rest.take_calls();
    for subject in ["data/search/contact", "user/"] {
        let asked = calls.iter().filter(|call| call.subject == subject).count();
        assert!((4..=8).contains(&asked), "{subject}: {asked} times in six minutes");
    }
}

#[tokio::test]
async fn an_earlier_since_by_patch_takes_effect() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(7, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let contact = close.create("contact", &json!({"name": "A"}));
    bed.clock().advance(TimeDelta::days(3));
    let settings = [
        ("event.vendor.type", "polling"),
        ("event.poller.refresh_interval", "1"),
        ("event.poller.configuration", r#"{"contacts": {"url": "/contacts", "idField": "id"}}"#),
        ("base.url", rest.url()),
    ];
    let instance = bed.provision(&receiver.url(), &settings).await;
    bed.minutes(3).await;
    assert_eq!(receiver.count(), 0);
    let since = (bed.now() - TimeDelta::days(5)).to_rfc3339();
    let change = json!({"configuration": {"event.poller.since": since}});
    let path = format!("/instances/{}", instance.id());
    assert_eq!(bed.call(http::Method::PATCH, &path, &change).await.status, 200);
    bed.minutes(10).await;
    let told: Vec<_> =
        receiver.received().iter().map(|it| it.message()["message"]["events"][0].clone()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["objectId"], json!(contact));
}

#[tokio::test]
async fn a_resource_that_is_added_brings_nothing_of_before() {
    let contacts = json!({"url": "/contacts", "idField": "id"});
    let interval = [("event.poller.refresh_interval", "720")];
    let polled = Polled::with(&json!({"contacts": contacts}), Quirks::default(), &interval).await;
    polled.bed.minutes(721).await;
    polled.close.create("opportunity", &json!({"note": "before"}));
    polled.bed.minutes(60).await;
    let both = json!({"contacts": contacts, "opportunities": {"url": "/opportunities", "idField": "id"}});
    polled.patch(&json!({"event.poller.configuration": both.to_string()})).await;
    polled.bed.minutes(60).await;
    let after = polled.close.create("opportunity", &json!({"note": "after"}));
    polled.bed.minutes(721).await;
    let ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
    assert_eq!(ids, [after]);
}

#[tokio::test]
async fn a_resource_whose_url_changes_is_walked_anew_from_where_it_was_complete() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(7, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let since = bed.now().to_rfc3339();
    let mut lost = Vec::new();
    for n in 0..20 {
        lost.push(close.create("opportunity", &json!({"status_type": "lost", "value": n})));
        bed.clock().advance(TimeDelta::minutes(10));
        close.create("opportunity", &json!({"status_type": "won", "value": n}));
        bed.clock().advance(TimeDelta::minutes(10));
    }
    let of = |status: &str| {
        let url = format!("/opportunities?where=status_type='{status}'");
        json!({"things": {"url": url, "idField": "id"}}).to_string()
    };
    let settings = [
        ("event.vendor.type", "polling"),
        ("event.poller.refresh_interval", "1"),
        ("event.poller.since", since.as_str()),
        ("event.poller.configuration", &of("won")),
        ("base.url", rest.url()),
    ];
    let instance = bed.provision(&receiver.url(), &settings).await;
    // A poll has time for some pages only.
    rest.behave(|quirks| (quirks.page_cap, quirks.request_takes) = (2, TimeDelta::seconds(10)));
    bed.minutes(1).await;
    bed.dispatch().await;
    let told = receiver.count();
    assert!((1..20).contains(&told), "the walk is under way: {told}");
    let change = json!({"configuration": {"event.poller.configuration": of("lost")}});
    let path = format!("/instances/{}", instance.id());
    assert_eq!(bed.call(http::Method::PATCH, &path, &change).await.status, 200);
    bed.minutes(30).await;
    let events = receiver.received().into_iter().map(|it| it.message()["message"]["events"][0].clone());
    let mut told: Vec<_> = events.map(|event| event["objectId"].as_str().unwrap().to_owned()).collect();
    told.retain(|id| lost.contains(id));
    told.sort();
    lost.sort();
    assert_eq!(told, lost);
}
