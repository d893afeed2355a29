//! What a receiver does with a message that it has received.

use super::Engine;
use crate::error::Error;
use crate::receipt::Receipt;
use crate::store::messages;

impl Engine {
    /// Deletes messages of the queue `name`, in one transaction.
    ///
    /// The handle of the latest receive deletes, even after its visibility timeout. The handle of an earlier receive, or
    /// of a deleted message, is accepted and deletes nothing, as Amazon SQS documents. Only an invalid handle, or one of
    /// another queue, is refused.
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
}
