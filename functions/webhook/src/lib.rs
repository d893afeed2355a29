#![doc = include_str!("../README.md")]

mod admission;
mod intake;
mod route;
mod share;

use std::convert::Infallible;

use chrono::TimeDelta;
use lambda_http::http::{Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _};
use shared::events::bodies::DynamoPayloadStore;
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::vault::{Purpose, Vault};
use shared::instances::{DynamoInstanceStore, InstanceCache};
use shared::platform::api_error::{ApiError, json_response};
use shared::platform::aws::Aws;
use shared::platform::clock::SharedClock;
use shared::platform::settings::{SettingError, Variables};

pub use intake::Accepted;

use admission::Received;
use share::Shares;

/// The function with everything that it needs.
pub struct Webhook {
    instances: InstanceCache,
    payloads: DynamoPayloadStore,
    queue: SqsDeliveryQueue,
    retention: TimeDelta,
    shares: Shares,
    clock: SharedClock,
}

impl Webhook {
    /// Reads the function's settings and builds its clients, without making a call.
    pub fn from_variables(variables: &Variables, clock: SharedClock) -> Result<Self, SettingError> {
        let aws = Aws::from_variables(variables)?;
        let dynamodb = aws.dynamodb();
        let vault = Vault::opening(aws.kms(), &[Purpose::Webhook]);
        let instances =
            DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?, vault);
        Ok(Self {
            instances: InstanceCache::new(instances, clock.clone()),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            queue: SqsDeliveryQueue::new(aws.sqs(), variables.required("DELIVERY_QUEUE_URL")?),
            retention: TimeDelta::days(variables.or::<u16>("EVENT_RETENTION_DAYS", 30)?.into()),
            shares: Shares::of(variables.or("WEBHOOK_RATE_PER_INSTANCE", share::DEFAULT_RATE)?),
            clock,
        })
    }

    /// Answers one request; never fails, so that the sender always gets an answer.
    ///
    /// # Errors
    /// Never.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let request_id =
            request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
        Ok(match self.take(&request).await {
            Ok(accepted) => answer(&accepted),
            Err(error) => {
                tracing::info!(status = error.status().as_u16(), reason = error.message(), "webhook refused");
                error.into_response(&request_id)
            }
        })
    }

    /// From a request to a queued delivery: finds the instance, checks its rate, decides, and enqueues.
    async fn take(&self, request: &Request) -> Result<Accepted, ApiError> {
        let id = route::instance_of(request)?;
        let body = route::body_of(request)?;
        let at = self.clock.now();
        self.shares.take(id, at).map_err(|wait| {
            ApiError::too_many_requests("This instance receives too much at once; send again later.", wait)
        })?;
        self.accept(id, &Received { headers: request.headers(), body, at }).await
    }
}

/// Close's first webhooks treat only 200 as success, so a queued event is answered with exactly that.
fn answer(accepted: &Accepted) -> Response<Body> {
    let body = match accepted {
        Accepted::Queued(event_id) => serde_json::json!({ "eventId": event_id.as_str() }),
        Accepted::Ignored(reason) => serde_json::json!({ "ignored": reason }),
    };
    json_response(StatusCode::OK, body.to_string())
}
