//! `GetQueueAttributes` and `PurgeQueue`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Nothing, queue};
use crate::Sqs;
use crate::error::Error;

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

pub(super) fn purge(sqs: &Sqs, request: &UrlRequest) -> Result<Nothing, Error> {
    sqs.purge_queue(queue(request.queue_url.as_ref())?)?;
    Ok(Nothing {})
}

pub(super) fn attributes(sqs: &Sqs, request: &UrlRequest) -> Result<AttributesAnswer, Error> {
    let queue = queue(request.queue_url.as_ref())?;
    let asked = &request.attribute_names;
    let mut attributes = sqs.attributes(queue)?;
    attributes.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
    Ok(AttributesAnswer { attributes })
}
