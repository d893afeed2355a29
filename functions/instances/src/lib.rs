#![doc = include_str!("../README.md")]

mod answer;
mod caller;
mod polling;
mod provision;
mod representation;
mod routes;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use shared::account::DynamoCredentialStore;
use shared::aws::Aws;
use shared::callback_url::Reach;
use shared::clock::SharedClock;
use shared::instance::DynamoInstanceStore;
use shared::polling::store::DynamoPollerStore;
use shared::random::SharedRandom;
use shared::settings::{SettingError, Variables};

pub use provision::{CloseApiHosts, Fault, Provision, Rules};

/// The function with everything that it needs; clones share it.
#[derive(Clone)]
pub struct Instances(Arc<Parts>);

struct Parts {
    instances: DynamoInstanceStore,
    credentials: DynamoCredentialStore,
    credentials_table: String,
    pollers: DynamoPollerStore,
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
        let dynamodb = Aws::from_variables(variables)?.dynamodb();
        let credentials_table: String = variables.required("CREDENTIALS_TABLE")?;
        let anywhere = variables.or("CALLBACK_ALLOW_PRIVATE", false)?;
        Ok(Self(Arc::new(Parts {
            instances: DynamoInstanceStore::new(dynamodb.clone(), variables.required("INSTANCES_TABLE")?),
            credentials: DynamoCredentialStore::new(dynamodb.clone(), credentials_table.clone()),
            pollers: DynamoPollerStore::new(dynamodb, variables.required("POLLERS_TABLE")?),
            credentials_table,
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
        let api = Router::new()
            .route("/instances", post(routes::create))
            .route("/instances/{id}", get(routes::show))
            .method_not_allowed_fallback(answer::method_not_allowed);
        Router::new()
            .nest("/elements/api-v2", api)
            .fallback(answer::no_such_route)
            // The routes bound bodies themselves, with an answer in the platform's shape.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn(answer::finish))
            .with_state(self)
    }
}
