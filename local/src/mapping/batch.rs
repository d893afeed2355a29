//! The event of a batch of messages, and the function's answer to it.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use sqs::{ACCOUNT, REGION, Received};

use crate::functions::MAX_EVENT;

/// Splits messages, in their order, into batches that fit an event: Lambda calls with as many as fit its payload limit, even
/// if the batch size allows more (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").
pub(super) fn fitting(messages: Vec<Received>) -> Vec<Vec<Received>> {
    let mut batches: Vec<Vec<Received>> = Vec::new();
    let mut size = 0;
    for received in messages {
        let own = record("", &received).to_string().len() + MARGIN;
        match batches.last_mut() {
            Some(batch) if size + own <= MAX_EVENT => batch.push(received),
            _ => {
                batches.push(vec![received]);
                size = MARGIN;
            }
        }
        size += own;
    }
    batches
}

/// Allows for the frame around the records, the commas between them, and the queue's name in each.
const MARGIN: usize = 256;

pub(super) fn event(queue: &str, messages: &[Received]) -> Vec<u8> {
    let records: Vec<Value> = messages.iter().map(|received| record(queue, received)).collect();
    json!({ "Records": records }).to_string().into_bytes()
}

fn record(queue: &str, received: &Received) -> Value {
    let message = &received.message;
    let millis = |time: chrono::DateTime<chrono::Utc>| time.timestamp_millis().to_string();
    let attributes: BTreeMap<&str, Option<String>> = [
        ("ApproximateReceiveCount", Some(message.receive_count.to_string())),
        ("SentTimestamp", Some(millis(message.sent))),
        ("SenderId", Some(ACCOUNT.to_owned())),
        ("ApproximateFirstReceiveTimestamp", message.first_received.map(millis)),
        ("MessageGroupId", message.group_id.clone()),
        ("AWSTraceHeader", message.trace_header.clone()),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_some())
    .collect();
    let attribute = |value: &str| json!({ "dataType": "String", "stringValue": value });
    let message_attributes: BTreeMap<&str, Value> =
        message.attributes.iter().map(|(name, value)| (&**name, attribute(value))).collect();
    json!({
        "messageId": message.id,
        "receiptHandle": received.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
        "awsRegion": REGION,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: Option<String>,
}

/// The ids of the messages that failed, as the function reports them.
///
/// As on Lambda, an answer that names a message that was not in the batch, or is not understood, fails all of
/// them; an empty or absent list fails none.
pub(super) fn failures(answer: &[u8], messages: &[Received]) -> Result<Vec<String>, String> {
    let answer: Option<Answer> = serde_json::from_slice(answer)
        .map_err(|error| format!("the answer is not a list of batchItemFailures: {error}"))?;
    let failures = answer.and_then(|answer| answer.batch_item_failures).unwrap_or_default();
    let known: HashSet<&str> = messages.iter().map(|received| &*received.message.id).collect();
    failures
        .into_iter()
        .map(|failure| {
            let id = failure.item_identifier.unwrap_or_default();
            if known.contains(&*id) { Ok(id) } else { Err(format!("{id:?} is not a message of the batch")) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use shared::platform::clock::ManualClock;

    use super::*;
    use sqs::{NewMessage, QueueAttributes, Receive, Sqs, Storage};

    async fn received() -> Vec<Received> {
        let clock = Arc::new(ManualClock::starting_at(DateTime::UNIX_EPOCH));
        let sqs = Sqs::open(&Storage::Memory, clock, "http://127.0.0.1:1".to_owned()).unwrap();
        sqs.create_queue("q", &QueueAttributes::new()).unwrap();
        let message = NewMessage { group_id: Some("7".to_owned()), ..NewMessage::new("one") };
        sqs.send("q", &message).unwrap();
        sqs.send("q", &message).unwrap();
        sqs.receive("q", &Receive { maximum: 10, ..Receive::default() }).await.unwrap()
    }

    #[tokio::test]
    async fn a_batch_becomes_the_event_of_lambda() {
        let messages = received().await;
        let event: Value = serde_json::from_slice(&event("q", &messages)).unwrap();
        let record = &event["Records"][0];
        assert_eq!(record["body"], "one");
        assert_eq!(record["messageId"], messages[0].message.id);
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
        assert_eq!(record["attributes"]["MessageGroupId"], "7");
        assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:q");
        assert_eq!(event["Records"].as_array().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn ten_large_messages_become_several_batches() {
        let clock = Arc::new(ManualClock::starting_at(DateTime::UNIX_EPOCH));
        let sqs = Sqs::open(&Storage::Memory, clock, "http://127.0.0.1:1".to_owned()).unwrap();
        sqs.create_queue(
            "q",
            &QueueAttributes::from([("MaximumMessageSize".to_owned(), "1048576".to_owned())]),
        )
        .unwrap();
        // Each quotation mark is two bytes of the event.
        for body in ["a".repeat(1_048_576), "\"".repeat(1_048_576)] {
            for _ in 0..10 {
                sqs.send("q", &NewMessage::new(&body)).unwrap();
            }
            let messages = sqs.receive("q", &Receive { maximum: 10, ..Receive::default() }).await.unwrap();
            let ids: Vec<_> = messages.iter().map(|received| received.message.id.clone()).collect();
            let batches = fitting(messages);
            assert!(batches.iter().all(|batch| event("q", batch).len() <= MAX_EVENT));
            assert!(
                batches.len() == 10usize.div_ceil(MAX_EVENT / event("q", &batches[0][..1]).len()),
                "{}",
                batches.len()
            );
            let kept: Vec<_> = batches.iter().flatten().map(|received| received.message.id.clone()).collect();
            assert_eq!(kept, ids);
        }
    }

    #[tokio::test]
    async fn only_reported_messages_of_the_batch_have_failed() {
        let messages = received().await;
        let id = &messages[1].message.id;
        let report = |id: &str| format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{id}"}}]}}"#);
        for none in ["{}", "null", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(failures(none.as_bytes(), &messages), Ok(Vec::new()), "{none}");
        }
        assert_eq!(failures(report(id).as_bytes(), &messages), Ok(vec![id.clone()]));
        for all in [&*report("another"), &*report(""), r#"{"batchItemFailures":[{}]}"#, "[]", "no", ""] {
            assert!(failures(all.as_bytes(), &messages).is_err(), "{all}");
        }
    }
}
