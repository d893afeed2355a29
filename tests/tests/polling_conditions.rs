//! What an instance says it wants is what it gets, however that is spelt.

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::close::{Close, Quirks};
use tests::polling::Polled;
use tests::receiver::Receiver;

use std::sync::Arc;

/// Resources with nothing said about them.
fn all(resources: &[&str]) -> Value {
    resources
        .iter()
        .map(|name| ((*name).to_owned(), json!({"url": format!("/{name}"), "idField": "id"})))
        .collect()
}

/// One change a minute, for four minutes, to each kind of object.
async fn four_minutes(polled: &Polled) {
    for n in 0..4 {
        for kind in ["lead", "contact", "opportunity", "task.lead", "activity.note"] {
            polled.close.create(kind, &json!({"name": n, "note": n}));
        }
        polled.bed.minutes(1).await;
    }
    polled.bed.minutes(3).await;
}

#[tokio::test]
async fn objects_are_wanted_by_closes_names() {
    let resources = ["accounts", "contacts", "opportunities", "tasks"];
    let objects = [("event.objects", "contact,lead")];
    let polled = Polled::with(&all(&resources), Quirks::default(), &objects).await;
    four_minutes(&polled).await;
    let mut told = polled.told_in_short();
    told.sort();
    assert_eq!(told, [vec!["accounts CREATED"; 4], vec!["contacts CREATED"; 4]].concat());
}

#[tokio::test]
async fn objects_are_wanted_by_the_platforms_names() {
    let resources = ["accounts", "contacts", "opportunities", "tasks"];
    let objects = [("event.objects", "Contacts, accounts")];
    let polled = Polled::with(&all(&resources), Quirks::default(), &objects).await;
    four_minutes(&polled).await;
    let mut told = polled.told_in_short();
    told.sort();
    assert_eq!(told, [vec!["accounts CREATED"; 4], vec!["contacts CREATED"; 4]].concat());
}

#[tokio::test]
async fn objects_may_be_one_kind_of_activity_or_task() {
    let objects = [("event.objects", "activity.note,task.lead")];
    let polled = Polled::with(&all(&["activities", "tasks"]), Quirks::default(), &objects).await;
    for kind in ["activity.note", "activity.call", "task.lead", "task.incoming_email"] {
        polled.close.create(kind, &json!({}));
    }
    polled.bed.minutes(3).await;
    let mut told = polled.told_in_short();
    told.sort();
    assert_eq!(told, ["activities CREATED", "tasks CREATED"]);
}

#[tokio::test]
async fn what_nobody_wants_is_not_asked_for() {
    let resources = ["accounts", "contacts", "opportunities", "tasks"];
    let objects = [("event.objects", "contacts")];
    let polled = Polled::with(&all(&resources), Quirks::default(), &objects).await;
    polled.bed.minutes(10).await;
    let calls = polled.rest.take_calls();
    let others: Vec<_> = calls.iter().filter(|call| call.subject != "data/search/contact").collect();
    assert!(others.is_empty(), "{others:?}");
}

/// Polls contacts by a condition, and changes one in each of four minutes.
async fn changed_since(condition: &str) -> Vec<String> {
    let url = format!("/hubs/crm/contacts?where={condition}");
    let configuration = json!({"contacts": {"url": url, "idField": "id"}});
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    for n in 0..3 {
        polled.bed.minutes(1).await;
        polled.close.update("contact", &contact, "title", n);
    }
    polled.bed.minutes(8).await;
    polled.told_in_short()
}

const CREATED_AND_CHANGED: [&str; 4] =
    ["contacts CREATED", "contacts UPDATED", "contacts UPDATED", "contacts UPDATED"];

#[tokio::test]
async fn a_template_stands_for_its_instant_in_every_zone() {
    for zone in ["GMT", "Europe/Berlin", "America/Denver", "PST", "-8:00", "Asia/Kolkata"] {
        let condition = format!("date_updated>'${{dateTimeZone:{zone}:yyyy-MM-dd'T'HH:mm:ss}}'");
        assert_eq!(changed_since(&condition).await, CREATED_AND_CHANGED, "{condition}");
    }
}

#[tokio::test]
async fn a_template_stands_for_its_instant_in_every_pattern() {
    let patterns = [
        "yyyy/MM/dd HH:mm:ss",
        "yyyyMMddHHmmss",
        "MM/dd/yyyy HH:mm:ss",
        "EEE, dd MMM yyyy HH:mm:ss Z",
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mmz",
        "yyyy-MM-dd'T'HH:mm:ssXXX",
        "yyyy-MM-dd'T'HH:mm:ss'Z'",
        "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    ];
    for pattern in patterns {
        for condition in [
            format!("date_updated>'${{gmtDate:{pattern}}}'"),
            format!("date_updated>='${{date:{pattern}}}'"),
            format!("date_created>'2020-01-01' AND date_updated > '${{dateTimeZone:GMT:{pattern}}}'"),
        ] {
            assert_eq!(changed_since(&condition).await, CREATED_AND_CHANGED, "{condition}");
        }
    }
}

#[tokio::test]
async fn a_template_of_seconds_or_milliseconds_stands_for_its_instant() {
    for template in ["${epoch}", "${epoch:s}", "${epoch:ms}", "${epoch:us}", "${milliseconds}", "${date}"] {
        let condition = format!("date_updated>'{template}'");
        assert_eq!(changed_since(&condition).await, CREATED_AND_CHANGED, "{condition}");
    }
}

#[tokio::test]
async fn a_date_is_compared_by_its_instant() {
    for date in ["2026-11-21", "2026-11-21T00:00:00Z", "2026-11-21T08:00:00+01:00", "2026-11-21T09:59:59"] {
        let condition = format!("date_created>='{date}'");
        assert_eq!(changed_since(&condition).await, CREATED_AND_CHANGED, "{condition}");
    }
    for date in ["2026-11-22", "2026-11-21T12:59:00+01:00"] {
        let condition = format!("date_created>'{date}'");
        assert_eq!(changed_since(&condition).await, Vec::<String>::new(), "{condition}");
    }
}

#[tokio::test]
async fn a_callback_without_a_vendor_type_means_polling() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(7, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": {
        "username": "api_key",
        "base.url": rest.url(),
        "event.notification.enabled": "true",
        "event.notification.callback.url": receiver.url(),
        "event.poller.refresh_interval": "1",
        "event.poller.configuration": all(&["contacts"]).to_string(),
    }});
    let answer = bed.call(Method::POST, "/instances", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    assert_eq!(answer.json()["configuration"]["event.vendor.type"], "polling");
    close.create("contact", &json!({"name": "A"}));
    bed.minutes(3).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_id_field_is_honoured_for_every_resource() {
    for resource in ["activities", "notes", "contacts", "opportunities"] {
        let configuration = json!({resource: {"url": format!("/{resource}"), "idField": "lead_id"}});
        let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
        let kind = match resource {
            "contacts" => "contact",
            "opportunities" => "opportunity",
            _ => "activity.note",
        };
        polled.close.create(kind, &json!({"lead_id": "lead_1"}));
        polled.bed.minutes(3).await;
        let ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
        assert_eq!(ids, ["lead_1"], "{resource}");
    }
}

#[tokio::test]
async fn configured_dates_are_honoured_for_activities() {
    let configuration = json!({"activities": {"url": "/activities", "idField": "id", "datesConfiguration": {
        "updatedDateField": "due", "updatedDateFormat": "yyyy/MM/dd HH:mm:ss", "updatedDateTimezone": "Europe/Berlin",
        "createdDateField": "due", "createdDateFormat": "yyyy/MM/dd HH:mm:ss", "createdDateTimezone": "Europe/Berlin",
    }, "filterByUpdatedDate": "false"}});
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    polled.close.create("activity.call", &json!({"due": "2026/11/21 13:00:00"}));
    polled.bed.minutes(3).await;
    let dates: Vec<_> = polled.messages().iter().map(|it| it["events"][0]["date"].clone()).collect();
    assert_eq!(dates, [json!("2026-11-21T12:00:00Z")]);
}

#[tokio::test]
async fn a_condition_is_judged_on_every_resource() {
    let configuration = json!({
        "activities": {"url": "/activities?where=note='wanted'", "idField": "id"},
        "notes": {"url": "/notes?where=note='wanted'", "idField": "id"},
        "opportunities": {"url": "/opportunities?where=note='wanted'", "idField": "id"},
    });
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    for note in ["wanted", "other"] {
        polled.close.create("activity.note", &json!({"note": note}));
        polled.close.create("opportunity", &json!({"note": note}));
    }
    polled.bed.minutes(3).await;
    let mut told = polled.told_in_short();
    told.sort();
    assert_eq!(told, ["activities CREATED", "notes CREATED", "opportunities CREATED"]);
}

#[tokio::test]
async fn a_search_shows_every_field_that_the_settings_name() {
    let entry =
        json!({"url": "/contacts?where=NOT (rank.now<3) AND mark='a'", "idField": "reference.number"});
    let polled = Polled::with(&json!({ "contacts": entry }), Quirks::default(), &[]).await;
    for (mark, number) in [("a", 1), ("b", 2)] {
        let fields = json!({"mark": mark, "rank": {"now": 3}, "reference": {"number": number}});
        polled.close.create("contact", &fields);
    }
    polled.bed.minutes(2).await;
    let ids: Vec<_> = polled.told().into_iter().map(|told| told.object_id).collect();
    assert_eq!(ids, ["1"]);
}
