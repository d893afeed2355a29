//! Once a minute: which instances are due, and onto the queue with them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use shared::platform::aws::AwsError;
use shared::polling::schedule::KeyDigest;
use shared::polling::store::{Due, SHARDS};

use crate::Poller;
use crate::message::Message;
use crate::metrics;

/// One tick looks as far ahead as the next one comes, so that a poll begins in its second and not in its minute.
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// An instance that is overdue is queued again this often: its message is lost, or waits behind others.
const OVERDUE_EVERY: i64 = 5;

/// Instances of one key in one message; one function polls them one after the other.
const MOST_POLLS: usize = 20;

impl Poller {
    /// Queues the instances that are due within the next minute.
    ///
    /// # Errors
    /// When the index cannot be read, or a message not be sent; the next tick finds what this one left.
    pub(crate) async fn tick(&self) -> Result<usize, AwsError> {
        let now = self.clock.now();
        let shards = (0..SHARDS).map(|shard| self.pollers.due(shard, now + AHEAD));
        let due: Vec<Due> = try_join_all(shards).await?.into_iter().flatten().collect();
        let longest = due.iter().map(|it| now - it.due_at).max().unwrap_or_default();
        self.metrics.write(metrics::lateness(longest));
        let due: Vec<Due> = due.into_iter().filter(|it| is_to_be_queued(it.due_at, now)).collect();
        let count = due.len();
        let messages = messages(due);
        self.polls.send(&messages, now).await?;
        tracing::info!(due = count, messages = messages.len(), "tick");
        Ok(count)
    }
}

/// Whether this tick queues what is due at `due_at`: fresh ones, and overdue ones every five minutes. A queue that
/// is behind is not filled with the same work again and again.
fn is_to_be_queued(due_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - due_at).num_minutes().max(0) % OVERDUE_EVERY == 0
}

/// One message for each API key, at the time when the first of its instances is due.
fn messages(due: Vec<Due>) -> Vec<(Message, DateTime<Utc>)> {
    let mut by_key: BTreeMap<KeyDigest, Vec<Due>> = BTreeMap::new();
    for due in due {
        by_key.entry(due.key.clone()).or_default().push(due);
    }
    let mut messages = Vec::new();
    for mut due in by_key.into_values() {
        due.sort_by_key(|it| it.due_at);
        for polls in due.chunks(MOST_POLLS) {
            let last = polls.last().map_or(DateTime::UNIX_EPOCH, |it| it.due_at);
            messages.push((Message::Poll(polls.to_vec()), last));
        }
    }
    messages.sort_by_key(|(_, at)| *at);
    messages
}

#[cfg(test)]
mod tests {
    use shared::instances::InstanceId;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn due(n: u8, key: &str, seconds: i64) -> Due {
        let instance_id = InstanceId::from_entropy([n; 8]);
        Due { instance_id, due_at: at(seconds), key: KeyDigest::from_text(key) }
    }

    #[test]
    fn instances_of_one_key_travel_together_and_none_before_its_time() {
        let messages = messages(vec![due(1, "b", 30), due(2, "a", 40), due(3, "b", 31)]);
        let polls: Vec<_> = messages.iter().map(|(message, at)| (message.clone(), at.timestamp())).collect();
        assert_eq!(
            polls,
            [
                (Message::Poll(vec![due(1, "b", 30), due(3, "b", 31)]), 31),
                (Message::Poll(vec![due(2, "a", 40)]), 40),
            ]
        );
        let many: Vec<_> = (1..=45).map(|n| due(n, "a", 1)).collect();
        assert_eq!(super::messages(many).len(), 3);
    }

    #[test]
    fn what_is_overdue_is_queued_every_fifth_minute() {
        let queued: Vec<i64> =
            (-1..12).filter(|minute| is_to_be_queued(at(0), at(minute * 60 + 3))).collect();
        assert_eq!(queued, [-1, 0, 5, 10]);
    }
}
