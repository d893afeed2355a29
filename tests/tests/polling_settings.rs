//! Every documented setting of a poller is honoured, or refused by name when an instance is provisioned.

#![expect(clippy::unwrap_used, reason = "a story that meets none of what it needs ends")]

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::bed::Bed;
use tests::client::Answer;
use tests::close::{Close, Quirks, Rest};
use tests::polling::Polled;
use tests::receiver::Receiver;

/// What was delivered of each object type.
fn counts(polled: &Polled) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for told in polled.told() {
        *counts.entry(told.object_type).or_default() += 1;
    }
    counts
}

async fn with_objects(resources: &[&str], objects: &str) -> Polled {
    let entry = |name: &&str| ((*name).to_owned(), json!({"url": format!("/{name}"), "idField": "id"}));
    let configuration: Value = resources.iter().map(entry).collect();
    Polled::with(&configuration, Quirks::default(), &[("event.objects", objects)]).await
}

#[tokio::test]
async fn a_template_of_any_pattern_and_zone_drops_no_change() {
    let templates = [
        ("berlin", "${dateTimeZone:Europe/Berlin:yyyy-MM-dd'T'HH:mm:ss}"),
        ("denver", "${dateTimeZone:America/Denver:yyyy-MM-dd'T'HH:mm:ss}"),
        ("slashes", "${gmtDate:yyyy/MM/dd HH:mm:ss}"),
        ("compact", "${gmtDate:yyyyMMddHHmmss}"),
        ("day", "${date:dd.MM.yyyy}"),
        ("millis", "${milliseconds}"),
    ];
    let entry = |(name, template): &(&str, &str)| {
        let url = format!("/hubs/crm/contacts?where=date_updated>'{template}'");
        ((*name).to_owned(), json!({"url": url, "idField": "id"}))
    };
    let configuration: Value = templates.iter().map(entry).collect();
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    let contact = polled.close.create("contact", &json!({"name": "A"}));
    polled.bed.minutes(2).await;
    for title in ["B", "C"] {
        polled.close.update("contact", &contact, "title", title);
        polled.bed.minutes(1).await;
    }
    polled.bed.minutes(1).await;
    let counts = counts(&polled);
    for (name, template) in templates {
        assert_eq!(counts.get(name), Some(&3), "{template}");
    }
}

#[tokio::test]
async fn objects_in_closes_names_are_those_of_the_platforms() {
    let polled = with_objects(&["contacts", "accounts", "opportunities"], "contact,lead").await;
    polled.close.create_lead("A");
    polled.close.create("contact", &json!({"name": "B"}));
    polled.close.create("opportunity", &json!({"note": "C"}));
    polled.bed.minutes(2).await;
    let expected = [("accounts".to_owned(), 1), ("contacts".to_owned(), 1)];
    assert_eq!(counts(&polled), expected.into());
}

#[tokio::test]
async fn a_type_of_closes_narrows_a_resource_of_many_types() {
    let polled = with_objects(&["activities", "tasks", "events"], "activity.note,task.voicemail").await;
    for object_type in ["activity.note", "activity.call", "task.voicemail", "task.lead", "lead"] {
        polled.close.create(object_type, &json!({"note": "A", "_type": object_type.rsplit('.').next()}));
    }
    polled.bed.minutes(2).await;
    // The feed has both, and each other resource has its own.
    assert_eq!(counts(&polled), [("activities".to_owned(), 2), ("tasks".to_owned(), 2)].into());
}

#[tokio::test]
async fn any_object_type_of_the_event_feed_is_polled_deletions_included() {
    let resources = [
        ("calls", "activity.call"),
        ("activity.email", "activity.email"),
        ("sms", "activity.sms"),
        ("meetings", "activity.meeting"),
        ("custom-activities", "activity.custom_activity"),
        ("custom_object", "custom_object"),
        ("lead_statuses", "status.lead"),
        ("sequence", "sequence"),
        ("lead", "lead"),
        ("contact", "contact"),
        ("task", "task.voicemail"),
    ];
    let names = resources.map(|(name, _)| name);
    let polled = with_objects(&names, "").await;
    for (_, object_type) in resources {
        let id = polled.close.create(object_type, &json!({"name": "A"}));
        polled.close.update(object_type, &id, "name", "B");
        polled.close.delete(object_type, &id);
    }
    polled.bed.minutes(2).await;
    let mut told = polled.told_in_short();
    told.sort();
    let kinds = ["CREATED", "DELETED", "UPDATED"];
    let mut expected: Vec<_> =
        names.iter().flat_map(|name| kinds.map(|kind| format!("{name} {kind}"))).collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_entry_without_its_object_is_delivered_all_the_same() {
    let quirks = Quirks { hides_event_data: true, ..Quirks::default() };
    let polled = Polled::start(&["activities", "events"], quirks).await;
    let note = polled.close.create("activity.note", &json!({"note": "A"}));
    polled.bed.minutes(2).await;
    let told: Vec<_> = polled.told().into_iter().map(|it| (it.event_type, it.object_id)).collect();
    assert_eq!(told, vec![("CREATED".to_owned(), note); 2]);
}

#[tokio::test]
async fn entries_of_the_feed_are_read_as_the_configuration_says() {
    let configuration = json!({
        "by_lead": {"url": "/calls", "idField": "lead_id"},
        "inbound": {"url": "/calls?where=direction='inbound'", "idField": "id"},
        "since": {"url": "/calls?where=date_updated>'${gmtDate:yyyy-MM-dd'T'HH:mm:ssXXX}'", "idField": "id"},
        "dated": {
            "url": "/calls", "idField": "id",
            "datesConfiguration": {"updatedDateField": "called", "updatedDateFormat": "dd.MM.yyyy"},
        },
        "deleted": {"url": "/events?where=action='deleted'", "idField": "lead_id"},
    });
    let polled = Polled::with(&configuration, Quirks::default(), &[]).await;
    let long_ago = json!({"lead_id": "lead_1", "direction": "outbound", "called": "01.01.2020"});
    let call = polled.close.create("activity.call", &long_ago);
    polled.bed.minutes(40).await;
    polled.close.delete("activity.call", &call);
    let today = polled.bed.now().format("%d.%m.%Y").to_string();
    let fields = json!({"lead_id": "lead_2", "direction": "inbound", "called": today});
    let inbound = polled.close.create("activity.call", &fields);
    polled.bed.minutes(2).await;
    let mut told: Vec<_> =
        polled.told().into_iter().map(|it| (it.object_type, it.event_type, it.object_id)).collect();
    told.sort();
    let row = |name: &str, kind: &str, id: &str| (name.to_owned(), kind.to_owned(), id.to_owned());
    let mut expected = vec![
        row("by_lead", "CREATED", "lead_1"),
        row("by_lead", "CREATED", "lead_2"),
        row("by_lead", "DELETED", "lead_1"),
        row("inbound", "CREATED", &inbound),
        row("since", "CREATED", &call),
        row("since", "CREATED", &inbound),
        // The object's own date is that of its last change.
        row("since", "DELETED", &call),
        // By the configured date the first call is old.
        row("dated", "CREATED", &inbound),
        row("activities", "DELETED", "lead_1"),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

/// The API of an organisation that nothing happens in.
async fn close(bed: &Bed) -> Rest {
    Close::new(1, Arc::new(bed.clock().clone())).serve(bed.clock(), Quirks::default()).await
}

async fn provision(bed: &Bed, close: &Rest, callback: &str, settings: &Value) -> Answer {
    let mut configuration = json!({
        "username": "api_key",
        "base.url": close.url(),
        "event.notification.enabled": "true",
        "event.notification.callback.url": callback,
    });
    for (key, value) in settings.as_object().unwrap() {
        configuration[key] = value.clone();
    }
    let body = json!({"element": {"key": "closeio"}, "name": "Test", "configuration": configuration});
    bed.call(Method::POST, "/instances", &body).await
}

#[tokio::test]
async fn an_instance_that_nothing_says_webhook_of_is_polled() {
    let (bed, receiver) = (Bed::start().await, Receiver::start().await);
    let account = Close::new(1, Arc::new(bed.clock().clone()));
    let rest = account.serve(bed.clock(), Quirks::default()).await;
    // As the old platform's page on polling has it, with what its clients send for the default.
    let settings = json!({"event.poller.configuration": "{}", "event.poller.refresh_interval": "1"});
    let answer = provision(&bed, &rest, &receiver.url(), &settings).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    assert_eq!(answer.json()["configuration"]["event.vendor.type"], "polling");
    account.create_lead("A");
    bed.minutes(3).await;
    assert_eq!(receiver.received().len(), 1);

    let nobody =
        provision(&bed, &rest, &receiver.url(), &json!({"event.notification.enabled": "false"})).await;
    assert_eq!(nobody.json()["configuration"].get("event.vendor.type"), None);
    // It becomes one when its events are wanted.
    let path = format!("/instances/{}", nobody.json()["id"]);
    let change = json!({"configuration": {"event.notification.enabled": "true"}});
    let changed = bed.call(Method::PATCH, &path, &change).await;
    assert_eq!(changed.json()["configuration"]["event.vendor.type"], "polling");
}

#[tokio::test]
async fn a_setting_that_cannot_be_honoured_is_a_400_that_names_it() {
    let bed = Bed::start().await;
    let close = close(&bed).await;
    let entry = |entry: Value| json!({"event.poller.configuration": {"calls": entry}});
    let url = |url: &str| entry(json!({"url": url, "idField": "id"}));
    let webhook = |key: &str, value: &str| json!({"event.vendor.type": "webhook", key: value});
    let polling = "configuration.event.poller.configuration is not usable: calls";
    let beside = "goes with event.vendor.type polling, and not with webhook";
    let rows = [
        (url("/call_s"), "names the unknown resource \"call_s\" (did you mean \"calls\"?)", "custom_object"),
        (url("/calls?where=date_created>'last week'"), polling, "'2026-01-31T00:00:00Z'"),
        (
            url("/calls?where=x>'about ${epoch}'"),
            "at character 3: with the text around its template",
            "${gmtDate:",
        ),
        (url("/calls?where=x<'${gmtDate:HH:mm}'"), "the template has no year (yyyy)", "${gmtDate:"),
        (url("/calls?pageSize=51"), ".url has a pageSize that is not", "from 1 to 50"),
        (
            entry(json!({"url": "/calls", "idField": "id", "pageSize": 100})),
            ".pageSize is not",
            "from 1 to 50",
        ),
        (
            entry(json!({"url": "/calls", "idField": "id", "xPath": "//a"})),
            ".xPath is not supported",
            "There are",
        ),
        (
            entry(json!({"url": "/calls", "idField": ["id"]})),
            ".idField is not a string",
            "\"idField\": \"id\"",
        ),
        (
            entry(json!({"url": "/calls", "idField": "id", "filterByUpdatedDate": 1})),
            "is not true or false",
            "",
        ),
        (
            json!({"event.poller.since": "2027-01-01"}),
            "configuration.event.poller.since lies in the future",
            "",
        ),
        (
            json!({"event.objects": "contatcs"}),
            "configuration.event.objects names the unknown type",
            "\"contacts\"?",
        ),
        (json!({"event.objects": "calls"}), "has nothing of what is polled", "accounts, contacts"),
        (
            webhook("event.poller.refresh_interval", "5"),
            beside,
            "configuration.event.poller.refresh_interval",
        ),
        (webhook("event.poller.since", "2026-01-01"), beside, "configuration.event.poller.since"),
        (webhook("event.poller.urls", "contacts|/contacts"), beside, "configuration.event.poller.urls"),
        (
            json!({"event.poller.urls": "users|/users", "event.poller.configuration": {"calls": {"url": "/calls", "idField": "id"}}}),
            "configuration.event.poller.urls is set beside event.poller.configuration",
            "leave one of them out",
        ),
    ];
    for (settings, said, example) in rows {
        let answer = provision(&bed, &close, "http://127.0.0.1:9/", &settings).await;
        let message = answer.message();
        assert_eq!(answer.status, 400, "{settings}: {message}");
        assert!(message.contains(said) && message.contains(example), "{settings}: {message}");
    }
    for settings in [webhook("event.poller.configuration", "{}"), webhook("event.poller.since", "")] {
        let answer = provision(&bed, &close, "http://127.0.0.1:9/", &settings).await;
        assert_eq!(answer.status, 200, "{settings}: {}", answer.message());
    }
}
