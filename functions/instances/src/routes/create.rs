//! `POST /instances`: provisions an instance.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::api_error::ApiError;
use shared::instance::{Created, Instance};
use shared::instance_id::InstanceId;
use shared::random::{self, RandomError};
use shared::secret::Secret;

use crate::Instances;
use crate::answer::Failure;
use crate::caller::Caller;
use crate::polling;
use crate::provision::{Fault, MAX_BODY, Provision};
use crate::representation::{self, Representation};

/// An id is taken about once in 2^53 divided by the number of instances; twice in a row means another fault.
const TRIES: usize = 3;

/// Answers 200 with the instance and its token, which is shown this once.
pub(crate) async fn create(
    Caller(account): Caller,
    State(state): State<Instances>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Representation>, Failure> {
    if body.len() > MAX_BODY {
        let message = format!("The body has {} bytes; at most {MAX_BODY} are taken.", body.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).into());
    }
    let state = &*state.0;
    let provision = Provision::read(&body, &state.rules)
        .map_err(|faults| ApiError::new(StatusCode::BAD_REQUEST, Fault::message(&faults)))?;
    let Provision { name, tags, configuration } = provision;
    let created_at = state.clock.now();
    for _ in 0..TRIES {
        let (id, token) = draw(&*state.random).map_err(|error| unavailable(&error))?;
        let (name, tags, configuration) = (name.clone(), tags.clone(), configuration.clone());
        let instance = Instance { id, account, name, tags, configuration, disabled: false, created_at };
        polling::register(&state.pollers, id, &instance.configuration, created_at).await?;
        let created = state.instances.create(instance.clone(), &token, &state.credentials_table).await?;
        if created == Created::Yes {
            tracing::info!(instance = %id, "instance created");
            let base = representation::base_url(&headers);
            return Ok(Json(Representation::of(&instance, Some(&token), &base)));
        }
    }
    Err(unavailable(&"no free instance id was found"))
}

/// An id and a token. The token looks as the platform's do: base64 of random bytes.
fn draw(random: &dyn random::Random) -> Result<(InstanceId, Secret), RandomError> {
    let id = InstanceId::from_entropy(random::array(random)?);
    let token = STANDARD.encode(random::array::<32>(random)?);
    Ok((id, Secret::new(token)))
}

fn unavailable(error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%error, "instance not created");
    ApiError::unavailable().into()
}
