//! An object that is created while it is polled is told as created, once.

use chrono::TimeDelta;
use serde_json::json;
use tests::close::Quirks;
use tests::polling::Polled;

#[tokio::test]
async fn an_object_that_is_touched_before_it_is_polled_is_created() {
    for (resource, kind) in
        [("contacts", "contact"), ("opportunities", "opportunity"), ("tasks", "task.lead"), ("users", "user")]
    {
        let interval = [("event.poller.refresh_interval", "15")];
        let configuration = json!({resource: {"url": format!("/{resource}"), "idField": "id"}});
        let polled = Polled::with(&configuration, Quirks::default(), &interval).await;
        polled.bed.minutes(16).await;
        let id = polled.close.create(kind, &json!({"note": "A"}));
        polled.bed.pass(11);
        polled.close.update(kind, &id, "note", "B");
        polled.bed.minutes(16).await;
        assert_eq!(polled.told_in_short(), [format!("{resource} CREATED")]);
    }
}

#[tokio::test]
async fn an_object_is_created_once_however_soon_it_is_touched() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    // Just before the poll, which looks at a second of its own in the minute.
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    for seconds in 0..6 {
        polled.bed.deliver().await;
        polled.bed.tick().await;
        polled.bed.pass(10);
        polled.bed.deliver().await;
        polled.close.update("contact", &contact, "title", seconds);
    }
    polled.bed.minutes(3).await;
    let told = polled.told_in_short();
    assert_eq!(told.iter().filter(|told| *told == "contacts CREATED").count(), 1, "{told:?}");
}

#[tokio::test]
async fn an_object_of_a_wide_tolerance_is_created_once() {
    let configuration =
        json!({"contacts": {"url": "/contacts", "idField": "id", "createdCheckTolerance": "3600"}});
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    for n in 0..3 {
        polled.bed.minutes(2).await;
        polled.close.update("contact", &contact, "title", n);
    }
    polled.bed.minutes(2).await;
    let updated = "contacts UPDATED";
    assert_eq!(polled.told_in_short(), ["contacts CREATED", updated, updated, updated]);
}

#[tokio::test]
async fn an_object_of_an_outage_is_created() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    polled.bed.clock().advance(TimeDelta::days(2));
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.clock().advance(TimeDelta::days(2));
    polled.close.update("contact", &contact, "title", "B");
    polled.bed.clock().advance(TimeDelta::days(2));
    polled.bed.minutes(10).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
}

#[tokio::test]
async fn an_object_is_created_once_though_polling_begins_again_at_an_earlier_time() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    polled.bed.minutes(2).await;
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(120).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED"]);
    let since = polled.bed.now() - TimeDelta::days(2);
    polled.patch(&json!({"event.poller.since": since.to_rfc3339()})).await;
    polled.close.update("contact", &contact, "title", "B");
    polled.bed.minutes(3).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED", "contacts UPDATED"]);
}

#[tokio::test]
async fn an_object_of_before_is_updated() {
    let polled = Polled::start(&["contacts"], Quirks::default()).await;
    let old = json!({"name": "A", "date_created": "2026-11-20T10:00:00.000000+00:00"});
    polled.close.create("contact", &old);
    polled.bed.minutes(3).await;
    assert_eq!(polled.told_in_short(), ["contacts UPDATED"]);
}
