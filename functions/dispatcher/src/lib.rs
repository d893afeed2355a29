#![doc = include_str!("../README.md")]

mod admit;
mod attempt;
mod callback;
mod decide;
mod deliver;
mod health;
mod lanes;
mod message;
mod metrics;

use std::convert::Infallible;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use shared::callbacks::health::DynamoEndpointStore;
use shared::callbacks::order::DynamoOrderStore;
use shared::callbacks::url::Reach;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::log::DynamoEventLog;
use shared::events::message::Payload;
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::vault::{Purpose, Vault};
use shared::instances::{DynamoInstanceStore, InstanceCache};
use shared::platform::aws::Aws;
use shared::platform::clock::SharedClock;
use shared::platform::deadline;
use shared::platform::metrics::Metrics;
use shared::platform::settings::{SettingError, Variables};
use shared::platform::tls;
use tokio::sync::Semaphore;

pub use attempt::AttemptResult;
pub use callback::{Answer, CallbackClient, ClientError, Limits, NameServers, Phase, Resolver, Unreachable};
pub use decide::{Decision, decide, retry_after};

use health::HealthBook;
use message::Message;
use metrics::{Ended, Report};

/// Deliveries of one batch to one instance that are under way together. All ten of a batch to a receiver that
/// hangs then take two deadlines, which fit the function's time-out.
const CONCURRENCY: usize = 5;

/// The writes before and after an attempt at their worst.
const TIME_FOR_WRITES: TimeDelta = TimeDelta::seconds(25);

/// The time that a call has when nobody says; the function's time-out in the template.
const ASSUMED_TIME: TimeDelta = TimeDelta::seconds(60);

/// A claim outlives its function by this much, for clocks that disagree.
const CLAIM_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// The function with everything that it needs.
pub struct Dispatcher {
    instances: InstanceCache,
    log: DynamoEventLog,
    payloads: DynamoPayloadStore,
    retries: SqsDeliveryQueue,
    dead_letters: SqsDeliveryQueue,
    callbacks: CallbackClient,
    health: HealthBook,
    order: DynamoOrderStore,
    /// Places for bodies that no message holds, which are up to 6 MiB each, so that a batch of them fits the memory.
    large: Semaphore,
    /// No delivery is begun with less time left.
    time_for_one: TimeDelta,
    metrics: Metrics,
    clock: SharedClock,
}

/// Why a message goes back to the queue, to be delivered again after its visibility timeout.
#[derive(Debug, thiserror::Error)]
enum HandBack {
    /// What is wrong is ours: it costs the receiver no attempt.
    #[error(transparent)]
    OwnFault(#[from] shared::platform::aws::AwsError),
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
        let tls = tls::of_process(variables)?;
        let aws = Aws::with_tls(variables, tls.clone())?;
        let (dynamodb, sqs) = (aws.dynamodb(), aws.sqs());
        let queue = |url| SqsDeliveryQueue::new(sqs.clone(), url);
        let vault = Vault::opening(aws.kms(), &[Purpose::Callback], clock.clone());
        let instances =
            DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?, vault);
        let retention = TimeDelta::days(variables.or::<u16>("EVENT_RETENTION_DAYS", 30)?.into());
        let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
        let reach = if anywhere { Reach::Any } else { Reach::Public };
        let limits = limits(variables)?;
        let name_servers = variables.or("CALLBACK_DNS_SERVER", NameServers::OfSystem)?;
        let resolver = Resolver::new(name_servers).map_err(|error| SettingError::Invalid {
            name: "CALLBACK_DNS_SERVER",
            reason: error.to_string(),
        })?;
        let callbacks = CallbackClient::new(tls, reach, resolver, limits);
        let endpoints: String = variables.required("ENDPOINTS_TABLE")?;
        let health = DynamoEndpointStore::new(dynamodb.clone(), endpoints.clone());
        Ok(Self {
            instances: InstanceCache::new(instances, clock.clone()),
            log: DynamoEventLog::new(dynamodb.clone(), variables.required("EVENTS_TABLE")?, retention),
            order: DynamoOrderStore::new(dynamodb.clone(), endpoints),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            retries: queue(variables.required("RETRY_QUEUE_URL")?),
            dead_letters: queue(variables.required("DEAD_LETTER_QUEUE_URL")?),
            callbacks,
            health: HealthBook::new(health, clock.clone()),
            large: Semaphore::new(CONCURRENCY),
            time_for_one: TIME_FOR_WRITES + TimeDelta::from_std(limits.deadline).unwrap_or(TimeDelta::MAX),
            metrics: Metrics::from_variables(variables, clock.clone())?,
            clock,
        })
    }

    /// The same, with its metrics sent there; see [`Metrics`].
    #[must_use]
    pub fn emitting(self, emit: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { metrics: self.metrics.emitting(emit), ..self }
    }

    /// Delivers a batch and says which of its messages must come again.
    ///
    /// # Errors
    /// None: what fails is a failure of its message.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
        let ends_at = deadline::ends_at(event.context.deadline, self.clock.now(), ASSUMED_TIME);
        let (mut response, mut reports, mut messages) = (SqsBatchResponse::default(), Vec::new(), Vec::new());
        for record in event.payload.records {
            match Message::read(record) {
                Ok(message) => messages.push(message),
                // The queue moves it to the dead-letter queue after some receives.
                Err((id, reason)) => reports.push(hand_back(&mut response, id, &reason)),
            }
        }
        let lanes = lanes::of(messages).into_iter().map(|lane| {
            let work = futures_util::stream::iter(lane).map(|message| async move {
                let outcome = self.take(&message, ends_at).await;
                (message.id, outcome)
            });
            work.buffer_unordered(CONCURRENCY).collect::<Vec<_>>()
        });
        for (id, outcome) in join_all(lanes).await.into_iter().flatten() {
            reports.push(outcome.unwrap_or_else(|reason| hand_back(&mut response, id, &reason)));
        }
        self.metrics.write(metrics::measured(&reports));
        Ok(response)
    }

    async fn take(&self, message: &Message, ends_at: DateTime<Utc>) -> Result<Report, HandBack> {
        // The semaphore is never closed, so a place is always given.
        let _place = match &message.delivery.payload {
            Payload::Inline(_) => None,
            Payload::Stored(_) => self.large.acquire().await.ok(),
        };
        if ends_at - self.clock.now() < self.time_for_one {
            return Err(HandBack::OutOfTime);
        }
        self.deliver(message, ends_at + CLAIM_MARGIN).await
    }
}

fn hand_back(response: &mut SqsBatchResponse, message_id: String, reason: &dyn std::fmt::Display) -> Report {
    tracing::warn!(message_id, %reason, "handed back to the queue");
    response.add_failure(message_id);
    Report::without_attempt(Ended::HandedBack)
}

/// The bounds of a callback; those of time are the deployment's.
fn limits(variables: &Variables) -> Result<Limits, SettingError> {
    Ok(Limits {
        deadline: Duration::from_millis(variables.or("CALLBACK_DEADLINE_MILLIS", 15_000)?),
        connect: Duration::from_millis(variables.or("CALLBACK_CONNECT_MILLIS", 5_000)?),
        ..Limits::default()
    })
}
