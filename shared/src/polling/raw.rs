//! `raw` of a polled notification: the body that the old platform's poller built, with the record in it byte for byte.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::callbacks::notification::{Entry, entry};
use crate::instances::InstanceId;
use close::event::Event;

/// What is between the record and the end: the same in all forms.
#[derive(Serialize)]
struct Rest<'a> {
    #[serde(rename = "objectType")]
    object_type: &'a str,
    events: [Entry<'a>; 1],
}

/// A record of a resource: `{"instance_id", "<resource>": [record], "objectType", "events"}`.
pub fn of_record(instance: InstanceId, event: &Event, record: &RawValue) -> Box<RawValue> {
    // A resource may be called anything; two of the names are taken by the platform.
    match event.object_type.as_str() {
        taken @ ("events" | "instance_id" | "objectType") => {
            build(instance, event, &format!("{taken}_records"), &format!("[{record}]"))
        }
        name => build(instance, event, name, &format!("[{record}]")),
    }
}

/// An object of which Close says no more than its id.
pub fn of_id(instance: InstanceId, event: &Event) -> Box<RawValue> {
    let record = to_raw_value(&serde_json::json!({ "id": event.object_id })).unwrap_or_default();
    of_record(instance, event, &record)
}

/// An entry of Close's event feed: `{"instance_id", "event": event, "objectType", "events"}`. A webhook has
/// Close's event under the same key.
pub fn of_logged_event(instance: InstanceId, event: &Event, logged: &RawValue) -> Box<RawValue> {
    build(instance, event, "event", logged.get())
}

fn build(instance: InstanceId, event: &Event, key: &str, value: &str) -> Box<RawValue> {
    let rest = Rest { object_type: &event.object_type, events: [entry(event)] };
    // Nothing in these can fail to serialise: every map key is a string.
    let rest = to_raw_value(&rest).unwrap_or_default();
    let key = to_raw_value(key).unwrap_or_default();
    let rest = rest.get().trim_start_matches('{');
    let text = format!("{{\"instance_id\":{},{key}:{value},{rest}", instance.get());
    RawValue::from_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use close::event::EventType;

    #[test]
    fn a_record_is_in_it_to_the_byte() {
        let event = Event {
            object_type: "accounts".to_owned(),
            object_id: "lead_1".to_owned(),
            event_type: EventType::Created,
            date: "2018-07-31T19:39:46Z".parse().unwrap(),
            poll_date: "2018-07-31T19:40:36Z".parse().ok(),
        };
        let record = RawValue::from_string(r#"{ "z":1.10, "id":"lead_1" }"#.to_owned()).unwrap();
        let instance = InstanceId::from_entropy([0, 0, 0, 0, 0, 0, 0x51, 0xc3]);
        let entry = r#"{"objectType":"accounts","objectId":"lead_1","date":"2018-07-31T19:39:46Z","pollDate":"2018-07-31T19:40:36Z","eventType":"CREATED","elementKey":"closeio","hubKey":"crm"}"#;
        assert_eq!(
            of_record(instance, &event, &record).get(),
            format!(
                r#"{{"instance_id":20931,"accounts":[{{ "z":1.10, "id":"lead_1" }}],"objectType":"accounts","events":[{entry}]}}"#
            )
        );
        assert_eq!(
            of_logged_event(instance, &event, &record).get(),
            format!(
                r#"{{"instance_id":20931,"event":{{ "z":1.10, "id":"lead_1" }},"objectType":"accounts","events":[{entry}]}}"#
            )
        );
    }
}
