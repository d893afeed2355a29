#![doc = include_str!("../README.md")]

mod attempt;
mod callback;
mod decide;
mod deliver;

use std::convert::Infallible;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use lambda_runtime::LambdaEvent;
use shared::aws::Aws;
use shared::callback_url::Reach;
use shared::clock::SharedClock;
use shared::delivery_queue::SqsDeliveryQueue;
use shared::event_log::DynamoEventLog;
use shared::instance::{DynamoInstanceStore, InstanceCache};
use shared::payload_store::DynamoPayloadStore;
use shared::settings::{SettingError, Variables};
use shared::vault::{Purpose, Vault};

pub use attempt::AttemptResult;
pub use callback::{CallbackClient, ClientError};
pub use decide::{Decision, decide, retry_after};

/// Deliveries of one batch that are under way together.
const CONCURRENCY: usize = 10;

/// No delivery is begun with less time left: one attempt, and the writes before and after it at their worst.
const TIME_FOR_ONE: TimeDelta = TimeDelta::seconds(40);

/// The time that a call has when nobody says; the function's time-out in the template.
const ASSUMED_TIME: TimeDelta = TimeDelta::seconds(60);

/// A claim outlives its function by this much, for clocks that disagree.
const CLAIM_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// The function with everything that it needs.
pub struct Dispatcher {
    instances: InstanceCache,
    log: DynamoEventLog,
    payloads: DynamoPayloadStore,
    queue: SqsDeliveryQueue,
    dead_letters: SqsDeliveryQueue,
    callbacks: CallbackClient,
    clock: SharedClock,
}

/// Why a message goes back to the queue, to be delivered again after its visibility timeout.
#[derive(Debug, thiserror::Error)]
enum HandBack {
    /// What is wrong is ours: it costs the receiver no attempt.
    #[error(transparent)]
    OwnFault(#[from] shared::aws::AwsError),
    /// The queue moves it to the dead-letter queue after some receives.
    #[error(transparent)]
    Poison(#[from] shared::delivery::InvalidMessage),
    #[error("the same message may still be under way elsewhere")]
    UnderWay,
    #[error("the claim ran out before the outcome of the attempt was written")]
    ClaimLost,
    #[error("too little time is left for an attempt")]
    OutOfTime,
}

impl Dispatcher {
    /// Reads the function's settings and builds its clients; calls nobody.
    ///
    /// # Errors
    /// When a variable is missing or cannot be used.
    pub fn from_variables(variables: &Variables, clock: SharedClock) -> Result<Self, SettingError> {
        let aws = Aws::from_variables(variables)?;
        let (dynamodb, sqs) = (aws.dynamodb(), aws.sqs());
        let queue = |url| SqsDeliveryQueue::new(sqs.clone(), url);
        let vault = Vault::opening(aws.kms(), &[Purpose::Callback], clock.clone());
        let instances =
            DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?, vault);
        let retention = TimeDelta::days(variables.or::<u16>("EVENT_RETENTION_DAYS", 30)?.into());
        let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
        let reach = if anywhere { Reach::Any } else { Reach::Public };
        let callbacks = CallbackClient::new(reach)
            .map_err(|error| SettingError::Invalid { name: "SSL_CERT_FILE", reason: error.to_string() })?;
        Ok(Self {
            instances: InstanceCache::new(instances, clock.clone()),
            log: DynamoEventLog::new(dynamodb.clone(), variables.required("EVENTS_TABLE")?, retention),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            queue: queue(variables.required("DELIVERY_QUEUE_URL")?),
            dead_letters: queue(variables.required("DEAD_LETTER_QUEUE_URL")?),
            callbacks,
            clock,
        })
    }

    /// Delivers a batch and says which of its messages must come again.
    ///
    /// # Errors
    /// None: what fails is a failure of its message.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
        let ends_at = ends_at(event.context.deadline, self.clock.now());
        let outcomes = futures_util::stream::iter(event.payload.records).map(|message| async move {
            let id = message.message_id.clone().unwrap_or_default();
            (id, self.take(&message, ends_at).await)
        });
        let mut response = SqsBatchResponse::default();
        let mut outcomes = outcomes.buffer_unordered(CONCURRENCY);
        while let Some((message_id, outcome)) = outcomes.next().await {
            if let Err(reason) = outcome {
                tracing::warn!(message_id, %reason, "handed back to the queue");
                response.add_failure(message_id);
            }
        }
        Ok(response)
    }

    async fn take(&self, message: &SqsMessage, ends_at: DateTime<Utc>) -> Result<(), HandBack> {
        if ends_at - self.clock.now() < TIME_FOR_ONE {
            return Err(HandBack::OutOfTime);
        }
        self.deliver(message, ends_at + CLAIM_MARGIN).await
    }
}

/// When a call that began at `now` is cut off, given its deadline in Unix milliseconds.
///
/// No call begins after its deadline: one that lies in the past was made up, as `cargo lambda watch` does.
fn ends_at(deadline: u64, now: DateTime<Utc>) -> DateTime<Utc> {
    let told = i64::try_from(deadline).ok().and_then(DateTime::from_timestamp_millis);
    told.filter(|told| *told > now).unwrap_or(now + ASSUMED_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_was_made_up() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let in_seconds = |seconds| now + TimeDelta::seconds(seconds);
        let millis = |time: DateTime<Utc>| u64::try_from(time.timestamp_millis()).unwrap();
        assert_eq!(ends_at(millis(in_seconds(7)), now), in_seconds(7));
        for made_up in [0, 600_000, millis(now), u64::MAX] {
            assert_eq!(ends_at(made_up, now), in_seconds(60), "{made_up}");
        }
    }
}
