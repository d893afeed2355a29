//! Who goes first within a batch.

use std::collections::BTreeMap;

use shared::instances::InstanceId;

use crate::message::Message;

/// Puts the messages of each instance into a lane of their own, where an event goes before those tried more often.
///
/// Lanes are worked side by side, so a receiver that hangs only holds up itself; and within its lane an
/// event that has never been tried, and waited for the callback, does not wait behind those that have failed.
pub(crate) fn of(messages: Vec<Message<'_>>) -> Vec<Vec<Message<'_>>> {
    let mut lanes: BTreeMap<InstanceId, Vec<Message<'_>>> = BTreeMap::new();
    for message in messages {
        lanes.entry(message.delivery.instance_id).or_default().push(message);
    }
    for lane in lanes.values_mut() {
        lane.sort_by_key(|message| (message.delivery.attempt, message.delivery.received_at));
    }
    lanes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::Record;

    fn record(instance: u64, attempt: u32, received_at: i64) -> Record {
        let body = format!(
            r#"{{"version":2,"instanceId":{instance},"eventId":"e","receivedAt":{received_at},"round":0,"attempt":{attempt},"events":[],"raw":1}}"#
        );
        let id = format!("{instance}/{attempt}/{received_at}");
        serde_json::from_value(json!({ "messageId": id, "body": body })).unwrap()
    }

    #[test]
    fn fresh_events_go_before_retries_and_instances_side_by_side() {
        let batch = [(1, 3, 0), (2, 1, 5), (1, 2, 1), (1, 1, 9), (2, 1, 4), (1, 1, 8)];
        let records = batch.map(|(instance, attempt, at)| record(instance, attempt, at));
        let lanes = of(records.iter().map(|record| Message::read(record).unwrap()).collect());
        let ids: Vec<Vec<_>> =
            lanes.iter().map(|lane| lane.iter().map(|message| message.id).collect()).collect();
        assert_eq!(ids, [vec!["1/1/8", "1/1/9", "1/2/1", "1/3/0"], vec!["2/1/4", "2/1/5"]]);
    }
}
