//! `SendMessage` and `SendMessageBatch`.

use serde::{Deserialize, Serialize};

use super::attributes::{self, WireAttributes};
use super::batches::Outcomes;
use super::queue;
use crate::error::Error;
use crate::message::{NewMessage, Sent};
use crate::{Sqs, batch, limits};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendRequest {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: WireMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendBatchRequest {
    queue_url: Option<String>,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    id: String,
    #[serde(flatten)]
    message: WireMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMessage {
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i32>,
    #[serde(default)]
    message_attributes: WireAttributes,
    message_group_id: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SendAnswer {
    #[serde(rename = "Id", skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
}

/// Sends one message with the trace header of the request.
pub(super) fn send(sqs: &Sqs, request: SendRequest, trace: Option<&str>) -> Result<SendAnswer, Error> {
    let queue = queue(request.queue_url.as_ref())?;
    let sent = sqs.send(queue, &read(request.message, trace)?)?;
    Ok(describe(None, sent))
}

/// Sends up to ten messages that are together no larger than one may be.
pub(super) fn send_batch(
    sqs: &Sqs,
    request: SendBatchRequest,
    trace: Option<&str>,
) -> Result<Outcomes<SendAnswer>, Error> {
    let queue = queue(request.queue_url.as_ref())?;
    sqs.queue_url(queue)?;
    batch::check("SendMessageBatchRequestEntry", request.entries.iter().map(|entry| entry.id.as_str()))?;
    let (mut ids, mut messages) = (Vec::new(), Vec::new());
    let mut answer = Outcomes::new();
    for entry in request.entries {
        match read(entry.message, trace) {
            Ok(message) => {
                ids.push(entry.id);
                messages.push(message);
            }
            Err(refusal) => answer.add(entry.id, Err(refusal), |id, sent| describe(Some(id), sent)),
        }
    }
    batch::check_size(messages.iter().map(limits::size))?;
    for (id, outcome) in ids.into_iter().zip(sqs.send_all(queue, &messages)?) {
        answer.add(id, outcome, |id, sent| describe(Some(id), sent));
    }
    Ok(answer)
}

fn read(message: WireMessage, trace: Option<&str>) -> Result<NewMessage, Error> {
    Ok(NewMessage {
        body: message.message_body,
        delay_seconds: message.delay_seconds,
        attributes: attributes::read(message.message_attributes)?,
        group_id: message.message_group_id,
        trace_header: trace.map(str::to_owned),
    })
}

fn describe(entry: Option<String>, sent: Sent) -> SendAnswer {
    SendAnswer {
        entry,
        message_id: sent.id,
        md5_of_body: sent.md5_of_body,
        md5_of_attributes: sent.md5_of_attributes,
    }
}
