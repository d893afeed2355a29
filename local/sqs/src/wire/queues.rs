//! `GetQueueAttributes` and `PurgeQueue`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Nothing, required};
use crate::error::Error;
use crate::{Sqs, names};

/// A request that names a queue by its URL, and attributes if it asks for any.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UrlRequest {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributesAnswer {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
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
    attributes.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
    Ok(AttributesAnswer { attributes })
}

impl UrlRequest {
    fn queue(&self) -> Result<&str, Error> {
        names::in_url(required(self.queue_url.as_ref(), "QueueUrl")?)
    }
}
