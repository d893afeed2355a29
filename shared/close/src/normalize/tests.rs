use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const RECEIVED: &str = "2026-11-21T10:00:00Z";

fn normalized(body: &[u8]) -> Result<Normalized<'_>, Malformed> {
    normalize(&ObjectFilter::default(), body, at(RECEIVED))
}

fn events_of(body: &serde_json::Value) -> (EventKey, Vec<Event>) {
    let body = body.to_string();
    match normalized(body.as_bytes()) {
        Ok(Normalized::Events(occurrence)) => (occurrence.key, occurrence.events),
        other => panic!("expected events, found {other:?}"),
    }
}

fn modern(object_type: &str, action: &str) -> serde_json::Value {
    json!({"event": {
        "id": "ev_1", "object_type": object_type, "object_id": "x_1", "action": action,
        "date_created": "2026-06-19T12:11:12.600000", "date_updated": "2026-06-19T12:11:19.120000",
    }, "subscription_id": "whsub_1"})
}

fn legacy(model: &str, event: &str) -> serde_json::Value {
    json!({"model": model, "event": event,
           "data": {"id": "x_1", "date_updated": "2017-05-18T21:55:26.451000+00:00"}})
}

#[test]
fn object_types_get_the_platforms_names() {
    let rows = [
        ("lead", "accounts"),
        ("contact", "contacts"),
        ("opportunity", "opportunities"),
        ("task.lead", "tasks"),
        ("task.incoming_email", "tasks"),
        ("activity.note", "activities"),
        ("activity.custom_activity", "activities"),
        ("user", "users"),
        ("lead_merge", "lead_merge"),
        ("custom_fields.lead", "custom_fields.lead"),
        ("Lead", "Lead"),
    ];
    for (closes, platforms) in rows {
        assert_eq!(events_of(&modern(closes, "created")).1[0].object_type, platforms, "{closes}");
        assert_eq!(events_of(&legacy(closes, "create")).1[0].object_type, platforms, "{closes}");
    }
}

#[test]
fn actions_of_today_become_event_types() {
    let rows = [
        ("created", EventType::Created),
        ("updated", EventType::Updated),
        ("merged", EventType::Updated),
        ("deleted", EventType::Deleted),
        ("completed", EventType::Updated),
        ("sent", EventType::Updated),
        ("answered", EventType::Updated),
        ("scheduled", EventType::Updated),
        ("started", EventType::Updated),
        ("canceled", EventType::Updated),
        ("activated", EventType::Updated),
        ("deactivated", EventType::Updated),
        ("paused", EventType::Updated),
        ("reverting", EventType::Updated),
        ("reverted", EventType::Updated),
        ("teleported", EventType::Unknown),
        ("Created", EventType::Unknown),
    ];
    for (action, event_type) in rows {
        assert_eq!(events_of(&modern("lead", action)).1[0].event_type, event_type, "{action}");
    }
}

#[test]
fn legacy_events_become_event_types() {
    let rows = [
        ("create", EventType::Created),
        ("update", EventType::Updated),
        ("delete", EventType::Deleted),
        ("testevent", EventType::Unknown),
    ];
    for (event, event_type) in rows {
        let events = events_of(&legacy("lead", event)).1;
        assert_eq!(events[0].event_type, event_type, "{event}");
        assert_eq!(events[0].date, at("2017-05-18T21:55:26.451Z"));
    }
}

#[test]
fn a_legacy_merge_is_one_notification_of_two_events() {
    let body = json!({"model": "lead", "event": "merge",
                      "data": {"source_id": "lead_s", "destination_id": "lead_d"}});
    let events = events_of(&body).1;
    let seen: Vec<_> = events.iter().map(|event| (&*event.object_id, event.event_type)).collect();
    assert_eq!(seen, [("lead_d", EventType::Updated), ("lead_s", EventType::Deleted)]);
    assert_eq!(events[0].date, at(RECEIVED), "Close gives a merge no time");
}

#[test]
fn a_numeric_id_is_a_string_to_the_receiver() {
    let body = json!({"model": "lead", "event": "delete", "data": {"id": 35_149}});
    assert_eq!(events_of(&body).1[0].object_id, "35149");
}

#[test]
fn a_time_that_cannot_be_read_costs_no_event() {
    let mut body = modern("lead", "created");
    body["event"]["date_updated"] = json!("yesterday");
    assert_eq!(events_of(&body).1[0].date, at(RECEIVED));
}

#[test]
fn the_id_follows_the_occurrence_and_not_the_delivery() {
    let (first, _) = events_of(&modern("lead", "updated"));
    assert_eq!(first, events_of(&modern("lead", "updated")).0);

    let mut consolidated = modern("lead", "updated");
    consolidated["event"]["date_updated"] = json!("2026-06-19T12:12:00.000000");
    assert_ne!(first, events_of(&consolidated).0, "Close keeps the id of an event that it consolidates");
}

#[test]
fn the_event_feed_and_the_webhook_give_one_occurrence_one_id() {
    let webhook = modern("lead", "updated");
    let (id, events) = events_of(&webhook);
    let logged = |date: &str| {
        let mut entry = webhook["event"].clone();
        entry["date_updated"] = date.into();
        let entry = RawValue::from_string(entry.to_string()).unwrap();
        LoggedEvent::read(&entry).unwrap()
    };
    for date in ["2026-06-19T12:11:19.120000", "2026-06-19T12:11:19.120000+00:00", "2026-06-19T12:11:19.12Z"]
    {
        let logged = logged(date);
        assert_eq!((&logged.key, &logged.event), (&id, &events[0]), "{date}");
        assert_eq!((&*logged.object_type, &*logged.action), ("lead", "updated"));
    }
    assert_ne!(logged("2026-06-19T12:11:19.121000").key, id);
}

#[test]
fn legacy_ids_distinguish_versions_or_else_bodies() {
    let (update, _) = events_of(&legacy("lead", "update"));
    assert_eq!(update, events_of(&legacy("lead", "update")).0);
    assert_ne!(update, events_of(&legacy("lead", "create")).0);
    let mut later = legacy("lead", "update");
    later["data"]["date_updated"] = json!("2017-05-18T21:55:27.000000+00:00");
    assert_ne!(update, events_of(&later).0);

    let undated =
        |note: &str| json!({"model": "lead", "event": "delete", "data": {"id": "x_1", "note": note}});
    assert_eq!(events_of(&undated("a")).0, events_of(&undated("a")).0);
    assert_ne!(events_of(&undated("a")).0, events_of(&undated("b")).0);
}

#[test]
fn raw_is_the_body_to_the_byte() {
    let body = "{ \"z\": 1.0e2, \"event\" : \"create\",\t\"model\":\"le\\u0061d\", \"data\":{\"id\":\"l\\u00e9\", \
                \"n\":100000000000000000000.10, \"u\":\"é\"}}";
    let Ok(Normalized::Events(occurrence)) = normalized(body.as_bytes()) else { panic!("expected events") };
    assert_eq!(occurrence.raw.get(), body);
    assert_eq!(occurrence.events[0].object_type, "accounts");
    assert_eq!(occurrence.events[0].object_id, "lé");
}

#[test]
fn an_instance_may_narrow_what_it_wants() {
    let cases = [
        ("accounts", "lead", true),
        (" Contacts , ACCOUNTS ", "lead", true),
        ("contacts", "lead", false),
        ("activity.note", "activity.note", true),
        ("activity.note", "activity.call", false),
        ("activities", "activity.call", true),
        ("", "lead", true),
        (" , ", "lead", true),
    ];
    for (objects, object_type, wanted) in cases {
        let body = modern(object_type, "created").to_string();
        let filter = ObjectFilter::parse(objects);
        let normalized = normalize(&filter, body.as_bytes(), at(RECEIVED)).unwrap();
        assert_eq!(matches!(normalized, Normalized::Events(_)), wanted, "{objects:?} and {object_type}");
    }
}

#[test]
fn malformed_bodies_are_refused_with_their_place() {
    let rows = [
        ("", "the body is not a JSON object: it ends too early at line 1 column 0"),
        ("{\n\"event\": }", "the body is not a JSON object: a syntax error at line 2 column 10"),
        ("[]", "the body is not a JSON object: another value at line 1 column 1"),
        ("null", "the body is not a JSON object: another value at line 1 column 1"),
        ("a=b", "the body is not a JSON object: a syntax error at line 1 column 1"),
        ("{}", r#""event" is missing"#),
        (r#"{"event":null}"#, r#""event" is missing"#),
        (r#"{"event":1}"#, r#""event" is not an object (today's webhooks) or a string (legacy webhooks)"#),
        (r#"{"event":"create","data":{"id":"1"}}"#, r#""model" is missing"#),
        (r#"{"event":"create","model":"lead"}"#, r#""data" is missing"#),
        (r#"{"event":"create","model":"lead","data":[]}"#, r#""data" is not an object"#),
        (r#"{"event":"create","model":"lead","data":{}}"#, r#""data.id" is missing"#),
        (r#"{"event":"create","model":"lead","data":{"id":""}}"#, r#""data.id" is missing"#),
        (r#"{"event":"create","model":"lead","data":{"id":[]}}"#, r#""data.id" is not a string"#),
        (r#"{"event":"merge","model":"lead","data":{"id":"1"}}"#, r#""data.source_id" is missing"#),
        (r#"{"event":{}}"#, r#""event.id" is missing"#),
        (
            r#"{"event":{"id":"1","object_type":"lead","object_id":true}}"#,
            r#""event.object_id" is not a string"#,
        ),
        (
            r#"{"event":"a","event":"b"}"#,
            "the body is not a JSON object: a repeated or unfitting key at line 1 column 20",
        ),
    ];
    for (body, message) in rows {
        assert_eq!(normalized(body.as_bytes()).unwrap_err().to_string(), message, "{body}");
    }
    let deep = format!(r#"{{"event":{}"#, "[".repeat(100_000));
    assert_eq!(normalized(deep.as_bytes()).unwrap_err(), Malformed::TooDeep);
    let long = legacy("lead", "create").to_string().replace("x_1", &"x".repeat(1025));
    assert_eq!(
        normalized(long.as_bytes()).unwrap_err().to_string(),
        r#""data.id" is not a string of at most 1024 bytes"#
    );
    assert!(normalized(b"{\"event\":\"\xff\"}").is_err(), "what is not UTF-8 is not JSON");
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = normalized(&body);
    }

    #[test]
    fn whatever_the_text_it_arrives_as_it_was(id in "\\PC{1,20}", note in ".*") {
        let body = json!({"model": "lead", "event": "update", "data": {"id": id, "note": note}});
        let text = body.to_string();
        let Ok(Normalized::Events(occurrence)) = normalized(text.as_bytes()) else { panic!("expected events") };
        prop_assert_eq!(occurrence.raw.get(), &text);
        prop_assert_eq!(&occurrence.events[0].object_id, &id);
    }
}
