//! The actions on queues: making, finding, setting, tagging, purging and deleting them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Nothing, required};
use crate::error::Error;
use crate::settings::QueueAttributes;
use crate::{Sqs, names};

/// The attributes that a queue can have.
const ATTRIBUTES: [&str; 22] = [
    "All",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRequest {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: QueueAttributes,
    #[serde(default, rename = "tags")]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameRequest {
    queue_name: Option<String>,
}

/// A request that names a queue by its URL, and what else it says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UrlRequest {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    attributes: QueueAttributes,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UrlAnswer {
    queue_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributesAnswer {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagsAnswer {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// Makes a queue.
pub(super) fn create(sqs: &Sqs, request: CreateRequest) -> Result<UrlAnswer, Error> {
    let name = required(request.queue_name.as_ref(), "QueueName")?;
    let queue_url = sqs.create_queue(name, &request.attributes)?;
    if !request.tags.is_empty() {
        sqs.tag_queue(name, request.tags)?;
    }
    Ok(UrlAnswer { queue_url })
}

/// The URL of a queue.
pub(super) fn url(sqs: &Sqs, request: &NameRequest) -> Result<UrlAnswer, Error> {
    Ok(UrlAnswer { queue_url: sqs.queue_url(required(request.queue_name.as_ref(), "QueueName")?)? })
}

/// Deletes a queue.
pub(super) fn delete(sqs: &Sqs, request: &UrlRequest) -> Result<Nothing, Error> {
    sqs.delete_queue(request.queue()?)?;
    Ok(Nothing {})
}

/// Deletes the messages of a queue.
pub(super) fn purge(sqs: &Sqs, request: &UrlRequest) -> Result<Nothing, Error> {
    sqs.purge_queue(request.queue()?)?;
    Ok(Nothing {})
}

/// The attributes of a queue that the request names, and that have a value.
pub(super) fn attributes(sqs: &Sqs, request: &UrlRequest) -> Result<AttributesAnswer, Error> {
    let queue = request.queue()?;
    let asked = &request.attribute_names;
    let mut attributes = sqs.attributes(queue)?;
    if let Some(unknown) = asked.iter().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
        return Err(Error::InvalidAttributeName(unknown.clone()));
    }
    attributes.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
    Ok(AttributesAnswer { attributes })
}

/// Sets attributes of a queue.
pub(super) fn set_attributes(sqs: &Sqs, request: &UrlRequest) -> Result<Nothing, Error> {
    sqs.set_attributes(request.queue()?, &request.attributes)?;
    Ok(Nothing {})
}

/// Adds tags to a queue.
pub(super) fn tag(sqs: &Sqs, request: UrlRequest) -> Result<Nothing, Error> {
    let queue = request.queue()?.to_owned();
    sqs.tag_queue(&queue, request.tags)?;
    Ok(Nothing {})
}

/// Removes tags from a queue.
pub(super) fn untag(sqs: &Sqs, request: &UrlRequest) -> Result<Nothing, Error> {
    sqs.untag_queue(request.queue()?, &request.tag_keys)?;
    Ok(Nothing {})
}

/// The tags of a queue.
pub(super) fn tags(sqs: &Sqs, request: &UrlRequest) -> Result<TagsAnswer, Error> {
    Ok(TagsAnswer { tags: sqs.tags(request.queue()?)? })
}

impl UrlRequest {
    fn queue(&self) -> Result<&str, Error> {
        names::in_url(required(self.queue_url.as_ref(), "QueueUrl")?)
    }
}
