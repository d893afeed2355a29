//! What a receiver does with a message that it has received.

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::Engine;
use crate::error::Error;
use crate::limits;
use crate::receipt::Receipt;
use crate::store::{messages, micros, seconds};

/// The longest that a message stays in flight after a receive, in seconds.
const LONGEST: i64 = 43_200;

impl Engine {
    /// Deletes messages of the queue `name`, in one transaction.
    ///
    /// The handle of the latest receive deletes, also after its visibility timeout. The handle of an
    /// earlier receive, or of a message that is gone, is accepted and deletes nothing: Amazon SQS promises
    /// no more for it. Only a handle that is none, or is of another queue, is refused.
    pub(crate) fn delete(&mut self, name: &str, handles: &[&str]) -> Result<Vec<Result<(), Error>>, Error> {
        let queue = self.queue(name)?.id;
        let transaction = self.connection.transaction()?;
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

    /// Sets how many seconds from now on messages of the queue `name` stay in flight, in one transaction.
    pub(crate) fn change_visibility(
        &mut self,
        name: &str,
        changes: &[(&str, i32)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let id = self.settle(name, now)?;
        let transaction = self.connection.transaction()?;
        let mut outcomes = Vec::with_capacity(changes.len());
        for (handle, timeout) in changes {
            outcomes.push(match change(&transaction, id, handle, *timeout, now) {
                Err(Error::Storage(error)) => return Err(error.into()),
                outcome => outcome,
            });
        }
        transaction.commit()?;
        self.queue(name)?.arrivals.notify_waiters();
        Ok(outcomes)
    }
}

fn change(
    connection: &Connection,
    queue: i64,
    handle: &str,
    timeout: i32,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let visible_at = micros(now) + seconds(limits::check_visibility_timeout(timeout)?);
    let receipt = Receipt::parse(handle, queue)?;
    let Some((visible, received)) = messages::leased(connection, &receipt)? else {
        return Err(Error::InvalidParameterValue(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is \
             not available for visibility timeout change."
        )));
    };
    if visible <= micros(now) {
        return Err(Error::MessageNotInflight);
    }
    if visible_at > received + seconds(LONGEST) {
        return Err(Error::InvalidParameterValue(format!(
            "Value {timeout} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout \
             for the message is beyond the limit [{LONGEST} seconds]"
        )));
    }
    Ok(messages::show(connection, receipt.message, visible_at)?)
}
