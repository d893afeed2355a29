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

/// A call that is about to be made.
pub(super) struct Told<'a> {
    log: &'a DynamoDeliveryHistory,
    /// What it delivers; nothing for a function that delivers nothing.
    deliveries: Vec<(InstanceId, EventId)>,
}

/// The part of a queue's event that names its messages.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    body: String,
}

/// The part of an answer that a function behind the HTTP API gives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
}

impl Outcomes {
    /// Reads where the delivery log is.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, SettingError> {
        let client = Aws::from_variables(variables)?.dynamodb();
        Ok(Self(DynamoDeliveryHistory::new(client, variables.required("EVENTS_TABLE")?)))
    }

    /// The call with this event.
    pub(super) fn of(&self, event: &[u8]) -> Told<'_> {
        let records = serde_json::from_slice(event).map(|batch: Batch| batch.records).unwrap_or_default();
        let named = |record: &Record| {
            let delivery = QueuedDelivery::from_message(&record.body).ok()?;
            Some((delivery.instance_id, delivery.event_id))
        };
        Told { log: &self.0, deliveries: records.iter().filter_map(named).collect() }
    }
}

impl Told<'_> {
    /// Logs how the call ended, and the status of each of its events.
    pub(super) async fn show(&self, function: &str, answer: &Result<Vec<u8>, InvokeError>) {
        let status = answer.as_ref().ok().and_then(|answer| serde_json::from_slice(answer).ok());
        let status = status.map(|answer: Answer| answer.status_code);
        tracing::info!(function, ok = answer.is_ok(), status, "function called");
        for (instance, event) in &self.deliveries {
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
