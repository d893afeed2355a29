//! `ReceiveMessage`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attributes::{self, WireAttributes};
use super::queue;
use crate::error::Error;
use crate::message::{Message, Received};
use crate::names::ACCOUNT;
use crate::{Receive, Sqs, digest, limits};

/// The most messages of one request.
const MOST: i32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i32>,
    visibility_timeout: Option<i32>,
    wait_time_seconds: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<WireMessage>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireMessage {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: WireAttributes,
}

/// Receives messages, each with the attributes that the request asks for.
pub(super) async fn receive(sqs: &Sqs, request: Request) -> Result<Answer, Error> {
    let queue = queue(request.queue_url.as_ref())?;
    sqs.queue_url(queue)?;
    let mut system = request.message_system_attribute_names;
    system.extend(request.attribute_names);
    let maximum = request.max_number_of_messages.unwrap_or(1);
    limits::check_maximum(maximum, MOST)?;
    let asked = Receive {
        maximum,
        visibility_timeout: request.visibility_timeout,
        wait_seconds: request.wait_time_seconds,
    };
    let received = sqs.receive(queue, &asked).await?;
    let describe = |received| describe(received, &system, &request.message_attribute_names);
    Ok(Answer { messages: received.into_iter().map(describe).collect() })
}

fn describe(received: Received, system: &[String], custom: &[String]) -> WireMessage {
    let asks = |asked: &[String], name: &str| asked.iter().any(|asked| asked == "All" || asked == name);
    let mut attributes = system_attributes(&received.message);
    attributes.retain(|name, _| asks(system, name));
    let mut message = received.message;
    message.attributes.retain(|name, _| asks(custom, name));
    WireMessage {
        message_id: message.id,
        receipt_handle: received.receipt_handle,
        md5_of_body: message.md5_of_body,
        body: message.body,
        attributes,
        md5_of_attributes: digest::of_attributes(&message.attributes),
        message_attributes: attributes::write(message.attributes),
    }
}

fn system_attributes(message: &Message) -> BTreeMap<&'static str, String> {
    let first = message.first_received.map(|time| time.timestamp_millis().to_string());
    let all = [
        ("ApproximateFirstReceiveTimestamp", first),
        ("ApproximateReceiveCount", Some(message.receive_count.to_string())),
        ("AWSTraceHeader", message.trace_header.clone()),
        ("DeadLetterQueueSourceArn", message.dead_letter_source.clone()),
        ("MessageGroupId", message.group_id.clone()),
        ("SenderId", Some(ACCOUNT.to_owned())),
        ("SentTimestamp", Some(message.sent.timestamp_millis().to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
