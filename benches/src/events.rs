//! The events that functions are called with, as Lambda would call them.

use std::error::Error;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use close::{Normalized, ObjectFilter};
use serde_json::json;
use serde_json::value::RawValue;
use shared::events::body::{Body, Deflated};
use shared::events::id::EventId;
use shared::events::message::QueuedDelivery;
use shared::instances::InstanceId;

/// The largest body that a message carries as it came (`shared::events::body`).
const MOST_RAW: usize = 62 * 1024;

/// A webhook of Close as it is sent today, of about `bytes` bytes, like no other of another number.
pub(crate) fn webhook(number: usize, bytes: usize) -> String {
    let id = format!("{number:022}");
    let mut webhook = format!(
        r#"{{"subscription_id":"whsub_O38W2eeCowkLkasyM2JhKu","event":{{"id":"ev_{id}","date_created":"2026-06-19T12:11:12.600000","date_updated":"2026-06-19T12:11:19.120000","organization_id":"orga_P0gtge1meAS8ajeaFGb2gJiXIZlE7FIlMWVdP86PgFv","user_id":"user_WubIAfprWkbkNmWpWkuziTvTymQUH5rF5AL8xD8V4yD","request_id":"req_ZEA9yg4NlHz1TyT6qJsgnx","object_type":"lead","object_id":"lead_{id}","lead_id":"lead_{id}","action":"updated","changed_fields":["date_updated","name"],"data":{{"id":"lead_{id}","name":"Acme Corporation","status_label":"Potential","contacts":["#
    );
    let end = "{}]},\"previous_data\":{\"name\":\"Acme Corp\"}}}";
    // Contacts as a lead has them: names repeat, ids and numbers do not.
    let mut state = number as u64 + 1;
    while webhook.len() + end.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = write!(
            webhook,
            r#"{{"id":"cont_{state:020}","name":"Gob Bluth","title":"President","phones":[{{"type":"office","phone":"+1{}"}}]}},"#,
            state >> 32
        );
    }
    webhook + end
}

/// The call of the HTTP API that carries a webhook to an instance.
pub(crate) fn call_of_webhook(instance: InstanceId, webhook: &str) -> String {
    let path = format!("/elements/api-v2/events/closeio/{}", instance.encode());
    http_call(
        "POST",
        &path,
        &[("content-type", "application/json"), ("user-agent", "Close.com webhooks")],
        webhook,
    )
}

/// A call of the HTTP API, as API Gateway writes it.
pub(crate) fn http_call(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {
            "accept": "*/*", "accept-encoding": "gzip, deflate", "content-length": body.len().to_string(),
            "host": "abcdefghij.execute-api.us-east-1.amazonaws.com", "x-forwarded-for": "52.11.148.71",
            "x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793", "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij", "domainPrefix": "abcdefghij",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com", "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "52.11.148.71",
                     "userAgent": "Close.com webhooks"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "time": "19/Jun/2026:12:11:20 +0000",
            "timeEpoch": 1_781_871_080_000_u64,
        },
        "body": body, "isBase64Encoded": false,
    });
    for (name, value) in headers {
        event["headers"][name] = json!(value);
    }
    event.to_string()
}

/// A batch of the delivery queue: the webhooks with these numbers, each of an instance of its own as far as they go.
pub(crate) fn batch(
    instances: &[InstanceId],
    numbers: std::ops::Range<usize>,
    bytes: usize,
    now: DateTime<Utc>,
) -> Result<String, Box<dyn Error>> {
    let record = |number: usize| {
        let body = message(instances[number % instances.len()], number, bytes, now)?;
        Ok(json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-{number:012}"), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxl".repeat(10),
            "body": body, "messageAttributes": {}, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185", "MessageGroupId": "20931",
            },
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:deliveries",
            "awsRegion": "us-east-1",
        }))
    };
    let records = numbers.map(record).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    Ok(json!({ "Records": records }).to_string())
}

/// The message that the webhook function would send for a webhook.
fn message(
    instance: InstanceId,
    number: usize,
    bytes: usize,
    now: DateTime<Utc>,
) -> Result<String, Box<dyn Error>> {
    let webhook = webhook(number, bytes);
    let Normalized::Events(occurrence) = close::normalize(&ObjectFilter::default(), webhook.as_bytes(), now)?
    else {
        return Err("the webhook is ignored".into());
    };
    let id = EventId::of(instance, &occurrence.key);
    let raw: &RawValue = occurrence.raw;
    let body = if raw.get().len() <= MOST_RAW { Body::Raw(raw) } else { Body::Deflated(Deflated::of(raw)) };
    Ok(QueuedDelivery::first(instance, id, now, occurrence.events, body).to_message())
}
