//! `StartMessageMoveTask` and `ListMessageMoveTasks`.

use serde::{Deserialize, Serialize};

use super::required;
use crate::error::Error;
use crate::{MoveTask, Sqs};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartRequest {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRequest {
    source_arn: Option<String>,
    max_results: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartAnswer {
    task_handle: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAnswer {
    results: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    started_timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
}

/// Starts a task.
pub(super) fn start(sqs: &Sqs, request: &StartRequest) -> Result<StartAnswer, Error> {
    let source_arn = required(request.source_arn.as_ref(), "SourceArn")?;
    let rate = request.max_number_of_messages_per_second;
    let task_handle = sqs.start_move(source_arn, request.destination_arn.as_deref(), rate)?;
    Ok(StartAnswer { task_handle })
}

/// Says how far the latest tasks got; how many is up to the request, and one if it does not say.
pub(super) fn list(sqs: &Sqs, request: &ListRequest) -> Result<ListAnswer, Error> {
    let source_arn = required(request.source_arn.as_ref(), "SourceArn")?;
    let tasks = sqs.moves(source_arn, request.max_results.unwrap_or(1))?;
    Ok(ListAnswer { results: tasks.into_iter().map(describe).collect() })
}

fn describe(task: MoveTask) -> Entry {
    Entry {
        status: if task.failure.is_none() { "COMPLETED" } else { "FAILED" },
        source_arn: task.source_arn,
        destination_arn: task.destination_arn,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        started_timestamp: task.started.timestamp_millis(),
        failure_reason: task.failure,
    }
}
