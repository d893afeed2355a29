//! `ListQueues` and `ListDeadLetterSourceQueues`, page by page.

use serde::{Deserialize, Serialize};

use super::required;
use crate::error::Error;
use crate::{Sqs, names};

/// The most queues of a page.
const MOST: i32 = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRequest {
    queue_url: Option<String>,
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<i32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueuesAnswer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct SourcesAnswer {
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The URLs of the queues, or of those whose names begin alike.
pub(super) fn queues(sqs: &Sqs, request: &ListRequest) -> Result<QueuesAnswer, Error> {
    let (queue_urls, next_token) = page(sqs, sqs.queue_names(&request.queue_name_prefix), request)?;
    Ok(QueuesAnswer { queue_urls, next_token })
}

/// The URLs of the queues that give their messages up to one.
pub(super) fn dead_letter_sources(sqs: &Sqs, request: &ListRequest) -> Result<SourcesAnswer, Error> {
    let queue = names::in_url(required(request.queue_url.as_ref(), "QueueUrl")?)?;
    let (queue_urls, next_token) = page(sqs, sqs.dead_letter_sources(queue)?, request)?;
    Ok(SourcesAnswer { queue_urls, next_token })
}

/// The page of `names` that the request asks for, as URLs, and the token of the next; a token is the last
/// name of its page.
fn page(
    sqs: &Sqs,
    mut names: Vec<String>,
    request: &ListRequest,
) -> Result<(Vec<String>, Option<String>), Error> {
    let most = request.max_results.unwrap_or(MOST);
    let most = usize::try_from(most).ok().filter(|_| (1..=MOST).contains(&most)).ok_or_else(|| {
        Error::InvalidParameterValue("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.".to_owned())
    })?;
    names.retain(|name| request.next_token.as_ref().is_none_or(|token| name > token));
    let is_more = names.len() > most;
    names.truncate(most);
    let next_token = names.last().filter(|_| is_more).cloned();
    let urls = names.iter().map(|name| sqs.queue_url(name)).collect::<Result<_, Error>>()?;
    Ok((urls, next_token))
}
