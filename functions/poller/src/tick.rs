//! Once a minute: which API keys are due, and onto the queue with them.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use shared::platform::aws::InternalError;
use shared::polling::store::{Due, SHARDS};

use crate::Poller;
use crate::message::Message;
use crate::metrics;

/// One tick looks as far ahead as the next one comes, so that a turn begins in its second and not in its minute.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// So many minutes overdue, a key is queued by every tick: a tick may have failed.
const OVERDUE_BRIEFLY: i64 = 3;

/// A key that is overdue for longer is queued again this often: its message is lost, or waits behind others.
const OVERDUE_EVERY: i64 = 5;

impl Poller {
    /// Queues the API keys that are due within the next minute, all shards side by side.
    ///
    /// # Errors
    /// When the index cannot be read, or a message not be sent; the next tick finds what this one left.
    pub(crate) async fn tick(&self) -> Result<usize, InternalError> {
        let now = self.clock.now();
        let shards = (0..SHARDS).map(|shard| self.pollers.due(shard, now + AHEAD));
        let mut due: Vec<Due> = try_join_all(shards).await?.into_iter().flatten().collect();
        due.sort_by_key(|it| it.due_at);
        let longest = due.first().map(|it| now - it.due_at).unwrap_or_default();
        self.metrics.write(metrics::lateness(longest));
        due.retain(|it| is_to_be_queued(it.due_at, now));
        let messages: Vec<_> = due.into_iter().map(|due| (Message::Turn(due.clone()), due.due_at)).collect();
        self.polls.send(&messages, now).await?;
        tracing::info!(due = messages.len(), "tick");
        Ok(messages.len())
    }
}

/// True if this tick queues what is due at `due_at`: what a few ticks may have missed, and then what is overdue every
/// five minutes. A queue that is behind is not filled with the same work again and again.
fn is_to_be_queued(due_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let overdue = (now - due_at).num_minutes();
    overdue <= OVERDUE_BRIEFLY || overdue % OVERDUE_EVERY == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn what_is_overdue_is_queued_by_the_next_ticks_and_then_every_fifth_minute() {
        let queued: Vec<i64> =
            (-1..12).filter(|minute| is_to_be_queued(at(0), at(minute * 60 + 3))).collect();
        assert_eq!(queued, [-1, 0, 1, 2, 3, 5, 10]);
    }
}
