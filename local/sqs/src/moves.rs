//! Move tasks: messages on their way out of a dead-letter queue.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// A task that has moved the messages of a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// The task's id, a part of its handle.
    pub id: String,
    /// The ARN of the queue that it empties.
    pub source_arn: String,
    /// The ARN of the queue that it fills; each message's own source queue if `None`.
    pub destination_arn: Option<String>,
    /// How many messages it has moved.
    pub moved: u64,
    /// How many messages were visible when it was started.
    pub to_move: u64,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// Why it failed, if it did: the code of an error. What it had moved stays moved.
    pub failure: Option<String>,
}

impl MoveTask {
    /// The handle that a client gets of the task.
    pub fn handle(&self) -> String {
        let handle = serde_json::json!({ "taskId": self.id, "sourceArn": self.source_arn });
        STANDARD.encode(handle.to_string())
    }
}
