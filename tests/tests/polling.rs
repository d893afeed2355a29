//! What changes at Close arrives at the callback URL of an instance that polls: each change once.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::close::{Close, Quirks};
use tests::fixtures;
use tests::polling::{Polled, Worker};
use tests::receiver::Receiver;

#[tokio::test]
async fn the_seeds_contacts_configuration_delivers_a_changed_contact() {
    let seed: Value = serde_json::from_str(&fixtures::seed("", "")).unwrap();
    let configuration = &seed["configuration"]["event.poller.configuration"];
    let polled = Polled::with(configuration, Quirks::default(), &[]).await;
    let contact = polled.close.create("contact", &json!({"name": "Bruce Wayne"}));
    polled.bed.minutes(2).await;
    polled.close.update("contact", &contact, "title", "The Dark Knight");
    polled.bed.minutes(2).await;
    assert_eq!(polled.told_in_short(), ["contacts CREATED", "contacts UPDATED"]);
    let message = &polled.messages()[1];
    assert_eq!(message["raw"]["contacts"][0]["title"], "The Dark Knight");
    assert_eq!(message["raw"]["objectType"], "contacts");
    assert_eq!(message["raw"]["events"], message["events"]);
    polled.bed.minutes(20).await;
    assert_eq!(polled.told().len(), 2, "the overlap tells nothing twice");
}

#[tokio::test]
async fn the_callback_has_the_platforms_shape() {
    let polled = Polled::start(&["accounts"], Quirks::default()).await;
    polled.close.create_lead("Wayne Enterprises");
    polled.bed.minutes(2).await;
    let fixture: Value =
        serde_json::from_slice(&fixtures::read("open-connectors/callback.polling.accounts.json")).unwrap();
    let told = polled.receiver.received()[0].message();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for path in ["/message", "/message/raw", "/message/events/0", "/message/raw/events/0"] {
        assert_eq!(keys(told.pointer(path).unwrap()), keys(fixture.pointer(path).unwrap()), "{path}");
    }
    assert_eq!(told["message"]["raw"]["instance_id"], told["message"]["instanceId"]);
    let lead = &told["message"]["raw"]["accounts"][0];
    assert_eq!(lead["id"], told["message"]["events"][0]["objectId"]);
    let fields = keys(&fixture["message"]["raw"]["accounts"][0]);
    assert!(fields.iter().all(|field| lead.get(field).is_some()), "{lead}");
}

#[tokio::test]
async fn raw_holds_the_record_to_the_byte() {
    let quirks = Quirks { pretty: true, ..Quirks::default() };
    let polled = Polled::start(&["opportunities", "events"], quirks).await;
    let id = polled.close.create("opportunity", &json!({"note": "é\u{2028}", "value": 1.5}));
    polled.bed.minutes(2).await;
    let bodies: Vec<String> =
        polled.receiver.received().iter().map(|it| String::from_utf8(it.body.to_vec()).unwrap()).collect();
    // The API prints over several lines, and an object in a list is two levels deep.
    let object = polled.close.object(&id).unwrap();
    let printed = format!("{object:#}").replace('\n', "\n    ");
    assert!(bodies.iter().any(|body| body.contains(&format!("\"opportunities\":[{printed}]"))), "{printed}");
    let event =
        format!("{:#}", serde_json::to_value(&polled.close.events()[0]).unwrap()).replace('\n', "\n    ");
    assert!(bodies.iter().any(|body| body.contains(&format!("\"event\":{event},"))), "{event}");
}

#[tokio::test]
async fn every_resource_tells_what_is_created_and_changed() {
    let resources = ["accounts", "contacts", "opportunities", "tasks", "activities", "notes", "users"];
    let polled = Polled::start(&resources, Quirks::default()).await;
    let lead = polled.close.create_lead("Acme");
    let user = polled.close.create("user", &json!({"first_name": "Dana"}));
    let kinds =
        ["contact", "opportunity", "task.lead", "task.incoming_email", "activity.note", "activity.call"];
    let ids = kinds.map(|kind| (kind, polled.close.create(kind, &json!({"lead_id": lead, "note": "x"}))));
    polled.bed.minutes(2).await;
    let mut created = polled.told_in_short();
    created.sort();
    assert_eq!(
        created,
        [
            "accounts CREATED",
            "activities CREATED",
            "activities CREATED",
            "contacts CREATED",
            "notes CREATED",
            "opportunities CREATED",
            "tasks CREATED",
            "tasks CREATED",
            "users CREATED",
        ]
    );
    polled.bed.minutes(3).await;
    for (kind, id) in &ids {
        polled.close.update(kind, id, "note", "changed");
    }
    polled.close.update("user", &user, "first_name", "Diana");
    polled.bed.minutes(2).await;
    let mut changed = polled.told_in_short()[created.len()..].to_vec();
    changed.sort();
    let expected: Vec<String> = created.iter().map(|told| told.replace("CREATED", "UPDATED")).collect();
    assert_eq!(changed, expected, "the lead's date moves with its children's");
}

#[tokio::test]
async fn nothing_is_asked_that_close_would_ignore() {
    let resources =
        ["accounts", "contacts", "opportunities", "tasks", "activities", "notes", "users", "events"];
    let url = |name: &str| match name {
        "opportunities" => format!("/{name}?where=status_type='won'"),
        "tasks" => format!("/{name}?where=is_complete=false"),
        _ => format!("/{name}"),
    };
    let configuration: Value = resources
        .iter()
        .map(|name| ((*name).to_owned(), json!({"url": url(name), "idField": "id"})))
        .collect();
    // Far back, so that what is walked along is asked for too.
    let settings = [("event.poller.since", "2026-10-25")];
    let quirks = Quirks { ignores_unknown: false, page_cap: 2, ..Quirks::default() };
    let polled = Polled::with(&configuration, quirks, &settings).await;
    for kind in ["lead", "contact", "opportunity", "task.lead", "activity.note", "user"] {
        for n in 0..5 {
            polled.close.create(kind, &json!({"note": n, "status_type": "won", "is_complete": false}));
        }
    }
    polled.bed.minutes(4).await;
    let calls = polled.rest.take_calls();
    let refused: Vec<_> = calls.iter().filter(|call| call.status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for pushed_down in ["status_type=won", "is_complete=false"] {
        assert!(calls.iter().any(|call| call.query.contains(pushed_down)), "{pushed_down}");
    }
    assert!(calls.iter().any(|call| call.query.contains("_skip=")), "runs are crossed");
}

#[tokio::test]
async fn an_event_is_the_same_with_a_zone_and_without() {
    let polled = Polled::start(&["events"], Quirks::default()).await;
    polled.close.create_lead("A");
    polled.bed.minutes(2).await;
    polled.rest.behave(|quirks| quirks.naive_dates = false);
    polled.bed.minutes(2).await;
    assert_eq!(polled.told().len(), 1, "the overlap shows it again, with another spelling");
    polled.close.create_lead("B");
    polled.bed.minutes(2).await;
    let dates: Vec<_> =
        polled.messages().iter().map(|it| it["raw"]["event"]["date_updated"].to_string()).collect();
    assert_eq!(dates.len(), 2);
    assert!(!dates[0].contains("+00:00") && dates[1].contains("+00:00"), "{dates:?}");
}

#[tokio::test]
async fn a_consolidated_event_is_told_again_and_one_of_its_own_once() {
    for (consolidates, ids) in [(true, 2), (false, 3)] {
        let polled = Polled::start(&["events"], Quirks { consolidates, ..Quirks::default() }).await;
        let contact = polled.close.create("contact", &json!({}));
        polled.close.update("contact", &contact, "title", "A");
        polled.bed.minutes(2).await;
        polled.close.update_again("contact", &contact, "title", "B");
        polled.bed.minutes(3).await;
        let messages = polled.messages();
        let told: BTreeSet<_> =
            messages.iter().map(|message| message["raw"]["event"]["id"].to_string()).collect();
        assert_eq!((messages.len(), told.len()), (3, ids));
    }
}

#[tokio::test]
async fn the_event_log_tells_deletions_and_merges() {
    let polled = Polled::start(&["events"], Quirks::default()).await;
    let (source, destination) = (polled.close.create_lead("A"), polled.close.create_lead("B"));
    polled.close.merge_leads(&source, &destination);
    polled.close.delete_lead(&destination);
    polled.bed.minutes(2).await;
    // Events of one batch are delivered side by side: only all of them together are certain.
    let mut told: Vec<_> = polled.told().into_iter().map(|it| (it.event_type, it.object_id)).collect();
    told.sort();
    let mut expected = [
        ("CREATED", &source),
        ("CREATED", &destination),
        ("UPDATED", &destination),
        ("DELETED", &source),
        ("DELETED", &destination),
    ];
    expected.sort();
    assert_eq!(told, expected.map(|(kind, id)| (kind.to_owned(), id.clone())));
    let messages = polled.messages();
    let merge = messages.iter().find(|message| message["raw"]["event"]["action"] == "merged").unwrap();
    assert_eq!(merge["raw"]["event"]["meta"]["merge_source_lead_id"], json!(source));
}

#[tokio::test]
async fn an_idle_poll_is_one_request_a_resource_and_one_write() {
    let polled = Polled::start(&["contacts", "opportunities", "events"], Quirks::default()).await;
    let worker = Worker::on(&polled.bed).await;
    polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(10).await;
    assert_eq!(polled.told().len(), 2);
    polled.rest.take_calls();
    for _ in 0..3 {
        worker.scheduled(&polled.bed, json!({})).await;
        polled.bed.pass(60);
        worker.dynamodb().take_calls();
        worker.work_all(&polled.bed).await;
        let calls = worker.dynamodb().take_calls();
        // What is under the key, and the instance, are read; the write is the claim.
        let expected =
            [("GetItem", 1), ("Query", 1), ("UpdateItem", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(calls, expected.into());
        let asked: Vec<_> = polled.rest.take_calls().into_iter().map(|call| call.path).collect();
        assert_eq!(
            asked,
            ["data/search/", "event/", "opportunity/"].map(str::to_owned),
            "in the order of their names"
        );
    }
}

#[tokio::test]
async fn what_the_overlap_shows_again_is_not_even_queued() {
    let polled = Polled::start(&["contacts", "opportunities", "events"], Quirks::default()).await;
    let worker = Worker::on(&polled.bed).await;
    polled.close.create("contact", &json!({"name": "A"}));
    polled.close.create("opportunity", &json!({"note": "B"}));
    let mut sent = Vec::new();
    for _ in 0..4 {
        worker.scheduled(&polled.bed, json!({})).await;
        polled.bed.pass(60);
        worker.sqs().take_calls();
        worker.work_all(&polled.bed).await;
        sent.push(worker.sqs().take_calls().values().sum::<usize>());
    }
    assert_eq!(sent, [3, 0, 0, 0], "one batch for each resource, once");
}

#[tokio::test]
async fn the_seeds_instance_tells_a_change_within_its_interval_and_some_seconds() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let close = Close::new(3, Arc::new(bed.clock().clone()));
    let rest = close.serve(bed.clock(), Quirks::default()).await;
    let body = fixtures::seed(&receiver.url(), rest.url());
    let authorization = bed.system().authorization();
    let answer = bed.call_as(&authorization, Method::POST, "/instances", body).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    let contact = close.create("contact", &json!({"name": "Steli Efti"}));
    bed.minutes(17).await;
    close.update("contact", &contact, "title", "CEO");
    bed.minutes(17).await;
    let events: Vec<Value> =
        receiver.received().iter().map(|it| it.message()["message"]["events"][0].clone()).collect();
    assert_eq!(events.len(), 2);
    for event in events {
        let time = |name: &str| event[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        assert!(time("pollDate") - time("date") <= TimeDelta::seconds(15 * 60 + 3), "{event}");
    }
}
