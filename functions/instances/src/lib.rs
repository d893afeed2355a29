#![doc = include_str!("../README.md")]

mod routes;

mod answer;
mod body;
mod callback_health;
mod caller;
mod cors;
mod modify;
mod page;
mod query;

mod catalogue;
mod close_access;
mod condition;
mod events;
mod markup;
mod polling;
mod provision;
mod public_host;
mod representation;
mod setting;
mod subscription;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use close::{CloseApiHosts, CloseClient};
use shared::accounts::DynamoCredentialStore;
use shared::callbacks::health::DynamoCallbackStore;
use shared::callbacks::url::Reach;
use shared::events::bodies::DynamoPayloadStore;
use shared::events::log::DynamoDeliveryHistory;
use shared::events::queue::SqsDeliveryQueue;
use shared::instances::DynamoInstanceStore;
use shared::instances::vault::{DataKeyStore, Vault};
use shared::platform::aws::Aws;
use shared::platform::clock::SharedClock;
use shared::platform::random::SharedRandom;
use shared::platform::settings::{SettingError, Variables};
use shared::platform::tls;
use shared::polling::store::DynamoPollerStore;

pub use provision::{Fault, Provision, Rules};

use close_access::CloseAccess;
use cors::CorsOrigins;
use public_host::PublicHost;

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
    close: CloseAccess,
    rules: Rules,
    origins: CorsOrigins,
    public_host: PublicHost,
    clock: SharedClock,
    random: SharedRandom,
}

impl Instances {
    /// Reads the function's settings and builds its clients, without making a call.
    pub fn from_variables(
        variables: &Variables,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, SettingError> {
        let tls = tls::of_process(variables)?;
        let aws = Aws::with_tls(variables, tls.clone())?;
        let dynamodb = aws.dynamodb();
        let credentials_table: String = variables.required("CREDENTIALS_TABLE")?;
        let key_id = variables.required("KMS_KEY_ID")?;
        let keys = DataKeyStore::new(dynamodb.clone(), credentials_table.clone());
        let vault = Vault::sealing(aws.kms(), key_id, keys, clock.clone(), random.clone());
        let hosts: CloseApiHosts = variables.or("CLOSE_API_HOSTS", CloseApiHosts::default())?;
        let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
        Ok(Self(Arc::new(Parts {
            instances: DynamoInstanceStore::new(
                dynamodb.clone(),
                variables.required("INSTANCES_TABLE")?,
                vault,
            ),
            endpoints: DynamoCallbackStore::new(dynamodb.clone(), variables.required("ENDPOINTS_TABLE")?),
            pollers: DynamoPollerStore::new(dynamodb.clone(), variables.required("POLLERS_TABLE")?),
            close: CloseAccess::new(CloseClient::new(hosts.clone(), tls)),
            credentials: DynamoCredentialStore::new(dynamodb.clone(), credentials_table.clone()),
            credentials_table,
            history: DynamoDeliveryHistory::new(dynamodb.clone(), variables.required("EVENTS_TABLE")?),
            payloads: DynamoPayloadStore::new(dynamodb, variables.required("PAYLOADS_TABLE")?),
            queue: SqsDeliveryQueue::new(aws.sqs(), variables.required("RETRY_QUEUE_URL")?),
            rules: Rules { reach: if anywhere { Reach::Any } else { Reach::Public }, close_api_hosts: hosts },
            origins: variables.or("CORS_ALLOW_ORIGINS", CorsOrigins::default())?,
            public_host: PublicHost::from_variables(variables)?,
            clock,
            random,
        })))
    }

    /// The routes.
    pub fn router(self) -> Router {
        let api =
            routes::all().into_iter().fold(Router::new(), |api, (path, answers)| api.route(path, answers));
        let public_host = self.0.public_host.clone();
        let api = api.method_not_allowed_fallback(answer::method_not_allowed);
        Router::new()
            .nest("/elements/api-v2", api)
            .fallback(answer::no_such_route)
            // The routes bound bodies themselves, with an answer in the platform's shape.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn(answer::finish))
            .layer(from_fn_with_state(self.0.origins.clone(), cors::answer))
            .layer(map_request(move |request| std::future::ready(public_host.clone().name(request))))
            .with_state(self)
    }
}
