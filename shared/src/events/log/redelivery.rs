//! Recording that an event is to be sent again.

use aws_sdk_dynamodb::types::AttributeValue;

use super::history::{DynamoDeliveryHistory, LogEntry, key};
use super::item::DeliveryStatus;
use super::store::{condition_failure, status};
use crate::platform::aws::{InternalError, Unavailable, millis, number};

impl DynamoDeliveryHistory {
    /// Records in the log that another round is queued, unless the event has changed since it was read. The message,
    /// which is sent first, starts the round. A retry of the round before that is still queued finds the record and is
    /// dropped.
    pub async fn note_queued(&self, entry: &LogEntry, round: u32) -> Result<(), InternalError> {
        const ACTION: &str = "note a redelivery";
        let values: [(&str, AttributeValue); 6] = [
            (":queued", status(DeliveryStatus::Queued)),
            (":next", number(round)),
            (":none", number(0)),
            (":seen", status(entry.delivery_status)),
            (":round", number(entry.round)),
            (":claimed", millis(entry.claimed_at)),
        ];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&entry.event_id)))
            .update_expression(
                "SET delivery_status = :queued, #round = :next, attempt = :none REMOVE next_attempt_at, reason, waiting",
            )
            .condition_expression("delivery_status = :seen AND #round = :round AND claimed_at = :claimed")
            .expression_attribute_names("#round", "round")
            .set_expression_attribute_values(Some(values));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => condition_failure(error).unavailable(ACTION).map(drop),
        }
    }
}
