#![doc = include_str!("../README.md")]

mod agenda;
mod ask;
mod audit;
mod enqueue;
mod judge;
mod message;
mod metrics;
mod queue;
mod subscriptions;
mod tick;
mod turn;
mod walk;
mod work;

use aws_lambda_events::sqs::SqsEvent;
use chrono::TimeDelta;
use close::CloseApiHosts;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::{Value, json};
use shared::events::bodies::DynamoPayloadStore;
use shared::events::log::DynamoDeliveryLog;
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::DynamoInstanceStore;
use shared::instances::vault::{Purpose, Vault};
use shared::platform::aws::{Aws, Statements};
use shared::platform::clock::SharedClock;
use shared::platform::deadline;
use shared::platform::metrics::{Measured, MetricUnit, Metrics};
use shared::platform::random::SharedRandom;
use shared::platform::settings::{SettingError, Variables};
use shared::platform::tls;
use shared::polling::store::DynamoPollerStore;

use close::CloseClient;
use queue::SqsPollQueue;

/// The default time of a call: the function's time-out in the template.
const ASSUMED_TIME: TimeDelta = TimeDelta::seconds(50);

/// The function with everything that it needs.
pub struct Poller {
    instances: DynamoInstanceStore,
    pollers: DynamoPollerStore,
    log: DynamoDeliveryLog,
    payloads: DynamoPayloadStore,
    deliveries: SqsDeliveryQueue,
    polls: SqsPollQueue,
    close: CloseClient,
    retention: TimeDelta,
    metrics: Metrics,
    clock: SharedClock,
    random: SharedRandom,
}

impl Poller {
    /// Reads the function's settings and builds its clients; makes no calls.
    pub fn from_variables(
        variables: &Variables,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, SettingError> {
        let tls = tls::of_process(variables)?;
        let aws = Aws::with_tls(variables, tls.clone())?;
        let (dynamodb, sqs) = (aws.dynamodb(), aws.sqs());
        // It calls Close with what it opens, and seals the keys of subscriptions that it makes again.
        let key_id = variables.required("KMS_KEY_ID")?;
        let opened = &[Purpose::Close];
        let vault = Vault::opening_and_sealing(aws.kms(), opened, key_id, clock.clone(), random.clone());
        let instances =
            DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?, vault);
        let retention = TimeDelta::days(variables.or::<u16>("EVENT_RETENTION_DAYS", 30)?.into());
        let hosts = variables.or("CLOSE_API_HOSTS", CloseApiHosts::default())?;
        let close = CloseClient::new(hosts, tls);
        Ok(Self {
            instances,
            pollers: DynamoPollerStore::new(dynamodb.clone(), variables.required("POLLERS_TABLE")?),
            log: DynamoDeliveryLog::new(
                Statements::new(dynamodb.clone()),
                variables.required("EVENTS_TABLE")?,
                retention,
            ),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            deliveries: SqsDeliveryQueue::new(sqs.clone(), variables.required("DELIVERY_QUEUE_URL")?),
            polls: SqsPollQueue::new(sqs, variables.required("POLL_QUEUE_URL")?),
            close,
            retention,
            metrics: Metrics::from_variables(variables, clock.clone())?,
            clock,
            random,
        })
    }

    /// The same, with its metrics sent there; see [`Metrics`].
    #[must_use]
    pub fn emitting(self, emit: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { metrics: self.metrics.emitting(emit), ..self }
    }

    /// Works a batch of the poll queue, or does what the schedule asks for: `{"audit": true}`, or a tick.
    ///
    /// # Errors
    /// Of a scheduled call, when a table or queue could not be used; of a batch, none.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let (payload, context) = event.into_parts();
        if payload.get("Records").is_some() {
            let batch: SqsEvent = serde_json::from_value(payload)?;
            let ends_at = deadline::ends_at(context.deadline, self.clock.now(), ASSUMED_TIME);
            return Ok(serde_json::to_value(self.work(batch, ends_at).await)?);
        }
        if payload["audit"] == true {
            return Ok(json!({"audits": self.planned("AuditsPlanned", self.plan_audits().await?)}));
        }
        Ok(json!({"due": self.tick().await?}))
    }

    /// Writes how much a schedule planned, even if it is nothing: its silence is an alarm.
    fn planned(&self, metric: &'static str, count: usize) -> usize {
        self.metrics.write(Measured::default().values(metric, MetricUnit::Count, [count]));
        count
    }
}
