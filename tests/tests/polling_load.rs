//! Slow answers, large pages, and lists that ignore what they are asked: everything is polled, and Close has peace.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::json;
use tests::close::{Call, Quirks};
use tests::polling::{Polled, Status};

fn by_subject(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut count = BTreeMap::new();
    for call in calls {
        *count.entry(call.subject.as_str()).or_default() += 1;
    }
    count
}

#[tokio::test]
async fn slow_answers_leave_no_resource_without_its_turn() {
    let quirks = Quirks { request_takes: TimeDelta::seconds(12), ..Quirks::default() };
    let resources = ["accounts", "contacts", "opportunities", "tasks", "users"];
    let polled = Polled::start(&resources, quirks).await;
    polled.bed.minutes(20).await;
    let calls = polled.rest.take_calls();
    let asked = by_subject(&calls);
    assert_eq!(asked.len(), resources.len(), "{asked:?}");
    // Five requests of twelve seconds are a minute.
    assert!(asked.values().all(|count| (10..=21).contains(count)), "{asked:?}");
}

#[tokio::test]
async fn slow_answers_do_not_have_close_asked_without_pause() {
    let quirks = Quirks { request_takes: TimeDelta::seconds(12), ..Quirks::default() };
    let interval = [("event.poller.refresh_interval", "5")];
    let of = |name: &str| (name.to_owned(), json!({"url": format!("/{name}"), "idField": "id"}));
    let configuration: BTreeMap<_, _> =
        ["accounts", "contacts", "opportunities", "tasks", "users"].map(of).into();
    let polled = Polled::with(&json!(configuration), quirks, &interval).await;
    polled.bed.minutes(10).await;
    polled.rest.take_calls();
    polled.bed.minutes(60).await;
    let calls = polled.rest.take_calls();
    assert!(calls.len() <= 13 * 5, "five resources every five minutes: {:?}", by_subject(&calls));
    assert!(by_subject(&calls).values().all(|count| *count >= 11), "{:?}", by_subject(&calls));
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_halved() {
    for (resource, kind) in [("accounts", "lead"), ("opportunities", "opportunity"), ("users", "user")] {
        let polled = Polled::start(&[resource], Quirks { most_rows: 30, ..Quirks::default() }).await;
        for n in 0..120 {
            polled.close.create(kind, &json!({"name": n}));
            polled.bed.clock().advance(TimeDelta::seconds(1));
        }
        polled.bed.minutes(30).await;
        assert_eq!(polled.told().len(), 120, "{resource}");
        assert_eq!(polled.state().await.status, Status::Ok, "{resource}");
    }
}

#[tokio::test]
async fn a_page_that_is_too_large_is_halved() {
    let configuration = json!({"accounts": {"url": "/accounts?where=name='wanted'", "idField": "id"}});
    let polled = Polled::with(&configuration, Quirks { padding: 400_000, ..Quirks::default() }, &[]).await;
    for n in 0..99 {
        polled.close.create_lead(&format!("lead {n}"));
        polled.bed.clock().advance(TimeDelta::seconds(1));
    }
    let wanted = polled.close.create_lead("wanted");
    polled.bed.minutes(10).await;
    let ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
    assert_eq!(ids, [wanted]);
}

#[tokio::test]
async fn a_filter_that_close_ignores_is_noticed() {
    let ignored = [("task/".to_owned(), "date_updated".to_owned())].into();
    let polled = Polled::start(&["tasks"], Quirks { page_cap: 2, ..Quirks::default() }).await;
    for n in 0..20 {
        polled.close.create("task.lead", &json!({"text": n}));
    }
    polled.bed.minutes(20).await;
    polled.bed.clock().advance(TimeDelta::days(2));
    polled.bed.minutes(2).await;
    assert_eq!(polled.state().await.status, Status::Ok);
    polled.rest.behave(|quirks| quirks.ignored = ignored);
    polled.rest.take_calls();
    polled.bed.minutes(3).await;
    let state = polled.state().await;
    assert!(state.error.is_some_and(|error| error.contains("tasks")), "{}", state.shown);
    let calls = polled.rest.take_calls();
    assert!(calls.len() <= 6, "{} requests in three minutes", calls.len());
}
