//! Which checks are due, and onto the poll queue with them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::try_join_all;
use shared::platform::aws::AwsError;
use shared::polling::store::Due;
use shared::subscriptions::store::shards;

use crate::Poller;
use crate::message::Message;

/// One call looks as far ahead as the next one comes; the schedule in the template has the same pace.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Checks that one call queues. At one call in five minutes it is more than a hundred thousand an hour; what is left
/// is first the next time.
const MOST: usize = 10_000;

/// Checks of one key in one message; one function makes them one after the other.
const TOGETHER: usize = 20;

impl Poller {
    /// Queues the checks that are due before the next call, each for its time.
    ///
    /// # Errors
    /// When the index cannot be read, or a message not be sent; the next call finds what this one left.
    pub(crate) async fn plan_checks(&self) -> Result<usize, AwsError> {
        let now = self.clock.now();
        let shards = shards().map(|shard| self.pollers.due(shard, now + AHEAD));
        let mut due: Vec<Due> = try_join_all(shards).await?.into_iter().flatten().collect();
        due.sort_by_key(|it| it.due_at);
        due.truncate(MOST);
        let count = due.len();
        let mut by_key: BTreeMap<_, Vec<Due>> = BTreeMap::new();
        for due in due {
            by_key.entry(due.key.clone()).or_default().push(due);
        }
        let chunks = by_key.values().flat_map(|due| due.chunks(TOGETHER));
        let message = |due: &[Due]| {
            let last = due.last().map_or(now, |it| it.due_at);
            (Message::Check(due.to_vec()), last)
        };
        let mut messages: Vec<_> = chunks.map(message).collect();
        messages.sort_by_key(|(_, at)| *at);
        self.polls.send(&messages, now).await?;
        tracing::info!(due = count, messages = messages.len(), "checks of subscriptions");
        Ok(count)
    }
}
