//! Move tasks: messages on their way out of a dead-letter queue.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

/// A task that moves the messages of a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// The task's id, a part of its handle.
    pub id: String,
    /// The number of the queue that it empties.
    pub(super) source: i64,
    /// The ARN of the queue that it empties.
    pub source_arn: String,
    /// The ARN of the queue that it fills; each message's own source queue if `None`.
    pub destination_arn: Option<String>,
    /// The most messages that it moves in a second; all at once if `None`.
    pub rate: Option<u32>,
    /// How far it got.
    pub status: MoveStatus,
    /// How many messages it has moved.
    pub moved: u64,
    /// How many messages were visible when it was started.
    pub to_move: u64,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// Why it failed, if it did: the code of an error.
    pub failure: Option<String>,
}

/// How far a move task got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveStatus {
    /// It moves messages as its rate allows.
    Running,
    /// It has moved what there was to move.
    Completed,
    /// A message had nowhere to go; what it had moved stays moved.
    Failed,
}

impl MoveStatus {
    /// The name that SQS gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

impl MoveTask {
    /// The handle that a client gets of the task.
    pub fn handle(&self) -> String {
        let handle = serde_json::json!({ "taskId": self.id, "sourceArn": self.source_arn });
        STANDARD.encode(handle.to_string())
    }

    /// How many more messages it may have moved at `now`.
    pub(super) fn allowance(&self, now: DateTime<Utc>) -> u64 {
        let left = self.to_move.saturating_sub(self.moved);
        let Some(rate) = self.rate else { return left };
        let elapsed = (now - self.started).num_microseconds().unwrap_or(i64::MAX).max(0);
        let earned = i128::from(elapsed) * i128::from(rate) / 1_000_000;
        u64::try_from(earned).unwrap_or(u64::MAX).saturating_sub(self.moved).min(left)
    }

    /// When it may move its next message.
    pub(super) fn next_step(&self) -> DateTime<Utc> {
        let Some(rate) = self.rate else { return self.started };
        let micros = ((self.moved + 1) * 1_000_000).div_ceil(u64::from(rate));
        self.started + TimeDelta::microseconds(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(rate: Option<u32>, moved: u64) -> MoveTask {
        MoveTask {
            id: "id".to_owned(),
            source: 1,
            source_arn: "arn".to_owned(),
            destination_arn: None,
            rate,
            status: MoveStatus::Running,
            moved,
            to_move: 10,
            started: DateTime::UNIX_EPOCH,
            failure: None,
        }
    }

    fn after(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn a_task_without_a_rate_moves_all_at_once() {
        assert_eq!(task(None, 0).allowance(after(0)), 10);
        assert_eq!(task(None, 10).allowance(after(0)), 0);
    }

    #[test]
    fn a_task_with_a_rate_moves_as_time_passes_and_never_more_than_there_was() {
        assert_eq!(task(Some(2), 0).allowance(after(0)), 0);
        assert_eq!(task(Some(2), 0).allowance(after(499)), 0);
        assert_eq!(task(Some(2), 0).allowance(after(500)), 1);
        assert_eq!(task(Some(2), 1).allowance(after(1_500)), 2);
        assert_eq!(task(Some(2), 0).allowance(after(3_600_000)), 10);
    }

    #[test]
    fn the_next_step_is_the_first_time_with_an_allowance() {
        for (rate, moved) in [(1, 0), (3, 0), (3, 4), (500, 7)] {
            let task = task(Some(rate), moved);
            assert_eq!(task.allowance(task.next_step()), 1, "{rate} {moved}");
            assert_eq!(task.allowance(task.next_step() - TimeDelta::microseconds(1)), 0, "{rate} {moved}");
        }
    }
}
