#![doc = include_str!("../README.md")]

mod attempt;
mod conclude;
mod decide;
mod deliver;
mod plan;
mod recover;

mod call;
mod callback;
mod health;
mod lanes;
mod message;
mod metrics;

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use rustls::ClientConfig;
use serde_json::{Value, json};
use shared::callbacks::health::DynamoCallbackStore;
use shared::callbacks::url::Reach;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::log::{DynamoDeliveryHistory, DynamoDeliveryLog};
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::vault::{Purpose, Vault};
use shared::instances::{DynamoInstanceStore, InstanceCache};
use shared::platform::aws::{Aws, Statements};
use shared::platform::clock::SharedClock;
use shared::platform::metrics::{Measured, MetricUnit, Metrics};
use shared::platform::settings::{SettingError, Variables};
use shared::platform::tls;
use tokio::sync::Semaphore;

pub use attempt::AttemptResult;
pub use callback::{Answer, CallbackClient, ClientError, Limits, NameServers, Phase, Resolver, Unreachable};
pub use decide::{decide, own_fault_wait, retry_after};
pub use message::{Invocation, Record};

use call::Call;
use health::HealthCache;
use message::Message;
use metrics::{Ended, Report};

/// Deliveries of one batch to one instance that are under way together. All ten of a batch to a receiver that
/// hangs then take two deadlines, which fit the function's time-out.
const CONCURRENCY: usize = 5;

/// The function with everything that it needs.
pub struct Dispatcher {
    instances: InstanceCache,
    statements: Statements,
    log: DynamoDeliveryLog,
    history: DynamoDeliveryHistory,
    payloads: DynamoPayloadStore,
    retries: SqsDeliveryQueue,
    /// Where retries go if their own queue does not take them.
    deliveries: SqsDeliveryQueue,
    dead_letters: SqsDeliveryQueue,
    callbacks: CallbackClient,
    endpoints: DynamoCallbackStore,
    health: HealthCache,
    /// Places for bodies that no message holds, which are up to 6 MiB each, so that a batch of them fits the memory.
    large: Semaphore,
    /// What an attempt may take.
    attempt_takes: Duration,
    retention: TimeDelta,
    /// Events a minute that an instance's recovery releases.
    recovery_rate: usize,
    metrics: Metrics,
    clock: SharedClock,
}

/// Why a message goes back to the queue, to be delivered again after its visibility timeout.
#[derive(Debug, thiserror::Error)]
enum HandBack {
    /// What is wrong is ours, and the message could not be sent anew either.
    #[error(transparent)]
    OwnFault(#[from] shared::platform::aws::InternalError),
    #[error("the claim ran out before the outcome of the attempt was written")]
    ClaimLost,
    #[error("too little time is left for an attempt")]
    OutOfTime,
}

impl Dispatcher {
    /// Reads the function's settings and builds its clients; makes no calls.
    pub fn from_variables(variables: &Variables, clock: SharedClock) -> Result<Self, SettingError> {
        let tls = tls::of_process(variables)?;
        let aws = Aws::with_tls(variables, tls.clone())?;
        let (dynamodb, sqs) = (aws.dynamodb(), aws.sqs());
        let queue = |url| SqsDeliveryQueue::new(sqs.clone(), url);
        let vault = Vault::opening(aws.kms(), &[Purpose::Callback]);
        let instances =
            DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?, vault);
        let retention = TimeDelta::days(variables.or::<u16>("EVENT_RETENTION_DAYS", 30)?.into());
        let events: String = variables.required("EVENTS_TABLE")?;
        let endpoints = DynamoCallbackStore::new(dynamodb.clone(), variables.required("ENDPOINTS_TABLE")?);
        let limits = limits(variables)?;
        let statements = Statements::new(dynamodb.clone());
        Ok(Self {
            instances: InstanceCache::new(instances, clock.clone()),
            log: DynamoDeliveryLog::new(statements.clone(), events.clone(), retention),
            statements,
            history: DynamoDeliveryHistory::new(dynamodb.clone(), events),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            retries: queue(variables.required("RETRY_QUEUE_URL")?),
            deliveries: queue(variables.required("DELIVERY_QUEUE_URL")?),
            dead_letters: queue(variables.required("DEAD_LETTER_QUEUE_URL")?),
            callbacks: callbacks(variables, tls, limits)?,
            health: HealthCache::new(endpoints.clone(), clock.clone()),
            endpoints,
            large: Semaphore::new(CONCURRENCY),
            attempt_takes: limits.deadline,
            retention,
            recovery_rate: variables.or("RECOVERY_PER_MINUTE", 600)?,
            metrics: Metrics::from_variables(variables, clock.clone())?,
            clock,
        })
    }

    /// The same, with its metrics sent there; see [`Metrics`].
    #[must_use]
    pub fn emitting(self, emit: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { metrics: self.metrics.emitting(emit), ..self }
    }

    /// Delivers a batch and says which of its messages must come again; or does what the schedule asks for:
    /// `{"recover": true}`.
    ///
    /// # Errors
    /// Of a scheduled call, when a table could not be read; of a batch, none.
    pub async fn handle(&self, event: LambdaEvent<Invocation>) -> Result<Value, Error> {
        let call = Call::of(&event.context, &*self.clock);
        match event.payload {
            Invocation { records: Some(records), .. } => {
                Ok(serde_json::to_value(self.deliver_all(&records, &call).await)?)
            }
            Invocation { recover: true, .. } => {
                let released = self.recover(&call).await?;
                // Zero too: missing data mean that the schedule does not run.
                self.metrics.write(Measured::default().values("Released", MetricUnit::Count, [released]));
                Ok(json!({ "released": released }))
            }
            Invocation { .. } => Err("neither a batch nor {\"recover\": true}".into()),
        }
    }

    async fn deliver_all(&self, records: &[Record], call: &Call) -> SqsBatchResponse {
        let (mut response, mut reports, mut messages) = (SqsBatchResponse::default(), Vec::new(), Vec::new());
        for record in records {
            match Message::read(record) {
                Ok(mut message) => {
                    // The round of a redriven dead letter begins now.
                    message.delivery.since.get_or_insert_with(|| self.clock.now());
                    messages.push(message);
                }
                // The queue moves it to the poison queue after some receives.
                Err(reason) => reports.push(hand_back(&mut response, &record.message_id, &reason)),
            }
        }
        let lanes = lanes::of(messages).into_iter().map(|lane| self.work_lane(lane, call));
        for (id, outcome) in join_all(lanes).await.into_iter().flatten() {
            reports.push(outcome.unwrap_or_else(|reason| hand_back(&mut response, &id, &reason)));
        }
        self.metrics.write(metrics::measured(&reports));
        response
    }

    /// Works on the messages of one instance.
    async fn work_lane(
        &self,
        lane: Vec<Message<'_>>,
        call: &Call,
    ) -> Vec<(String, Result<Report, HandBack>)> {
        // Made before they are run: a stream that made them could not borrow.
        let work: Vec<_> = lane.into_iter().map(|message| self.take(message, call)).collect();
        futures_util::stream::iter(work).buffer_unordered(CONCURRENCY).collect().await
    }

    /// Works on a message for as long as the call lasts, so that the batch always has an answer.
    async fn take(&self, message: Message<'_>, call: &Call) -> (String, Result<Report, HandBack>) {
        let work = async {
            // The semaphore is never closed, so a place is always given.
            let _place = if message.is_large() { self.large.acquire().await.ok() } else { None };
            self.deliver(&message, call).await
        };
        let outcome = tokio::time::timeout_at(call.answer_by(), work).await;
        (message.id.to_owned(), outcome.unwrap_or(Err(HandBack::OutOfTime)))
    }
}

fn hand_back(response: &mut SqsBatchResponse, message_id: &str, reason: &dyn std::fmt::Display) -> Report {
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

fn callbacks(
    variables: &Variables,
    tls: ClientConfig,
    limits: Limits,
) -> Result<CallbackClient, SettingError> {
    let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
    let reach = if anywhere { Reach::Any } else { Reach::Public };
    let name_servers = variables.or("CALLBACK_DNS_SERVER", NameServers::OfSystem)?;
    let invalid =
        |name, error: &dyn std::fmt::Display| SettingError::Invalid { name, reason: error.to_string() };
    let resolver = Resolver::new(name_servers).map_err(|error| invalid("CALLBACK_DNS_SERVER", &error))?;
    Ok(CallbackClient::new(tls, reach, resolver, limits))
}
