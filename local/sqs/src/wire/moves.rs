//! `StartMessageMoveTask`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::required;
use crate::Sqs;
use crate::error::Error;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Request {
    source_arn: Option<String>,
    destination_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    task_handle: String,
}

/// Moves the messages. The task ends at once, so its handle serves no other action.
pub(super) fn start(sqs: &Sqs, request: &Request) -> Result<Answer, Error> {
    let source_arn = required(request.source_arn.as_ref(), "SourceArn")?;
    sqs.start_move(source_arn, request.destination_arn.as_deref())?;
    Ok(Answer { task_handle: Uuid::new_v4().to_string() })
}
