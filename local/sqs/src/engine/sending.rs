//! Sending messages, and deleting them.

use uuid::Uuid;

use crate::error::Error;
use crate::message::{NewMessage, Sent};
use crate::receipt::Receipt;
use crate::store::{messages, micros, seconds};
use crate::{Sqs, digest, limits};

impl Sqs {
    /// Sends messages to `queue` in one transaction. Each is accepted or refused by itself; the outcomes are in the order
    /// of the messages.
    pub fn send_all(&self, queue: &str, messages: &[NewMessage]) -> Result<Vec<Result<Sent, Error>>, Error> {
        let (mut engine, now) = (self.engine(), self.now());
        let engine = &mut *engine;
        let queue = engine.queues.get(queue).ok_or(Error::QueueDoesNotExist)?;
        let maximum = usize::try_from(queue.settings.maximum_message_size).unwrap_or(usize::MAX);
        let transaction = engine.connection.transaction()?;
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
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

    /// Deletes messages from `queue` in one transaction; the outcomes are in the order of the handles.
    ///
    /// The handle of the latest receive deletes, also after its visibility timeout. The handle of an earlier receive, or of
    /// a message that is gone, is accepted and deletes nothing. Only a malformed handle, or one of another queue, is
    /// refused.
    pub fn delete_all(&self, queue: &str, handles: &[&str]) -> Result<Vec<Result<(), Error>>, Error> {
        let mut engine = self.engine();
        let queue = engine.queue(queue)?.id;
        let transaction = engine.connection.transaction()?;
        let mut outcomes = Vec::with_capacity(handles.len());
        for handle in handles {
            outcomes.push(match Receipt::parse(handle, queue) {
                Ok(receipt) => {
                    messages::delete(&transaction, &receipt)?;
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            });
        }
        transaction.commit()?;
        Ok(outcomes)
    }
}

fn acknowledge(message: &NewMessage) -> Sent {
    Sent {
        id: Uuid::new_v4().to_string(),
        md5_of_body: digest::of_body(&message.body),
        md5_of_attributes: digest::of_attributes(&message.attributes),
    }
}
