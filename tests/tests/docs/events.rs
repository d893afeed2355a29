//! docs/events.md: its examples and tables, checked against the system.

use serde_json::{Value, json};
use tests::bed::{Bed, Instance};
use tests::close::Quirks;
use tests::markdown::{Block, Document};
use tests::polling::Polled;
use tests::receiver::{Received, Receiver};

fn document() -> Document {
    Document::read("docs/events.md")
}

/// The examples in JSON, one after the other.
fn examples() -> Vec<Block> {
    document().blocks().into_iter().filter(|block| block.language == "json").collect()
}

fn parsed(block: &Block) -> Value {
    serde_json::from_str(&block.code).unwrap_or_else(|error| panic!("{}: {error}", block.heading))
}

/// The callback for a webhook, at ten o'clock on 21 November 2026.
async fn message(bed: &Bed, instance: &Instance, receiver: &Receiver, webhook: &str) -> Value {
    let before = receiver.count();
    assert_eq!(instance.receives(webhook.to_owned()).await.status, 200, "{webhook}");
    bed.deliver().await;
    assert_eq!(receiver.count(), before + 1, "{webhook}");
    receiver.received()[before].message()
}

#[tokio::test]
async fn each_webhook_arrives_as_its_example_says() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let examples = examples();
    let (webhooks, polled) = examples.split_at(examples.len() - 2);
    assert!(webhooks.len() > 20 && polled.iter().all(|block| block.heading == "Polling"));
    for pair in webhooks.chunks(2) {
        let [sent, arrives] = pair else { panic!("{} has a half", pair[0].heading) };
        assert_eq!(sent.heading, arrives.heading);
        let message = message(&bed, &instance, &receiver, sent.code.trim()).await;
        let expected = parsed(arrives);
        let seen = if expected.is_array() { &message["message"]["events"] } else { &message };
        assert_eq!(*seen, expected, "{}", sent.heading);
    }
}

#[tokio::test]
async fn the_table_of_fields_names_them_all() {
    let rows = document().table("The notification");
    let names: Vec<&str> =
        rows[1..].iter().flat_map(|row| row[0].split(", ")).map(|name| name.trim_matches('`')).collect();
    let polled = parsed(&examples()[examples().len() - 1]);
    let message = polled["message"].as_object().unwrap();
    for name in message.keys() {
        assert!(names.contains(&name.as_str()), "{name} is not in the table");
    }
    for name in message["events"][0].as_object().unwrap().keys() {
        assert!(names.contains(&format!("events[].{name}").as_str()), "{name} is not in the table");
    }
    assert_eq!(names.len(), message.len() + message["events"][0].as_object().unwrap().len());
}

#[tokio::test]
async fn each_object_and_action_has_the_words_of_the_tables() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let instance = bed.provision(&receiver.url(), &[]).await;
    let code = |cell: &str| cell.trim_matches('`').to_owned();
    let objects: Vec<_> =
        document().table("Objects")[1..].iter().map(|row| (row[0].clone(), code(&row[1]))).collect();
    let actions = document().table("Actions");
    let mut number = 0;
    for (closes, ours) in &objects {
        let other = closes == "any other";
        let closes = if other { "export.lead".to_owned() } else { code(closes) };
        let ours = if other { &closes } else { ours };
        for action in &actions[1..] {
            let name = if action[0] == "any other" { "archived".to_owned() } else { code(&action[0]) };
            let expected: Vec<_> = action[2].split(", ").map(|word| (ours.clone(), code(word))).collect();
            let legacy = action[1] != "webhooks of today, event feed";
            let today = action[1] != "webhooks before 2019";
            number += 1;
            let id = format!("id_{number}");
            let data = json!({"id": id, "source_id": id, "destination_id": "other"});
            let event = json!({"id": id, "object_type": format!("{closes}.x"), "object_id": id, "action": name,
                "date_created": "2026-06-19T12:24:00", "date_updated": "2026-06-19T12:24:00", "data": data});
            let today_type = if other { format!("{closes}.x") } else { ours.clone() };
            let both = [
                legacy.then(|| (json!({"model": closes, "event": name, "data": data}), ours.clone())),
                today.then(|| (json!({"subscription_id": "whsub_1", "event": event}), today_type)),
            ];
            for (webhook, object_type) in both.into_iter().flatten() {
                let message = message(&bed, &instance, &receiver, &webhook.to_string()).await;
                let events = message["message"]["events"].as_array().unwrap().clone();
                let seen: Vec<_> = events
                    .iter()
                    .map(|event| (event["objectType"].clone(), event["eventType"].clone()))
                    .collect();
                let expected: Vec<_> =
                    expected.iter().map(|(_, word)| (json!(object_type), json!(word))).collect();
                assert_eq!(seen, expected, "{webhook}");
            }
        }
    }
}

/// The events of an object, of the kind that a resource polls.
async fn polled(resource: &str) -> [String; 3] {
    let kind = match resource {
        "contacts" => "contact",
        "opportunities" => "opportunity",
        "tasks" => "task.lead",
        "users" => "user",
        "activities" | "notes" => "activity.note",
        _ => "lead",
    };
    let polled = Polled::start(&[resource], Quirks::default()).await;
    let id = polled.close.create(kind, &json!({"name": "x"}));
    let mut told = 0;
    let mut next = async || {
        polled.bed.minutes(2).await;
        let all = polled.told();
        let new: Vec<_> =
            all[told..].iter().map(|told| format!("`{}` `{}`", told.object_type, told.event_type)).collect();
        told = all.len();
        new.join(", ")
    };
    let created = next().await;
    polled.close.update(kind, &id, "name", "y");
    let updated = next().await;
    polled.close.delete(kind, &id);
    [created, updated, next().await]
}

#[tokio::test]
async fn each_resource_tells_what_the_table_says() {
    for row in &document().table("Polling")[1..] {
        assert_eq!(polled(row[0].trim_matches('`')).await, row[1..], "{}", row[0]);
    }
}

#[tokio::test]
async fn what_polling_tells_has_the_form_of_the_examples() {
    let examples = examples();
    let [record, logged] = &examples[examples.len() - 2..] else { panic!("two examples of polling") };
    let seen = async |resource: &str, event_type: &str| {
        let polled = Polled::start(&[resource], Quirks::default()).await;
        let id = polled.close.create("contact", &json!({"name": "Bruce Wayne"}));
        if event_type == "DELETED" {
            polled.close.delete("contact", &id);
        }
        polled.bed.minutes(2).await;
        let messages: Vec<Value> = polled.receiver.received().iter().map(Received::message).collect();
        let wanted = |message: &&Value| message["message"]["events"][0]["eventType"] == event_type;
        messages.iter().find(wanted).unwrap().clone()
    };
    let text = |value: &Value| format!("{value:#}");
    assert_eq!(text(&seen("contacts", "CREATED").await), text(&parsed(record)));
    assert_eq!(text(&seen("events", "DELETED").await), text(&parsed(logged)));
}
