use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use shared::platform::clock::Clock;

use super::*;
use crate::receiver::{Answer, Receiver};

const KEY: &str = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4";
const SOON: Duration = Duration::from_secs(5);

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_863_455, 763_000_000).unwrap()
}

fn close() -> Close {
    Close::starting_at(start())
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

/// An event has the fixture's fields, and so do the objects in it, as far as they exist.
fn assert_same_shape(event: &Event, fixture: &Value) {
    let event = serde_json::to_value(event).unwrap();
    let fixture = &fixture["event"];
    assert_eq!(keys(&event), keys(fixture));
    for part in ["meta", "data"] {
        assert_eq!(keys(&event[part]), keys(&fixture[part]), "{part} of {}", event["action"]);
    }
    for fixed in ["object_type", "action", "changed_fields"] {
        assert_eq!(event[fixed], fixture[fixed]);
    }
    for date in ["date_created", "date_updated"] {
        assert_eq!(event[date].as_str().unwrap().len(), fixture[date].as_str().unwrap().len());
    }
    for id in ["id", "object_id", "organization_id", "user_id", "request_id", "api_key_id"] {
        let (id, expected) = (event[id].as_str().unwrap(), fixture[id].as_str().unwrap());
        assert_eq!(id.split_once('_').unwrap().0, expected.split_once('_').unwrap().0);
    }
}

#[test]
fn the_signature_is_that_of_the_published_vector() {
    let body = r#"{"event": {"id": "ev_4YUAT9G7PQNYEX0V7HpiZa", "date_created": "2019-01-01T13:33:00.842000", "data": {"object_type": "activity.note", "action": "created", "note": "test content"}}, "subscription_id": "whsub_mBTylJxRXaBOXcuQmgUdmL"}"#;
    let expected = "e6cf27a55de463dc46d8b5c16d2afe74d766e8f0c9892422c93573521cd377ed";
    let with_ascii_key = "59913793034b5fd9c60cdc5599ce5461eb6900e7d8517946eafcf18aaf82568e";
    assert_eq!(signature(&signature_key(KEY), "1557751596", body.as_bytes()), expected);
    assert_eq!(signature(KEY.as_bytes(), "1557751596", body.as_bytes()), with_ascii_key);
}

#[test]
fn events_have_the_shape_of_recorded_ones() {
    let close = close();
    let lead = close.create_lead("Acme Corp");
    close.update_lead(&lead, "name", "Acme Corporation");
    let source = close.create_lead("Globex Industries");
    close.merge_leads(&source, &lead);
    close.delete_lead(&lead);
    let fixtures = [
        include_str!("../../fixtures/close/webhook.lead.created.json"),
        include_str!("../../fixtures/close/webhook.lead.updated.json"),
        include_str!("../../fixtures/close/webhook.lead.created.json"),
        include_str!("../../fixtures/close/webhook.lead.merged.json"),
        include_str!("../../fixtures/close/webhook.lead.deleted.merge-source.json"),
        include_str!("../../fixtures/close/webhook.lead.deleted.json"),
    ];
    let events = close.events();
    assert_eq!(events.len(), fixtures.len());
    for (event, text) in events.iter().zip(fixtures) {
        assert_same_shape(event, &fixture(text));
    }
    let deleted = fixture(fixtures[5]);
    assert_eq!(keys(&events[5].previous_data), keys(&deleted["event"]["previous_data"]));
    assert_eq!(events[4].meta["merge_destination_lead_id"], lead.as_str());
}

#[test]
fn other_objects_have_the_shape_of_recorded_ones_too() {
    let close = close();
    let lead = close.create_lead("Acme Corp");
    let contact = close.create("contact", &json!({"lead_id": lead, "name": "Alice", "title": "VP"}));
    close.update("contact", &contact, "title", "Senior VP");
    close.create("task.lead", &json!({"lead_id": lead, "text": "Call back"}));
    close.create("activity.note", &json!({"lead_id": lead, "note": "Test"}));
    let events = close.events();
    assert_same_shape(
        &events[2],
        &fixture(include_str!("../../fixtures/close/webhook.contact.updated.json")),
    );
    assert_eq!(events[2].previous_data["title"], "VP");
    assert_eq!(events[2].lead_id.as_ref(), Some(&lead));
    for (event, path) in [(&events[3], "/api/v1/task/"), (&events[4], "/api/v1/activity/note/")] {
        assert_eq!((event.action.as_str(), &event.meta["request_path"]), ("created", &json!(path)));
    }
    let lead = close.object(&lead).unwrap();
    assert_eq!(
        (&lead["contacts"][0]["title"], &lead["tasks"][0]["text"]),
        (&json!("Senior VP"), &json!("Call back"))
    );
    assert_eq!(lead["date_updated"], events[4].data.as_ref().unwrap()["date_updated"]);
}

#[test]
fn a_deleted_lead_deletes_its_children_and_a_merged_one_moves_them() {
    let close = close();
    let (source, destination) = (close.create_lead("a"), close.create_lead("b"));
    let contact = close.create("contact", &json!({"lead_id": source, "name": "Alice"}));
    close.merge_leads(&source, &destination);
    assert_eq!(close.events()[3].data.as_ref().unwrap()["contact_ids"], json!([contact]));
    assert_eq!(close.events()[4].previous_data["contact_ids"], json!([contact]));
    close.delete_lead(&destination);
    let gone: Vec<_> = close.events()[5..].iter().map(|event| event.object_id.clone()).collect();
    assert_eq!(gone, [destination, contact.clone()]);
    assert!(close.object(&contact).is_none());
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let history = |seed| {
        let close = Close::new(seed, Arc::new(ManualClock::starting_at(start())));
        let lead = close.create_lead("a");
        close.update_lead(&lead, "name", "b");
        close.events()
    };
    assert_eq!(history(1), history(1));
    assert_ne!(history(1)[0].id, history(2)[0].id);
    assert_eq!(history(1)[0].date_created, "2026-06-19T10:04:15.768000");
    assert!(history(1)[0].date_updated < history(1)[1].date_updated);
}

#[tokio::test]
async fn an_event_arrives_signed_with_the_time_of_the_clock() {
    let clock = ManualClock::starting_at(start());
    let close = Close::new(1, Arc::new(clock.clone()));
    let receiver = Receiver::start().await;
    let subscription = close.subscribe(&receiver.url(), KEY);
    let lead = close.create_lead("Acme Corp");
    clock.advance(TimeDelta::seconds(300));
    assert_eq!(close.post_pending().await, [StatusCode::OK]);
    let request = receiver.wait_for(1, SOON).await.remove(0);
    let timestamp = request.header("close-sig-timestamp").unwrap();
    assert_eq!(timestamp, clock.now().timestamp().to_string());
    let expected = signature(&signature_key(KEY), timestamp, &request.body);
    assert_eq!(request.header("close-sig-hash"), Some(expected.as_str()));
    assert_eq!(request.message()["subscription_id"], subscription.as_str());
    assert_eq!(request.message()["event"]["object_id"], lead.as_str());
}

#[tokio::test]
async fn legacy_payloads_are_unsigned_and_a_merge_is_one_of_them() {
    let close = close();
    let receiver = Receiver::start().await;
    close.subscribe_legacy(&receiver.url());
    let lead = close.create_lead("Wayne Enterprises");
    close.update_lead(&lead, "status_label", "Qualified");
    let source = close.create_lead("Wayne");
    close.merge_leads(&source, &lead);
    close.delete_lead(&lead);
    assert_eq!(close.post_pending().await.len(), 5);
    let requests = receiver.received();
    assert!(requests.iter().all(|request| request.header("close-sig-hash").is_none()));
    let fixtures = [
        (0, include_str!("../../fixtures/close/legacy.lead.create.json")),
        (1, include_str!("../../fixtures/close/legacy.lead.update.json")),
        (3, include_str!("../../fixtures/close/legacy.lead.merge.json")),
        (4, include_str!("../../fixtures/close/legacy.lead.delete.json")),
    ];
    for (place, text) in fixtures {
        let (message, expected) = (requests[place].message(), fixture(text));
        assert_eq!(keys(&message), keys(&expected));
        assert!(keys(&message["data"]).is_superset(&keys(&expected["data"])), "{message}");
        assert_eq!((&message["model"], &message["event"]), (&expected["model"], &expected["event"]));
    }
    assert_eq!(requests[3].message()["data"], json!({"source_id": source, "destination_id": lead}));
}

#[tokio::test]
async fn webhooks_not_accepted_are_posted_again() {
    let close = close();
    let receiver = Receiver::start().await;
    let (today, legacy) = (receiver.at("/today"), receiver.at("/legacy"));
    close.subscribe(today.url(), KEY);
    close.subscribe_legacy(legacy.url());
    for hook in [&today, &legacy] {
        hook.answer([Answer::status(503), Answer::Reset, Answer::status(204)]);
    }
    close.create_lead("Acme Corp");
    assert_eq!(close.post_pending().await, [503, 503].map(|code| StatusCode::from_u16(code).unwrap()));
    assert_eq!(close.post_pending().await, [NO_ANSWER, NO_ANSWER]);
    assert_eq!(close.post_pending().await, [StatusCode::NO_CONTENT, StatusCode::NO_CONTENT]);
    assert_eq!(close.pending(), 1);
    assert_eq!(close.post_pending().await, [StatusCode::OK]);
    assert_eq!((close.pending(), today.received().len(), legacy.received().len()), (0, 3, 4));
    assert!(today.received().windows(2).all(|pair| pair[0].body == pair[1].body));
}

#[tokio::test]
async fn accepted_deliveries_can_be_repeated() {
    let close = close();
    let receiver = Receiver::start().await;
    close.subscribe(&receiver.url(), KEY);
    for name in ["a", "b", "c"] {
        close.create_lead(name);
    }
    close.post_pending().await;
    assert_eq!(close.repeat_last(2).await, [StatusCode::OK; 2]);
    let requests = receiver.received();
    assert_eq!((&requests[3].body, &requests[4].body), (&requests[1].body, &requests[2].body));
    assert!(close.repeat_last(9).await.len() == 3);
}

#[tokio::test]
async fn a_consolidated_update_keeps_its_id_and_moves_its_date() {
    let close = close();
    let receiver = Receiver::start().await;
    close.subscribe(&receiver.url(), KEY);
    let lead = close.create_lead("a");
    close.update_lead(&lead, "name", "b");
    close.post_pending().await;
    close.update_again("lead", &lead, "description", "second");
    close.update_again("lead", &lead, "name", "c");
    assert_eq!(close.pending(), 1);
    close.post_pending().await;
    let (first, second) = (receiver.received()[1].message(), receiver.received()[2].message());
    let (first, second) = (&first["event"], &second["event"]);
    assert_eq!((&first["id"], &first["date_created"]), (&second["id"], &second["date_created"]));
    assert!(first["date_updated"].as_str() < second["date_updated"].as_str());
    assert_eq!(second["changed_fields"], json!(["date_updated", "description", "display_name", "name"]));
    assert_eq!((&second["previous_data"]["name"], &second["data"]["name"]), (&json!("a"), &json!("c")));
    assert_eq!(close.events().len(), 2);
}

#[test]
#[should_panic(expected = "the organisation has no lead lead_x")]
fn a_verb_without_an_object_fails() {
    close().update_lead("lead_x", "name", "b");
}
