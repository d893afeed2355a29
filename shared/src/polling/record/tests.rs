use serde_json::json;

use super::*;
use crate::polling::configuration;
use crate::polling::cursor::{Cursor, Object, Version};
use crate::polling::template::Times;

fn configuration(entry: &Value) -> ResourceConfiguration {
    let mut entry = entry.clone();
    entry["url"].as_str().is_none().then(|| entry["url"] = json!("/hubs/crm/contacts"));
    entry["idField"].as_str().is_none().then(|| entry["idField"] = json!("id"));
    configuration::read(&json!({"contacts": entry}).to_string()).unwrap().remove(0)
}

fn read(record: &Value, entry: &Value) -> Result<Record, BadRecord> {
    Record::read(&serde_json::value::to_raw_value(record).unwrap(), &configuration(entry))
}

fn wanted(record: &Value, entry: &Value) -> bool {
    let times = Times { last_poll: DateTime::UNIX_EPOCH, now: "2026-06-19T12:00:00Z".parse().unwrap() };
    let since = "2026-06-19T11:00:00Z".parse().unwrap();
    let scope = Scope { times, pattern: None, is_partial: false };
    read(record, entry).unwrap().is_wanted(&configuration(entry), since, &scope)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A resource whose window begins then.
fn after(since: DateTime<Utc>) -> Cursor {
    Cursor::starting_at(since, String::new())
}

#[test]
fn what_was_created_within_the_window_is_new_however_much_later_it_changed() {
    let record = json!({
        "id": "x", "date_updated": "2026-06-19T11:30:11.000000+00:00", "date_created": "2026-06-19T11:30:00+00:00",
    });
    let entry = json!({"createdCheckTolerance": 0});
    let kind =
        |since: &str| read(&record, &entry).unwrap().event_type(&configuration(&entry), &after(at(since)));
    assert_eq!(kind("2026-06-19T11:30:00Z"), EventType::Created);
    assert_eq!(kind("2026-06-19T11:30:01Z"), EventType::Updated);
}

#[test]
fn what_was_enqueued_before_its_resource_began_again_is_not_new() {
    let record = json!({
        "id": "x", "date_updated": "2026-06-19T11:30:01.000000+00:00", "date_created": "2026-06-19T11:30:00+00:00",
    });
    let entry = json!({});
    let kind = |from: &str, until: &str| {
        let mut cursor = Cursor { from: at(from), ..after(at(until)) };
        cursor.start_again_at(at("2026-06-01T00:00:00Z"));
        read(&record, &entry).unwrap().event_type(&configuration(&entry), &cursor)
    };
    assert_eq!(kind("2026-06-19T11:00:00Z", "2026-06-19T12:00:00Z"), EventType::Updated);
    assert_eq!(kind("2026-06-19T11:30:00Z", "2026-06-19T11:30:01Z"), EventType::Updated);
    assert_eq!(kind("2026-06-19T11:30:01Z", "2026-06-19T12:00:00Z"), EventType::Created, "it began later");
    assert_eq!(kind("2026-06-19T11:00:00Z", "2026-06-19T11:30:00Z"), EventType::Created, "it ended before");
}

#[test]
fn what_was_enqueued_is_not_new() {
    let record = json!({
        "id": "x", "date_updated": "2026-06-19T11:30:01.000000+00:00", "date_created": "2026-06-19T11:30:00+00:00",
    });
    let entry = json!({});
    let kind = |cursor: &Cursor| read(&record, &entry).unwrap().event_type(&configuration(&entry), cursor);
    let mut cursor = after(at("2026-06-19T11:00:00Z"));
    assert_eq!(kind(&cursor), EventType::Created);
    let version = Version::of(&EventId::derive(&[b"before"]));
    let walk_began = at("2026-06-19T11:40:00Z");
    let mut full = cursor.clone();
    full.told.insert((version, Object::of("y")), walk_began, walk_began, 0);
    full.since = at("2026-06-19T11:29:00Z");
    assert_eq!(kind(&full), EventType::Updated, "it may have been, and there was no room to remember it");
    cursor.told.insert((version, Object::of("x")), walk_began, walk_began, 10);
    assert_eq!(kind(&cursor), EventType::Updated);
}

#[test]
fn a_record_is_remembered_while_it_may_be_new_or_changed() {
    let until = |created: &str, tolerance: i64| {
        let entry = json!({"createdCheckTolerance": tolerance});
        let record =
            json!({"id": "x", "date_updated": "2026-06-19T11:30:00.000000+00:00", "date_created": created});
        read(&record, &entry).unwrap().shown_until(&configuration(&entry)).to_rfc3339()
    };
    assert_eq!(until("2026-06-19T11:29:55+00:00", 10), "2026-06-19T11:30:05+00:00");
    assert_eq!(until("2026-06-19T11:00:00+00:00", 10), "2026-06-19T11:30:00+00:00");
    assert_eq!(until("never", 10), "2026-06-19T11:30:00+00:00");
}

#[test]
fn an_entry_without_its_object_fulfils_what_is_asked_of_the_object() {
    let configured = json!({"idField": "id"});
    let times = Times { last_poll: DateTime::UNIX_EPOCH, now: at("2026-06-19T12:00:00Z") };
    let scope = Scope { times, pattern: None, is_partial: false };
    let wanted = |previous: &Value| {
        let (read, configuration) =
            of_entry(&entry(&Value::Null, previous), "calls?where=mark='a'", &configured);
        read.is_wanted(&configuration, at("2026-06-19T11:00:00Z"), &scope)
    };
    assert!(wanted(&json!({})) && wanted(&json!({"mark": "a"})) && !wanted(&json!({"mark": "b"})));
}

#[test]
fn created_and_updated_within_the_tolerance_is_new() {
    let cursor = after(at("2026-06-19T12:00:00Z"));
    let kind = |created: &str, entry: &Value| {
        let record =
            json!({"id": "x", "date_updated": "2026-06-19T11:30:10.000000+00:00", "date_created": created});
        read(&record, entry).unwrap().event_type(&configuration(entry), &cursor)
    };
    assert_eq!(kind("2026-06-19T11:30:00+00:00", &json!({})), EventType::Created);
    assert_eq!(kind("2026-06-19T11:29:59.999999+00:00", &json!({})), EventType::Updated);
    assert_eq!(kind("2026-06-19T11:30:20+00:00", &json!({})), EventType::Created);
    assert_eq!(kind("2026-06-19T11:30:00+00:00", &json!({"createdCheckTolerance": 0})), EventType::Updated);
    assert_eq!(kind("never", &json!({})), EventType::Updated);
}

#[test]
fn ids_and_dates_come_from_dotted_paths() {
    let entry = json!({
        "idField": "user.id",
        "datesConfiguration": {"updatedDateField": "meta.changed", "updatedDateFormat": "milliseconds"},
    });
    let record =
        read(&json!({"user": {"id": 7}, "meta": {"changed": 1_781_868_600_000_i64}}), &entry).unwrap();
    assert_eq!(
        (record.id.as_str(), record.updated.to_rfc3339()),
        ("7", "2026-06-19T11:30:00+00:00".to_owned())
    );
    assert_eq!(record.changed_at, record.updated);
}

#[test]
fn a_version_is_a_state_of_one_object_of_one_resource() {
    let instance = InstanceId::from_entropy([7; 8]);
    let id = |record: Value, resource: &str| read(&record, &json!({})).unwrap().event_id(instance, resource);
    let one = id(json!({"id": "x", "date_updated": "2026-06-19T11:30:00.000001"}), "contacts");
    assert_eq!(
        one,
        id(json!({"id": "x", "date_updated": "2026-06-19T11:30:00.000001", "more": 1}), "contacts")
    );
    assert_ne!(one, id(json!({"id": "x", "date_updated": "2026-06-19T11:30:00.000002"}), "contacts"));
    assert_ne!(one, id(json!({"id": "y", "date_updated": "2026-06-19T11:30:00.000001"}), "contacts"));
    assert_ne!(one, id(json!({"id": "x", "date_updated": "2026-06-19T11:30:00.000001"}), "leads"));
}

#[test]
fn bounds_and_conditions_decide_what_is_told() {
    let at = |time: &str| json!({"id": "x", "title": "CEO", "date_updated": time, "date_created": "2026-06-19T10:00:00Z"});
    assert!(wanted(&at("2026-06-19T11:00:00Z"), &json!({})), "the bound itself is inside");
    assert!(!wanted(&at("2026-06-19T10:59:59.999999Z"), &json!({})));
    let elsewhere =
        json!({"datesConfiguration": {"updatedDateField": "date_created"}, "filterByUpdatedDate": false});
    assert!(wanted(&at("2026-06-19T11:00:00Z"), &elsewhere), "by Close's own date as well");
    assert!(wanted(&at("2026-06-19T12:00:00Z"), &json!({"filterByCurrentDate": true})));
    assert!(wanted(&at("2026-06-19T12:00:01Z"), &json!({})));
    assert!(!wanted(&at("2026-06-19T12:00:01Z"), &json!({"filterByCurrentDate": true})));
    assert!(!wanted(&at("2026-06-19T11:30:00Z"), &json!({"url": "/contacts?where=title='CTO'"})));
    // By its creation the record is old; only without the filter it is told for its later change.
    let dates = json!({"updatedDateField": "date_created", "createdDateField": "date_created"});
    assert!(!wanted(&at("2026-06-19T11:30:00Z"), &json!({"datesConfiguration": dates})));
    let entry = json!({"datesConfiguration": dates, "filterByUpdatedDate": false});
    assert!(wanted(&at("2026-06-19T11:30:00Z"), &entry));
}

#[test]
fn a_bad_record_says_which_field_it_lacks() {
    let entry = json!({});
    let date = "2026-06-19T11:30:00Z";
    let rows = [
        (json!([1]), "a record is not an object"),
        (json!(null), "a record is not an object"),
        (json!({"date_updated": date}), "a record has no usable \"id\""),
        (json!({"id": {"a": 1}, "date_updated": date}), "a record has no usable \"id\""),
        (json!({"id": "", "date_updated": date}), "a record has no usable \"id\""),
        (json!({"id": "x"}), "a record has no usable date in \"date_updated\""),
        (json!({"id": "x", "date_updated": "soon"}), "a record has no usable date in \"date_updated\""),
        (json!({"id": "x", "date_updated": true}), "a record has no usable date in \"date_updated\""),
    ];
    for (record, said) in rows {
        assert_eq!(read(&record, &entry).unwrap_err().to_string(), said, "{record}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let raw = RawValue::from_string(format!("{{\"id\":{deep}}}"));
    assert!(raw.is_err() || Record::read(&raw.unwrap(), &configuration(&entry)).is_err());
}

fn of_entry(entry: &Value, resource: &str, configured: &Value) -> (Record, ResourceConfiguration) {
    let mut configured = configured.clone();
    configured["url"] = json!(format!("/{resource}"));
    if configured["idField"].is_null() {
        configured["idField"] = json!("id");
    }
    let configuration = configuration::read(&json!({"mine": configured}).to_string()).unwrap().remove(0);
    let raw = serde_json::value::to_raw_value(entry).unwrap();
    (Record::of_entry(&raw, object_of(&raw), &configuration).unwrap(), configuration)
}

fn entry(data: &Value, previous: &Value) -> Value {
    json!({
        "id": "ev_1", "object_type": "activity.call", "object_id": "acti_1", "action": "deleted",
        "date_updated": "2026-06-19T11:30:00.000001", "data": data, "previous_data": previous,
    })
}

#[test]
fn an_entry_is_read_from_the_object_in_it_and_else_from_itself() {
    let previous = json!({"id": "acti_1", "lead_id": "lead_1", "date_updated": "2026-01-01T00:00:00Z", "called": "01.02.2026"});
    let dates = json!({"updatedDateField": "called", "updatedDateFormat": "dd.MM.yyyy"});
    let configured = json!({"idField": "lead_id", "datesConfiguration": dates});
    let (read, configuration) = of_entry(&entry(&Value::Null, &previous), "calls", &configured);
    assert_eq!((&*read.id, &*read.object_type, &*read.closes_type), ("lead_1", "mine", "activity.call"));
    assert_eq!(read.updated.to_rfc3339(), "2026-02-01T00:00:00+00:00");
    let cursor = after(at("2026-06-19T11:00:00Z"));
    assert_eq!(read.event_type(&configuration, &cursor), EventType::Deleted);
    // An entry without its object has its own id and date.
    let (read, _) = of_entry(&entry(&Value::Null, &json!({})), "calls", &configured);
    assert_eq!((&*read.id, read.updated), ("acti_1", read.changed_at));
    let (whole, _) = of_entry(&entry(&Value::Null, &previous), "events", &json!({"idField": "lead_id"}));
    assert_eq!((&*whole.id, &*whole.object_type), ("lead_1", "activities"));
    let instance = InstanceId::from_entropy([7; 8]);
    assert_ne!(whole.event_id(instance, "mine"), read.event_id(instance, "mine"));
}

#[test]
fn an_object_is_what_it_became_or_else_what_it_was() {
    let object = |data: &Value, previous: &Value| {
        let raw = serde_json::value::to_raw_value(&entry(data, previous)).unwrap();
        object_of(&raw).map(|raw| raw.get().to_owned())
    };
    let (a, b) = (json!({"id": "a"}), json!({"id": "b"}));
    assert_eq!(object(&a, &b).as_deref(), Some(r#"{"id":"a"}"#));
    assert_eq!(object(&Value::Null, &b).as_deref(), Some(r#"{"id":"b"}"#));
    assert_eq!(object(&json!({}), &json!({})), None);
}

#[test]
fn a_day_may_be_any_time_in_it() {
    let dates = json!({"updatedDateField": "touched", "updatedDateFormat": "yyyy-MM-dd"});
    let configured = json!({"datesConfiguration": dates});
    let at = |day: &str| json!({"id": "x", "touched": day});
    assert!(wanted(&at("2026-06-19"), &configured), "the window begins at eleven");
    assert!(!wanted(&at("2026-06-18"), &configured));
}
