//! Receiving messages, and giving them up to the dead-letter queue.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Engine;
use crate::error::Error;
use crate::message::Received;
use crate::names;
use crate::receipt::Receipt;
use crate::store::messages::{self, Stored};
use crate::store::{micros, restored, seconds};

/// Where a queue's messages go that were received too often.
struct DeadLetters {
    queue: i64,
    max_receive_count: u32,
    arrivals: Arc<Notify>,
}

impl Engine {
    /// Receives up to `most` visible messages of the queue `name`, the longest visible first.
    ///
    /// `visibility_timeout` is in seconds; `None` stands for the queue's own. A message that was received as often as
    /// the redrive policy allows goes to the dead-letter queue instead.
    pub(crate) fn receive(
        &mut self,
        name: &str,
        most: usize,
        visibility_timeout: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Received>, Error> {
        self.settle(name, now)?;
        let dead_letters = self.dead_letters(name);
        let queue = self.queues.get(name).ok_or(Error::QueueDoesNotExist)?;
        let transaction = self.connection.transaction()?;
        let (leasable, exhausted) = choose(&transaction, queue.id, most, dead_letters.as_ref(), now)?;
        if let Some(dead_letters) = &dead_letters {
            for stored in &exhausted {
                let source = names::arn(name);
                messages::give_up(&transaction, stored.seq, dead_letters.queue, &source, micros(now))?;
            }
        }
        let timeout = visibility_timeout.unwrap_or(queue.settings.visibility_timeout.into());
        let visible_at = micros(now) + seconds(timeout);
        let lease = |leasable| lease(&transaction, queue.id, leasable, now, visible_at);
        let received: Vec<Received> = leasable.into_iter().map(lease).collect::<Result<_, Error>>()?;
        transaction.commit()?;
        if let Some(dead_letters) = dead_letters.filter(|_| !exhausted.is_empty()) {
            dead_letters.arrivals.notify_waiters();
        }
        Ok(received)
    }

    fn dead_letters(&self, name: &str) -> Option<DeadLetters> {
        let policy = self.queues.get(name)?.settings.redrive.as_ref()?;
        let queue = self.queues.get(policy.target()?)?;
        Some(DeadLetters {
            queue: queue.id,
            max_receive_count: policy.max_receive_count,
            arrivals: Arc::clone(&queue.arrivals),
        })
    }
}

/// The messages to lease, and those that were received too often already.
fn choose(
    connection: &Connection,
    queue: i64,
    most: usize,
    dead_letters: Option<&DeadLetters>,
    now: DateTime<Utc>,
) -> Result<(Vec<Stored>, Vec<Stored>), Error> {
    let (mut leasable, mut exhausted) = (Vec::new(), Vec::new());
    messages::visible(connection, queue, micros(now), |stored| {
        let count = stored.message.receive_count;
        if dead_letters.is_some_and(|dead_letters| count >= dead_letters.max_receive_count) {
            exhausted.push(stored);
        } else {
            leasable.push(stored);
        }
        leasable.len() < most
    })?;
    Ok((leasable, exhausted))
}

fn lease(
    connection: &Connection,
    queue: i64,
    leasable: Stored,
    now: DateTime<Utc>,
    visible_at: i64,
) -> Result<Received, Error> {
    let receipt = Receipt { queue, message: leasable.seq, nonce: Uuid::new_v4().into_bytes() };
    messages::lease(connection, &receipt, micros(now), visible_at)?;
    let mut message = leasable.message;
    message.receive_count += 1;
    message.first_received.get_or_insert(restored(micros(now)));
    message.visible_at = restored(visible_at);
    Ok(Received { message, receipt_handle: receipt.handle() })
}
