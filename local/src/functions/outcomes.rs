//! The outcomes of events whose functions run elsewhere, read from the delivery log.

use serde::Deserialize;
use shared::events::id::EventId;
use shared::events::log::{DynamoDeliveryHistory, LogEntry};
use shared::events::message::QueuedDelivery;
use shared::instances::InstanceId;
use shared::platform::aws::Aws;
use shared::platform::settings::{SettingError, Variables};

use super::InvokeError;

/// The delivery log, to look up the outcome of a call.
pub(crate) struct Outcomes(DynamoDeliveryHistory);

pub(super) struct Deliveries<'a> {
    log: &'a DynamoDeliveryHistory,
    /// The events of the call; empty for a function without a queue.
    events: Vec<(InstanceId, EventId)>,
}

/// The part of a queue's event with its messages.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    body: String,
}

/// The status in an answer to the HTTP API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
}

impl Outcomes {
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, SettingError> {
        let client = Aws::from_variables(variables)?.dynamodb();
        Ok(Self(DynamoDeliveryHistory::new(client, variables.required("EVENTS_TABLE")?)))
    }

    pub(super) fn of(&self, event: &[u8]) -> Deliveries<'_> {
        let records = serde_json::from_slice(event).map(|batch: Batch| batch.records).unwrap_or_default();
        let named = |record: &Record| {
            let delivery = QueuedDelivery::from_message(&record.body).ok()?;
            Some((delivery.instance_id, delivery.event_id))
        };
        Deliveries { log: &self.0, events: records.iter().filter_map(named).collect() }
    }
}

impl Deliveries<'_> {
    /// Logs how the call ended, and the status of each of its events.
    pub(super) async fn show(&self, function: &str, answer: &Result<Vec<u8>, InvokeError>) {
        let status = answer.as_ref().ok().and_then(|answer| serde_json::from_slice(answer).ok());
        let status = status.map(|answer: Answer| answer.status_code);
        tracing::info!(function, ok = answer.is_ok(), status, "function called");
        for (instance, event) in &self.events {
            match self.log.find(*instance, event).await {
                Ok(Some(entry)) => show(&entry),
                Ok(None) => tracing::info!(%instance, %event, "not in the delivery log yet"),
                Err(error) => tracing::warn!(%instance, %event, %error, "its outcome could not be read"),
            }
        }
    }
}

fn show(entry: &LogEntry) {
    let (instance, event, stands) = (entry.instance_id, &entry.event_id, entry.delivery_status.as_str());
    let last = entry.attempts.last();
    tracing::info!(
        %instance, %event,
        attempt = last.map(|last| last.attempt),
        status = last.and_then(|last| last.status_code),
        reason = entry.reason,
        "the delivery log has it as {stands}"
    );
}
