//! Sending messages.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Engine;
use crate::error::Error;
use crate::message::{NewMessage, Sent};
use crate::store::{messages, micros, seconds};
use crate::{digest, limits};

impl Engine {
    /// Sends messages to the queue `name` in one transaction; each is accepted or refused separately.
    pub(crate) fn send(
        &mut self,
        name: &str,
        batch: &[NewMessage],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Sent, Error>>, Error> {
        let queue = self.queues.get(name).ok_or(Error::QueueDoesNotExist)?;
        let maximum = usize::try_from(queue.settings.maximum_message_size).unwrap_or(usize::MAX);
        let transaction = self.connection.transaction()?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for message in batch {
            if let Err(refusal) = limits::check_message(message, maximum) {
                outcomes.push(Err(refusal));
                continue;
            }
            let delay = message.delay_seconds.map_or(i64::from(queue.settings.delay), i64::from);
            let sent = acknowledge(message);
            let times = (micros(now), micros(now) + seconds(delay));
            messages::insert(&transaction, queue.id, times, message, &sent)?;
            outcomes.push(Ok(sent));
        }
        transaction.commit()?;
        queue.arrivals.notify_waiters();
        Ok(outcomes)
    }
}

fn acknowledge(message: &NewMessage) -> Sent {
    Sent {
        id: Uuid::new_v4().to_string(),
        md5_of_body: digest::of_body(&message.body),
        md5_of_attributes: digest::of_attributes(&message.attributes),
        md5_of_system_attributes: message.trace_header.as_deref().and_then(digest::of_trace_header),
    }
}
