//! `POST /instances` and `POST /elements/{element}/instances`: provisions an instance.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::accounts::User;
use shared::instances::InstanceId;
use shared::instances::{Created, Instance, Token};
use shared::platform::api_error::ApiError;
use shared::platform::random::{self, RandomError};
use shared::platform::secret::Secret;

use crate::Instances;
use crate::answer::Failure;
use crate::body::Body;
use crate::caller::Caller;
use crate::close_access::CloseAccess;
use crate::condition::Condition;
use crate::modify::refused;
use crate::polling;
use crate::provision::Provision;
use crate::representation::{self, Representation};
use crate::subscription;

/// A random id is hardly ever in use; this many in a row mean another fault.
const TRIES: usize = 3;

/// Answers 200 with the instance and its token.
pub(crate) async fn create(
    caller: Caller,
    state: State<Instances>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Representation>, Failure> {
    let provision = Provision::read(&body, &state.0.0.rules).map_err(refused)?;
    made(caller, state, &headers, provision).await
}

/// The same for a path that names the element, so that the body need not.
pub(crate) async fn create_in_catalogue(
    caller: Caller,
    state: State<Instances>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Representation>, Failure> {
    let provision = Provision::read_of_element(&body, &state.0.0.rules).map_err(refused)?;
    made(caller, state, &headers, provision).await
}

async fn made(
    Caller(User { account, profile }): Caller,
    State(state): State<Instances>,
    headers: &HeaderMap,
    provision: Provision,
) -> Result<Json<Representation>, Failure> {
    let state = &*state.0;
    let Provision { name, tags, configuration } = provision;
    let created_at = state.clock.now();
    if let Some(fault) = polling::since_fault(&configuration, created_at) {
        return Err(refused(vec![fault]).into());
    }
    polling::check_key(&state.close, &configuration).await?;
    let base = representation::base_url(headers);
    for _ in 0..TRIES {
        let (id, token) = draw(&*state.random).map_err(|error| unavailable(&error))?;
        let (name, tags, configuration) = (name.clone(), tags.clone(), configuration.clone());
        let mut instance = Instance {
            id,
            account,
            owner: profile.clone(),
            name,
            tags,
            configuration,
            disabled: false,
            created_at,
            token: Token::of(token),
            revision: 0,
            retired_key: None,
        };
        polling::register(&state.pollers, None, &instance, created_at).await?;
        let webhook_url = representation::webhook_url(id, &base);
        subscription::begin(&state.close, &mut instance, &webhook_url).await?;
        let watched = subscription::watch(&state.pollers, &instance, &webhook_url, created_at).await;
        let created = match watched {
            Ok(()) => state.instances.create(instance.clone(), &state.credentials_table).await,
            Err(error) => Err(error),
        };
        if !matches!(created, Ok(Created::Yes)) {
            abandon(&state.close, &instance).await;
        }
        if created? == Created::Yes {
            tracing::info!(instance = %id, "instance created");
            return Ok(Json(Representation::of(&instance, &Condition::default(), &base)));
        }
    }
    Err(unavailable(&"no free instance id was found"))
}

/// Deletes the subscription of an instance that was not created. If that fails too, its webhooks get 404 and Close pauses
/// it.
async fn abandon(close: &CloseAccess, instance: &Instance) {
    if let Err(error) = subscription::end(close, instance).await {
        tracing::warn!(instance = %instance.id, %error, "subscription of an instance that was not created still exists at Close");
    }
}

/// An id and a token, which is base64 of random bytes as on the platform.
fn draw(random: &dyn random::Random) -> Result<(InstanceId, Secret), RandomError> {
    let id = InstanceId::from_entropy(random::array(random)?);
    let token = STANDARD.encode(random::array::<32>(random)?);
    Ok((id, Secret::new(token)))
}

fn unavailable(error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%error, "instance not created");
    ApiError::unavailable().into()
}
