//! Who is calling, and about which instance.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use shared::accounts::{Account, Authorization};
use shared::instances::Instance;
use shared::instances::InstanceId;
use shared::platform::api_error::ApiError;

use crate::Instances;
use crate::answer::Failure;

/// A caller whose user and organisation secrets hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Account);

/// The instance that a request is about: the one that the path names, or the one whose token the caller holds.
///
/// A path that names an instance wants the secrets of user and organisation, and is answered with 404 alike for
/// what is no id, nobody's, and another account's. Without an id the `Element` token says which, and whatever is
/// wrong with it is 401: a deleted instance's token is dead at once.
#[derive(Debug, Clone)]
pub(crate) struct Addressed(pub(crate) Instance);

/// Whether the caller presents the token of an instance.
pub(crate) fn presents_token(parts: &Parts) -> bool {
    authorization(parts).element.is_some()
}

impl FromRequestParts<Instances> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let account = state.0.credentials.account_of(&authorization(parts)).await?;
        Ok(account.map(Self).ok_or_else(ApiError::unauthorized)?)
    }
}

impl FromRequestParts<Instances> for Addressed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Instances) -> Result<Self, Failure> {
        let path = RawPathParams::from_request_parts(parts, state).await;
        let id = path
            .ok()
            .and_then(|path| path.iter().find_map(|(name, value)| (name == "id").then(|| value.to_owned())));
        let instance = match id {
            Some(id) => named(&id, parts, state).await?,
            None => held(parts, state).await?,
        };
        Ok(Self(instance))
    }
}

async fn named(id: &str, parts: &mut Parts, state: &Instances) -> Result<Instance, Failure> {
    let Caller(account) = Caller::from_request_parts(parts, state).await?;
    let instance = match id.parse::<InstanceId>() {
        Ok(id) => state.0.instances.get(id).await?,
        Err(_) => None,
    };
    let instance = instance.filter(|instance| instance.account.account_id == account.account_id);
    Ok(instance.ok_or_else(no_such_instance)?)
}

async fn held(parts: &Parts, state: &Instances) -> Result<Instance, Failure> {
    let holder = state.0.credentials.holder_of(&authorization(parts)).await?;
    let holder = holder.ok_or_else(ApiError::unauthorized)?;
    let instance = state.0.instances.get(holder.instance_id).await?;
    let instance = instance.filter(|instance| instance.account.account_id == holder.account.account_id);
    Ok(instance.ok_or_else(ApiError::unauthorized)?)
}

/// The one answer for every id that leads nowhere.
pub(crate) fn no_such_instance() -> ApiError {
    ApiError::not_found("There is no instance with this ID.")
}

fn authorization(parts: &Parts) -> Authorization {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    Authorization::parse(header.unwrap_or_default())
}
