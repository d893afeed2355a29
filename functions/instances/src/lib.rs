#![doc = include_str!("../README.md")]

mod routes;

mod answer;
mod body;
mod callback_health;
mod caller;
mod modify;
mod page;
mod query;

mod catalogue;
mod close_api;
mod condition;
mod events;
mod markup;
mod polling;
mod provision;
mod representation;
mod setting;
mod subscription;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use close::CloseApiHosts;
use shared::accounts::DynamoCredentialStore;
use shared::callbacks::health::DynamoCallbackStore;
use shared::callbacks::url::Reach;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::log::DynamoDeliveryHistory;
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::DynamoInstanceStore;
use shared::instances::vault::Vault;
use shared::platform::aws::Aws;
use shared::platform::clock::SharedClock;
use shared::platform::random::SharedRandom;
use shared::platform::settings::{SettingError, Variables};
use shared::polling::store::DynamoPollerStore;
use shared::subscriptions::store::DynamoCheckStore;

pub use provision::{Fault, Provision, Rules};

/// The function with everything that it needs; clones share it.
#[derive(Clone)]
pub struct Instances(Arc<Parts>);

struct Parts {
    instances: DynamoInstanceStore,
    credentials: DynamoCredentialStore,
    credentials_table: String,
    endpoints: DynamoCallbackStore,
    history: DynamoDeliveryHistory,
    payloads: DynamoPayloadStore,
    queue: SqsDeliveryQueue,
    pollers: DynamoPollerStore,
    checks: DynamoCheckStore,
    rules: Rules,
    clock: SharedClock,
    random: SharedRandom,
}

impl Instances {
    /// Reads the function's settings and builds its clients; calls nobody.
    ///
    /// # Errors
    /// When a variable is missing or cannot be used.
    pub fn from_variables(
        variables: &Variables,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, SettingError> {
        let aws = Aws::from_variables(variables)?;
        let dynamodb = aws.dynamodb();
        let credentials_table: String = variables.required("CREDENTIALS_TABLE")?;
        let key_id = variables.required("KMS_KEY_ID")?;
        let vault = Vault::sealing(aws.kms(), key_id, clock.clone(), random.clone());
        let pollers: String = variables.required("POLLERS_TABLE")?;
        let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
        Ok(Self(Arc::new(Parts {
            instances: DynamoInstanceStore::new(
                dynamodb.clone(),
                variables.required("INSTANCES_TABLE")?,
                vault,
            ),
            endpoints: DynamoCallbackStore::new(dynamodb.clone(), variables.required("ENDPOINTS_TABLE")?),
            checks: DynamoCheckStore::new(dynamodb.clone(), pollers.clone()),
            pollers: DynamoPollerStore::new(dynamodb.clone(), pollers),
            credentials: DynamoCredentialStore::new(dynamodb.clone(), credentials_table.clone()),
            credentials_table,
            history: DynamoDeliveryHistory::new(dynamodb.clone(), variables.required("EVENTS_TABLE")?),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            queue: SqsDeliveryQueue::new(aws.sqs(), variables.required("RETRY_QUEUE_URL")?),
            rules: Rules {
                reach: if anywhere { Reach::Any } else { Reach::Public },
                close_api_hosts: variables.or("CLOSE_API_HOSTS", CloseApiHosts::default())?,
            },
            clock,
            random,
        })))
    }

    /// The routes.
    pub fn router(self) -> Router {
        let api =
            routes::all().into_iter().fold(Router::new(), |api, (path, answers)| api.route(path, answers));
        let api = api.method_not_allowed_fallback(answer::method_not_allowed);
        Router::new()
            .nest("/elements/api-v2", api)
            .fallback(answer::no_such_route)
            // The routes bound bodies themselves, with an answer in the platform's shape.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn(answer::finish))
            .with_state(self)
    }
}
